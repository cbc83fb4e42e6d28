/* function.h - one function: its $LATEST, which follows its folder, its published versions, and what the API has set:
 * aliases and reserved concurrency.  The latter two are kept in the state folder:
 *
 *     <state>/functions/NAME/state.json          aliases, reserved concurrency, number of the last version
 *     <state>/functions/NAME/versions/7/         code of version 7
 *     <state>/functions/NAME/versions/7.json     how it is set up; written last, so that what has none is no version */
#ifndef LOCAL_FUNCTION_H
#define LOCAL_FUNCTION_H

#include "local/version.h"

/* What the API has set.  Made anew with every change. */
struct local_state {
    struct jn_arena *memory;
    struct local_alias *aliases;        /* sorted by name */
    size_t alias_count;
    int reserved_concurrency;           /* -1: as the configuration says */
    unsigned last_version;              /* 0: none was published */
};

struct base_tree_watch;

struct local_function {
    const struct local_site *site;
    char *name, *arn;                   /* the ARN without a qualifier */
    char *folder;                       /* absolute */
    char *settings;                     /* the text that functions.json has for it; NULL: function.json is read */
    struct local_version *latest;       /* NULL: it is gone */
    struct local_version **versions;    /* published ones that are there, rising */
    size_t version_count;
    struct local_state state;
    unsigned running;                   /* calls */
    bool is_unlisted;                   /* functions.json has it no more */
    struct base_tree_watch *watch;      /* of the folder; NULL: it cannot be watched */
    uint64_t refused;                   /* fingerprint of what could not be used while there is no $LATEST; 0: none */
    int64_t look_again_us;              /* when its folder is looked at again, also without a change that was seen */
};

/* A function with its first $LATEST.  `settings` as above, copied.  JN_NOT_FOUND: the folder holds none; JN_BAD_TEXT,
 * JN_BAD_VALUE: a faulty file, with its place. */
enum jn_status local_function_new(const struct local_site *site, jn_str name, const char *folder, const char *settings,
                                  struct local_function **out, struct jn_error *err);
void local_function_free(struct local_function *f);

/* Looks whether the folder has changed since; if it has, another $LATEST takes the place of the one before.  It is looked
 * at when the kernel has told of a change; and, since not every change is told, for a hundredth of the time (a twentieth
 * when it cannot be watched), and always when there is no $LATEST.  A faulty function.json changes nothing, and is told in the log. */
void local_function_look(struct local_function *f);

/* For a function that is no longer there, or ends: nobody finds its $LATEST any more. */
void local_function_retire_latest(struct local_function *f);

/* The version that a qualifier leads to ({NULL, 0}: $LATEST), borrowed; for a weighted alias by chance.  NULL: none. */
struct local_version *local_function_resolve(const struct local_function *f, jn_str qualifier);

/* The alias, from the API's or the configuration's; NULL: none. */
const struct local_alias *local_function_alias(const struct local_function *f, jn_str name);

/* All of them, sorted by name, in `a`; borrowed until something changes.  NULL without memory. */
const struct local_alias **local_function_aliases(const struct local_function *f, struct jn_arena *a, size_t *count);

/* -1: none. */
int local_function_reserved(const struct local_function *f);

/* The published version of that number; NULL: none. */
struct local_version *local_function_version(const struct local_function *f, jn_str number);

/* ---- changes, on the disk when they return ------------------------------------------------------------------- */

/* Makes a version of $LATEST, and gives the last one when nothing has changed since.  `description` NULL: that of
 * $LATEST. */
enum jn_status local_function_publish(struct local_function *f, const char *description, struct local_version **out,
                                      struct jn_error *err);

/* Adds or replaces; the revision is made anew. */
enum jn_status local_function_put_alias(struct local_function *f, const struct local_alias *alias,
                                        struct jn_error *err);

/* JN_NOT_FOUND: the API has not set one of that name. */
enum jn_status local_function_delete_alias(struct local_function *f, jn_str name, struct jn_error *err);

/* -1: as the configuration says. */
enum jn_status local_function_reserve(struct local_function *f, int reserved_concurrency, struct jn_error *err);

/* ---- function_state.c ----------------------------------------------------------------------------------------- */

/* Reads state.json; a function without one has an empty state. */
enum jn_status local_state_load(const struct local_site *site, const char *name, struct local_state *out,
                                struct jn_error *err);
void local_state_clear(struct local_state *s);

/* Writes it. */
enum jn_status local_state_save(const struct local_site *site, const char *name, const struct local_state *s,
                                struct jn_error *err);

/* A copy, without the alias `omit` ({NULL, 0}: with all) and with room for one more. */
enum jn_status local_state_copy(const struct local_state *s, jn_str omit, struct local_state *out);

/* "<state>/functions/NAME/<rest>"; the caller frees. */
char *local_state_path(const struct local_site *site, const char *name, const char *rest);

/* ---- version_store.c ------------------------------------------------------------------------------------------ */

/* Reads the published versions from the disk into `f`. */
enum jn_status local_versions_load(struct local_function *f, struct jn_error *err);

/* Copies $LATEST's code and configuration to the disk as version `number`, and adds it to `f`. */
enum jn_status local_versions_add(struct local_function *f, unsigned number, const char *description,
                                  struct local_version **out, struct jn_error *err);

#endif
