/* cred_document.c - the JSON documents with keys that programs, containers and instances give (our spec, sections 6.4,
 * 6.7, 6.8).  Their text is secret: it is never quoted, and what is made of it is wiped. */
#include <stdio.h>

#include "core/arena.h"
#include "core/utf8.h"
#include "core/value.h"
#include "lambda/cred_source.h"

static jn_str text_member(jn_value object, const char *name)
{
    const jn_value v = jn_member(object, jn_str_of(name));
    return jn_is(v, JN_STRING) ? jn_get_string(v) : (jn_str){ NULL, 0 };
}

static enum jn_status fail_missing(const struct lambda_key_document *doc, const char *name, struct jn_error *err)
{
    return jn_fail(err, JN_BAD_TEXT, "%s gave a JSON object without %s", doc->place, name);
}

static enum jn_status read_end(const struct lambda_key_document *doc, jn_value object, int64_t *expires_ms,
                               struct jn_error *err)
{
    const jn_value v = jn_member(object, JN_STR("Expiration"));
    *expires_ms = 0;
    if (jn_is_undefined(v) || jn_is(v, JN_NULL))
        return doc->needs_end ? fail_missing(doc, "Expiration", err) : JN_OK;
    if (jn_is(v, JN_STRING) && base_time_parse(jn_get_string(v), expires_ms))
        return JN_OK;
    return jn_fail(err, JN_BAD_TEXT, "%s gave an Expiration that is no time such as 2026-03-14T16:09:26Z", doc->place);
}

static enum jn_status read_object(const struct lambda_key_document *doc, jn_value object, struct lambda_keys **out,
                                  struct jn_error *err)
{
    struct lambda_key_pair pair = {
        .access = text_member(object, "AccessKeyId"),
        .secret = text_member(object, "SecretAccessKey"),
        .token = text_member(object, doc->token),
        .access_name = "AccessKeyId",
        .secret_name = "SecretAccessKey",
        .token_name = doc->token,
        .place = doc->place,
    };
    const jn_value version = jn_member(object, JN_STR("Version"));
    if (doc->needs_version && (!jn_is(version, JN_NUMBER) || jn_get_number(version) != 1))
        return jn_fail(err, JN_BAD_TEXT, "%s gave a JSON object whose Version is not the number 1", doc->place);
    if (!pair.access.len)
        return fail_missing(doc, "AccessKeyId", err);
    if (!pair.secret.len)
        return fail_missing(doc, "SecretAccessKey", err);
    if (!pair.token.len && doc->needs_end)      // what ends has a token
        return fail_missing(doc, doc->token, err);
    const enum jn_status s = read_end(doc, object, &pair.expires_ms, err);
    return s ? s : lambda_keys_of(&pair, out, err);
}

enum jn_status lambda_keys_read(const struct lambda_key_document *doc, struct lambda_keys **out, struct jn_error *err)
{
    struct jn_arena arena;
    jn_value root;
    jn_arena_init(&arena, 0);
    struct jn_error why = { 0 };
    enum jn_status s = jn_read(&arena, doc->text, NULL, &root, NULL, &why);
    if (s == JN_NO_MEMORY)
        jn_fail(err, s, "no memory to read what %s gave", doc->place);
    else if (s || !jn_is(root, JN_OBJECT))
        s = jn_fail(err, JN_BAD_TEXT, "%s gave no JSON object: %zu bytes, %s", doc->place, doc->text.len,
                    s ? "not JSON" : "JSON of another kind");
    else
        s = read_object(doc, root, out, err);
    jn_arena_wipe(&arena);
    return s;
}

/* Cut at a character, in one line. */
static void put_line(jn_str text, char *out, size_t size)
{
    text = jn_str_sub(text, 0, size - 1);
    text = jn_str_sub(text, 0, jn_utf8_invalid(text));
    for (size_t i = 0; i < text.len; i++)
        out[i] = (char)((unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
    out[text.len] = '\0';
}

void lambda_document_text(jn_str document, const char *name, char *out, size_t size)
{
    struct jn_arena arena;
    jn_value root;
    out[0] = '\0';
    jn_arena_init(&arena, 0);
    if (jn_read(&arena, document, NULL, &root, NULL, NULL) == JN_OK && jn_is(root, JN_OBJECT))
        put_line(text_member(root, name), out, size);
    jn_arena_wipe(&arena);
}
