/* start_report.c - the one error message of a step that could not start (platform-protocol.md, 2.7, 3.9). */
#include <stdlib.h>

#include "sailor/flow.h"

struct report {
    struct jn_arena arena;
    struct jn_buf payload;
    struct sailor_properties properties;
    sailor_published_fn *done;
    void *arg;
};

static void free_report(struct report *r)
{
    jn_buf_clear(&r->payload);
    jn_arena_clear(&r->arena);
    free(r);
}

static void on_published(const struct jn_error *failed, void *arg)
{
    struct report *r = arg;
    sailor_published_fn *done = r->done;
    void *done_arg = r->arg;
    free_report(r);
    done(failed, done_arg);
}

static enum jn_status publish(struct report *r, const struct sailor_start_report *what, struct jn_error *err)
{
    const struct sailor_settings *s = what->settings;
    const enum jn_status failed = sailor_envelope_error(&r->arena, what->cipher, what->failure, NULL, &r->payload, NULL,
                                                        err);
    if (failed)
        return failed;
    r->properties = sailor_envelope_properties(s, sailor_envelope_start_headers(&r->arena, what->identity,
                                                                                what->random));
    if (jn_arena_failed(&r->arena) || r->payload.failed)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a report");
    const struct sailor_publish publication = {
        .routing_key = jn_str_of(s->error_routing_key), .mandatory = true, .properties = &r->properties,
        .body = jn_buf_str(&r->payload), .give_up_ms = s->start_report_timeout_ms,
    };
    return sailor_publisher_publish(what->publisher, &publication, on_published, r, NULL, err);
}

enum jn_status sailor_report_start(const struct sailor_start_report *what, sailor_published_fn *done, void *arg,
                                   struct jn_error *err)
{
    struct report *r = calloc(1, sizeof *r);
    if (!r)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a report");
    jn_arena_init(&r->arena, 0);
    jn_buf_init(&r->payload, 0);
    r->done = done;
    r->arg = arg;
    const enum jn_status s = publish(r, what, err);
    if (s)
        free_report(r);
    return s;
}
