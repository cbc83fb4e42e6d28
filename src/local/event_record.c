/* event_record.c - see event_record.h. */
#include "local/event_record.h"

#include "base/clock.h"
#include "core/members.h"
#include "core/value.h"
#include "local/text.h"

const char *local_event_condition_word(enum local_event_condition c)
{
    static const char *const words[] = {
        [LOCAL_EVENT_SUCCESS] = "Success",
        [LOCAL_EVENT_RETRIES_EXHAUSTED] = "RetriesExhausted",
        [LOCAL_EVENT_AGE_EXCEEDED] = "EventAgeExceeded",
    };
    return words[c];
}

/* JSON is written anew, since a record is a line and JSON may have many; what a function returned that is none becomes a
 * string. */
static void put_json(struct jn_buf *out, jn_str text)
{
    struct jn_arena a;
    jn_value v = jn_undefined();
    jn_arena_init(&a, 0);
    enum jn_status s = jn_read(&a, text, NULL, &v, NULL, NULL);
    const bool is_json = s == JN_OK;
    if (s != JN_NO_MEMORY)
        s = JN_OK;
    if (text.len == 0)
        jn_buf_append_z(out, "null");
    else if (!is_json)
        local_put_json_string(out, text);
    else if (!memchr(text.data, '\n', text.len) && !memchr(text.data, '\r', text.len))
        jn_buf_append(out, text);
    else
        s = jn_write(out, jn_deep_copy(&a, v), NULL, NULL);
    if ((s || jn_arena_failed(&a)) && !out->failed)
        out->failed = JN_NO_MEMORY;
    jn_arena_clear(&a);
}

static void put_response(struct jn_buf *out, const struct local_call *call)
{
    jn_buf_append_fmt(out, ",\"responseContext\":{\"statusCode\":200,\"executedVersion\":\"%s\"", call->version->number);
    if (call->failure)
        jn_buf_append_fmt(out, ",\"functionError\":\"%s\"", local_call_error_word(call));
    jn_buf_append_z(out, "},\"responsePayload\":");
    put_json(out, jn_buf_str(&call->payload));
}

/* Here a version is always named. */
static void put_arn(struct jn_buf *out, const struct local_event *e)
{
    struct jn_buf arn;
    jn_buf_init(&arn, 0);
    jn_buf_append(&arn, e->arn);
    jn_buf_append_z(&arn, e->qualifier.len == 0 ? ":$LATEST" : "");
    local_put_json_string(out, jn_buf_str(&arn));
    jn_buf_clear(&arn);
}

void local_put_event_record(struct jn_buf *out, const struct local_event *e, const struct local_call *call,
                            enum local_event_condition condition, int64_t now_ms)
{
    char time[32];
    base_time_iso(time, now_ms);
    jn_buf_append_fmt(out, "{\"version\":\"1.0\",\"timestamp\":\"%s\",\"requestContext\":{\"requestId\":\"%.*s\","
                      "\"functionArn\":", time, JN_ARG(e->request_id));
    put_arn(out, e);
    jn_buf_append_fmt(out, ",\"condition\":\"%s\",\"approximateInvokeCount\":%d},\"requestPayload\":",
                      local_event_condition_word(condition), e->turn.invocations);
    put_json(out, e->payload);
    if (call)
        put_response(out, call);
    jn_buf_append_char(out, '}');
}
