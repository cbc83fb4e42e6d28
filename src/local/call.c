/* call.c - one invocation. */
#include "local/call.h"

#include <stdio.h>
#include <stdlib.h>

struct local_call *local_call_new(struct local_version *v)
{
    struct local_call *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->version = local_version_ref(v);
    c->init_us = -1;
    jn_buf_init(&c->event, 0);
    jn_buf_init(&c->payload, 0);
    return c;
}

void local_call_free(struct local_call *c)
{
    if (!c)
        return;
    jn_buf_clear(&c->event);
    jn_buf_clear(&c->payload);
    local_version_unref(c->version);
    free(c->arn);
    free(c->trace_id);
    free(c->client_context);
    free(c);
}

void local_call_fail(struct local_call *c, enum local_failure f, jn_str detail)
{
    if (c->failure)
        return;
    c->failure = f;
    jn_buf_truncate(&c->payload, 0);
    local_put_failure(&c->payload, f, c->id, detail);
}

const char *local_call_error_word(const struct local_call *c)
{
    const bool is_own = c->failure == LOCAL_FAILURE_FUNCTION;
    return is_own && local_runtime_handles_errors(c->version->config.runtime_name) ? "Handled" : "Unhandled";
}

void local_call_go_on(struct local_call *c)
{
    c->is_full = false;
    if (c->go_on)
        c->go_on(c->host);
}

size_t local_call_stream_limit(const struct local_call *c)
{
    return c->on_piece ? LOCAL_STREAM_MAX : LOCAL_RESPONSE_MAX;
}

jn_str local_call_timeout_text(const struct local_call *c, char out[16])
{
    const int len = snprintf(out, 16, "%d.00", c->version->config.timeout_s);
    return (jn_str){ out, (size_t)len };
}

void local_call_open_log(struct local_call *c)
{
    local_tail_start(&c->tail, c->id, c->version->number);
}

void local_call_close_log(struct local_call *c)
{
    local_tail_end(&c->tail, c->id);
    local_tail_report(&c->tail, &(struct local_report){
        .id = c->id,
        .duration_us = c->duration_us,
        .init_us = c->init_us,
        .memory_mb = c->version->config.memory_mb,
        .peak_memory_bytes = c->peak_memory_bytes,
        .status = local_failure_status(c->failure),
        .error_type = c->failure == LOCAL_FAILURE_TIMEOUT ? NULL : local_failure_type(c->failure),
    });
}
