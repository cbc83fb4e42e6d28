/* amqp_uri.c - broker addresses; see amqp_uri.h.
 *
 *     uris      := uri *( ',' uri )            a comma ends a URI only where "amqp://" or "amqps://" follows
 *     uri       := ( 'amqp' | 'amqps' ) '://' [ login '@' ] [ host ] [ ':' port ] [ '/' vhost ] [ '?' query ]
 *     login     := user [ ':' password ]
 *     host      := name | IPv4 | '[' IPv6 ']'
 *     query     := name '=' value *( '&' name '=' value )
 *
 * Query names are those of amqplib and those of RabbitMQ's clients; others are ignored, as both do.  A password that
 * was not percent-encoded is cut in the wrong place and may then look like a host or port: so no sentence quotes any
 * part of the text. */
#include "sailor/amqp_uri.h"

#include <stdlib.h>
#include <strings.h>

#include "base/crypto.h"

enum { SHORT_STRING = 255, CREDENTIAL = 1024, PATH = 4096, MIN_FRAME = 4096, MAX_FRAME = 1 << 30 };

static const char hint[] = "; write / ? # @ , and % in a user name, password or virtual host as "
                           "%2F %3F %23 %40 %2C %25";

static bool starts_no_case(jn_str s, const char *head)
{
    const size_t n = strlen(head);
    return s.len >= n && strncasecmp(s.data, head, n) == 0;
}

/* Offset of the first byte of `s` that is one of `set`, or s.len. */
static size_t find_any(jn_str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] && strchr(set, s.data[i]))
            return i;
    return s.len;
}

/* Splits `s` at the first byte of `set`: gives what precedes, leaves what follows; all when there is none. */
static jn_str split(jn_str *s, const char *set)
{
    const size_t at = find_any(*s, set);
    const jn_str head = jn_str_sub(*s, 0, at);
    *s = jn_str_sub(*s, at + 1, s->len);
    return head;
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c | 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* A decoded copy of `s`, at most `max` bytes; `what` is for the sentence. */
static enum jn_status decode(jn_str s, size_t max, const char *what, char **out, struct jn_error *err)
{
    char *to = malloc(s.len + 1);
    if (!to)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AMQP URI");
    size_t n = 0;
    enum jn_status status = JN_OK;
    for (size_t i = 0; i < s.len && !status; i++, n++) {
        to[n] = s.data[i];
        if (s.data[i] == '%') {
            const int high = i + 2 < s.len ? hex_value(s.data[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_value(s.data[i + 2]);
            to[n] = (char)(high * 16 + low);
            if (low < 0)
                status = jn_fail(err, JN_BAD_VALUE, "the %s holds a %% that two hexadecimal digits do not follow%s",
                                 what, hint);
            i += 2;
        }
        if (!status && (unsigned char)to[n] < ' ')
            status = jn_fail(err, JN_BAD_VALUE, "the %s holds a control character", what);
    }
    if (!status && n > max)
        status = jn_fail(err, JN_BAD_VALUE, "the %s is longer than %zu bytes", what, max);
    to[status ? 0 : n] = '\0';
    if (status) {
        base_wipe(to, s.len + 1);
        free(to);
        return status;
    }
    free(*out);
    *out = to;
    return JN_OK;
}

/* number := digit+ , at most `max` */
static bool read_number(jn_str s, int64_t max, int64_t *out)
{
    int64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        value = value * 10 + (s.data[i] - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return s.len > 0;
}

/* ---- the query ----------------------------------------------------------------------------------------------- */

static enum jn_status number(jn_str value, int64_t min, int64_t max, const char *what, int64_t *out,
                             struct jn_error *err)
{
    int64_t n;
    if (!read_number(value, max, &n) || (n && n < min))
        return jn_fail(err, JN_BAD_VALUE, "%s must be 0 or a number from %lld to %lld", what, (long long)min,
                       (long long)max);
    *out = n;
    return JN_OK;
}

static enum jn_status verify(jn_str value, bool *insecure, struct jn_error *err)
{
    *insecure = jn_str_eq(value, JN_STR("verify_none"));
    if (*insecure || jn_str_eq(value, JN_STR("verify_peer")))
        return JN_OK;
    return jn_fail(err, JN_BAD_VALUE, "verify must be verify_peer or verify_none");
}

static enum jn_status set_parameter(struct sailor_amqp_uri *u, jn_str name, jn_str value, struct jn_error *err)
{
    if (jn_str_eq(name, JN_STR("heartbeat")))
        return number(value, 1, UINT16_MAX, "heartbeat", &u->heartbeat_s, err);
    if (jn_str_eq(name, JN_STR("frameMax")) || jn_str_eq(name, JN_STR("frame_max")))
        return number(value, MIN_FRAME, MAX_FRAME, "frameMax", &u->frame_max, err);
    if (jn_str_eq(name, JN_STR("channelMax")) || jn_str_eq(name, JN_STR("channel_max")))
        return number(value, 1, UINT16_MAX, "channelMax", &u->channel_max, err);
    if (jn_str_eq(name, JN_STR("verify")))
        return verify(value, &u->insecure, err);
    if (jn_str_eq(name, JN_STR("cacertfile")))
        return decode(value, PATH, "cacertfile", &u->ca, err);
    if (jn_str_eq(name, JN_STR("certfile")))
        return decode(value, PATH, "certfile", &u->certificate, err);
    if (jn_str_eq(name, JN_STR("keyfile")))
        return decode(value, PATH, "keyfile", &u->key, err);
    if (jn_str_eq(name, JN_STR("server_name_indication")))
        return decode(value, SHORT_STRING, "server_name_indication", &u->server_name, err);
    return JN_OK;
}

static enum jn_status parse_query(jn_str query, struct sailor_amqp_uri *u, struct jn_error *err)
{
    enum jn_status status = JN_OK;
    while (query.len && !status) {
        jn_str value = split(&query, "&");
        const jn_str name = split(&value, "=");
        status = set_parameter(u, name, value, err);
    }
    return status;
}

/* ---- one URI ------------------------------------------------------------------------------------------------- */

static enum jn_status parse_credentials(jn_str text, struct sailor_amqp_uri *u, struct jn_error *err)
{
    const jn_str user = split(&text, ":");
    enum jn_status status = decode(user, CREDENTIAL, "user name", &u->user, err);
    return status ? status : decode(text, CREDENTIAL, "password", &u->password, err);
}

static bool is_host(jn_str host, bool is_bracketed)
{
    for (size_t i = 0; i < host.len; i++) {
        const unsigned char c = (unsigned char)host.data[i];
        const bool is_usual = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '.' || c >= 0x80;
        if (!is_usual && !(is_bracketed ? c == ':' || c == '%' : c == '-' || c == '_'))
            return false;
    }
    return host.len <= SHORT_STRING && (host.len || !is_bracketed);
}

static enum jn_status parse_host(jn_str text, struct sailor_amqp_uri *u, struct jn_error *err)
{
    const bool is_bracketed = text.len && text.data[0] == '[';
    const size_t colon = jn_str_find(text, is_bracketed ? JN_STR("]:") : JN_STR(":"), 0);
    jn_str host = jn_str_sub(text, 0, colon == SIZE_MAX ? text.len : colon + is_bracketed);
    if (is_bracketed && !jn_str_ends(host, JN_STR("]")))
        return jn_fail(err, JN_BAD_VALUE, "the [ of an IPv6 address is not closed");
    if (is_bracketed)
        host = jn_str_sub(host, 1, host.len - 1);
    if (!is_host(host, is_bracketed))
        return jn_fail(err, JN_BAD_VALUE, "what stands for the host is neither name nor address%s", hint);
    int64_t port = u->tls ? 5671 : 5672;
    const jn_str digits = jn_str_sub(text, colon == SIZE_MAX ? text.len : colon + 1 + is_bracketed, text.len);
    if (colon != SIZE_MAX && (!read_number(digits, UINT16_MAX, &port) || !port))
        return jn_fail(err, JN_BAD_VALUE, "what stands for the port is not a number from 1 to 65535%s", hint);
    u->port = (int)port;
    return host.len ? decode(host, SHORT_STRING, "host", &u->host, err) : JN_OK;
}

static enum jn_status parse_authority(jn_str text, struct sailor_amqp_uri *u, struct jn_error *err)
{
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] != '@')      // the last one: lenient towards a password that holds one
        at--;
    if (at) {
        const enum jn_status status = parse_credentials(jn_str_sub(text, 0, at - 1), u, err);
        if (status)
            return status;
    }
    return parse_host(jn_str_sub(text, at, text.len), u, err);
}

static bool default_text(char **text, const char *value)
{
    if (!*text)
        *text = strdup(value);
    return *text != NULL;
}

static enum jn_status parse_uri(jn_str text, struct sailor_amqp_uri *u, struct jn_error *err)
{
    u->heartbeat_s = -1;
    u->tls = starts_no_case(text, "amqps://");
    if (!u->tls && !starts_no_case(text, "amqp://"))
        return jn_fail(err, JN_BAD_VALUE, "it must begin with amqp:// or amqps://");
    text = jn_str_sub(text, u->tls ? 8 : 7, text.len);
    if (find_any(text, "#") < text.len)
        return jn_fail(err, JN_BAD_VALUE, "it holds a #%s", hint);

    jn_str rest = text;
    text = split(&rest, "?");
    enum jn_status status = parse_authority(split(&text, "/"), u, err);
    if (!status && text.len)
        status = decode(text, SHORT_STRING, "virtual host", &u->vhost, err);
    if (!status)
        status = parse_query(rest, u, err);
    const char *guest = u->user ? "" : "guest";
    if (!status && !(default_text(&u->host, "localhost") && default_text(&u->vhost, "/")
                     && default_text(&u->user, guest) && default_text(&u->password, guest)))
        status = jn_fail(err, JN_NO_MEMORY, "no memory for the AMQP URI");
    return status;
}

static void clear_uri(struct sailor_amqp_uri *u)
{
    if (u->password)
        base_wipe(u->password, strlen(u->password));
    char *const texts[] = { u->host, u->user, u->password, u->vhost, u->ca, u->certificate, u->key, u->server_name };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
}

/* ---- the list ------------------------------------------------------------------------------------------------ */

/* Where the URI at the front of `text` ends: before a comma that another URI follows. */
static size_t uri_end(jn_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const jn_str next = jn_str_trim(jn_str_sub(text, i + 1, text.len));
        if (text.data[i] == ',' && (starts_no_case(next, "amqp://") || starts_no_case(next, "amqps://") || !next.len))
            return i;
    }
    return text.len;
}

static enum jn_status add_uri(jn_str text, struct sailor_amqp_uris *list, struct jn_error *err)
{
    struct sailor_amqp_uri *at = reallocarray(list->at, list->count + 1, sizeof *at);
    if (!at)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AMQP URI");
    list->at = at;
    list->at[list->count] = (struct sailor_amqp_uri){ 0 };
    return parse_uri(jn_str_trim(text), &list->at[list->count++], err);
}

enum jn_status sailor_amqp_uris_parse(jn_str text, struct sailor_amqp_uris *out, struct jn_error *err)
{
    struct sailor_amqp_uris list = { 0 };
    enum jn_status status = JN_OK;
    do {
        const size_t end = uri_end(text);
        status = add_uri(jn_str_sub(text, 0, end), &list, err);
        text = jn_str_trim(jn_str_sub(text, end + 1, text.len));
    } while (!status && text.len);
    if (!status) {
        *out = list;
        return JN_OK;
    }
    if (list.count > 1 || text.len)
        jn_error_prefix(err, "AMQP URI number %zu", list.count);
    else
        jn_error_prefix(err, "the AMQP URI cannot be used");
    sailor_amqp_uris_clear(&list);
    return status;
}

void sailor_amqp_uris_clear(struct sailor_amqp_uris *u)
{
    for (size_t i = 0; i < u->count; i++)
        clear_uri(&u->at[i]);
    free(u->at);
    *u = (struct sailor_amqp_uris){ 0 };
}

void sailor_amqp_uri_show(const struct sailor_amqp_uri *u, struct jn_buf *out)
{
    const bool is_v6 = strchr(u->host, ':') != NULL;
    jn_buf_append_fmt(out, "%s://%s%s%s:%d/%s", u->tls ? "amqps" : "amqp", is_v6 ? "[" : "", u->host, is_v6 ? "]" : "",
                      u->port, strcmp(u->vhost, "/") == 0 ? "" : u->vhost);
}
