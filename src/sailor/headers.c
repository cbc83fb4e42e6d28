/* headers.c - AMQP headers: those of a delivery, those of what is published (platform-protocol.md, 3.5 to 3.7, 3.10).
 *
 * A sender may put anything into a table.  Whatever is not of the type that is expected counts as absent, as far as
 * JavaScript's own rules do not give it a meaning: a protocolVersion of "2" is 2 there. */
#include "sailor/headers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/value.h"

/* ---- reading ------------------------------------------------------------------------------------------------- */

/* An id is a text that is not empty; a number counts as its text. */
static jn_str id_of(struct jn_arena *a, jn_value v)
{
    const jn_str none = { NULL, 0 };
    if (jn_is(v, JN_STRING))
        return v.len ? jn_text(v) : none;
    if (!jn_is(v, JN_NUMBER) || jn_num(v) == 0 || isnan(jn_num(v)))
        return none;
    char text[JN_NUMBER_MAX];
    return jn_arena_copy(a, (jn_str){ text, jn_number_format(text, jn_num(v)) });
}

static jn_str member_id(struct jn_arena *a, jn_value headers, const char *name)
{
    return id_of(a, jn_member(headers, jn_str_of(name)));
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* `lower` is in lower case, s in any. */
static bool starts_any_case(jn_str s, jn_str lower)
{
    for (size_t i = 0; i < lower.len; i++)
        if (i == s.len || to_lower(s.data[i]) != lower.data[i])
            return false;
    return true;
}

static bool is_meta(jn_str key)
{
    return starts_any_case(key, JN_STR("x-eio-meta-"));
}

/* The later one wins, as where they are propagated. */
static jn_str trace_id(struct jn_arena *a, jn_value headers)
{
    const jn_str name = JN_STR("x-eio-meta-trace-id");
    jn_str found = { NULL, 0 };
    for (size_t i = 0; i < jn_length(headers); i++) {
        const jn_str key = jn_key_at(headers, i);
        if (key.len == name.len && starts_any_case(key, name))
            found = id_of(a, jn_at(headers, i));
    }
    return found;
}

static jn_str new_uuid(struct jn_arena *a, struct base_random *random)
{
    char uuid[37];
    base_random_uuid(random, uuid);
    return jn_arena_copy(a, (jn_str){ uuid, 36 });
}

static jn_str thread_id_of(struct jn_arena *a, jn_value headers, struct base_random *random)
{
    jn_str id = member_id(a, headers, "threadId");
    if (!id.data)
        id = trace_id(a, headers);
    return id.data ? id : new_uuid(a, random);
}

/* JavaScript's Number(text), as far as texts are plain numbers; NaN for others. */
static double number_of_text(jn_str text)
{
    text = jn_str_trim(text);
    if (text.len == 0)
        return 0;
    return jn_number_scan(text) == text.len ? jn_number_parse(text) : NAN;
}

/* number(protocolVersion or 1) < 2 (3.4); what is no number is not. */
static bool is_protocol_1(jn_value v)
{
    if (jn_is(v, JN_NUMBER))
        return isnan(jn_num(v)) || jn_num(v) < 2;       // NaN is false, then 1
    if (jn_is(v, JN_STRING))
        return v.len == 0 || number_of_text(jn_text(v)) < 2;
    return !jn_is(v, JN_ARRAY) && !jn_is(v, JN_OBJECT);
}

/* Only numbers count; a sender's nonsense is brought into the range that can be counted on from. */
static int64_t rebound_iteration(jn_value v)
{
    const double most = 1e15, n = jn_is(v, JN_NUMBER) ? jn_num(v) : 0;
    return !(n > 0) ? 0 : n > most ? (int64_t)most : (int64_t)n;
}

enum jn_status sailor_headers_read(struct jn_arena *a, jn_value headers, struct base_random *random,
                                   struct sailor_incoming_message *out, struct jn_error *err)
{
    *out = (struct sailor_incoming_message){
        .thread_id = thread_id_of(a, headers, random),
        .message_id = member_id(a, headers, "messageId"),
        .parent_message_id = member_id(a, headers, "parentMessageId"),
        .step_id = member_id(a, headers, "stepId"),
        .reply_to = member_id(a, headers, "reply_to"),
        .rebound_iteration = rebound_iteration(jn_member(headers, JN_STR("reboundIteration"))),
        .is_protocol_1 = is_protocol_1(jn_member(headers, JN_STR("protocolVersion"))),
        .headers = headers,
    };
    if (jn_arena_failed(a))
        return jn_fail(err, jn_arena_failed(a), "no memory for a message's headers");
    if (!jn_is(headers, JN_OBJECT))
        return jn_fail(err, JN_BAD_VALUE, "the message has no table of headers");
    return JN_OK;
}

/* ---- who we are ---------------------------------------------------------------------------------------------- */

struct pair {
    jn_str name, value;
};

enum { FIXED = 8 };

struct sailor_identity {
    struct jn_arena arena;
    struct pair fixed[FIXED];           /* 3.6: what is the same in all headers */
    struct pair *additional;            /* 1.5 */
    size_t additional_count;
};

static void add_variable(struct sailor_identity *i, const struct base_env *env, jn_str name)
{
    struct jn_buf header;
    jn_buf_init(&header, 0);
    const jn_str name_z = jn_arena_copy(&i->arena, name);
    const char *value = name_z.data && name.len ? env->get(env, name_z.data) : NULL;
    if (value)
        sailor_settings_header_name(&header, name);
    if (header.len) {
        struct pair *p = &i->additional[i->additional_count++];
        p->name = jn_arena_copy(&i->arena, jn_utf8_repair(&i->arena, jn_buf_str(&header)));
        p->value = jn_utf8_repair(&i->arena, jn_str_of(value));
    }
    if (header.failed && !i->arena.failed)
        i->arena.failed = header.failed;
    jn_buf_clear(&header);
}

static void add_variables(struct sailor_identity *i, const struct base_env *env, jn_str list)
{
    size_t commas = 0;
    for (size_t k = 0; k < list.len; k++)
        commas += list.data[k] == ',';
    i->additional = jn_arena_zalloc(&i->arena, (commas + 1) * sizeof *i->additional);
    for (size_t from = 0; i->additional && from <= list.len;) {
        size_t comma = jn_str_find(list, JN_STR(","), from);
        if (comma == SIZE_MAX)
            comma = list.len;
        add_variable(i, env, jn_str_trim(jn_str_sub(list, from, comma)));
        from = comma + 1;
    }
}

static void add_fixed(struct sailor_identity *i, const struct sailor_settings *s)
{
    const struct {
        const char *name, *value;
    } ids[FIXED] = {
        { "execId", s->exec_id }, { "taskId", s->flow_id }, { "workspaceId", s->workspace_id },
        { "containerId", s->container_id }, { "userId", s->user_id }, { "stepId", s->step_id },
        { "compId", s->comp_id }, { "function", s->function },
    };
    for (size_t k = 0; k < FIXED; k++)
        i->fixed[k] = (struct pair){ jn_str_of(ids[k].name), jn_utf8_repair(&i->arena, jn_str_of(ids[k].value)) };
}

enum jn_status sailor_identity_new(const struct sailor_settings *s, const struct base_env *env,
                                   struct sailor_identity **out, struct jn_error *err)
{
    struct sailor_identity *i = calloc(1, sizeof *i);
    if (!i)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the step's headers");
    jn_arena_init(&i->arena, SIZE_MAX);
    add_fixed(i, s);
    if (s->additional_vars)
        add_variables(i, env, jn_str_of(s->additional_vars));
    const enum jn_status failed = jn_arena_failed(&i->arena);
    if (failed) {
        sailor_identity_free(i);
        return jn_fail(err, failed, "no memory for the step's headers");
    }
    *out = i;
    return JN_OK;
}

void sailor_identity_free(struct sailor_identity *i)
{
    if (!i)
        return;
    jn_arena_clear(&i->arena);
    free(i);
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void put(struct jn_arena *a, jn_value object, const char *name, jn_str text)
{
    if (text.data)
        jn_object_put(a, object, jn_str_of(name), jn_make_string(text));
}

static void put_number(struct jn_arena *a, jn_value object, const char *name, int64_t n)
{
    jn_object_put(a, object, jn_str_of(name), jn_make_number((double)n));
}

static void put_pairs(struct jn_arena *a, jn_value object, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        jn_object_put(a, object, pairs[i].name, jn_make_string(pairs[i].value));
}

/* All or nothing: half a table is never mistaken for a whole one. */
static jn_value unless_failed(const struct jn_arena *a, jn_value object)
{
    return jn_arena_failed(a) ? jn_undefined() : object;
}

static jn_str lower_copy(struct jn_arena *a, jn_str s)
{
    const jn_str copy = jn_arena_copy(a, s);
    char *at = (char *)copy.data;
    for (size_t i = 0; i < copy.len; i++)
        at[i] = to_lower(at[i]);
    return copy;
}

static void put_meta(struct jn_arena *a, jn_value object, jn_value headers)
{
    for (size_t i = 0; i < jn_length(headers); i++) {
        const jn_str key = jn_key_at(headers, i);
        if (is_meta(key))
            jn_object_put(a, object, lower_copy(a, key), jn_at(headers, i));
    }
}

/* In the order of 3.6: what is put later wins.  The rest of its first line (stepId, threadId, ...) is always overridden
 * by its third. */
jn_value sailor_envelope_base_headers(struct jn_arena *a, const struct sailor_identity *i,
                                      const struct sailor_incoming_message *in, int64_t start_ms,
                                      struct base_random *random)
{
    const jn_value base = jn_make_object(a, FIXED + i->additional_count + 8);
    put_meta(a, base, in->headers);
    put(a, base, "reply_to", in->reply_to);
    put_pairs(a, base, i->additional, i->additional_count);
    put(a, base, "parentMessageId", in->message_id);
    put(a, base, "threadId", in->thread_id);
    put(a, base, "messageId", new_uuid(a, random));
    put_pairs(a, base, i->fixed, FIXED);
    put_number(a, base, "start", start_ms);
    return unless_failed(a, base);
}

jn_value sailor_envelope_start_headers(struct jn_arena *a, const struct sailor_identity *i, struct base_random *random)
{
    const jn_value base = jn_make_object(a, FIXED + i->additional_count + 2);
    put_pairs(a, base, i->additional, i->additional_count);
    put_pairs(a, base, i->fixed, FIXED);
    put(a, base, "messageId", new_uuid(a, random));
    return unless_failed(a, base);
}

static jn_value copy_members(struct jn_arena *a, jn_value from, size_t more)
{
    const size_t n = jn_length(from);
    const jn_value copy = jn_make_object(a, n + more);
    for (size_t i = 0; i < n; i++)
        jn_object_put(a, copy, jn_key_at(from, i), jn_at(from, i));
    return copy;
}

jn_value sailor_envelope_headers(struct jn_arena *a, jn_value base, const struct sailor_header_additions *more)
{
    const jn_value headers = copy_members(a, base, 5);
    put(a, headers, "messageId", more->message_id);
    if (more->end_ms)
        put_number(a, headers, "end", more->end_ms);
    if (more->protocol_version)
        put_number(a, headers, "protocolVersion", more->protocol_version);
    if (more->snapshot_event)
        put(a, headers, "snapshotEvent", jn_str_of(more->snapshot_event));
    if (more->error_response)
        jn_object_put(a, headers, JN_STR("x-eio-error-response"), jn_make_boolean(true));
    return unless_failed(a, headers);
}

/* ---- properties ---------------------------------------------------------------------------------------------- */

struct sailor_properties sailor_envelope_properties(const struct sailor_settings *s, jn_value headers)
{
    return (struct sailor_properties){
        .content_type = JN_STR("application/json"),
        .content_encoding = JN_STR("utf8"),
        .priority = -1,
        .delivery_mode = s->persistent_messages ? 2 : 1,
        .timestamp = -1,
        .headers = headers,
    };
}

/* initial x 2^(iteration - 1), within what every reader of the property holds exactly. */
static int64_t rebound_delay(int64_t initial_ms, int64_t iteration)
{
    const int64_t most = INT64_C(1) << 53;
    if (initial_ms <= 0)
        return 0;
    for (; iteration > 1 && initial_ms < most; iteration--)
        initial_ms *= 2;
    return initial_ms < most ? initial_ms : most;
}

struct sailor_properties sailor_envelope_rebound(struct jn_arena *a, const struct sailor_settings *s,
                                                 const struct sailor_properties *original, jn_str reason,
                                                 int64_t iteration, int64_t end_ms)
{
    struct sailor_properties p = *original;
    char expiration[24];
    const int len = snprintf(expiration, sizeof expiration, "%lld",
                             (long long)rebound_delay(s->rebound_initial_expiration_ms, iteration));
    p.user_id = (jn_str){ NULL, 0 };
    p.delivery_mode = s->persistent_messages ? 2 : 1;
    p.expiration = jn_arena_copy(a, (jn_str){ expiration, (size_t)len });
    p.headers = copy_members(a, original->headers, 3);
    put_number(a, p.headers, "end", end_ms);
    put(a, p.headers, "reboundReason", jn_utf8_repair(a, reason));
    put_number(a, p.headers, "reboundIteration", iteration);
    p.headers = unless_failed(a, p.headers);
    return p;
}
