/* http_text.c - the texts of HTTP messages, without any sending (RFC 9110, RFC 9112). */
#include "base/http_text.h"

#include <strings.h>

static bool has_line_end(jn_str s)
{
    return s.len && (memchr(s.data, '\r', s.len) || memchr(s.data, '\n', s.len) || memchr(s.data, '\0', s.len));
}

static bool is_token(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == ' ' || s.data[i] == '\t' || s.data[i] == ':')
            return false;
    }
    return s.len && !has_line_end(s);
}

enum jn_status base_http_check(const struct base_http_request *req, struct base_url *url, struct jn_error *err)
{
    if (!is_token(jn_str_of(req->method)))
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" is not an HTTP method", req->method ? req->method : "");
    for (size_t i = 0; i < req->header_count; i++) {
        const struct base_header *h = &req->headers[i];
        if (!is_token(h->name))
            return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" is not the name of an HTTP header", JN_ARG(h->name));
        if (has_line_end(h->value))
            return jn_fail(err, JN_BAD_VALUE, "the value of header %.*s holds a line end or NUL", JN_ARG(h->name));
    }
    return base_url_parse(jn_str_of(req->url), url, err);
}

/* head := status-line field-line* ; lines end with CRLF or LF.  A continued line (obs-fold) is left out. */
size_t base_http_parse_head(jn_str head, struct base_header *out)
{
    size_t count = 0, next;
    for (size_t from = 0; from < head.len; from = next) {
        const char *newline = memchr(head.data + from, '\n', head.len - from);
        next = newline ? (size_t)(newline - head.data) + 1 : head.len;
        const jn_str line = jn_str_sub(head, from, next);
        const char *colon = memchr(line.data, ':', line.len);
        if (from == 0 || !colon || colon == line.data || line.data[0] == ' ' || line.data[0] == '\t')
            continue;
        const size_t name_len = (size_t)(colon - line.data);
        if (out)
            out[count] = (struct base_header){ jn_str_trim(jn_str_sub(line, 0, name_len)),
                                               jn_str_trim(jn_str_sub(line, name_len + 1, line.len)) };
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
