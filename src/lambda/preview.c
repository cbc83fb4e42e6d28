/* preview.c - what of a request is secret, and what stands in its place.  See preview.h; the preview itself is made where
 * calls are, in invoke.c. */
#include "lambda/preview.h"

#include <stdio.h>
#include <strings.h>

enum { SHOWN = 4, LEAST = 4 * SHOWN };      /* characters of an access key, whose own have 16 to 128 */

#define HIDDEN "(hidden)"

void lambda_key_mask(jn_str access_key, char out[LAMBDA_MASKED_KEY])
{
    const bool is_long = access_key.len >= LEAST;
    const jn_str end = is_long ? jn_str_sub(access_key, access_key.len - SHOWN, access_key.len) : (jn_str){ "", 0 };
    snprintf(out, LAMBDA_MASKED_KEY, "****%.*s", JN_ARG(end));
}

/* "AWS4-HMAC-SHA256 Credential=KEY/scope, SignedHeaders=..., Signature=...": the scope and the names stay. */
static void hide_signature(jn_str value, const char *masked, struct jn_buf *out)
{
    const size_t key = jn_str_find(value, JN_STR("Credential="), 0);
    const size_t scope = jn_str_find(value, JN_STR("/"), key);
    const size_t signature = jn_str_find(value, JN_STR("Signature="), scope);
    if (signature == SIZE_MAX) {
        jn_buf_append_z(out, HIDDEN);
        return;
    }
    jn_buf_append(out, jn_str_sub(value, 0, key));
    jn_buf_append_fmt(out, "Credential=%s", masked);
    jn_buf_append(out, jn_str_sub(value, scope, signature));
    jn_buf_append_z(out, "Signature=" HIDDEN);
}

static bool is_called(const struct base_header *h, jn_str name)
{
    return h->name.len == name.len && strncasecmp(h->name.data, name.data, name.len) == 0;
}

void lambda_preview_hide(struct base_header *headers, size_t count, const char *masked, struct jn_buf *authorization)
{
    for (size_t i = 0; i < count; i++) {
        if (is_called(&headers[i], JN_STR("Authorization"))) {
            hide_signature(headers[i].value, masked, authorization);
            headers[i].value = jn_buf_str(authorization);
        } else if (is_called(&headers[i], JN_STR("X-Amz-Security-Token"))) {
            headers[i].value = JN_STR(HIDDEN);
        }
    }
}
