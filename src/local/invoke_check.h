/* invoke_check.h - what an Invoke request asks for, and the reasons to refuse it: pure but for finding the function. */
#ifndef LOCAL_INVOKE_CHECK_H
#define LOCAL_INVOKE_CHECK_H

#include "local/operation.h"
#include "local/target.h"

enum {
    LOCAL_REQUEST_MAX = 6291456,        /* bytes of a synchronous body, and the most that is kept of any */
    LOCAL_EVENT_MAX = 1048576,          /* of an event */
    LOCAL_ASYNC_MAX = 262144,           /* of an event by InvokeAsync */
};

enum local_invocation_type { LOCAL_REQUEST_RESPONSE, LOCAL_EVENT, LOCAL_DRY_RUN };

struct local_invoke {
    /* in: as it came in; {NULL, 0} for a header that is absent */
    struct local_operation operation;   /* one of the three Invokes */
    jn_str query;
    jn_str type_header, log_header, context_header;
    jn_str body;
    size_t body_size;                   /* also when the body was too large to be kept */
    bool is_oversized;

    /* out: texts in `memory` */
    struct jn_arena *memory;
    struct local_target target;
    enum local_invocation_type type;
    bool wants_log;
    const char *client_context;         /* JSON text; NULL: none */
};

bool local_invoke_is_streamed(const struct local_invoke *v);

/* The checks before the signature: size.  And those behind it, in the order of the service: name, qualifier, function,
 * headers, body.  False with the refusal filled in. */
bool local_invoke_check_size(const struct local_invoke *v, struct local_refusal *r);
bool local_invoke_check(struct local_invoke *v, const struct local_site *site, struct local_registry *functions,
                        struct local_refusal *r);

#endif
