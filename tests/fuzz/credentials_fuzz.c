/* credentials_fuzz.c - what services give that nobody should trust.  The first byte chooses: 'd' a document with keys,
 * 'x' XML of AWS STS, 'u' the URL of a container's service.  Claims: keys are whole and could stand in a header; no
 * sentence holds more than its own words and names; a text of XML is no longer than the XML; http: URLs lead to known
 * hosts. */
#include <assert.h>
#include <stdlib.h>
#include <strings.h>

#include "core/arena.h"
#include "lambda/cred_source.h"
#include "lambda/response.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(jn_str text)
{
    for (size_t i = 0; i < text.len; i++)
        assert(text.data[i] > ' ' && text.data[i] < 0x7f);
}

static void read_document(jn_str text)
{
    struct lambda_keys *keys = NULL;
    struct jn_error err = { 0 };
    const struct lambda_key_document doc = { .text = text, .token = "Token", .place = "somebody" };
    char code[16];
    lambda_document_text(text, "Code", code, sizeof code);
    assert(strlen(code) < sizeof code);
    const enum jn_status s = lambda_keys_read(&doc, &keys, &err);
    assert(!s == (keys != NULL) && !s == !err.message[0]);
    if (s)
        return;
    assert(lambda_keys_access(keys).len && lambda_keys_secret(keys).len);
    check_text(lambda_keys_access(keys));
    check_text(lambda_keys_secret(keys));
    check_text(lambda_keys_token(keys));
    lambda_keys_unref(keys);
}

static void read_xml(jn_str text)
{
    static const char *const names[] = { "AccessKeyId", "Expiration", "a" };
    struct jn_arena arena;
    jn_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert(lambda_xml_text(&arena, text, names[i]).len <= text.len);
    jn_arena_wipe(&arena);
}

static void read_url(jn_str text)
{
    static const char *const hosts[] = { "http://127.", "http://localhost", "http://[::1]", "http://169.254.170.2",
                                         "http://[fd00:ec2::23]" };
    char *copy = strndup(text.data, text.len);
    struct jn_buf url;
    bool is_known = false;
    jn_buf_init(&url, 0);
    if (copy && lambda_container_url(NULL, copy, &url, NULL) == JN_OK && strncasecmp(url.data, "http:", 5) == 0) {
        for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
            is_known = is_known || strncasecmp(url.data, hosts[i], strlen(hosts[i])) == 0;
        assert(is_known);
    }
    jn_buf_clear(&url);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jn_str text = { size > 1 ? (const char *)data + 1 : "", size > 1 ? size - 1 : 0 };
    if (size && data[0] == 'd')
        read_document(text);
    else if (size && data[0] == 'x')
        read_xml(text);
    else if (size && data[0] == 'u')
        read_url(text);
    return 0;
}
