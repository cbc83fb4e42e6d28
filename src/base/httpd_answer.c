/* httpd_answer.c - makes answers, and has them sent. */
#include "base/httpd_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <strings.h>

/* False without memory.  A header that HTTP cannot carry (a line end in it) is left out, and so are those that
 * libmicrohttpd computes. */
static bool add_response_header(struct MHD_Response *response, const struct base_header *h)
{
    static const char *const computed[] = { "Content-Length", "Transfer-Encoding" };
    for (size_t i = 0; i < sizeof computed / sizeof *computed; i++) {
        if (h->name.len == strlen(computed[i]) && strncasecmp(h->name.data, computed[i], h->name.len) == 0)
            return true;
    }
    char *text = malloc(h->name.len + h->value.len + 2);
    if (!text)
        return false;
    char *value = text + h->name.len + 1;
    memcpy(text, h->name.data, h->name.len);
    text[h->name.len] = '\0';
    if (h->value.len)
        memcpy(value, h->value.data, h->value.len);
    value[h->value.len] = '\0';
    MHD_add_response_header(response, text, value);
    free(text);
    return true;
}

static struct MHD_Response *make_response(const struct base_header *headers, size_t header_count, jn_str body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.len, (void *)(body.len ? body.data : ""), body.len ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT);
    for (size_t i = 0; response && i < header_count; i++) {
        if (!add_response_header(response, &headers[i])) {
            MHD_destroy_response(response);
            return NULL;
        }
    }
    return response;
}

void base_httpd_reply(struct base_httpd_request *r, int status, const struct base_header *headers, size_t header_count,
                      jn_str body)
{
    if (r->state == GONE)
        return;
    assert(r->state == WITH_USER);      // answered exactly once
    r->status = status;
    r->response = make_response(headers, header_count, body);
    r->state = r->response ? ANSWERED : DROPPED;
    base_httpd_resume(r);
}

void base_httpd_drop(struct base_httpd_request *r)
{
    if (r->state == GONE)
        return;
    assert(r->state == WITH_USER);
    r->state = DROPPED;
    base_httpd_resume(r);
}
