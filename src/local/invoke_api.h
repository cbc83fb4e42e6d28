/* invoke_api.h - the Invoke API in front of the functions (our spec, sections 1.1 to 1.4, 1.6 and 1.8). */
#ifndef LOCAL_INVOKE_API_H
#define LOCAL_INVOKE_API_H

#include "base/httpd.h"
#include "local/pool.h"
#include "local/refusal.h"

enum { LOCAL_REQUEST_MAX = 6291456, LOCAL_EVENT_MAX = 1048576 };    /* bytes of a synchronous body and of an event */

struct local_invoke_api {
    const struct local_site *site;
    const struct local_functions *functions;
    struct local_pool **pools;          /* one per function, in the order of `functions` */
    bool is_stopping;                   /* every call is answered 503 */
};

/* A base_httpd_handler_fn; `arg` is the struct local_invoke_api. */
void local_invoke_api_handle(struct base_httpd_request *req, void *arg);

/* ---- the pure part: what a request line and its headers ask for ----------------------------------------------- */

enum local_invocation_type { LOCAL_REQUEST_RESPONSE, LOCAL_EVENT, LOCAL_DRY_RUN };

struct local_invoke {
    /* in: as it came in; {NULL, 0} for a header that is absent */
    jn_str method, path, query;
    jn_str type_header, log_header, context_header;
    jn_str body;
    size_t body_size;                   /* also when the body was too large to be kept */
    bool is_oversized;

    /* out: texts in `memory` */
    struct jn_arena *memory;
    const struct local_function *function;
    bool is_streamed;                   /* InvokeWithResponseStream */
    enum local_invocation_type type;
    bool wants_log;
    char *arn;                          /* as the caller addressed the function, in full */
    char *client_context;               /* JSON text; NULL: none */
};

/* The checks before the signature: size.  And those behind it, in the order of the service: path, name, qualifier,
 * function, headers, body.  False with the refusal filled in. */
bool local_invoke_check_size(struct local_invoke *v, struct local_refusal *r);
bool local_invoke_check(struct local_invoke *v, const struct local_site *site, const struct local_functions *functions,
                        struct local_refusal *r);

#endif
