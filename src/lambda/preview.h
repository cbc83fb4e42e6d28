/* preview.h - an invocation as it would go out, for people to look at: nothing is sent, nobody is asked for keys, and
 * what is secret about it is hidden. */
#ifndef LAMBDA_PREVIEW_H
#define LAMBDA_PREVIEW_H

#include "lambda/client.h"

enum { LAMBDA_MASKED_KEY = 32 };

/* What is hidden is "(hidden)": the session token, the signature, and all of the access key but its last four
 * characters.  Valid during the callback. */
struct lambda_preview {
    const struct lambda_invoke *invoke;
    const struct base_http_request *request;
    bool has_keys;              /* false: the keys are to be asked for first, and the signature is not theirs */
    bool has_session;           /* the keys are temporary ones */
    const char *access_key;     /* masked */
};

typedef void lambda_preview_fn(const struct lambda_preview *p, void *arg);

/* Checks the call as lambda_invoke_start() does, and shows its first attempt to `fn`, once, before it returns. */
enum jn_status lambda_invoke_preview(struct lambda_client *c, const struct lambda_invoke *req, lambda_preview_fn *fn,
                                     void *arg, struct jn_error *err);

/* "****WXYZ"; of a key that is not there, or too short to have a harmless end, nothing is shown. */
void lambda_key_mask(jn_str access_key, char out[LAMBDA_MASKED_KEY]);

/* Replaces the values that are secret.  What takes the place of the signature is written to `authorization`. */
void lambda_preview_hide(struct base_header *headers, size_t count, const char *masked, struct jn_buf *authorization);

#endif
