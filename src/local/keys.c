/* keys.c - the key pairs that callers may sign with. */
#include "local/keys.h"

#include <stdlib.h>

#include "base/file.h"
#include "lambda/profile.h"

enum { FILE_MAX_BYTES = 1 << 20 };

static jn_str copy(struct local_keys *k, jn_str s)
{
    return s.data ? jn_arena_copy(k->memory, s) : (jn_str){ NULL, 0 };
}

static void add(struct local_keys *k, jn_str access_key, jn_str secret_key, jn_str session_token)
{
    k->list[k->count++] = (struct local_key){ copy(k, access_key), copy(k, secret_key), copy(k, session_token) };
}

/* Profiles in the order of their names, so that "the first" is the same at every start; [default] goes before all. */
static void add_profiles(struct local_keys *k, const struct lambda_profiles *p)
{
    const jn_value all = lambda_profiles_value(p);
    const jn_str usual = JN_STR("default");
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < jn_length(all); i++) {
            const jn_str name = jn_key_at(all, i);
            const jn_str key = lambda_profile_get(p, name, "aws_access_key_id");
            const jn_str secret = lambda_profile_get(p, name, "aws_secret_access_key");
            if (key.data && secret.data && jn_str_eq(name, usual) == (round == 0))
                add(k, key, secret, lambda_profile_get(p, name, "aws_session_token"));
        }
    }
}

static enum jn_status load_file(struct local_keys *k, const char *path, struct jn_error *err)
{
    struct jn_buf text;
    struct lambda_profiles *p = NULL;
    jn_buf_init(&text, FILE_MAX_BYTES);
    enum jn_status s = base_file_read(path, &text, err);
    if (!s)
        s = lambda_profiles_parse(JN_STR(""), jn_buf_str(&text), &p, err);
    if (!s) {
        k->list = calloc(jn_length(lambda_profiles_value(p)) + 1, sizeof *k->list);
        if (k->list)
            add_profiles(k, p);
        else
            s = JN_NO_MEMORY;
    }
    lambda_profiles_free(p);
    jn_buf_wipe(&text);
    if (!s && k->count == 0)
        s = jn_fail(err, JN_NOT_FOUND, "%s has no profile with aws_access_key_id and aws_secret_access_key", path);
    return s;
}

static enum jn_status take_pair(struct local_keys *k, const char *access_key, const char *secret_key)
{
    const bool is_given = access_key && secret_key;
    k->list = calloc(1, sizeof *k->list);
    if (!k->list)
        return JN_NO_MEMORY;
    add(k, is_given ? jn_str_of(access_key) : JN_STR("local"), is_given ? jn_str_of(secret_key) : JN_STR("local-secret"),
        (jn_str){ NULL, 0 });
    return JN_OK;
}

enum jn_status local_keys_load(struct local_keys *out, const char *path, const char *access_key,
                               const char *secret_key, struct jn_error *err)
{
    *out = (struct local_keys){ .memory = jn_arena_new(0) };
    enum jn_status s = JN_NO_MEMORY;
    if (out->memory)
        s = path ? load_file(out, path, err) : take_pair(out, access_key, secret_key);
    if (!s && jn_arena_failed(out->memory))
        s = JN_NO_MEMORY;
    return s == JN_NO_MEMORY ? jn_fail(err, s, "no memory for the keys") : s;
}

void local_keys_clear(struct local_keys *k)
{
    if (k->memory)
        jn_arena_wipe(k->memory);
    jn_arena_free(k->memory);
    free(k->list);
    *k = (struct local_keys){ 0 };
}
