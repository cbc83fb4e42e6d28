/* url.c - splitting and escaping URLs (RFC 3986).  Only absolute http and https URLs: what endpoints are. */
#include "base/url.h"

#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    const char lower = (char)(c | 32);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool starts_no_case(jn_str s, const char *head)
{
    const size_t n = strlen(head);
    return s.len >= n && strncasecmp(s.data, head, n) == 0;
}

/* ---- splitting ----------------------------------------------------------------------------------------------- */

/* Mistakes that are worth a sentence of their own, before anything is split. */
static enum jn_status check_bytes(jn_str text, struct jn_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c <= ' ' || c == 0x7f)
            return jn_fail_at(err, text, i, "a URL cannot hold a blank or a control character; write it as %%%02X", c);
        if (c == '#')
            return jn_fail_at(err, text, i, "a fragment (#...) is not sent to a server and has no place in this URL");
    }
    return JN_OK;
}

/* port := digit+ ; 1 to 65535 */
static bool parse_port(jn_str s, int *port)
{
    int value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!is_digit(s.data[i]) || value > 65535)
            return false;
        value = value * 10 + (s.data[i] - '0');
    }
    *port = value;
    return s.len > 0 && value > 0 && value <= 65535;
}

static bool is_host(jn_str host)
{
    const bool bracketed = host.len > 0 && host.data[0] == '[';
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.data[i];
        const bool edge = bracketed && (i == 0 || i == host.len - 1);
        if (edge)
            continue;
        if (bracketed ? hex_value(c) < 0 && c != ':' && c != '.'
                      : !is_digit(c) && !is_letter(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return bracketed ? host.len > 3 && host.data[host.len - 1] == ']' : host.len > 0;
}

/* authority := host [':' port] ; host := '[' IPv6 ']' | name | IPv4 */
static enum jn_status parse_authority(jn_str text, jn_str authority, struct base_url *u, struct jn_error *err)
{
    const size_t at = (size_t)(authority.data - text.data);
    const bool bracketed = authority.len && authority.data[0] == '[';
    size_t colon = bracketed ? jn_str_find(authority, JN_STR("]:"), 0) : jn_str_find(authority, JN_STR(":"), 0);
    if (bracketed && colon != SIZE_MAX)
        colon++;
    u->host = jn_str_sub(authority, 0, colon);
    u->has_port = colon != SIZE_MAX;
    u->port = u->is_https ? 443 : 80;
    if (jn_str_find(authority, JN_STR("@"), 0) != SIZE_MAX)
        return jn_fail_at(err, text, at, "user name and password have no place in this URL");
    if (!is_host(u->host))
        return jn_fail_at(err, text, at, "\"%.*s\" is not a host name or address", JN_ARG(u->host));
    const jn_str port = jn_str_sub(authority, colon == SIZE_MAX ? colon : colon + 1, authority.len);
    if (u->has_port && !parse_port(port, &u->port))
        return jn_fail_at(err, text, at + colon, "\"%.*s\" is not a port; give a number from 1 to 65535", JN_ARG(port));
    return JN_OK;
}

/* url := ('http' | 'https') '://' authority [path] ['?' query] */
enum jn_status base_url_parse(jn_str text, struct base_url *out, struct jn_error *err)
{
    struct base_url u = { .is_https = starts_no_case(text, "https://") };
    if (!u.is_https && !starts_no_case(text, "http://"))
        return jn_fail_at(err, text, 0, "not a URL that begins with http:// or https://");

    enum jn_status s = check_bytes(text, err);
    if (s)
        return s;
    const jn_str rest = jn_str_sub(text, u.is_https ? 8 : 7, text.len);
    size_t end = 0;
    while (end < rest.len && rest.data[end] != '/' && rest.data[end] != '?')
        end++;
    s = parse_authority(text, jn_str_sub(rest, 0, end), &u, err);
    if (s)
        return s;
    const size_t mark = jn_str_find(rest, JN_STR("?"), end);
    u.path = jn_str_sub(rest, end, mark);
    u.query = mark == SIZE_MAX ? JN_STR("") : jn_str_sub(rest, mark + 1, rest.len);
    *out = u;
    return JN_OK;
}

/* ---- escaping ------------------------------------------------------------------------------------------------ */

static bool is_unreserved(char c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

void base_url_encode(struct jn_buf *out, jn_str s, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.data[i];
        if (is_unreserved((char)c) || (c == '/' && keep_slash))
            jn_buf_append_char(out, (char)c);
        else
            jn_buf_append(out, (jn_str){ (char[]){ '%', digits[c >> 4], digits[c & 15] }, 3 });
    }
}

void base_url_decode(struct jn_buf *out, jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const bool escape = s.data[i] == '%' && s.len - i > 2;
        const int high = escape ? hex_value(s.data[i + 1]) : -1, low = escape ? hex_value(s.data[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            jn_buf_append_char(out, (char)(high << 4 | low));
            i += 2;
        } else {
            jn_buf_append_char(out, s.data[i]);
        }
    }
}
