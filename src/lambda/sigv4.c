/* sigv4.c - AWS Signature Version 4, in the steps its specification names, one function per stage.
 * Pure: time and credentials are arguments.  The signing key is kept for as long as secret, day, region and service
 * stay the same, which spares four of five HMACs; it is wiped by lambda_sigv4_clear().  No memory is taken once the
 * buffers have grown to the size of the requests.  Not here: choosing credentials (cred.c), sending (client.c). */
#include "lambda/sigv4_stage.h"

#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/url.h"

static const char algorithm[] = "AWS4-HMAC-SHA256";

enum { SHORT_DATE = 8 };        /* characters of the date that are its day: 20260314T150926Z */

static jn_str short_date(const struct lambda_sigv4 *s)
{
    return (jn_str){ s->date, SHORT_DATE };
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

void lambda_sigv4_init(struct lambda_sigv4 *s)
{
    *s = (struct lambda_sigv4){ 0 };
    jn_buf_init(&s->canonical_request, 0);
    jn_buf_init(&s->string_to_sign, 0);
    jn_buf_init(&s->signed_headers, 0);
    jn_buf_init(&s->credential, 0);
    jn_buf_init(&s->authorization, 0);
    jn_buf_init(&s->query, 0);
    jn_buf_init(&s->key_source, 0);
    jn_buf_init(&s->header_lines, 0);
    jn_buf_init(&s->text, 0);
    jn_buf_init(&s->items, 0);
}

void lambda_sigv4_clear(struct lambda_sigv4 *s)
{
    jn_buf_wipe(&s->canonical_request);     // may hold a session token
    jn_buf_wipe(&s->header_lines);
    jn_buf_wipe(&s->query);
    jn_buf_wipe(&s->text);
    jn_buf_wipe(&s->key_source);
    jn_buf_clear(&s->string_to_sign);
    jn_buf_clear(&s->signed_headers);
    jn_buf_clear(&s->credential);
    jn_buf_clear(&s->authorization);
    jn_buf_clear(&s->items);
    base_wipe(s->key, sizeof s->key);
}

/* Empty, and usable even if it failed last time. */
static void restart(struct jn_buf *b)
{
    if (b->failed)
        jn_buf_wipe(b);
    else
        jn_buf_truncate(b, 0);
}

void lambda_sigv4_begin(struct lambda_sigv4 *s)
{
    restart(&s->canonical_request);
    restart(&s->string_to_sign);
    restart(&s->signed_headers);
    restart(&s->credential);
    restart(&s->authorization);
    restart(&s->query);
    restart(&s->header_lines);
    restart(&s->text);
    restart(&s->items);
    if (s->key_source.failed)
        jn_buf_wipe(&s->key_source);
}

enum jn_status lambda_sigv4_finish(const struct lambda_sigv4 *s, struct jn_error *err)
{
    const struct jn_buf *const all[] = { &s->canonical_request, &s->string_to_sign, &s->signed_headers, &s->credential,
                                         &s->authorization, &s->query, &s->key_source, &s->header_lines, &s->text,
                                         &s->items };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]->failed)
            return jn_fail(err, JN_NO_MEMORY, "no memory to sign the request");
    }
    return JN_OK;
}

/* ---- lists that are sorted ----------------------------------------------------------------------------------- */

void lambda_sigv4_add_item(struct lambda_sigv4 *s, jn_str name, jn_str value)
{
    const struct lambda_sigv4_item item = { name, value, s->items.len / sizeof item };
    jn_buf_append(&s->items, (jn_str){ (const char *)&item, sizeof item });
}

/* malloc() aligned the bytes of the buffer for any type. */
static struct lambda_sigv4_item *items_of(const struct lambda_sigv4 *s, size_t *count)
{
    *count = s->items.failed ? 0 : s->items.len / sizeof(struct lambda_sigv4_item);
    return (struct lambda_sigv4_item *)(void *)s->items.data;
}

static int compare_bytes(jn_str a, jn_str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(jn_str a, jn_str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int order = n ? strncasecmp(a.data, b.data, n) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Headers by name; those of one name stay in the order in which they came. */
static int compare_headers(const void *left, const void *right)
{
    const struct lambda_sigv4_item *a = left, *b = right;
    const int order = compare_names(a->name, b->name);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* Pairs, not joined texts: "a-b" would come before "a=" though "a" comes before "a-b". */
static int compare_parameters(const void *left, const void *right)
{
    const struct lambda_sigv4_item *a = left, *b = right;
    const int order = compare_bytes(a->name, b->name);
    return order ? order : compare_bytes(a->value, b->value);
}

static struct lambda_sigv4_item *sorted(struct lambda_sigv4 *s, int (*compare)(const void *, const void *),
                                        size_t *count)
{
    struct lambda_sigv4_item *items = items_of(s, count);
    if (*count > 1)
        qsort(items, *count, sizeof *items, compare);
    return items;
}

/* ---- canonical URI ------------------------------------------------------------------------------------------- */

/* Appends `path` with empty and "." segments dropped and ".." taking its predecessor away. */
static void normalize_path(struct jn_buf *out, jn_str path)
{
    const size_t start = out->len;
    for (size_t at = 0; at < path.len;) {
        const size_t slash = jn_str_find(path, JN_STR("/"), at);
        const jn_str segment = jn_str_sub(path, at, slash);
        at = slash == SIZE_MAX ? path.len : slash + 1;
        if (segment.len == 0 || jn_str_eq(segment, JN_STR(".")))
            continue;
        if (!jn_str_eq(segment, JN_STR(".."))) {
            jn_buf_append_char(out, '/');
            jn_buf_append(out, segment);
            continue;
        }
        size_t cut = out->len;
        while (cut > start && out->data[cut - 1] != '/')
            cut--;
        jn_buf_truncate(out, cut > start ? cut - 1 : start);
    }
    if (out->len == start || jn_str_ends(path, JN_STR("/")))
        jn_buf_append_char(out, '/');
}

/* The wire's path, encoded again: every service but S3 has it so. */
static void write_uri(struct lambda_sigv4 *s, jn_str path, bool normalize)
{
    if (path.len == 0)
        path = JN_STR("/");
    if (normalize && (path.data[0] != '/' || jn_str_find(path, JN_STR("//"), 0) != SIZE_MAX ||
                      jn_str_find(path, JN_STR("/."), 0) != SIZE_MAX)) {
        jn_buf_truncate(&s->text, 0);
        normalize_path(&s->text, path);
        path = jn_buf_str(&s->text);
    }
    base_url_encode(&s->canonical_request, path, true);
}

/* ---- canonical query ----------------------------------------------------------------------------------------- */

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

/* Appends `part` decoded and encoded strictly.  `text` has room for the encoded form, which goes behind the decoded
 * one, then over it. */
static jn_str encode_part(struct jn_buf *text, jn_str part)
{
    size_t plain = 0;
    while (plain < part.len && is_unreserved(part.data[plain]))
        plain++;
    const size_t from = text->len;
    if (plain == part.len) {
        jn_buf_append(text, part);
        return jn_str_sub(jn_buf_str(text), from, text->len);
    }
    base_url_decode(text, part);
    const size_t middle = text->len;
    base_url_encode(text, jn_str_sub(jn_buf_str(text), from, middle), false);
    const size_t len = text->len - middle;
    memmove(text->data + from, text->data + middle, len);
    jn_buf_truncate(text, from + len);
    return (jn_str){ text->data + from, len };
}

/* query := pair ('&' pair)* ; pair := name ['=' value].  Empty pairs mean nothing. */
static void collect_parameters(struct lambda_sigv4 *s, jn_str query)
{
    jn_buf_truncate(&s->text, 0);
    if (!jn_buf_reserve(&s->text, 4 * query.len))   // decoded once, encoded thrice as long: texts do not move
        return;
    for (size_t at = 0; at < query.len;) {
        const size_t end = jn_str_find(query, JN_STR("&"), at);
        const jn_str pair = jn_str_sub(query, at, end);
        at = end == SIZE_MAX ? query.len : end + 1;
        if (pair.len == 0)
            continue;
        const size_t equals = jn_str_find(pair, JN_STR("="), 0);
        const jn_str value = equals == SIZE_MAX ? JN_STR("") : jn_str_sub(pair, equals + 1, pair.len);
        const jn_str name = encode_part(&s->text, jn_str_sub(pair, 0, equals));
        lambda_sigv4_add_item(s, name, encode_part(&s->text, value));
    }
}

static void write_query(struct lambda_sigv4 *s, jn_str query)
{
    collect_parameters(s, query);
    size_t count;
    const struct lambda_sigv4_item *items = sorted(s, compare_parameters, &count);
    for (size_t i = 0; i < count; i++) {
        if (i)
            jn_buf_append_char(&s->canonical_request, '&');
        jn_buf_append(&s->canonical_request, items[i].name);
        jn_buf_append_char(&s->canonical_request, '=');
        jn_buf_append(&s->canonical_request, items[i].value);
    }
}

/* ---- canonical headers --------------------------------------------------------------------------------------- */

static bool is_name(jn_str name, const char *lower)
{
    return name.len == strlen(lower) && strncasecmp(name.data, lower, name.len) == 0;
}

bool lambda_sigv4_never_signed(jn_str name)
{
    static const char *const never[] = {
        "authorization", "cache-control", "connection", "expect", "from", "keep-alive", "max-forwards", "pragma",
        "referer", "te", "traceparent", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
    };
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (is_name(name, never[i]))
            return true;
    }
    return (name.len >= 6 && strncasecmp(name.data, "proxy-", 6) == 0) ||
           (name.len >= 4 && strncasecmp(name.data, "sec-", 4) == 0);
}

/* Headers that signing adds; earlier ones are forgotten. */
static bool is_ours(jn_str name)
{
    return is_name(name, "x-amz-date") || is_name(name, "x-amz-security-token") ||
           is_name(name, "x-amz-content-sha256");
}

static void append_lower(struct jn_buf *out, jn_str s)
{
    char *to = jn_buf_reserve(out, s.len);
    if (!to)
        return;
    for (size_t i = 0; i < s.len; i++)
        to[i] = (char)(s.data[i] >= 'A' && s.data[i] <= 'Z' ? s.data[i] | 32 : s.data[i]);
    jn_buf_commit(out, s.len);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Every run of blanks, tabs and line folds becomes one blank; none stays at the ends. */
static void append_folded(struct jn_buf *out, jn_str value)
{
    for (size_t at = 0; at < value.len;) {
        size_t start = at;
        while (start < value.len && is_blank(value.data[start]))
            start++;
        size_t end = start;
        while (end < value.len && !is_blank(value.data[end]))
            end++;
        if (at > 0 && end > start)
            jn_buf_append_char(out, ' ');
        jn_buf_append(out, jn_str_sub(value, start, end));
        at = end;
    }
}

static void collect_headers(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req)
{
    for (size_t i = 0; i < req->header_count; i++) {
        const struct base_header *h = &req->headers[i];
        if (!lambda_sigv4_never_signed(h->name) && !is_ours(h->name))
            lambda_sigv4_add_item(s, h->name, h->value);
    }
}

/* "name:value\n" and "name;" for each name, the values of one name joined by commas. */
void lambda_sigv4_headers(struct lambda_sigv4 *s)
{
    struct jn_buf *lines = &s->header_lines;
    size_t count;
    const struct lambda_sigv4_item *items = sorted(s, compare_headers, &count);
    for (size_t i = 0; i < count; i++) {
        const bool again = i > 0 && compare_names(items[i - 1].name, items[i].name) == 0;
        if (i > 0 && !again) {
            jn_buf_append_char(lines, '\n');
            jn_buf_append_char(&s->signed_headers, ';');
        }
        if (!again) {
            append_lower(lines, items[i].name);
            append_lower(&s->signed_headers, items[i].name);
        }
        jn_buf_append_char(lines, again ? ',' : ':');
        append_folded(lines, items[i].value);
    }
    if (count > 0)
        jn_buf_append_char(lines, '\n');
    jn_buf_truncate(&s->items, 0);
}

/* ---- the stages ---------------------------------------------------------------------------------------------- */

void lambda_sigv4_hash_payload(struct lambda_sigv4 *s, jn_str body)
{
    unsigned char digest[BASE_SHA256];
    base_sha256(digest, body);
    base_hex(s->payload_hash, digest, sizeof digest);
}

/* METHOD \n URI \n QUERY \n HEADERS \n SIGNED \n HASH */
void lambda_sigv4_canonical(struct lambda_sigv4 *s, jn_str method, jn_str path, jn_str query, bool normalize)
{
    struct jn_buf *out = &s->canonical_request;
    jn_buf_append(out, method);
    jn_buf_append_char(out, '\n');
    write_uri(s, path, normalize);
    jn_buf_append_char(out, '\n');
    write_query(s, query);
    jn_buf_append_char(out, '\n');
    jn_buf_append(out, jn_buf_str(&s->header_lines));
    jn_buf_append_char(out, '\n');
    jn_buf_append(out, jn_buf_str(&s->signed_headers));
    jn_buf_append_char(out, '\n');
    jn_buf_append_z(out, s->payload_hash);
}

/* credential := access key '/' day '/' region '/' service '/aws4_request' */
static void write_credential(struct lambda_sigv4 *s, const struct lambda_sigv4_scope *scope)
{
    jn_buf_append(&s->credential, scope->access_key);
    jn_buf_append_char(&s->credential, '/');
    jn_buf_append(&s->credential, short_date(s));
    jn_buf_append_char(&s->credential, '/');
    jn_buf_append(&s->credential, scope->region);
    jn_buf_append_char(&s->credential, '/');
    jn_buf_append(&s->credential, scope->service);
    jn_buf_append_z(&s->credential, "/aws4_request");
}

void lambda_sigv4_string_to_sign(struct lambda_sigv4 *s, jn_str access_key)
{
    unsigned char digest[BASE_SHA256];
    char hex[2 * BASE_SHA256 + 1];
    base_sha256(digest, jn_buf_str(&s->canonical_request));
    base_hex(hex, digest, sizeof digest);

    struct jn_buf *out = &s->string_to_sign;
    jn_buf_append_z(out, algorithm);
    jn_buf_append_char(out, '\n');
    jn_buf_append_z(out, s->date);
    jn_buf_append_char(out, '\n');
    jn_buf_append(out, jn_str_sub(jn_buf_str(&s->credential), access_key.len + 1, s->credential.len));
    jn_buf_append_char(out, '\n');
    jn_buf_append_z(out, hex);
}

static bool take(jn_str *rest, jn_str part)
{
    if (!jn_str_starts(*rest, part))
        return false;
    *rest = jn_str_sub(*rest, part.len, rest->len);
    return true;
}

/* key_source := day region '/' service '/AWS4' secret */
static bool is_key_current(const struct lambda_sigv4 *s, jn_str secret, jn_str region, jn_str service)
{
    jn_str rest = jn_buf_str(&s->key_source);
    return take(&rest, short_date(s)) && take(&rest, region) && take(&rest, JN_STR("/")) && take(&rest, service) &&
           take(&rest, JN_STR("/AWS4")) && jn_str_eq(rest, secret);
}

static void hmac_chain(unsigned char key[BASE_SHA256], jn_str data)
{
    unsigned char next[BASE_SHA256];
    base_hmac_sha256(next, (jn_str){ (const char *)key, BASE_SHA256 }, data);
    memcpy(key, next, sizeof next);
    base_wipe(next, sizeof next);
}

void lambda_sigv4_derive_key(struct lambda_sigv4 *s, jn_str secret_key, jn_str region, jn_str service)
{
    struct jn_buf *source = &s->key_source;
    if (source->len && is_key_current(s, secret_key, region, service))
        return;
    jn_buf_wipe(source);
    // All the room at once: growing would leave a copy of the secret behind.
    if (!jn_buf_reserve(source, SHORT_DATE + region.len + service.len + secret_key.len + 8))
        return;
    jn_buf_append(source, short_date(s));
    jn_buf_append(source, region);
    jn_buf_append_char(source, '/');
    jn_buf_append(source, service);
    jn_buf_append_char(source, '/');
    const size_t secret_at = source->len;
    jn_buf_append_z(source, "AWS4");
    jn_buf_append(source, secret_key);

    base_hmac_sha256(s->key, jn_str_sub(jn_buf_str(source), secret_at, source->len), short_date(s));
    hmac_chain(s->key, region);
    hmac_chain(s->key, service);
    hmac_chain(s->key, JN_STR("aws4_request"));
}

void lambda_sigv4_seal(struct lambda_sigv4 *s)
{
    unsigned char mac[BASE_SHA256];
    base_hmac_sha256(mac, (jn_str){ (const char *)s->key, sizeof s->key }, jn_buf_str(&s->string_to_sign));
    base_hex(s->signature, mac, sizeof mac);
}

/* ---- signing ------------------------------------------------------------------------------------------------- */

static void write_authorization(struct lambda_sigv4 *s)
{
    struct jn_buf *out = &s->authorization;
    jn_buf_append_z(out, algorithm);
    jn_buf_append_z(out, " Credential=");
    jn_buf_append(out, jn_buf_str(&s->credential));
    jn_buf_append_z(out, ", SignedHeaders=");
    jn_buf_append(out, jn_buf_str(&s->signed_headers));
    jn_buf_append_z(out, ", Signature=");
    jn_buf_append_z(out, s->signature);
}

static void start(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                  const struct lambda_sigv4_scope *scope, const struct lambda_sigv4_options *opt)
{
    lambda_sigv4_begin(s);
    base_time_amz(s->date, scope->time_ms);
    write_credential(s, scope);
    lambda_sigv4_hash_payload(s, opt->unsigned_body ? JN_STR("") : req->body);
    collect_headers(s, req);
}

static void sign(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req, jn_str query,
                 const struct lambda_sigv4_scope *scope, const struct lambda_sigv4_options *opt)
{
    lambda_sigv4_canonical(s, req->method, req->path, query, !opt->no_normalize);
    lambda_sigv4_string_to_sign(s, scope->access_key);
    lambda_sigv4_derive_key(s, scope->secret_key, scope->region, scope->service);
    lambda_sigv4_seal(s);
}

static const struct lambda_sigv4_options usual;

enum jn_status lambda_sigv4_sign(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                 const struct lambda_sigv4_scope *scope, const struct lambda_sigv4_options *opt,
                                 struct jn_error *err)
{
    if (!opt)
        opt = &usual;
    start(s, req, scope, opt);
    lambda_sigv4_add_item(s, JN_STR("x-amz-date"), jn_str_of(s->date));
    if (!opt->no_content_sha256)
        lambda_sigv4_add_item(s, JN_STR("x-amz-content-sha256"), jn_str_of(s->payload_hash));
    if (scope->session_token.data && !opt->token_unsigned)
        lambda_sigv4_add_item(s, JN_STR("x-amz-security-token"), scope->session_token);
    lambda_sigv4_headers(s);
    sign(s, req, req->query, scope, opt);
    write_authorization(s);
    return lambda_sigv4_finish(s, err);
}

static void add_parameter(struct jn_buf *query, const char *name, jn_str value)
{
    if (query->len)
        jn_buf_append_char(query, '&');
    jn_buf_append_z(query, name);
    jn_buf_append_char(query, '=');
    base_url_encode(query, value, false);
}

enum jn_status lambda_sigv4_presign(struct lambda_sigv4 *s, const struct lambda_sigv4_request *req,
                                    const struct lambda_sigv4_scope *scope, const struct lambda_sigv4_options *opt,
                                    struct jn_error *err)
{
    if (!opt)
        opt = &usual;
    start(s, req, scope, opt);
    struct jn_buf *query = &s->query;
    jn_buf_append(query, req->query);
    add_parameter(query, "X-Amz-Algorithm", jn_str_of(algorithm));
    add_parameter(query, "X-Amz-Credential", jn_buf_str(&s->credential));
    add_parameter(query, "X-Amz-Date", jn_str_of(s->date));
    lambda_sigv4_headers(s);
    add_parameter(query, "X-Amz-SignedHeaders", jn_buf_str(&s->signed_headers));
    jn_buf_append_fmt(query, "&X-Amz-Expires=%lld", (long long)opt->expires_s);
    if (scope->session_token.data && !opt->token_unsigned)
        add_parameter(query, "X-Amz-Security-Token", scope->session_token);
    sign(s, req, jn_buf_str(query), scope, opt);
    if (scope->session_token.data && opt->token_unsigned)
        add_parameter(query, "X-Amz-Security-Token", scope->session_token);
    add_parameter(query, "X-Amz-Signature", jn_str_of(s->signature));
    return lambda_sigv4_finish(s, err);
}
