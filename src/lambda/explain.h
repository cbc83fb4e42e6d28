/* explain.h - a service error as a sentence for people: AWS's words, then what to do.  Pure; private to this folder. */
#ifndef LAMBDA_EXPLAIN_H
#define LAMBDA_EXPLAIN_H

#include "lambda/response.h"

struct lambda_explain {
    const struct lambda_service_error *service;
    int http_status;
    jn_str function, qualifier;     /* as the caller named them */
    const char *action;             /* the permission that is needed; NULL: lambda:InvokeFunction */
    jn_str region, endpoint, access_key;
    jn_str location;                /* of a redirect; {NULL, 0}: none */
    int64_t skew_ms;                /* AWS's clock minus ours */
};

/* Fills `err` with JN_REMOTE, the code and the sentence. */
enum jn_status lambda_explain(const struct lambda_explain *x, struct jn_error *err);

#endif
