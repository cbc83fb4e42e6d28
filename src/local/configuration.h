/* configuration.h - how a function is set up: what AWS keeps in FunctionConfiguration, read from function.json beside
 * its code, from functions.json, or from the copy that a published version keeps. */
#ifndef LOCAL_CONFIGURATION_H
#define LOCAL_CONFIGURATION_H

#include "core/buf.h"
#include "core/value.h"
#include "local/runtime.h"

/* A name for a version; part of the calls goes to another one ("weighted alias"). */
struct local_alias {
    const char *name, *version, *description;   /* version: "$LATEST" or a number */
    const char *other_version;                  /* NULL: all calls go to `version` */
    double other_weight;                        /* of the calls, above 0 and up to 1 */
    const char *revision_id;                    /* NULL: not changed through the API */
};

enum { LOCAL_EVENT_AGE_MAX_S = 21600 };     /* 6 hours */

/* What becomes of events (PutFunctionEventInvokeConfig in the API reference). */
struct local_event_configuration {
    int retries;                    /* after the first failure of the function */
    int max_age_s;                  /* an older event is not run any more */
    const char *on_success, *on_failure;    /* destinations: a function's name or ARN, or "file:PATH"; NULL: none */
};

struct local_configuration {
    const struct local_runtime *runtime;
    const char *runtime_name;       /* "nodejs22.x" */
    const char *handler, *description;
    const char *architecture;       /* "x86_64", "arm64" */
    int timeout_s, memory_mb;
    const char *const *environment; /* "NAME=value", NULL at the end */

    /* Of the function rather than of a version: what holds until the API says otherwise. */
    int reserved_concurrency;       /* -1: none */
    const struct local_alias *aliases;
    size_t alias_count;
    struct local_event_configuration events;

    const char *folder;             /* of the code, as written in functions.json; NULL: not there */
};

/* What holds when nothing is said: the defaults of CreateFunction.  runtime and handler stay NULL. */
struct local_configuration local_configuration_usual(void);

/* Sets what the members of `v`, an object, say; texts are copied into `a`.  An unknown member is refused: a misspelt
 * "timeout" that is silently ignored costs an afternoon.  JN_BAD_VALUE names the member and what it must be. */
enum jn_status local_configuration_read(struct jn_arena *a, jn_value v, struct local_configuration *c,
                                        struct jn_error *err);

/* The same from a text ("": nothing is said); JN_BAD_TEXT has the place. */
enum jn_status local_configuration_parse(struct jn_arena *a, jn_str text, struct local_configuration *c,
                                         struct jn_error *err);

/* Runtime and handler from what `folder` holds, unless they are set.  JN_NOT_FOUND: it holds no function. */
enum jn_status local_configuration_complete(struct local_configuration *c, const char *folder, struct jn_error *err);

/* Appends the members, without braces, in the form that is read; those of a version, not those of the function. */
void local_configuration_put(struct jn_buf *out, const struct local_configuration *c);

/* Whether a destination is a file, and then its path, as it is written. */
bool local_destination_file(const char *destination, const char **path);

/* Appends variables as a JSON object. */
void local_put_variables(struct jn_buf *out, const char *const *environment);

/* Whether two versions are set up alike. */
bool local_configuration_is_same(const struct local_configuration *a, const struct local_configuration *b);

/* Whether an alias may be that way: name, version, weight.  JN_BAD_VALUE says what is wrong in AWS's manner. */
enum jn_status local_alias_check(const struct local_alias *alias, struct jn_error *err);

/* Appends `alias` as the value of its name in "aliases". */
void local_alias_put(struct jn_buf *out, const struct local_alias *alias);

/* Reads it from there.  `name` is kept. */
enum jn_status local_alias_read(struct jn_arena *a, const char *name, jn_value v, struct local_alias *out,
                                struct jn_error *err);

#endif
