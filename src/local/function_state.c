/* function_state.c - what the API has set of a function, in memory and in its state.json.
 *
 * A state is never changed: a change makes another one, which is written first and then takes the place of the one
 * before, so that what is answered is what is on the disk. */
#include "local/function.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "local/text.h"

enum { STATE_MAX_BYTES = 16 << 20 };

char *local_state_path(const struct local_site *site, const char *name, const char *rest)
{
    char *path = NULL;
    return asprintf(&path, "%s/functions/%s/%s", site->state, name, rest) < 0 ? NULL : path;
}

void local_state_clear(struct local_state *s)
{
    jn_arena_free(s->memory);
    *s = (struct local_state){ .reserved_concurrency = -1 };
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

static enum jn_status read_aliases(struct local_state *s, jn_value v, struct jn_error *err)
{
    const size_t count = jn_is(v, JN_OBJECT) ? jn_length(v) : 0;
    s->aliases = jn_arena_zalloc(s->memory, (count + 1) * sizeof *s->aliases);
    enum jn_status status = s->aliases ? JN_OK : JN_NO_MEMORY;
    for (size_t i = 0; !status && i < count; i++) {
        const char *name = jn_arena_copy(s->memory, jn_key_at(v, i)).data;
        status = name ? local_alias_read(s->memory, name, jn_at(v, i), &s->aliases[i], err) : JN_NO_MEMORY;
        s->alias_count += status == JN_OK;
    }
    return status;
}

static int number_of(jn_value v, int usual)
{
    const double d = jn_get_number(v);
    return jn_is(v, JN_NUMBER) && d >= 0 && d <= 1e9 ? (int)d : usual;
}

static enum jn_status read_state(struct local_state *s, jn_str text, struct jn_error *err)
{
    jn_value v = jn_undefined();
    const enum jn_status status = jn_read(s->memory, text, NULL, &v, NULL, err);
    if (status)
        return status;
    s->last_version = (unsigned)number_of(jn_member(v, JN_STR("lastVersion")), 0);
    s->reserved_concurrency = number_of(jn_member(v, JN_STR("reservedConcurrency")), -1);
    return read_aliases(s, jn_member(v, JN_STR("aliases")), err);
}

enum jn_status local_state_load(const struct local_site *site, const char *name, struct local_state *out,
                                struct jn_error *err)
{
    struct jn_error reason = { 0 };
    struct jn_buf text;
    *out = (struct local_state){ .memory = jn_arena_new(0), .reserved_concurrency = -1 };
    char *path = local_state_path(site, name, "state.json");
    jn_buf_init(&text, STATE_MAX_BYTES);
    enum jn_status s = out->memory && path ? base_file_read(path, &text, &reason)
                                           : jn_fail(&reason, JN_NO_MEMORY, "no memory for the state of %s", name);
    if (!s)
        s = read_state(out, jn_buf_str(&text), &reason);
    if (s && s != JN_NOT_FOUND)
        jn_error_prefix(&reason, "%s", path ? path : name);
    if (s && s != JN_NOT_FOUND && err && !err->status)
        *err = reason;
    jn_buf_clear(&text);
    free(path);
    return s == JN_NOT_FOUND ? JN_OK : s;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static void put_state(struct jn_buf *out, const struct local_state *s)
{
    jn_buf_append_fmt(out, "{\"lastVersion\":%u", s->last_version);
    if (s->reserved_concurrency >= 0)
        jn_buf_append_fmt(out, ",\"reservedConcurrency\":%d", s->reserved_concurrency);
    jn_buf_append_z(out, ",\"aliases\":{");
    for (size_t i = 0; i < s->alias_count; i++) {
        jn_buf_append_z(out, i ? "," : "");
        local_put_json_string(out, jn_str_of(s->aliases[i].name));
        jn_buf_append_char(out, ':');
        local_alias_put(out, &s->aliases[i]);
    }
    jn_buf_append_z(out, "}}\n");
}

enum jn_status local_state_save(const struct local_site *site, const char *name, const struct local_state *s,
                                struct jn_error *err)
{
    struct jn_buf text;
    char *folder = local_state_path(site, name, ""), *path = local_state_path(site, name, "state.json");
    jn_buf_init(&text, 0);
    put_state(&text, s);
    enum jn_status status = JN_OK;
    if (!folder || !path || text.failed)
        status = jn_fail(err, JN_NO_MEMORY, "no memory for the state of %s", name);
    if (!status)
        status = base_directory_make(folder, err);
    if (!status)
        status = base_file_replace(path, jn_buf_str(&text), err);
    jn_buf_clear(&text);
    free(folder);
    free(path);
    return status;
}

/* ---- copying -------------------------------------------------------------------------------------------------- */

static const char *copy_text(struct jn_arena *a, const char *text)
{
    return text ? jn_arena_copy(a, jn_str_of(text)).data : NULL;
}

static struct local_alias copy_alias(struct jn_arena *a, const struct local_alias *from)
{
    return (struct local_alias){
        .name = copy_text(a, from->name),
        .version = copy_text(a, from->version),
        .description = copy_text(a, from->description),
        .other_version = copy_text(a, from->other_version),
        .other_weight = from->other_weight,
        .revision_id = copy_text(a, from->revision_id),
    };
}

enum jn_status local_state_copy(const struct local_state *s, jn_str omit, struct local_state *out)
{
    struct jn_arena *a = jn_arena_new(0);
    *out = (struct local_state){ .memory = a, .reserved_concurrency = s->reserved_concurrency,
                                 .last_version = s->last_version };
    out->aliases = a ? jn_arena_zalloc(a, (s->alias_count + 1) * sizeof *out->aliases) : NULL;
    for (size_t i = 0; out->aliases && i < s->alias_count; i++) {
        if (!omit.data || !jn_str_equal(omit, s->aliases[i].name))
            out->aliases[out->alias_count++] = copy_alias(a, &s->aliases[i]);
    }
    if (out->aliases && !jn_arena_failed(a))
        return JN_OK;
    local_state_clear(out);
    return JN_NO_MEMORY;
}
