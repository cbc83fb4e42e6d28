/* exchange.h - one question to a server of the platform's, asked again until it is answered: what platform.c and
 * storage.c have in common.  Private to this folder.
 *
 * An attempt fails without an answer (no connection, cut off, too late) or with a status of 500 and more; everything
 * else is an answer (platform-protocol.md, 2.3 and 6.2). */
#ifndef SAILOR_EXCHANGE_H
#define SAILOR_EXCHANGE_H

#include "base/http.h"
#include "base/random.h"
#include "sailor/metrics.h"

struct sailor_exchange;

/* Valid during the callback. */
struct sailor_answer {
    const struct jn_error *failed;  /* there is none, after all attempts: the reason of the last one */
    int status;                     /* else its HTTP status; 500 and more after the last attempt only */
    jn_str body;
};

typedef void sailor_answer_fn(const struct sailor_answer *a, void *arg);

struct sailor_exchange_options {
    struct base_loop *loop;
    struct base_http *http;
    struct base_random *random;     /* lengthens pauses by up to a fifth; NULL: not at all */
    struct sailor_metrics *metrics; /* may be NULL */
    const struct base_log *log;
    const char *what;               /* for the log: "step data"; static, as is `method` */
    const char *method;
    jn_str url;                     /* texts are copied */
    jn_str authorization;           /* value of the header; {NULL, 0}: none.  Wiped at the end */
    jn_str request_id;              /* x-request-id; {NULL, 0}: none */
    struct jn_buf *body;            /* taken over, wiped at the end; NULL: none */
    int64_t attempts;               /* in all; less than 1 counts as 1 */
    int64_t timeout_ms;             /* of each attempt, redirects included */
    int64_t pause_ms;               /* between attempts ... */
    int64_t pause_cap_ms;           /* ... doubled each time up to this; 0: always the same */
    unsigned redirects;             /* followed at most; 0: a redirect is an answer like others */
    size_t max_response;            /* bytes; 0: 16 MB */
    sailor_answer_fn *fn;
    void *arg;
};

/* Calls back once, never inside the call, also when the URL is none.  JN_NO_MEMORY. */
enum jn_status sailor_exchange_start(const struct sailor_exchange_options *opt, struct sailor_exchange **out,
                                     struct jn_error *err);

/* Ends it without its callback.  Not to be called once the callback runs. */
void sailor_exchange_cancel(struct sailor_exchange *x);

#endif
