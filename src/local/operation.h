/* operation.h - which of the service's operations a request asks for (our spec, sections 1.1, 1.6, 1.7 and 2). */
#ifndef LOCAL_OPERATION_H
#define LOCAL_OPERATION_H

#include "core/str.h"

/* The last four are ours, and not signed.  In a path, {} stands for one label.  A slash at the end makes no difference: older clients have one. */
#define LOCAL_OPERATIONS(X)                                                                                   \
    X(INVOKE,             "POST",   "/2015-03-31/functions/{}/invocations")                                   \
    X(INVOKE_STREAMED,    "POST",   "/2021-11-15/functions/{}/response-streaming-invocations")                \
    X(INVOKE_ASYNC,       "POST",   "/2014-11-13/functions/{}/invoke-async")                                  \
    X(LIST_FUNCTIONS,     "GET",    "/2015-03-31/functions")                                                  \
    X(GET_FUNCTION,       "GET",    "/2015-03-31/functions/{}")                                               \
    X(GET_CONFIGURATION,  "GET",    "/2015-03-31/functions/{}/configuration")                                 \
    X(LIST_VERSIONS,      "GET",    "/2015-03-31/functions/{}/versions")                                      \
    X(PUBLISH_VERSION,    "POST",   "/2015-03-31/functions/{}/versions")                                      \
    X(LIST_ALIASES,       "GET",    "/2015-03-31/functions/{}/aliases")                                       \
    X(CREATE_ALIAS,       "POST",   "/2015-03-31/functions/{}/aliases")                                       \
    X(GET_ALIAS,          "GET",    "/2015-03-31/functions/{}/aliases/{}")                                    \
    X(UPDATE_ALIAS,       "PUT",    "/2015-03-31/functions/{}/aliases/{}")                                    \
    X(DELETE_ALIAS,       "DELETE", "/2015-03-31/functions/{}/aliases/{}")                                    \
    X(ACCOUNT_SETTINGS,   "GET",    "/2016-08-19/account-settings")                                           \
    X(PUT_CONCURRENCY,    "PUT",    "/2017-10-31/functions/{}/concurrency")                                   \
    X(DELETE_CONCURRENCY, "DELETE", "/2017-10-31/functions/{}/concurrency")                                   \
    X(GET_CONCURRENCY,    "GET",    "/2019-09-30/functions/{}/concurrency")                                   \
    X(STS,                "POST",   "/")                                                                      \
    X(GET_FAULTS,         "GET",    "/_faults")                                                               \
    X(PUT_FAULTS,         "PUT",    "/_faults")                                                               \
    X(ADD_FAULTS,         "POST",   "/_faults")                                                               \
    X(DELETE_FAULTS,      "DELETE", "/_faults")

enum local_operation_kind {
    LOCAL_NO_OPERATION,
#define X(kind, method, path) LOCAL_OP_##kind,
    LOCAL_OPERATIONS(X)
#undef X
};

struct local_operation {
    enum local_operation_kind kind;
    jn_str labels[2];               /* as they stand in the path, still encoded; {NULL, 0}: not in it */
};

/* What `method` on `path`, without its query, asks for. */
struct local_operation local_operation_find(jn_str method, jn_str path);

/* The value of a parameter in a query or a form, still encoded; {NULL, 0}: absent. */
jn_str local_query_get(jn_str query, const char *name);

#endif
