/* function.c - one function. */
#include "local/function.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/tree_watch.h"
#include "local/pool.h"
#include "local/text.h"

enum {
    SETTINGS_MAX_BYTES = 1 << 20,
    LOOK_SHARE = 20,        /* a look that takes 1 ms is followed by none for 20 ms, */
    LOOK_SHARE_WATCHED = 100,   /* or 100 ms unless a change is told */
};

/* ---- $LATEST -------------------------------------------------------------------------------------------------- */

/* Reads `path` when it is there. */
static enum jn_status read_settings_file(struct local_version *v, const char *path, struct jn_error *err)
{
    struct jn_buf text;
    struct jn_error reason = { 0 };
    jn_buf_init(&text, SETTINGS_MAX_BYTES);
    enum jn_status s = base_file_read(path, &text, &reason);
    if (s == JN_NOT_FOUND) {
        jn_buf_clear(&text);
        return JN_OK;
    }
    if (!s)
        s = local_configuration_parse(v->memory, jn_buf_str(&text), &v->config, &reason);
    jn_buf_clear(&text);
    if (s && reason.line)
        jn_error_prefix(&reason, "%s, line %u, column %u", path, reason.line, reason.column);
    else if (s)
        jn_error_prefix(&reason, "%s", path);
    if (s && err && !err->status)
        *err = reason;
    return s;
}

/* What functions.json says goes over what function.json says. */
static enum jn_status read_settings(const struct local_function *f, struct local_version *v, struct jn_error *err)
{
    char *path = base_path_join(f->folder, "function.json");
    struct jn_error reason = { 0 };
    enum jn_status s = path ? read_settings_file(v, path, err)
                            : jn_fail(err, JN_NO_MEMORY, "no memory for %s", f->name);
    free(path);
    if (s || !f->settings)
        return s;
    s = local_configuration_parse(v->memory, jn_str_of(f->settings), &v->config, &reason);
    jn_error_prefix(&reason, "functions.json, function %s", f->name);
    if (s && err && !err->status)
        *err = reason;
    return s;
}

/* The fingerprint is taken first: what changes while the rest is read is then seen by the next look. */
static enum jn_status make_latest(struct local_function *f, struct local_version **out, struct jn_error *err)
{
    struct local_version *v = local_version_new(f);
    char id[37];
    if (!v)
        return jn_fail(err, JN_NO_MEMORY, "no memory for %s", f->name);
    base_random_uuid(f->site->random, id);
    v->fingerprint = local_folder_fingerprint(f->folder);
    v->number = "$LATEST";
    v->folder = f->folder;
    v->modified_ms = f->site->clock->wall_ms(f->site->clock);
    v->revision_id = jn_arena_copy(v->memory, jn_str_of(id)).data;
    enum jn_status s = read_settings(f, v, err);
    if (!s)
        s = local_configuration_complete(&v->config, v->folder, err);
    if (!s && jn_arena_failed(v->memory))
        s = jn_fail(err, JN_NO_MEMORY, "no memory for %s", f->name);
    if (s)
        local_version_unref(v);
    else
        *out = v;
    return s;
}

void local_function_retire_latest(struct local_function *f)
{
    struct local_version *v = f->latest;
    f->latest = NULL;
    if (!v)
        return;
    v->is_retired = true;
    local_pool_retire(v->pool);
    local_version_unref(v);
}

/* ---- life ----------------------------------------------------------------------------------------------------- */

static enum jn_status fill(struct local_function *f, jn_str name, const char *folder, const char *settings,
                           struct jn_error *err)
{
    f->name = strndup(name.data, name.len);
    f->folder = strdup(folder);
    f->settings = settings ? strdup(settings) : NULL;
    if (asprintf(&f->arn, "arn:aws:lambda:%s:%s:function:%.*s", f->site->region, f->site->account, JN_ARG(name)) < 0)
        f->arn = NULL;
    if (!f->name || !f->folder || !f->arn || (settings && !f->settings))
        return jn_fail(err, JN_NO_MEMORY, "no memory for a function");
    enum jn_status s = make_latest(f, &f->latest, err);
    if (!s)
        s = local_state_load(f->site, f->name, &f->state, err);
    return s ? s : local_versions_load(f, err);
}

enum jn_status local_function_new(const struct local_site *site, jn_str name, const char *folder, const char *settings,
                                  struct local_function **out, struct jn_error *err)
{
    struct local_function *f = calloc(1, sizeof *f);
    if (!f)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a function");
    f->site = site;
    f->state.reserved_concurrency = -1;
    const enum jn_status s = fill(f, name, folder, settings, err);
    if (s)
        local_function_free(f);
    else
        *out = f;
    return s;
}

void local_function_free(struct local_function *f)
{
    if (!f)
        return;
    base_tree_watch_free(f->watch);
    local_version_unref(f->latest);
    for (size_t i = 0; i < f->version_count; i++)
        local_version_unref(f->versions[i]);
    free(f->versions);
    local_state_clear(&f->state);
    free(f->name);
    free(f->arn);
    free(f->folder);
    free(f->settings);
    free(f);
}

/* ---- changed files -------------------------------------------------------------------------------------------- */

static void log_change(const struct local_function *f, enum base_log_level level, const char *text, const char *why)
{
    const struct base_field fields[] = { { "function", jn_str_of(f->name) }, { NULL, { NULL, 0 } } };
    base_log(f->site->log, level, fields, "%s%s", text, why);
}

/* A change that cannot be used is told once: its fingerprint is kept. */
static void renew(struct local_function *f, uint64_t fingerprint)
{
    struct local_version *v = NULL;
    struct jn_error err = { 0 };
    const bool is_new = !f->latest;
    if (make_latest(f, &v, &err)) {
        log_change(f, BASE_ERROR, is_new ? "not served: " : "changed, and the old one is kept: ", err.message);
        if (f->latest)
            f->latest->fingerprint = fingerprint;
        else
            f->refused = fingerprint;
        return;
    }
    local_function_retire_latest(f);
    f->refused = 0;
    f->latest = v;
    log_change(f, BASE_INFO, is_new ? "is there again" : "changed: the next call starts it anew", "");
}

/* Before the folder is read: what changes meanwhile is then seen by the next look. */
static void watch_anew(struct local_function *f)
{
    base_tree_watch_free(f->watch);
    f->watch = base_tree_watch_new(f->folder, local_folder_skips);
}

void local_function_look(struct local_function *f)
{
    const struct base_clock *clock = f->site->clock;
    const int64_t now_us = clock->monotonic_us(clock);
    const bool has_changed = f->watch && base_tree_watch_has_changed(f->watch);
    if (f->latest && !has_changed && now_us < f->look_again_us)
        return;
    if (has_changed || !f->watch)
        watch_anew(f);
    const uint64_t fingerprint = f->is_unlisted ? 0 : local_folder_fingerprint(f->folder);
    const int64_t after_us = clock->monotonic_us(clock);
    f->look_again_us = after_us + (f->watch ? LOOK_SHARE_WATCHED : LOOK_SHARE) * (after_us - now_us);
    if (!fingerprint && f->latest) {
        log_change(f, BASE_WARN, "it is gone", "");
        local_function_retire_latest(f);
    } else if (fingerprint && fingerprint != (f->latest ? f->latest->fingerprint : f->refused)) {
        renew(f, fingerprint);
    }
}

/* ---- looking up ----------------------------------------------------------------------------------------------- */

static const struct local_alias *find_alias(const struct local_alias *list, size_t count, jn_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (jn_str_equal(name, list[i].name))
            return &list[i];
    }
    return NULL;
}

const struct local_alias *local_function_alias(const struct local_function *f, jn_str name)
{
    const struct local_alias *own = find_alias(f->state.aliases, f->state.alias_count, name);
    if (own || !f->latest)
        return own;
    return find_alias(f->latest->config.aliases, f->latest->config.alias_count, name);
}

static int compare_aliases(const void *a, const void *b)
{
    const struct local_alias *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

const struct local_alias **local_function_aliases(const struct local_function *f, struct jn_arena *a, size_t *count)
{
    const struct local_configuration *usual = f->latest ? &f->latest->config : NULL;
    const size_t most = f->state.alias_count + (usual ? usual->alias_count : 0);
    const struct local_alias **list = jn_arena_zalloc(a, (most + 1) * sizeof(*list));
    size_t n = 0;
    if (!list)
        return NULL;
    for (size_t i = 0; i < f->state.alias_count; i++)
        list[n++] = &f->state.aliases[i];
    for (size_t i = 0; usual && i < usual->alias_count; i++) {
        if (!find_alias(f->state.aliases, f->state.alias_count, jn_str_of(usual->aliases[i].name)))
            list[n++] = &usual->aliases[i];
    }
    qsort(list, n, sizeof(*list), compare_aliases);
    *count = n;
    return list;
}

struct local_version *local_function_version(const struct local_function *f, jn_str number)
{
    for (size_t i = 0; i < f->version_count; i++) {
        if (jn_str_equal(number, f->versions[i]->number))
            return f->versions[i];
    }
    return NULL;
}

struct local_version *local_function_resolve(const struct local_function *f, jn_str qualifier)
{
    if (qualifier.data) {
        const struct local_alias *alias = local_function_alias(f, qualifier);
        const bool other = alias && alias->other_version &&
                           base_random_unit(f->site->random) < alias->other_weight;
        if (alias)
            qualifier = jn_str_of(other ? alias->other_version : alias->version);
    }
    if (!qualifier.data || jn_str_equal(qualifier, "$LATEST"))
        return f->latest;
    return local_function_version(f, qualifier);
}

int local_function_reserved(const struct local_function *f)
{
    if (f->state.reserved_concurrency >= 0 || !f->latest)
        return f->state.reserved_concurrency;
    return f->latest->config.reserved_concurrency;
}

/* ---- changes -------------------------------------------------------------------------------------------------- */

/* Makes `next` what holds, once it is on the disk; takes it over. */
static enum jn_status adopt(struct local_function *f, struct local_state *next, struct jn_error *err)
{
    const enum jn_status s = local_state_save(f->site, f->name, next, err);
    if (s) {
        local_state_clear(next);
        return s;
    }
    local_state_clear(&f->state);
    f->state = *next;
    return JN_OK;
}

static enum jn_status no_memory(const struct local_function *f, struct jn_error *err)
{
    return jn_fail(err, JN_NO_MEMORY, "no memory for the state of %s", f->name);
}

static bool is_same_code(struct local_version *a, struct local_version *b)
{
    local_version_measure(a);
    local_version_measure(b);
    return strcmp(a->code_sha256, b->code_sha256) == 0;
}

/* The number is spent before it is used, so that none is given twice. */
enum jn_status local_function_publish(struct local_function *f, const char *description, struct local_version **out,
                                      struct jn_error *err)
{
    struct local_version *last = f->version_count ? f->versions[f->version_count - 1] : NULL;
    struct local_configuration config = f->latest->config;
    if (description)
        config.description = description;
    if (last && local_configuration_is_same(&config, &last->config) && is_same_code(f->latest, last)) {
        *out = last;
        return JN_OK;
    }
    struct local_state next;
    if (local_state_copy(&f->state, (jn_str){ NULL, 0 }, &next))
        return no_memory(f, err);
    const unsigned number = ++next.last_version;
    const enum jn_status s = adopt(f, &next, err);
    return s ? s : local_versions_add(f, number, description, out, err);
}

/* Puts it where its name belongs; there is room for one more. */
static void insert_alias(struct local_state *s, const struct local_alias *alias)
{
    size_t at = s->alias_count++;
    for (; at > 0 && strcmp(s->aliases[at - 1].name, alias->name) > 0; at--)
        s->aliases[at] = s->aliases[at - 1];
    s->aliases[at] = *alias;
}

enum jn_status local_function_put_alias(struct local_function *f, const struct local_alias *alias,
                                        struct jn_error *err)
{
    struct local_state next;
    char id[37];
    enum jn_status s = local_alias_check(alias, err);
    if (s)
        return s;
    if (local_state_copy(&f->state, jn_str_of(alias->name), &next))
        return no_memory(f, err);
    base_random_uuid(f->site->random, id);
    struct jn_arena *a = next.memory;
    insert_alias(&next, &(struct local_alias){
        .name = local_print(a, "%s", alias->name),
        .version = local_print(a, "%s", alias->version),
        .description = local_print(a, "%s", alias->description),
        .other_version = alias->other_version ? local_print(a, "%s", alias->other_version) : NULL,
        .other_weight = alias->other_weight,
        .revision_id = local_print(a, "%s", id),
    });
    if (!jn_arena_failed(a))
        return adopt(f, &next, err);
    local_state_clear(&next);
    return no_memory(f, err);
}

enum jn_status local_function_delete_alias(struct local_function *f, jn_str name, struct jn_error *err)
{
    struct local_state next;
    if (!find_alias(f->state.aliases, f->state.alias_count, name))
        return jn_fail(err, JN_NOT_FOUND, "the alias %.*s of %s was not made through the API", JN_ARG(name), f->name);
    if (local_state_copy(&f->state, name, &next))
        return no_memory(f, err);
    return adopt(f, &next, err);
}

enum jn_status local_function_reserve(struct local_function *f, int reserved_concurrency, struct jn_error *err)
{
    struct local_state next;
    if (local_state_copy(&f->state, (jn_str){ NULL, 0 }, &next))
        return no_memory(f, err);
    next.reserved_concurrency = reserved_concurrency;
    return adopt(f, &next, err);
}
