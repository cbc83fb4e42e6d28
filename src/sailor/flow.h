/* flow.h - the life of each message of a step, from delivery to settlement.  Private to this folder.
 *
 *     received -> resolving -> running -> draining -> settled
 *
 * flow.c holds the states, emit.c what is emitted in them. */
#ifndef SAILOR_FLOW_H
#define SAILOR_FLOW_H

#include "sailor/action.h"
#include "sailor/consumer.h"
#include "sailor/descriptor.h"
#include "sailor/log.h"
#include "sailor/platform.h"
#include "sailor/publisher.h"
#include "sailor/storage.h"
#include "sailor/throttle.h"

struct sailor_flow;

/* Everything is borrowed and outlives the flow. */
struct sailor_flow_options {
    const struct sailor_settings *settings;
    const struct sailor_identity *identity;
    const struct sailor_log_origin *log_origin;
    const struct sailor_action *action;
    void *self;                             /* the opened action */
    const struct sailor_step *step;
    bool is_passthrough, auto_resolve;
    jn_str snapshot;                        /* of the step data: an object */
    struct sailor_cipher *cipher;
    struct sailor_publisher *publisher;
    struct sailor_platform *platform;
    struct sailor_storage *storage;         /* NULL: no object storage */
    struct sailor_metrics *metrics;
    void (*on_idle)(void *arg);             /* the last message in process has been settled */
    void *arg;
};

enum jn_status sailor_flow_new(struct base_loop *l, const struct sailor_flow_options *opt, struct sailor_flow **out,
                               struct jn_error *err);

/* Takes a delivery, and settles it in the end. */
void sailor_flow_take(struct sailor_flow *f, struct sailor_delivery *d);
size_t sailor_flow_in_process(const struct sailor_flow *f);

/* What a step that could not start tells the platform. */
struct sailor_start_report {
    const struct sailor_settings *settings;
    const struct sailor_identity *identity;
    struct sailor_cipher *cipher;
    struct sailor_publisher *publisher;
    struct base_random *random;
    const struct sailor_failure *failure;
};

/* Publishes a start-up error (no input), within the setting start_report_timeout_ms (Q18); then calls back. */
enum jn_status sailor_report_start(const struct sailor_start_report *what, sailor_published_fn *done, void *arg,
                                   struct jn_error *err);

/* Drops what is in process without settling: the broker will deliver it again. */
void sailor_flow_free(struct sailor_flow *f);

#endif
