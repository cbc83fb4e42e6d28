/* amqp_uri_fuzz.c - lists of broker addresses.  Claims: what is accepted has every text, ports and numbers in their
 * range; what is refused is refused as a value; what is shown of it is text without a login. */
#include <assert.h>

#include "sailor/amqp_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sailor_amqp_uri *u)
{
    struct jn_buf shown;
    jn_buf_init(&shown, 0);
    assert(u->host && *u->host && u->user && u->password && u->vhost);
    assert(u->port > 0 && u->port <= 65535);
    assert(u->heartbeat_s >= -1 && u->heartbeat_s <= 65535);
    assert(u->frame_max == 0 || u->frame_max >= 4096);
    assert(u->channel_max >= 0 && u->channel_max <= 65535);
    assert(strlen(u->vhost) <= 255 && strlen(u->host) <= 255);
    sailor_amqp_uri_show(u, &shown);
    assert(!shown.failed && jn_str_starts(jn_buf_str(&shown), u->tls ? JN_STR("amqps://") : JN_STR("amqp://")));
    jn_buf_clear(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sailor_amqp_uris uris;
    struct jn_error err = { 0 };
    const enum jn_status status = sailor_amqp_uris_parse((jn_str){ (const char *)data, size }, &uris, &err);
    assert(status == JN_OK || status == JN_BAD_VALUE);
    assert((status == JN_OK) == (err.message[0] == '\0'));
    if (status)
        return 0;
    assert(uris.count > 0);
    for (size_t i = 0; i < uris.count; i++)
        check(&uris.at[i]);
    sailor_amqp_uris_clear(&uris);
    return 0;
}
