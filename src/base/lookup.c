/* lookup.c - see lookup.h. */
#include "base/lookup.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

enum { MAX_HOST = 256 };

static void append_address(struct jn_buf *out, size_t start, const struct addrinfo *a)
{
    char text[NI_MAXHOST];
    if (getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST))
        return;
    jn_buf_append_z(out, out->len > start ? ", " : "");
    jn_buf_append_z(out, text);
}

enum jn_status base_lookup(jn_str host, struct jn_buf *out, struct jn_error *err)
{
    char name[MAX_HOST];
    struct addrinfo *list = NULL;
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    const size_t start = out->len;
    if (host.len > 2 && host.data[0] == '[')
        host = jn_str_sub(host, 1, host.len - 1);
    snprintf(name, sizeof name, "%.*s", JN_ARG(host));
    const int failed = getaddrinfo(name, NULL, &hints, &list);
    if (failed)
        return jn_fail(err, JN_NOT_FOUND, "the name %s cannot be resolved: %s", name, gai_strerror(failed));
    for (const struct addrinfo *a = list; a; a = a->ai_next)
        append_address(out, start, a);
    freeaddrinfo(list);
    return out->failed ? jn_fail(err, out->failed, "no memory for addresses") : JN_OK;
}
