/* http_text.c - the texts of HTTP messages, without any sending (RFC 9110, RFC 9112). */
#include "base/http_text.h"

#include <strings.h>

static bool has_byte_of(jn_str s, jn_str unwanted)
{
    for (size_t i = 0; i < s.len; i++) {
        if (memchr(unwanted.data, s.data[i], unwanted.len))
            return true;
    }
    return false;
}

enum jn_status base_http_check(const struct base_http_request *req, struct base_url *url, struct jn_error *err)
{
    const jn_str line_ends = JN_STR("\r\n\0"), not_in_names = JN_STR("\r\n\0 \t:");
    const jn_str method = jn_str_of(req->method);
    if (!method.len || has_byte_of(method, not_in_names))
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" is not an HTTP method", req->method ? req->method : "");
    for (size_t i = 0; i < req->header_count; i++) {
        const struct base_header *h = &req->headers[i];
        if (!h->name.len || has_byte_of(h->name, not_in_names))
            return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is not the name of an HTTP header", JN_ARG(h->name));
        if (has_byte_of(h->value, line_ends))
            return jn_fail(err, JN_BAD_VALUE, "the value of header %.*s holds a line end or NUL", JN_ARG(h->name));
    }
    return base_url_parse(jn_str_of(req->url), url, err);
}

/* head := status-line field-line* ; lines end with CRLF or LF.  A continued line (obs-fold) is left out. */
size_t base_http_parse_head(jn_str head, struct base_header *out)
{
    size_t count = 0, next;
    for (size_t from = 0; from < head.len; from = next) {
        const size_t newline = jn_str_find(head, JN_STR("\n"), from);
        next = newline == SIZE_MAX ? head.len : newline + 1;
        const jn_str line = jn_str_sub(head, from, next);
        const size_t colon = jn_str_find(line, JN_STR(":"), 0);
        if (from == 0 || colon == SIZE_MAX || colon == 0 || line.data[0] == ' ' || line.data[0] == '\t')
            continue;
        if (out)
            out[count] = (struct base_header){ jn_str_trim(jn_str_sub(line, 0, colon)),
                                               jn_str_trim(jn_str_sub(line, colon + 1, line.len)) };
        count++;
    }
    return count;
}

jn_str base_header_get(const struct base_header *headers, size_t count, const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < count; i++) {
        if (headers[i].name.len == len && strncasecmp(headers[i].name.data, name, len) == 0)
            return headers[i].value.data ? headers[i].value : JN_STR("");
    }
    return (jn_str){ NULL, 0 };
}
