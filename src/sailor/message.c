/* message.c - taking messages apart and putting them together as texts.
 * A message is read in one pass that validates it and builds nothing; only members that are not known by name, and do
 * not stand side by side, are copied. */
#include "sailor/message.h"

#include "core/members.h"
#include "core/value.h"

/* ---- whole messages ------------------------------------------------------------------------------------------ */

/* The members by name, in the order in which they are written. */
static const struct {
    jn_str name;
    size_t offset;
} known[] = {
    { JN_STR_INIT("id"), offsetof(struct sailor_message, id) },
    { JN_STR_INIT("body"), offsetof(struct sailor_message, body) },
    { JN_STR_INIT("headers"), offsetof(struct sailor_message, headers) },
    { JN_STR_INIT("attachments"), offsetof(struct sailor_message, attachments) },
    { JN_STR_INIT("metadata"), offsetof(struct sailor_message, metadata) },
    { JN_STR_INIT("passthrough"), offsetof(struct sailor_message, passthrough) },
};
enum { KNOWN = sizeof known / sizeof *known };

static jn_str *member_of(struct sailor_message *m, jn_str key)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (jn_str_eq(known[i].name, key))
            return (jn_str *)(void *)((char *)m + known[i].offset);
    return NULL;
}

/* Puts a member behind the rest: in the text when it follows there with nothing but a comma in between, else in a copy,
 * which gets longer in place. */
static bool add_rest(struct jn_arena *a, jn_str *rest, jn_str pair)
{
    if (!rest->len) {
        *rest = pair;
        return true;
    }
    if (rest->data + rest->len + 1 == pair.data) {
        rest->len += 1 + pair.len;
        return true;
    }
    char *longer = jn_arena_append(a, rest->data, rest->len, 1 + pair.len);
    if (!longer)
        return false;
    longer[rest->len] = ',';
    memcpy(longer + rest->len + 1, pair.data, pair.len);
    *rest = (jn_str){ longer, rest->len + 1 + pair.len };
    return true;
}

enum jn_status sailor_message_read(struct jn_arena *a, jn_str text, struct sailor_message *out, struct jn_error *err)
{
    struct sailor_message found = { .rest = { NULL, 0 } };
    struct jn_members m;
    jn_members_begin(&m, a, text, err);
    while (jn_members_next(&m)) {
        jn_str *member = member_of(&found, m.key);
        if (member)
            *member = m.value;
        else if (!add_rest(a, &found.rest, m.pair))
            return jn_fail(err, jn_arena_failed(a), "no memory for a message");
    }
    if (!m.failed)
        *out = found;
    return m.failed;
}

void sailor_message_write(const struct sailor_message *m, struct jn_buf *out)
{
    char before = '{';
    for (size_t i = 0; i < KNOWN; i++) {
        const jn_str *value = (const jn_str *)(const void *)((const char *)m + known[i].offset);
        if (!value->data)
            continue;
        jn_buf_append_char(out, before);
        jn_buf_append_char(out, '"');
        jn_buf_append(out, known[i].name);
        jn_buf_append_z(out, "\":");
        jn_buf_append(out, *value);
        before = ',';
    }
    if (m->rest.len) {
        jn_buf_append_char(out, before);
        jn_buf_append(out, m->rest);
        before = ',';
    }
    jn_buf_append_z(out, before == '{' ? "{}" : "}");
}

/* ---- parts --------------------------------------------------------------------------------------------------- */

bool sailor_members(struct jn_arena *a, jn_str object, sailor_member_fn *fn, void *arg)
{
    struct jn_members m;
    jn_members_begin(&m, a, object, NULL);
    while (jn_members_next(&m))
        if (!fn(m.key, m.value, arg))
            return true;
    return !m.failed;
}

jn_str sailor_member(struct jn_arena *a, jn_str object, jn_str name)
{
    jn_str found = { NULL, 0 };
    struct jn_members m;
    jn_members_begin(&m, a, object, NULL);
    while (jn_members_next(&m))
        if (jn_str_eq(m.key, name))
            found = m.value;
    return found;
}

jn_str sailor_text_of(struct jn_arena *a, jn_str json)
{
    jn_value v = jn_undefined();
    json = jn_str_trim(json);
    if (!json.len || json.data[0] != '"' || jn_read(a, json, NULL, &v, NULL, NULL))
        return (jn_str){ NULL, 0 };
    return jn_text(v);
}

/* What is no UTF-8 becomes U+FFFD; the writer escapes what is to be escaped. */
static void put_repaired(struct jn_buf *out, jn_str s)
{
    struct jn_arena a;
    jn_arena_init(&a, SIZE_MAX);
    const jn_str repaired = jn_utf8_repair(&a, s);
    if (jn_arena_failed(&a))
        out->failed = jn_arena_failed(&a);
    else
        jn_write(out, jn_make_string(repaired), NULL, NULL);
    jn_arena_clear(&a);
}

void sailor_put_string(struct jn_buf *out, jn_str s)
{
    if (!s.data)
        s = JN_STR("");
    if (jn_utf8_invalid(s) == s.len)
        jn_write(out, jn_make_string(s), NULL, NULL);
    else
        put_repaired(out, s);
}

bool sailor_is_empty(jn_str json)
{
    json = jn_str_trim(json);
    if (!json.data || jn_str_equal(json, "null"))
        return true;
    if (json.len < 2 || json.data[0] != '{' || json.data[json.len - 1] != '}')
        return false;
    return jn_str_trim(jn_str_sub(json, 1, json.len - 1)).len == 0;
}

bool sailor_is_falsy(jn_str json)
{
    json = jn_str_trim(json);
    if (!json.len || jn_str_equal(json, "null") || jn_str_equal(json, "false") || jn_str_equal(json, "\"\""))
        return true;
    return jn_number_scan(json) == json.len && jn_number_parse(json) == 0;
}
