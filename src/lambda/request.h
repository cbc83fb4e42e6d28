/* request.h - what an Invoke looks like on the wire, and what is refused before it gets there (our spec, sections 1.1
 * to 1.3).  Pure; private to this folder. */
#ifndef LAMBDA_REQUEST_H
#define LAMBDA_REQUEST_H

#include "lambda/client.h"
#include "lambda/name.h"

enum {
    LAMBDA_MAX_SYNC = 6291456,          /* bytes of a synchronous payload: 6 MB */
    LAMBDA_MAX_EVENT = 1048576,         /* bytes of an event: 1 MB */
    LAMBDA_MAX_CLIENT_CONTEXT = 3583,   /* characters of base64 */
    LAMBDA_INVOKE_HEADERS = 6,          /* headers that lambda_invoke_headers() makes at most */
};

#define LAMBDA_INVOKE_PATH "/2015-03-31/functions/*/invocations"
#define LAMBDA_STREAM_PATH "/2021-11-15/functions/*/response-streaming-invocations"

/* Takes a function's name apart; JN_BAD_VALUE, too, when it is that of a function in another region than the client's. */
enum jn_status lambda_name_check(jn_str function, jn_str region, struct lambda_name *name, struct jn_error *err);

/* The qualifier is one, and not another than the name has.  {NULL, 0}: none. */
enum jn_status lambda_name_check_qualifier(const struct lambda_name *name, jn_str qualifier, struct jn_error *err);

/* Checks name, qualifier, sizes and client context; `region` is the client's.  Gives the name's parts. */
enum jn_status lambda_invoke_check(const struct lambda_invoke *req, jn_str region, struct lambda_name *name,
                                   struct jn_error *err);

/* Content-Type and the X-Amz-... headers of the request itself; returns how many. */
size_t lambda_invoke_headers(const struct lambda_invoke *req, struct base_header out[LAMBDA_INVOKE_HEADERS]);

#endif
