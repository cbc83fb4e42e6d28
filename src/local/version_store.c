/* version_store.c - published versions on the disk. */
#include "local/function.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tree.h"
#include "local/text.h"

enum { VERSION_MAX_BYTES = 1 << 20 };

/* ---- in memory ------------------------------------------------------------------------------------------------- */

static unsigned number_of(const struct local_version *v)
{
    return (unsigned)strtoul(v->number, NULL, 10);
}

/* Takes `v` over, also when it fails. */
static enum jn_status insert(struct local_function *f, struct local_version *v, struct jn_error *err)
{
    struct local_version **list = reallocarray(f->versions, f->version_count + 1, sizeof(*list));
    if (!list) {
        local_version_unref(v);
        return jn_fail(err, JN_NO_MEMORY, "no memory for a version of %s", f->name);
    }
    size_t at = f->version_count++;
    f->versions = list;
    for (; at > 0 && number_of(list[at - 1]) > number_of(v); at--)
        list[at] = list[at - 1];
    list[at] = v;
    return JN_OK;
}

/* ---- reading -------------------------------------------------------------------------------------------------- */

/* The members of a version's file that are no configuration. */
static bool set_own_member(struct local_version *v, jn_str key, jn_value value)
{
    if (jn_str_equal(key, "revisionId"))
        v->revision_id = jn_arena_copy(v->memory, jn_get_string(value)).data;
    else if (jn_str_equal(key, "modified"))
        v->modified_ms = (int64_t)jn_get_number(value);
    else
        return false;
    return true;
}

static enum jn_status read_version(struct local_version *v, jn_str text, struct jn_error *err)
{
    jn_value all = jn_undefined(), config = jn_make_object(v->memory, 8);
    enum jn_status s = jn_read(v->memory, text, NULL, &all, NULL, err);
    for (size_t i = 0; !s && i < jn_length(all); i++) {
        if (!set_own_member(v, jn_key_at(all, i), jn_at(all, i)))
            jn_object_put(v->memory, config, jn_key_at(all, i), jn_at(all, i));
    }
    if (!s)
        s = local_configuration_read(v->memory, config, &v->config, err);
    return s ? s : local_configuration_complete(&v->config, v->folder, err);
}

static enum jn_status load_version(struct local_function *f, const char *path, jn_str number, struct jn_error *err)
{
    struct local_version *v = local_version_new(f);
    struct jn_buf text;
    if (!v)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a version of %s", f->name);
    jn_buf_init(&text, VERSION_MAX_BYTES);
    enum jn_status s = base_file_read(path, &text, err);
    if (!s) {
        v->number = jn_arena_copy(v->memory, number).data;
        v->folder = local_print(v->memory, "%.*s", (int)(strlen(path) - strlen(".json")), path);
        v->revision_id = "";
        s = read_version(v, jn_buf_str(&text), err);
    }
    jn_buf_clear(&text);
    if (!s)
        return insert(f, v, err);
    local_version_unref(v);
    return s;
}

struct loading {
    struct local_function *f;
    const char *folder;
    struct jn_error *err;
    enum jn_status status;
};

/* "7.json"; whatever else is there, such as code whose copying was cut short, is no version. */
static bool load_entry(const char *name, void *arg)
{
    struct loading *l = arg;
    const jn_str file = jn_str_of(name);
    if (!jn_str_ends(file, JN_STR(".json")) || file.data[0] < '1' || file.data[0] > '9')
        return true;
    char *path = base_path_join(l->folder, name);
    struct jn_error reason = { 0 };
    l->status = path ? load_version(l->f, path, jn_str_sub(file, 0, file.len - 5), &reason) : JN_NO_MEMORY;
    if (l->status && l->err && !l->err->status) {
        jn_error_prefix(&reason, "%s", path ? path : name);
        *l->err = reason;
    }
    free(path);
    return l->status == JN_OK;
}

enum jn_status local_versions_load(struct local_function *f, struct jn_error *err)
{
    char *folder = local_state_path(f->site, f->name, "versions");
    struct loading l = { .f = f, .folder = folder, .err = err };
    if (!folder)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the versions of %s", f->name);
    const enum jn_status s = base_directory_list(folder, load_entry, &l, NULL);
    free(folder);
    if (s && s != JN_NOT_FOUND)
        return jn_fail(err, s, "the versions of %s cannot be listed", f->name);
    return l.status;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

static enum jn_status copy_code(const struct local_version *latest, const char *folder, struct jn_error *err)
{
    char *beside = NULL;
    if (asprintf(&beside, "%s.part", folder) < 0)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a version");
    enum jn_status s = base_tree_remove(beside, err);
    if (!s)
        s = base_tree_remove(folder, err);
    if (!s)
        s = base_tree_copy(latest->folder, beside, local_folder_skips, err);
    if (!s && rename(beside, folder))
        s = jn_fail(err, JN_IO, "cannot make %s: %s", folder, strerrordesc_np(errno));
    if (s)
        base_tree_remove(beside, NULL);
    free(beside);
    return s;
}

static enum jn_status write_settings(const struct local_version *v, struct jn_error *err)
{
    struct jn_buf text;
    char *path = NULL;
    jn_buf_init(&text, 0);
    jn_buf_append_char(&text, '{');
    local_configuration_put(&text, &v->config);
    jn_buf_append_fmt(&text, ",\"modified\":%lld,\"revisionId\":\"%s\"}\n", (long long)v->modified_ms, v->revision_id);
    const enum jn_status s = text.failed || asprintf(&path, "%s.json", v->folder) < 0
                                 ? jn_fail(err, JN_NO_MEMORY, "no memory for a version")
                                 : base_file_replace(path, jn_buf_str(&text), err);
    free(path);
    jn_buf_clear(&text);
    return s;
}

static const char *copy(struct jn_arena *a, const char *text)
{
    return jn_arena_copy(a, jn_str_of(text)).data;
}

/* A version like $LATEST in memory of its own. */
static struct local_version *make_version(struct local_function *f, unsigned number, const char *description)
{
    const struct local_version *latest = f->latest;
    struct local_version *v = local_version_new(f);
    size_t count = 0;
    if (!v)
        return NULL;
    struct jn_arena *a = v->memory;
    while (latest->config.environment[count])
        count++;
    const char **environment = jn_arena_zalloc(a, (count + 1) * sizeof *environment);
    for (size_t i = 0; environment && i < count; i++)
        environment[i] = copy(a, latest->config.environment[i]);
    char id[37];
    base_random_uuid(f->site->random, id);
    v->config = latest->config;
    v->config.environment = environment;
    v->config.runtime_name = copy(a, latest->config.runtime_name);
    v->config.handler = copy(a, latest->config.handler);
    v->config.description = copy(a, description ? description : latest->config.description);
    v->config.architecture = copy(a, latest->config.architecture);
    v->config.aliases = NULL;
    v->config.alias_count = 0;
    v->config.folder = NULL;
    v->number = local_print(a, "%u", number);
    v->folder = local_print(a, "%s/functions/%s/versions/%u", f->site->state, f->name, number);
    v->revision_id = copy(a, id);
    v->modified_ms = f->site->clock->wall_ms(f->site->clock);
    if (!jn_arena_failed(a))
        return v;
    local_version_unref(v);
    return NULL;
}

static enum jn_status write_version(struct local_function *f, const struct local_version *v, struct jn_error *err)
{
    char *folder = local_state_path(f->site, f->name, "versions");
    enum jn_status s = folder ? base_directory_make(folder, err)
                              : jn_fail(err, JN_NO_MEMORY, "no memory for a version of %s", f->name);
    free(folder);
    if (!s)
        s = copy_code(f->latest, v->folder, err);
    return s ? s : write_settings(v, err);
}

enum jn_status local_versions_add(struct local_function *f, unsigned number, const char *description,
                                  struct local_version **out, struct jn_error *err)
{
    struct local_version *v = make_version(f, number, description);
    if (!v)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a version of %s", f->name);
    enum jn_status s = write_version(f, v, err);
    if (s) {
        local_version_unref(v);
        return s;
    }
    s = insert(f, v, err);
    if (!s)
        *out = v;
    return s;
}
