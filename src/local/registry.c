/* registry.c - all functions of one local Lambda. */
#include "local/registry.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "core/members.h"

enum { NAME_MAX_LENGTH = 64, FILE_MAX_BYTES = 16 << 20 };
enum { TICK_MS = 20 };      /* times of files go forward in steps that are no longer */

struct local_registry {
    const struct local_site *site;
    char *folder;                       /* absolute */
    char *file;                         /* functions.json; NULL: none */
    bool is_one;                        /* the folder is the function */
    struct local_function **list;       /* sorted by name; also those that are gone */
    size_t count;
    struct stat file_stat;              /* of the file when it was last read; zeroed: it must be read again */
    bool is_file_gone;
};

bool local_is_function_name(jn_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.data[i], lower = (char)(c | 32);
        if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
            return false;
    }
    return s.len > 0 && s.len <= NAME_MAX_LENGTH;
}

/* ---- the list ------------------------------------------------------------------------------------------------- */

/* Where `name` is, or belongs. */
static size_t place_of(const struct local_registry *r, jn_str name)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const char *have = r->list[middle]->name;
        const int order = strncmp(have, name.data, name.len);
        if (order < 0)
            low = middle + 1;           // also when it is a part of `name`: then its NUL is below
        else
            high = middle;
    }
    return low;
}

struct local_function *local_registry_known(const struct local_registry *r, jn_str name)
{
    for (size_t i = place_of(r, name); i < r->count && strncmp(r->list[i]->name, name.data, name.len) == 0; i++) {
        if (jn_str_equal(name, r->list[i]->name))
            return r->list[i];
    }
    return NULL;
}

static enum jn_status add(struct local_registry *r, jn_str name, const char *folder, const char *settings,
                          struct jn_error *err)
{
    struct local_function *f = NULL;
    struct local_function **list = reallocarray(r->list, r->count + 1, sizeof(*list));
    if (!list)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the functions");
    r->list = list;
    const enum jn_status s = local_function_new(r->site, name, folder, settings, &f, err);
    if (s)
        return s;
    size_t at = r->count++;
    for (; at > 0 && strcmp(list[at - 1]->name, f->name) > 0; at--)
        list[at] = list[at - 1];
    list[at] = f;
    return JN_OK;
}

/* ---- subfolders ------------------------------------------------------------------------------------------------ */

struct scan {
    struct local_registry *r;
    struct jn_error *err;
    bool is_first;              /* faults end it; later they are logged */
    enum jn_status status;
};

static bool has_file(const char *folder, const char *name)
{
    char *path = base_path_join(folder, name);
    const bool has = path && access(path, F_OK) == 0;
    free(path);
    return has;
}

static bool holds_function(const char *folder)
{
    const char *handler;
    return local_runtime_detect(folder, &handler) || has_file(folder, "function.json");
}

static void warn(const struct scan *s, const char *folder, const char *text)
{
    const struct base_field fields[] = { { "folder", jn_str_of(folder) }, { NULL, { NULL, 0 } } };
    if (s->is_first)
        base_log(s->r->site->log, BASE_WARN, fields, "not served: %s", text);
}

static void add_found(struct scan *s, const char *name, const char *folder)
{
    struct jn_error reason = { 0 };
    const enum jn_status status = add(s->r, jn_str_of(name), folder, NULL, &reason);
    const struct base_field fields[] = { { "function", jn_str_of(name) }, { NULL, { NULL, 0 } } };
    if (status && s->is_first) {
        s->status = status;
        if (s->err && !s->err->status)
            *s->err = reason;
    } else if (status) {
        base_log(s->r->site->log, BASE_ERROR, fields, "not served: %s", reason.message);
    } else if (!s->is_first) {
        base_log(s->r->site->log, BASE_INFO, fields, "a new function");
    }
}

static bool on_folder(const char *name, void *arg)
{
    struct scan *s = arg;
    char *folder = name[0] == '.' ? NULL : base_path_join(s->r->folder, name);
    if (!folder)
        return true;
    if (local_registry_known(s->r, jn_str_of(name)) || !base_is_directory(folder))
        ;                       // known, or no folder
    else if (holds_function(folder) && local_is_function_name(jn_str_of(name)))
        add_found(s, name, folder);
    else if (holds_function(folder))
        warn(s, folder, "a function's name has letters, digits, - and _, 64 at most");
    else if (has_file(folder, "bootstrap"))
        warn(s, folder, "its bootstrap is not an executable file (chmod +x)");
    free(folder);
    return s->status == JN_OK;
}

static enum jn_status scan_folder(struct local_registry *r, bool is_first, struct jn_error *err)
{
    struct scan s = { .r = r, .err = err, .is_first = is_first };
    const enum jn_status listed = base_directory_list(r->folder, on_folder, &s, err);
    return listed ? listed : s.status;
}

/* ---- functions.json ------------------------------------------------------------------------------------------- */

/* Where the code of a function is: what its settings say, below the file's folder, or the subfolder of its name.  NULL
 * with `err` filled. */
static char *code_folder(const struct local_registry *r, jn_str name, jn_str settings, struct jn_error *err)
{
    struct jn_arena a;
    struct local_configuration c = local_configuration_usual();
    char *path = NULL, *absolute = NULL, *plain = strndup(name.data, name.len);
    jn_arena_init(&a, 0);
    const enum jn_status s = local_configuration_parse(&a, settings, &c, err);
    const char *folder = c.folder ? c.folder : plain;
    if (!s && folder)
        path = folder[0] == '/' ? strdup(folder) : base_path_join(r->folder, folder);
    if (path)
        absolute = base_path_absolute(path, err);
    else if (!s)
        jn_fail(err, JN_NO_MEMORY, "no memory for the functions");
    jn_arena_clear(&a);
    free(path);
    free(plain);
    return absolute;
}

static void refresh(struct local_function *f, jn_str settings)
{
    if (jn_str_equal(settings, f->settings ? f->settings : ""))
        return;
    char *text = strndup(settings.data, settings.len);
    if (!text)
        return;
    free(f->settings);
    f->settings = text;
    f->look_again_us = 0;
    f->refused = 0;
    if (f->latest)
        f->latest->fingerprint = 0;     // whatever the folder says: it is set up anew
}

static enum jn_status add_listed(struct local_registry *r, jn_str name, jn_str settings, struct jn_error *err)
{
    struct local_function *known = local_registry_known(r, name);
    if (known) {
        known->is_unlisted = false;
        refresh(known, settings);
        return JN_OK;
    }
    if (!local_is_function_name(name))
        return jn_fail(err, JN_BAD_VALUE, "\"%.*s\" cannot be a function's name: it has letters, digits, - and _, 64 at "
                       "most", JN_ARG(name));
    char *folder = code_folder(r, name, settings, err);
    char *text = strndup(settings.data, settings.len);
    enum jn_status s = text ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the functions");
    if (!s)
        s = folder ? add(r, name, folder, text, err) : err->status;
    free(folder);
    free(text);
    return s;
}

/* functions := '{' name ':' settings ... '}' */
static enum jn_status read_functions(struct local_registry *r, jn_str text, struct jn_error *err)
{
    struct jn_arena a;
    struct jn_members m;
    enum jn_status s = JN_OK;
    jn_arena_init(&a, 0);
    jn_members_begin(&m, &a, text, err);
    while (!s && jn_members_next(&m)) {
        struct jn_error reason = { 0 };
        s = add_listed(r, m.key, m.value, &reason);
        if (s) {
            jn_error_prefix(&reason, "function %.*s", JN_ARG(m.key));
            if (err && !err->status)
                *err = reason;
        }
    }
    jn_arena_clear(&a);
    return s ? s : m.failed;
}

static void set_unlisted(struct local_registry *r, bool is_unlisted)
{
    for (size_t i = 0; i < r->count; i++)
        r->list[i]->is_unlisted = is_unlisted;
}

/* Who is not mentioned is gone; a file that cannot be read changes nothing. */
static enum jn_status read_file(struct local_registry *r, struct jn_error *err)
{
    struct jn_buf text;
    struct jn_error reason = { 0 };
    jn_buf_init(&text, FILE_MAX_BYTES);
    enum jn_status s = base_file_read(r->file, &text, &reason);
    set_unlisted(r, s == JN_OK);
    if (!s)
        s = read_functions(r, jn_buf_str(&text), &reason);
    if (s)
        set_unlisted(r, false);
    jn_buf_clear(&text);
    if (s && reason.line)
        jn_error_prefix(&reason, "%s, line %u, column %u", r->file, reason.line, reason.column);
    else if (s)
        jn_error_prefix(&reason, "%s", r->file);
    if (s && err && !err->status)
        *err = reason;
    return s;
}

/* ---- opening -------------------------------------------------------------------------------------------------- */

char *local_registry_folder_of(const char *path, struct jn_error *err)
{
    char *absolute = base_path_absolute(path, err);
    char *slash = absolute && !base_is_directory(absolute) ? strrchr(absolute, '/') : NULL;
    if (slash)
        slash[slash == absolute] = '\0';
    return absolute;
}

static enum jn_status read_one(struct local_registry *r, struct jn_error *err)
{
    const char *name = strrchr(r->folder, '/') + 1;
    if (!local_is_function_name(jn_str_of(name)))
        return jn_fail(err, JN_BAD_VALUE, "%s holds a function, whose name would be \"%s\": it must have letters, digits, "
                       "- and _, 64 at most; rename the folder, or write a functions.json", r->folder, name);
    return add(r, jn_str_of(name), r->folder, NULL, err);
}

static enum jn_status fill(struct local_registry *r, const char *path, struct jn_error *err)
{
    r->folder = local_registry_folder_of(path, err);
    if (!r->folder)
        return JN_NOT_FOUND;
    if (!base_is_directory(path))
        r->file = base_path_absolute(path, err);
    else if (has_file(r->folder, "functions.json"))
        r->file = base_path_join(r->folder, "functions.json");
    r->is_one = !r->file && holds_function(r->folder);
    enum jn_status s = r->file ? read_file(r, err) : r->is_one ? read_one(r, err) : scan_folder(r, true, err);
    if (!s && r->count == 0)
        s = jn_fail(err, JN_NOT_FOUND, "no functions in %s: a function is a folder with an index.mjs, app.py or "
                    "executable bootstrap", path);
    return s;
}

enum jn_status local_registry_open(const struct local_site *site, const char *path, struct local_registry **out,
                                   struct jn_error *err)
{
    struct local_registry *r = calloc(1, sizeof *r);
    if (!r)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the functions");
    r->site = site;
    const enum jn_status s = fill(r, path, err);
    if (s)
        local_registry_free(r);
    else
        *out = r;
    return s;
}

void local_registry_free(struct local_registry *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        local_function_free(r->list[i]);
    free(r->list);
    free(r->folder);
    free(r->file);
    free(r);
}

/* ---- looking -------------------------------------------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Whether functions.json is another than the one that was read; once when it is gone.  One that has been written just now,
 * by the clock that files have, may be written again without its time going forward. */
static bool has_file_changed(struct local_registry *r)
{
    struct stat st = { 0 };
    const bool was_gone = r->is_file_gone;
    r->is_file_gone = stat(r->file, &st) != 0;
    if (r->is_file_gone ? was_gone : is_same(&st, &r->file_stat))
        return false;
    const int64_t written_ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    const bool is_settled = base_clock_system()->wall_ms(base_clock_system()) - written_ms > TICK_MS;
    r->file_stat = is_settled ? st : (struct stat){ 0 };
    return true;
}

static void look_for_new(struct local_registry *r)
{
    struct jn_error err = { 0 };
    if (r->is_one)
        return;
    if (!r->file)
        scan_folder(r, false, NULL);
    else if (has_file_changed(r) && read_file(r, &err))
        base_log(r->site->log, BASE_ERROR, NULL, "%s", err.message);
}

/* With a functions.json the settings are there, so it is looked at with every call. */
struct local_function *local_registry_find(struct local_registry *r, jn_str name)
{
    struct local_function *f = local_registry_known(r, name);
    if (!f || r->file)
        look_for_new(r);
    if (!f)
        f = local_registry_known(r, name);
    if (!f)
        return NULL;
    local_function_look(f);
    return f->latest ? f : NULL;
}

void local_registry_look(struct local_registry *r)
{
    look_for_new(r);
    for (size_t i = 0; i < r->count; i++)
        local_function_look(r->list[i]);
}

size_t local_registry_count(const struct local_registry *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        count += r->list[i]->latest != NULL;
    return count;
}

struct local_function *local_registry_at(const struct local_registry *r, size_t i)
{
    for (size_t k = 0; k < r->count; k++) {
        if (r->list[k]->latest && i-- == 0)
            return r->list[k];
    }
    return NULL;
}

int local_registry_reserved(const struct local_registry *r)
{
    int sum = 0;
    for (size_t i = 0; i < r->count; i++) {
        const int reserved = local_function_reserved(r->list[i]);
        sum += r->list[i]->latest && reserved > 0 ? reserved : 0;
    }
    return sum;
}
