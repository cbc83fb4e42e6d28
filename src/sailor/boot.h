/* boot.h - what every mode needs before it is anything: loop, settings, log, HTTP, the platform's API; and
 * the step that the platform describes.  Private to this folder. */
#ifndef SAILOR_BOOT_H
#define SAILOR_BOOT_H

#include "sailor/action.h"
#include "sailor/descriptor.h"
#include "sailor/log.h"
#include "sailor/platform.h"
#include "sailor/reply.h"
#include "sailor/sailor.h"

struct sailor_boot {
    const struct sailor_component *component;
    const struct base_env *env;
    struct sailor_settings settings;
    struct base_loop *loop;
    struct sailor_log_origin *origin;
    struct sailor_log log, component_log;
    struct base_random random;
    struct sailor_metrics metrics;
    struct base_http *http;
    struct sailor_platform *platform;
    struct jn_arena arena;              /* of the step data */
    struct sailor_step step;
    jn_str snapshot;
    bool is_passthrough;
    const struct sailor_action *action;
    struct sailor_descriptor_entry entry;
};

/* Forbids core files, since all that follows has secrets in memory, and makes the log.  On failure it has said why, and is to be cleared all the same. */
enum jn_status sailor_boot_begin(struct sailor_boot *b, const struct sailor_component *component,
                                 const struct base_env *env);

/* Makes the rest, as b->settings say; the step has neither configuration nor variables yet. */
enum jn_status sailor_boot_open(struct sailor_boot *b, struct jn_error *err);

/* Begins, reads the settings for `mode`, and opens.  On failure it has said why, and is to be cleared all the same. */
enum jn_status sailor_boot_init(struct sailor_boot *b, const struct sailor_component *component,
                                const struct base_env *env, enum sailor_mode mode);

/* Everything that others made on the loop has been freed before. */
void sailor_boot_clear(struct sailor_boot *b);

/* Takes the step data (2.4). */
enum jn_status sailor_boot_take_step(struct sailor_boot *b, jn_str body, struct jn_error *err);

/* Finds the step's function in component.json and in the component. */
enum jn_status sailor_boot_find_action(struct sailor_boot *b, struct jn_error *err);

/* The last word: a line of level 60. */
void sailor_boot_fatal(const struct sailor_boot *b, const struct sailor_failure *f, const char *message);

/* A startup hook's result as it is stored: an object or array with something in it, or text; else {} (2.5). */
jn_str sailor_boot_state(jn_str result);

#endif
