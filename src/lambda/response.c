/* response.c - what an answer of Lambda or STS means (our spec, sections 1.4, 1.5, 1.8 and 2.2).
 * Everything is read defensively: a proxy may have written it, and a function's error payload is whatever its code
 * threw.  Texts for people are valid UTF-8 here, whatever came in; the payload stays byte for byte. */
#include "lambda/response.h"

#include <stdio.h>

#include "base/crypto.h"
#include "core/utf8.h"
#include "core/value.h"
#include "lambda/retry_class.h"

enum { MAX_TEXT = 1000, MAX_CAUSES = 8 };   /* bytes of a body shown as a message; nested Java causes followed */

/* The part of `s` that is UTF-8, at most `max` bytes. */
static jn_str readable(jn_str s, size_t max)
{
    s = jn_str_sub(s, 0, max);
    return s.data ? jn_str_sub(s, 0, jn_utf8_invalid(s)) : JN_STR("");
}

static jn_str header(const struct base_header *headers, size_t count, const char *name)
{
    return base_header_get(headers, count, name);
}

/* A header as text for people; {NULL, 0}: absent. */
static jn_str text_header(const struct base_header *headers, size_t count, const char *name)
{
    const jn_str value = header(headers, count, name);
    return value.data ? readable(value, MAX_TEXT) : value;
}

/* The JSON value in `body`, undefined when it holds none. */
static jn_value read_json(struct jn_arena *a, jn_str body)
{
    jn_value v;
    return body.len && !jn_read(a, body, NULL, &v, NULL, NULL) ? v : jn_undefined();
}

/* The first of these members that is text. */
static jn_str text_member(jn_value object, const char *first, const char *second)
{
    jn_value v = jn_member(object, jn_str_of(first));
    if (!jn_is(v, JN_STRING))
        v = jn_member(object, jn_str_of(second));
    return jn_is(v, JN_STRING) ? jn_get_string(v) : JN_STR("");
}

/* ---- errors of the service ----------------------------------------------------------------------------------- */

static jn_str request_id(const struct base_header *headers, size_t count)
{
    static const char *const names[] = { "x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const jn_str id = text_header(headers, count, names[i]);
        if (id.data)
            return id;
    }
    return JN_STR("");
}

/* "aws.coral#FooException:http://..." and "FooException,..." name FooException. */
static jn_str bare_code(jn_str code)
{
    code = jn_str_sub(code, 0, jn_str_find(code, JN_STR(","), 0));
    code = jn_str_sub(code, 0, jn_str_find(code, JN_STR(":"), 0));
    const size_t hash = jn_str_find(code, JN_STR("#"), 0);
    return jn_str_trim(hash == SIZE_MAX ? code : jn_str_sub(code, hash + 1, code.len));
}

static void read_json_error(struct jn_arena *a, const struct base_header *headers, size_t count, jn_str body,
                            struct lambda_service_error *e)
{
    const jn_value doc = read_json(a, body);
    jn_str code = text_header(headers, count, "x-amzn-errortype");
    if (!code.data)
        code = text_member(doc, "code", "Code");
    if (!code.len)
        code = text_member(doc, "__type", "__type");
    e->code = bare_code(code);
    e->type = text_member(doc, "Type", "type");
    e->reason = text_member(doc, "Reason", "reason");
    e->message = jn_is(doc, JN_OBJECT) ? text_member(doc, "message", "Message") : readable(jn_str_trim(body), MAX_TEXT);
}

static jn_str xml_member(struct jn_arena *a, jn_str body, const char *name)
{
    const jn_str text = lambda_xml_text(a, body, name);
    return text.data ? text : JN_STR("");
}

static void read_xml_error(struct jn_arena *a, jn_str body, struct lambda_service_error *e)
{
    body = jn_str_trim(readable(body, body.len));
    e->code = xml_member(a, body, "Code");
    e->type = xml_member(a, body, "Type");
    const jn_str message = lambda_xml_text(a, body, "Message");
    e->message = message.data ? message : e->code.len ? JN_STR("") : readable(body, MAX_TEXT);
    if (!e->request_id.len)
        e->request_id = xml_member(a, body, "RequestId");
}

enum jn_status lambda_read_service_error(struct jn_arena *a, const char *service, int http_status,
                                         const struct base_header *headers, size_t count, jn_str body, int64_t now_ms,
                                         struct lambda_service_error *out)
{
    struct lambda_service_error e = { .code = JN_STR(""), .message = JN_STR(""), .type = JN_STR(""),
                                      .reason = JN_STR(""), .request_id = request_id(headers, count) };
    if (strcmp(service, "sts") == 0)
        read_xml_error(a, body, &e);
    else
        read_json_error(a, headers, count, body, &e);
    e.retry = lambda_retry_class(http_status, e.code, e.message, lambda_clock_skew(headers, count, now_ms));
    e.retry_after_ms = lambda_retry_hint(headers, count, now_ms);
    if (jn_arena_failed(a))
        return jn_arena_failed(a);
    *out = e;
    return JN_OK;
}

/* ---- the answer to an Invoke --------------------------------------------------------------------------------- */

/* Log text as UTF-8: it is cut by bytes, so that it may begin inside a character (those bytes go), and a function may
 * have printed anything (such bytes become U+FFFD). */
static jn_str clean_log(struct jn_arena *a, jn_str log)
{
    size_t start = 0;
    while (start < log.len && start < 3 && ((unsigned char)log.data[start] & 0xc0) == 0x80)
        start++;
    return jn_arena_copy(a, jn_utf8_repair(a, jn_str_sub(log, start, log.len)));
}

/* A log that is no base64 is given as it came: a log line more or less must not fail a call that went well. */
static enum jn_status read_log(struct jn_arena *a, jn_str encoded, jn_str *out, struct jn_error *err)
{
    struct jn_buf decoded;
    jn_buf_init(&decoded, 0);
    const bool ok = base_base64_decode(&decoded, jn_str_trim(encoded));
    enum jn_status s = decoded.failed ? decoded.failed : JN_OK;
    if (!s) {
        *out = clean_log(a, ok ? jn_buf_str(&decoded) : encoded);
        s = jn_arena_failed(a);
    }
    jn_buf_clear(&decoded);
    return s ? jn_fail(err, s, "no memory for the function's log") : JN_OK;
}

enum jn_status lambda_read_invoked(struct jn_arena *a, int http_status, const struct base_header *headers, size_t count,
                                   jn_str body, struct lambda_invoked *out, struct jn_error *err)
{
    if (http_status != 200 && http_status != 202 && http_status != 204)
        return jn_fail(err, JN_BAD_VALUE, "HTTP status %d is no answer to an invocation", http_status);
    struct lambda_invoked r = {
        .status = http_status,
        .payload = body.data ? body : JN_STR(""),
        .function_error = text_header(headers, count, "x-amz-function-error"),
        .executed_version = text_header(headers, count, "x-amz-executed-version"),
        .request_id = request_id(headers, count),
        .trace_id = text_header(headers, count, "x-amzn-trace-id"),
        .log_result = header(headers, count, "x-amz-log-result"),
    };
    const enum jn_status s = r.log_result.data ? read_log(a, r.log_result, &r.log, err) : JN_OK;
    if (!s)
        *out = r;
    return s;
}

/* ---- events of a streamed answer ----------------------------------------------------------------------------- */

/* ErrorDetails is text that mostly holds the error document of an Invoke; should it be none, the code says a little. */
static jn_str error_payload(jn_value doc)
{
    const jn_str details = text_member(doc, "ErrorDetails", "ErrorDetails");
    return details.len ? details : text_member(doc, "ErrorCode", "ErrorCode");
}

enum jn_status lambda_read_complete(struct jn_arena *a, jn_str json, struct lambda_invoked *io, struct jn_error *err)
{
    const jn_value doc = read_json(a, json);
    if (jn_arena_failed(a))
        return jn_fail(err, jn_arena_failed(a), "no memory for the end of the function's answer");
    if (json.len && !jn_is(doc, JN_OBJECT))
        return jn_fail(err, JN_BAD_TEXT, "InvokeComplete, the end of the event stream, holds no JSON object");
    if (!jn_is_undefined(jn_member(doc, JN_STR("ErrorCode"))) && !jn_is(jn_member(doc, JN_STR("ErrorCode")), JN_NULL)) {
        io->function_error = text_member(doc, "ErrorCode", "ErrorCode");
        io->payload = error_payload(doc);
    }
    const jn_str log = text_member(doc, "LogResult", "LogResult");
    return log.len ? read_log(a, log, &io->log, err) : JN_OK;
}

enum jn_status lambda_read_stream_error(struct jn_arena *a, const struct base_header *headers, size_t count,
                                        jn_str code, jn_str message, jn_str json, struct lambda_service_error *out)
{
    struct lambda_service_error e = { .message = JN_STR(""), .type = JN_STR(""), .reason = JN_STR(""),
                                      .request_id = request_id(headers, count), .retry_after_ms = -1 };
    read_json_error(a, NULL, 0, json, &e);
    e.code = bare_code(readable(code, MAX_TEXT));
    if (message.len)
        e.message = readable(message, MAX_TEXT);
    e.retry = lambda_retry_class(500, e.code, e.message, 0);    // the 200 was said when all was well
    if (jn_arena_failed(a))
        return jn_arena_failed(a);
    *out = e;
    return JN_OK;
}

/* ---- errors of functions ------------------------------------------------------------------------------------- */

/* Lines being collected. */
struct stack {
    struct jn_arena *arena;
    jn_str *lines;
    size_t count, cap;
};

static void add_line(struct stack *s, jn_str line)
{
    if (s->count == s->cap) {
        const size_t cap = s->cap ? 2 * s->cap : 16;
        jn_str *grown = jn_arena_grow(s->arena, s->lines, s->cap * sizeof *grown, cap * sizeof *grown);
        if (!grown)
            return;
        s->lines = grown;
        s->cap = cap;
    }
    s->lines[s->count++] = line;
}

/* The JSON text of `v`, for what should be text and is not. */
static jn_str json_text(struct jn_arena *a, jn_value v)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    const jn_str text = jn_write(&b, v, NULL, NULL) ? JN_STR("") : jn_arena_copy(a, readable(jn_buf_str(&b), MAX_TEXT));
    jn_buf_clear(&b);
    return text;
}

static jn_str as_text(struct jn_arena *a, jn_value v)
{
    if (jn_is(v, JN_STRING))
        return jn_get_string(v);
    return jn_is_undefined(v) || jn_is(v, JN_NULL) ? JN_STR("") : json_text(a, v);
}

/* Go's frames are objects: "path:line label". */
static jn_str frame_text(struct jn_arena *a, jn_value frame)
{
    const jn_value line = jn_member(frame, JN_STR("line"));
    if (!jn_is(frame, JN_OBJECT) || !jn_is(line, JN_NUMBER))
        return as_text(a, frame);
    char text[MAX_TEXT];
    const int n = snprintf(text, sizeof text, "%.*s:%.0f %.*s",
                           JN_ARG(jn_str_sub(text_member(frame, "path", "path"), 0, 400)), jn_get_number(line),
                           JN_ARG(jn_str_sub(text_member(frame, "label", "label"), 0, 400)));
    return jn_arena_copy(a, readable((jn_str){ text, n < 0 ? 0 : (size_t)n }, sizeof text - 1));
}

static void add_text_lines(struct stack *s, jn_str text)
{
    for (size_t at = 0; at < text.len;) {
        const size_t end = jn_str_find(text, JN_STR("\n"), at);
        add_line(s, jn_str_sub(text, at, end));
        at = end == SIZE_MAX ? text.len : end + 1;
    }
}

/* `trace` is Node's name, `stackTrace` everyone else's, `stack` that of objects that were thrown. */
static void add_trace(struct stack *s, jn_value doc)
{
    static const char *const names[] = { "trace", "stackTrace", "stack" };
    jn_value trace = jn_undefined();
    for (size_t i = 0; i < sizeof names / sizeof *names && jn_is_undefined(trace); i++)
        trace = jn_member(doc, jn_str_of(names[i]));
    if (jn_is(trace, JN_STRING))
        add_text_lines(s, jn_get_string(trace));
    for (size_t i = 0; jn_is(trace, JN_ARRAY) && i < jn_length(trace); i++)
        add_line(s, frame_text(s->arena, jn_at(trace, i)));
}

static void add_cause(struct stack *s, jn_value cause)
{
    char text[MAX_TEXT];
    const int n = snprintf(text, sizeof text, "Caused by: %.*s: %.*s",
                           JN_ARG(jn_str_sub(text_member(cause, "errorType", "errorType"), 0, 300)),
                           JN_ARG(jn_str_sub(text_member(cause, "errorMessage", "errorMessage"), 0, 600)));
    add_line(s, jn_arena_copy(s->arena, readable((jn_str){ text, n < 0 ? 0 : (size_t)n }, sizeof text - 1)));
    add_trace(s, cause);
}

static bool says_timeout(jn_str type, jn_str message)
{
    return jn_str_eq(type, JN_STR("Sandbox.Timedout")) ||
           jn_str_find(message, JN_STR("Task timed out after"), 0) != SIZE_MAX;
}

enum jn_status lambda_read_function_error(struct jn_arena *a, jn_str payload, struct lambda_function_error *out)
{
    const jn_value doc = read_json(a, payload);
    struct stack stack = { .arena = a };
    struct lambda_function_error e = { .type = JN_STR(""), .message = JN_STR("") };
    if (jn_is(doc, JN_OBJECT)) {
        e.type = as_text(a, jn_member(doc, JN_STR("errorType")));
        e.message = as_text(a, jn_member(doc, JN_STR("errorMessage")));
        add_trace(&stack, doc);
        jn_value cause = jn_member(doc, JN_STR("cause"));
        for (int i = 0; i < MAX_CAUSES && jn_is(cause, JN_OBJECT); i++) {
            add_cause(&stack, cause);
            cause = jn_member(cause, JN_STR("cause"));
        }
    } else {
        e.message = jn_is(doc, JN_STRING) ? jn_get_string(doc) : readable(jn_str_trim(payload), MAX_TEXT);
    }
    e.stack = stack.lines;
    e.stack_lines = stack.count;
    e.timed_out = says_timeout(e.type, e.message);
    if (jn_arena_failed(a))
        return jn_arena_failed(a);
    *out = e;
    return JN_OK;
}
