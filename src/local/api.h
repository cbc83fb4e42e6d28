/* api.h - the service's door: which operation a request asks for, whether it is signed, and what all answers have in
 * common.  What an operation does is in invoke_api.c, control_api.c and sts_api.c. */
#ifndef LOCAL_API_H
#define LOCAL_API_H

#include "base/httpd.h"
#include "local/event_runner.h"
#include "local/faults.h"
#include "local/fleet.h"
#include "local/late.h"
#include "local/operation.h"
#include "local/refusal.h"

struct local_api {
    const struct local_site *site;
    struct local_registry *registry;
    struct local_fleet *fleet;
    struct local_events *events;
    struct local_faults *faults;
    struct local_held *held;            /* calls that a fault delays */
    struct local_lates lates;           /* answers that one delays */
    bool is_stopping;                   /* every call is answered 503 */
};

/* A base_httpd_handler_fn; `arg` is the struct local_api. */
void local_api_handle(struct base_httpd_request *req, void *arg);

/* ---- for the operations ---------------------------------------------------------------------------------------- */

/* A request whose signature is right. */
struct local_request {
    struct local_api *api;
    struct base_httpd_request *http;
    struct local_operation operation;
    char id[37];
    struct jn_arena *memory;            /* until the operation returns */
    bool was_held;
};

/* Runs an operation.  True: it is answered, or will be; false: it is refused, for the reason in `r`. */
typedef bool local_operation_fn(struct local_request *q, struct local_refusal *r);
local_operation_fn local_invoke_run, local_control_run, local_sts_run, local_fault_run;

/* Before the signature: a body that was not kept cannot be hashed. */
bool local_invoke_check_request_size(const struct local_request *q, struct local_refusal *r);

/* The headers of an answer. */
struct local_answer {
    struct base_header headers[12];
    size_t count;
};
void local_answer_add(struct local_answer *a, const char *name, jn_str value);

/* What every answer has, the unsuccessful ones included. */
void local_answer_add_common(struct local_answer *a, const char *id);

/* ---- faults (fault_api.c) --------------------------------------------------------------------------------------- */

/* What becomes of a call by the rules and by its own header. */
enum local_fate {
    LOCAL_FATE_RUNS,                    /* its answer is to be as late as `late` says */
    LOCAL_FATE_REFUSED,                 /* for the reason in `r` */
    LOCAL_FATE_TAKEN,                   /* answered, cut off, or held until later */
};
enum local_fate local_fault_decide(struct local_request *q, jn_str function, jn_str qualifier,
                                   struct local_lateness *late, struct local_refusal *r);

/* Runs the operation of a request that was held, whose signature was right. */
void local_api_resume(struct local_api *api, struct base_httpd_request *req, const char *id);

/* Answers those that are held: the local Lambda is stopping. */
void local_fault_release(struct local_api *api);

void local_reply_refusal(const struct local_site *site, struct base_httpd_request *req, const char *id,
                         const struct local_refusal *r);
void local_reply_stopping(const struct local_site *site, struct base_httpd_request *req, const char *id);

#endif
