/* envelope.c - payloads: from a delivery's bytes to a message, and from what is emitted to bytes (platform-protocol.md,
 * 3.4, 3.8, 3.9, 5.3).  Texts stay where they are as long as they can: a message's body is part of the buffer in which
 * it came and was decrypted. */
#include "sailor/envelope.h"

#include <strings.h>

#include "core/members.h"
#include "core/value.h"
#include "sailor/headers.h"

/* ---- texts in an arena --------------------------------------------------------------------------------------- */

/* Moves what was written to a buffer of its own into the arena. */
static jn_str move_to(struct jn_arena *a, struct jn_buf *b)
{
    jn_str text = { NULL, 0 };
    if (b->failed && !a->failed)
        a->failed = b->failed;
    else
        text = jn_arena_copy(a, jn_buf_str(b));
    jn_buf_clear(b);
    return text;
}

static enum jn_status no_memory(enum jn_status s, struct jn_error *err)
{
    return jn_fail(err, s, s == JN_LIMIT ? "the message needs more memory than its limit allows"
                                         : "no memory for a message");
}

static void put_member(struct jn_buf *out, jn_str pair)
{
    if (out->len > 1)
        jn_buf_append_char(out, ',');
    jn_buf_append(out, pair);
}

/* ---- decoding ------------------------------------------------------------------------------------------------ */

/* Reads the message; what is no UTF-8 in it is replaced, as where the reference makes a string of it. */
static enum jn_status read_message(struct jn_arena *a, jn_str text, struct sailor_message *out, struct jn_error *err)
{
    struct jn_error first = { 0 };
    enum jn_status s = sailor_message_read(a, text, out, &first);
    if (s == JN_BAD_TEXT && jn_utf8_invalid(text) < text.len)
        s = sailor_message_read(a, jn_utf8_repair(a, text), out, NULL);
    if (s)
        jn_fail(err, s, "Failed to decrypt message: %s", first.message);
    return s;
}

/* The message headers with `reply_to`, in place of one that is there. */
static jn_str with_reply_to(struct jn_arena *a, jn_str headers, jn_str reply_to)
{
    struct jn_buf out;
    struct jn_members m;
    jn_buf_init(&out, 0);
    jn_buf_append_char(&out, '{');
    jn_members_begin(&m, a, headers, NULL);
    while (jn_members_next(&m))
        if (!jn_str_equal(m.key, "reply_to"))
            put_member(&out, m.pair);
    put_member(&out, JN_STR("\"reply_to\":"));
    sailor_put_string(&out, reply_to);
    jn_buf_append_char(&out, '}');
    return move_to(a, &out);
}

/* 3.4, 5: headers are an object; other things than false ones stay as they are, and have no members. */
static void complete_headers(struct jn_arena *a, struct sailor_incoming_message *m)
{
    if (sailor_is_falsy(m->message.headers))
        m->message.headers = JN_STR("{}");
    if (m->reply_to.data && jn_str_starts(m->message.headers, JN_STR("{")))
        m->message.headers = with_reply_to(a, m->message.headers, m->reply_to);
}

static enum jn_status open_data(struct jn_arena *a, struct sailor_cipher *cipher, struct jn_buf *body,
                                struct sailor_incoming_message *m, struct jn_error *err)
{
    size_t len = body->len;
    const enum jn_status s = sailor_decrypt(cipher, body->data, &len, m->is_protocol_1, NULL, err);
    if (s)
        return s;
    jn_buf_truncate(body, len);
    m->text = jn_buf_str(body);
    if (len == 0)
        return jn_fail(err, JN_BAD_VALUE, "Failed to decrypt message: the payload is empty");
    return read_message(a, m->text, &m->message, err);
}

/* ---- error input --------------------------------------------------------------------------------------------- */

/* Appends what a member `error` or `errorInput` of an error message holds: JSON, encrypted, in base64, in a string. */
static enum jn_status put_decrypted(struct jn_arena *a, struct sailor_cipher *cipher, jn_str value, struct jn_buf *out,
                                    struct jn_error *err)
{
    const bool is_text = jn_str_starts(value, JN_STR("\""));
    const jn_str text = jn_arena_copy(a, sailor_text_of(a, value));
    size_t len = text.len;
    if (jn_arena_failed(a))
        return no_memory(jn_arena_failed(a), err);
    if (!is_text)
        return jn_fail(err, JN_BAD_VALUE, "Failed to decrypt message: a part of the error is no text");
    enum jn_status s = sailor_decrypt(cipher, (char *)text.data, &len, true, NULL, err);
    const jn_str clear = jn_utf8_repair(a, (jn_str){ text.data, len });
    if (!s)
        s = jn_validate(clear, err);
    if (!s)
        jn_buf_append(out, clear);
    return s;
}

static enum jn_status put_error_member(struct jn_arena *a, struct sailor_cipher *cipher, const struct jn_members *m,
                                       struct jn_buf *out, struct jn_error *err)
{
    const bool is_part = jn_str_equal(m->key, "error") || jn_str_equal(m->key, "errorInput");
    if (!is_part || sailor_is_falsy(m->value)) {
        put_member(out, m->pair);
        return JN_OK;
    }
    put_member(out, (jn_str){ m->pair.data, (size_t)(m->value.data - m->pair.data) });
    return put_decrypted(a, cipher, m->value, out, err);
}

/* The body: the error message with its parts decrypted. */
static enum jn_status error_body(struct jn_arena *a, struct sailor_cipher *cipher, jn_str text, jn_str *body,
                                 struct jn_error *err)
{
    struct jn_buf out;
    struct jn_members m;
    enum jn_status s = JN_OK;
    jn_buf_init(&out, 0);
    jn_buf_append_char(&out, '{');
    jn_members_begin(&m, a, text, err);
    while (!s && jn_members_next(&m))
        s = put_error_member(a, cipher, &m, &out, err);
    jn_buf_append_char(&out, '}');
    *body = move_to(a, &out);
    if (!s)
        s = m.failed;
    return s || body->data ? s : no_memory(jn_arena_failed(a), err);
}

static enum jn_status open_error(struct jn_arena *a, struct sailor_cipher *cipher, struct jn_buf *body,
                                 struct sailor_incoming_message *m, struct jn_error *err)
{
    struct jn_buf headers;
    m->is_clear = true;
    m->text = jn_buf_str(body);
    enum jn_status s = error_body(a, cipher, jn_utf8_repair(a, m->text), &m->message.body, err);
    if (s)
        return s;
    jn_buf_init(&headers, 0);
    jn_write(&headers, m->headers, NULL, NULL);
    m->message.headers = move_to(a, &headers);
    return m->message.headers.data ? JN_OK : no_memory(jn_arena_failed(a), err);
}

enum jn_status sailor_envelope_open(struct jn_arena *a, struct sailor_cipher *cipher, bool error_input,
                                    const struct sailor_properties *properties, struct jn_buf *body,
                                    struct base_random *random, struct sailor_incoming_message *out,
                                    struct jn_error *err)
{
    enum jn_status s = sailor_headers_read(a, properties->headers, random, out, err);
    if (s)
        return s;
    s = error_input ? open_error(a, cipher, body, out, err) : open_data(a, cipher, body, out, err);
    if (s)
        return s;
    complete_headers(a, out);
    return jn_arena_failed(a) ? no_memory(jn_arena_failed(a), err) : JN_OK;
}

enum jn_status sailor_envelope_original(struct sailor_cipher *cipher, const struct sailor_incoming_message *in,
                                        struct jn_buf *out, struct jn_error *err)
{
    if (!in->is_clear)
        return sailor_encrypt(cipher, in->text, in->is_protocol_1, out, err);
    jn_buf_append(out, in->text);
    return out->failed ? no_memory(out->failed, err) : JN_OK;
}

/* ---- passthrough --------------------------------------------------------------------------------------------- */

/* Appends "{" and the members of `passthrough` except the one called `id`; returns whether there are any. */
static bool put_others(struct jn_arena *a, jn_str passthrough, jn_str id, struct jn_buf *out)
{
    struct jn_members m;
    bool any = false;
    jn_buf_append_char(out, '{');
    if (!passthrough.data)
        return false;
    jn_members_begin(&m, a, passthrough, NULL);
    while (jn_members_next(&m)) {
        if (jn_str_eq(m.key, id))
            continue;
        if (any)
            jn_buf_append_char(out, ',');
        jn_buf_append(out, m.pair);
        any = true;
    }
    return any;
}

void sailor_envelope_passthrough(struct jn_arena *a, const struct sailor_settings *s, bool is_passthrough,
                                 const struct sailor_incoming_message *in, const struct sailor_message *emitted,
                                 struct jn_buf *out)
{
    if (!is_passthrough) {
        jn_buf_append(out, emitted->passthrough);
        return;
    }
    const jn_str id = s->no_self_passthrough ? in->step_id : jn_str_of(s->step_id);
    struct sailor_message entry = s->no_self_passthrough ? in->message : *emitted;
    entry.passthrough = (jn_str){ NULL, 0 };
    const bool any = put_others(a, in->message.passthrough, id.data ? id : JN_STR(""), out);
    if (id.data) {
        if (any)
            jn_buf_append_char(out, ',');
        sailor_put_string(out, id);
        jn_buf_append_char(out, ':');
        sailor_message_write(&entry, out);
    }
    jn_buf_append_char(out, '}');
    if (jn_arena_failed(a) && !out->failed)
        out->failed = jn_arena_failed(a);       // a key could not be decoded: what was written is not the whole
}

/* ---- routing ------------------------------------------------------------------------------------------------- */

static bool is_routing_key(jn_str name)
{
    return name.len == 17 && strncasecmp(name.data, "x-eio-routing-key", 17) == 0;
}

static bool asks_for_key(struct jn_arena *a, jn_str headers)
{
    struct jn_members m;
    jn_members_begin(&m, a, headers, NULL);
    while (jn_members_next(&m))
        if (is_routing_key(m.key))
            return true;
    return false;
}

/* A number is its text, as in JavaScript. */
static jn_str routing_key_of(struct jn_arena *a, jn_str value)
{
    if (sailor_is_falsy(value))
        return (jn_str){ NULL, 0 };
    return jn_number_scan(value) == value.len ? value : sailor_text_of(a, value);
}

void sailor_envelope_routing(struct jn_arena *a, jn_str headers, jn_str *key, jn_str *rest)
{
    *key = (jn_str){ NULL, 0 };
    *rest = headers;
    if (!headers.data || !asks_for_key(a, headers))
        return;
    struct jn_buf out;
    struct jn_members m;
    jn_buf_init(&out, 0);
    jn_buf_append_char(&out, '{');
    jn_members_begin(&m, a, headers, NULL);
    while (jn_members_next(&m)) {
        if (is_routing_key(m.key))
            *key = routing_key_of(a, m.value);
        else
            put_member(&out, m.pair);
    }
    jn_buf_append_char(&out, '}');
    *rest = move_to(a, &out);
}

/* ---- errors -------------------------------------------------------------------------------------------------- */

static void put_failure(struct jn_buf *out, const struct sailor_failure *f)
{
    jn_buf_append_z(out, "{\"name\":");
    sailor_put_string(out, f->name.data ? f->name : JN_STR("Error"));
    jn_buf_append_z(out, ",\"message\":");
    sailor_put_string(out, f->message.data ? f->message : JN_STR("Not Available"));
    jn_buf_append_z(out, ",\"stack\":");
    sailor_put_string(out, f->stack.data ? f->stack : JN_STR("Not Available"));
    jn_buf_append_char(out, '}');
}

/* errorInput is always base64 of the encrypted text: for a payload of protocol 1 that is the payload.  The clear text
 * of error input is encrypted too, which the reference either fails to do or leaves clear (Q8). */
enum jn_status sailor_envelope_error(struct jn_arena *a, struct sailor_cipher *cipher, const struct sailor_failure *f,
                                     const struct sailor_incoming_message *in, struct jn_buf *out, jn_str *error_text,
                                     struct jn_error *err)
{
    jn_buf_append_z(out, "{\"error\":\"");
    const size_t start = out->len;
    put_failure(out, f);
    enum jn_status s = sailor_encrypt_in_place(cipher, out, start, true, err);
    if (!s && error_text)
        *error_text = jn_arena_copy(a, jn_str_sub(jn_buf_str(out), start, out->len));
    if (!s && in) {
        jn_buf_append_z(out, "\",\"errorInput\":\"");
        s = sailor_encrypt(cipher, in->text, true, out, err);
    }
    jn_buf_append_z(out, "\"}");
    const enum jn_status failed = out->failed ? out->failed : jn_arena_failed(a);
    return s || !failed ? s : no_memory(failed, err);
}
