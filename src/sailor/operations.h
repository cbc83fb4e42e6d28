/* operations.h - what an operator asks a running step over HTTP: /livez, /readyz, /metrics.  docs/operations.md. */
#ifndef SAILOR_OPERATIONS_H
#define SAILOR_OPERATIONS_H

#include "base/loop.h"
#include "sailor/metrics.h"

struct sailor_operations;

struct sailor_operations_options {
    const char *host;               /* NULL: all addresses */
    int port;                       /* 0: any free one */
    const struct sailor_metrics *metrics;
    const char *(*not_ready)(void *arg);    /* why not, in words; NULL: it is ready */
    sailor_metrics_more_fn *more;   /* the action's own figures; NULL: none */
    void *arg;                      /* of both */
};

/* JN_IO when the address is in use or not ours. */
enum jn_status sailor_operations_new(struct base_loop *l, const struct sailor_operations_options *opt,
                                     struct sailor_operations **out, struct jn_error *err);
int sailor_operations_port(const struct sailor_operations *o);
void sailor_operations_free(struct sailor_operations *o);

#endif
