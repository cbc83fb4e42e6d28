/* settings.h - environment variables into a struct, from one table; the same table prints the manual.
 *
 * The rules of reading are those of the platform's reference runtime (platform-protocol.md, 1.1), quirks included, so
 * that an environment that works there means the same here. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/env.h"
#include "core/buf.h"

enum base_setting_kind {
    BASE_SETTING_TEXT,          /* const char *; unset or empty: the default */
    BASE_SETTING_SECRET,        /* the same, and never printed */
    BASE_SETTING_INTEGER,       /* int64_t; read as JavaScript's parseInt, 0 and no number: the default */
    BASE_SETTING_BOOLEAN,       /* bool; unset: the default; "" and "false": false; everything else: true */
    BASE_SETTING_ELSEWHERE,     /* read by somebody else, or by nobody: stands in the manual, and has no member */
};

struct base_setting {
    const char *name;           /* the whole name: "ELASTICIO_FLOW_ID" */
    enum base_setting_kind kind;
    unsigned modes;             /* a bit per mode of the program that requires it; 0: optional */
    size_t offset;              /* of the member in the caller's struct */
    const char *fallback;       /* the default as text; NULL: none (NULL, 0, false) */
    const char *group;          /* heading in the manual, and, behind a newline, text below it; NULL: no new one */
    const char *unit;           /* "ms", "bytes", "per interval"; "" */
    const char *meaning;        /* one or two sentences of Markdown */
};

/* Fills `into` (zeroed by the caller) with what `env` holds; texts are borrowed from it.  JN_BAD_VALUE "<name> is
 * missing" for the first one that `mode` requires and that is unset or empty; `into` is filled even then. */
enum jn_status base_settings_read(const struct base_setting *table, size_t count, const struct base_env *env,
                                  unsigned mode, void *into, struct jn_error *err);

/* What JavaScript's parseInt(text) gives, or false for NaN.  Clamped to what int64_t holds. */
bool base_parse_int(jn_str text, int64_t *out);

/* The rule for one boolean, also for who needs it before the others. */
bool base_setting_boolean(const struct base_env *env, const char *name, bool fallback);

/* Appends the manual: a Markdown table per group. */
void base_settings_manual(const struct base_setting *table, size_t count, struct jn_buf *out);

#endif
