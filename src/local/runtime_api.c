/* runtime_api.c - the Runtime API: requests of one process turned into events for its owner.
 *
 * Here is HTTP and nothing else: whether a request comes at the right time is for the owner to say (instance.c), which
 * in turn never sees a socket.  Follows "Using the Lambda runtime API" of the AWS Lambda Developer Guide.  Left out
 * are the two calls of SnapStart.  A streamed response is given on piece by piece; an error behind it is in trailers
 * (our spec, section 7.3). */
#include "local/runtime_api.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crypto.h"
#include "local/text.h"

struct local_runtime_api {
    struct base_httpd *httpd;
    struct base_httpd_request *waiting;     /* an unanswered `next`, or NULL */
    struct base_httpd_request *streaming;   /* a result that is posted in pieces, or NULL */
    const struct local_runtime_events *events;
    void *arg;
};

/* ---- the pure part -------------------------------------------------------------------------------------------- */

/* Takes `head` off the front of `s`. */
static bool eat(jn_str *s, jn_str head)
{
    if (!jn_str_starts(*s, head))
        return false;
    *s = jn_str_sub(*s, head.len, s->len);
    return true;
}

static enum local_runtime_operation only(enum local_runtime_operation op, jn_str method, jn_str allowed)
{
    return jn_str_eq(method, allowed) ? op : LOCAL_RUNTIME_BAD_METHOD;
}

/* invocation := 'next' | id '/response' | id '/error' */
static enum local_runtime_operation route_invocation(jn_str method, jn_str rest, jn_str *id)
{
    if (jn_str_eq(rest, JN_STR("next")))
        return only(LOCAL_RUNTIME_NEXT, method, JN_STR("GET"));

    const size_t slash = jn_str_find(rest, JN_STR("/"), 0);
    const jn_str verb = slash == SIZE_MAX ? (jn_str){ "", 0 } : jn_str_sub(rest, slash, rest.len);
    const bool is_response = jn_str_eq(verb, JN_STR("/response"));
    if (!is_response && !jn_str_eq(verb, JN_STR("/error")))
        return LOCAL_RUNTIME_UNKNOWN;
    *id = jn_str_sub(rest, 0, slash);
    return only(is_response ? LOCAL_RUNTIME_RESPONSE : LOCAL_RUNTIME_ERROR, method, JN_STR("POST"));
}

/* path := ['/2018-06-01'] '/ping' | '/2018-06-01/runtime/' ('invocation/' invocation | 'init/error') */
enum local_runtime_operation local_runtime_route(jn_str method, jn_str path, jn_str *id)
{
    *id = (jn_str){ "", 0 };
    const bool has_version = eat(&path, JN_STR("/2018-06-01"));
    if (jn_str_eq(path, JN_STR("/ping")))
        return only(LOCAL_RUNTIME_PING, method, JN_STR("GET"));
    if (!has_version || !eat(&path, JN_STR("/runtime/")))
        return LOCAL_RUNTIME_UNKNOWN;
    if (eat(&path, JN_STR("invocation/")))
        return route_invocation(method, path, id);
    if (jn_str_eq(path, JN_STR("init/error")))
        return only(LOCAL_RUNTIME_INIT_ERROR, method, JN_STR("POST"));
    return LOCAL_RUNTIME_UNKNOWN;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

jn_str local_runtime_error_type(jn_str type)
{
    jn_str rest = type;
    bool fits = (eat(&rest, JN_STR("Runtime.")) || eat(&rest, JN_STR("Function."))) && rest.len >= 2 &&
                is_upper(rest.data[0]);
    for (size_t i = 1; fits && i < rest.len; i++)
        fits = is_upper(rest.data[i]) || (rest.data[i] >= 'a' && rest.data[i] <= 'z');
    return fits ? type : JN_STR("Runtime.Unknown");
}

/* ---- answers -------------------------------------------------------------------------------------------------- */

static void reply_json(struct base_httpd_request *req, int status, jn_str body)
{
    const struct base_header type = { JN_STR_INIT("Content-Type"), JN_STR_INIT("application/json") };
    base_httpd_reply(req, status, &type, 1, body);
}

static void reply_accepted(struct base_httpd_request *req)
{
    reply_json(req, 202, JN_STR("{\"status\":\"OK\"}\n"));
}

static void reply_error(struct base_httpd_request *req, int status, const char *type, const char *message)
{
    struct jn_buf body;
    jn_buf_init(&body, 0);
    jn_buf_append_z(&body, "{\"errorMessage\":");
    local_put_json_string(&body, jn_str_of(message));
    jn_buf_append_z(&body, ",\"errorType\":");
    local_put_json_string(&body, jn_str_of(type));
    jn_buf_append_z(&body, "}\n");
    reply_json(req, status, jn_buf_str(&body));
    jn_buf_clear(&body);
}

static void reply_out_of_turn(struct base_httpd_request *req)
{
    reply_error(req, 403, "InvalidStateTransition", "Transition is not allowed: this is not the process's turn");
}

static void reply_oversized(struct base_httpd_request *req, size_t limit)
{
    char text[96];
    snprintf(text, sizeof text, "Exceeded maximum allowed payload size (%zu bytes).", limit);
    reply_error(req, 413, "RequestEntityTooLarge", text);
}

static void reply_verdict(struct base_httpd_request *req, enum local_verdict v)
{
    switch (v) {
    case LOCAL_ACCEPTED:
        reply_accepted(req);
        break;
    case LOCAL_WRONG_ID:
        reply_error(req, 400, "InvalidRequestID", "Invalid request ID");
        break;
    case LOCAL_WRONG_STATE:
        reply_out_of_turn(req);
        break;
    case LOCAL_OVERSIZED:
        reply_oversized(req, LOCAL_RESPONSE_MAX);
        break;
    case LOCAL_OVERSIZED_STREAM:
        reply_oversized(req, LOCAL_STREAM_MAX);
        break;
    }
}

/* ---- requests ------------------------------------------------------------------------------------------------- */

static void on_gone(struct base_httpd_request *req, void *arg)
{
    struct local_runtime_api *api = arg;
    if (api->waiting != req)
        return;
    api->waiting = NULL;
    api->events->on_left(api->arg);
}

/* Parked before the owner hears of it, since it may have an event at hand. */
static void handle_next(struct local_runtime_api *api, struct base_httpd_request *req)
{
    if (api->waiting) {
        reply_out_of_turn(req);
        return;
    }
    api->waiting = req;
    base_httpd_on_gone(req, on_gone, api);
    if (!api->events->on_next(api->arg)) {
        api->waiting = NULL;
        reply_out_of_turn(req);
    }
}

static jn_str mode_of(const struct base_httpd_request *req)
{
    return base_httpd_header(req, "Lambda-Runtime-Function-Response-Mode");
}

static bool is_known_mode(jn_str mode)
{
    return mode.len == 0 || jn_str_eq(mode, JN_STR("streaming")) || jn_str_eq(mode, JN_STR("buffered"));
}

static void handle_outcome(struct local_runtime_api *api, struct base_httpd_request *req, jn_str id, bool is_error)
{
    if (!is_known_mode(mode_of(req))) {
        reply_error(req, 400, "InvalidFunctionResponseMode", "Invalid function response mode");
        return;
    }
    const bool is_oversized = base_httpd_too_large(req);
    reply_verdict(req, api->events->on_outcome(id, is_error, base_httpd_body(req), is_oversized, api->arg));
}

/* ---- a result in pieces --------------------------------------------------------------------------------------- */

static void on_piece(struct base_httpd_request *req, jn_str piece, void *arg)
{
    struct local_runtime_api *api = arg;
    if (!api->events->on_piece(piece, api->arg))
        base_httpd_pause_body(req);
}

static void on_broken(struct base_httpd_request *req, void *arg)
{
    struct local_runtime_api *api = arg;
    if (api->streaming != req)
        return;
    api->streaming = NULL;
    api->events->on_stream_broken(api->arg);
}

/* The headers of a request are there: a streamed result that comes at the right time is taken as it comes. */
static void on_head(struct base_httpd_request *req, void *arg)
{
    struct local_runtime_api *api = arg;
    jn_str id;
    const bool is_streamed =
        local_runtime_route(base_httpd_method(req), base_httpd_path(req), &id) == LOCAL_RUNTIME_RESPONSE &&
        jn_str_eq(mode_of(req), JN_STR("streaming"));
    if (!is_streamed || api->streaming || !api->events->on_stream(id, api->arg))
        return;
    api->streaming = req;
    base_httpd_stream_body(req, on_piece, api);
    base_httpd_on_gone(req, on_broken, api);
}

/* The document of an error that came behind the pieces; false: none did.  What is no base64 is taken as it is. */
static bool put_late_error(struct jn_buf *out, const struct base_httpd_request *req)
{
    const jn_str type = base_httpd_header(req, "Lambda-Runtime-Function-Error-Type");
    const jn_str body = base_httpd_header(req, "Lambda-Runtime-Function-Error-Body");
    if (!type.len && !body.len)
        return false;
    if (!base_base64_decode(out, body)) {
        jn_buf_truncate(out, 0);
        jn_buf_append(out, body);
    }
    if (out->len == 0) {
        jn_buf_append_z(out, "{\"errorType\":");
        local_put_json_string(out, type);
        jn_buf_append_z(out, ",\"errorMessage\":\"\"}");
    }
    return true;
}

static void handle_stream_end(struct local_runtime_api *api, struct base_httpd_request *req)
{
    struct jn_buf error;
    jn_buf_init(&error, 0);
    api->streaming = NULL;
    base_httpd_on_gone(req, NULL, NULL);
    const bool has_failed = put_late_error(&error, req);
    reply_verdict(req, api->events->on_stream_end(has_failed ? jn_buf_str(&error) : (jn_str){ NULL, 0 }, api->arg));
    jn_buf_clear(&error);
}

/* ---- routes --------------------------------------------------------------------------------------------------- */

static void handle_init_error(struct local_runtime_api *api, struct base_httpd_request *req)
{
    const jn_str type = local_runtime_error_type(base_httpd_header(req, "Lambda-Runtime-Function-Error-Type"));
    if (api->events->on_init_error(type, base_httpd_body(req), api->arg))
        reply_accepted(req);
    else
        reply_out_of_turn(req);
}

static void handle(struct base_httpd_request *req, void *arg)
{
    struct local_runtime_api *api = arg;
    jn_str id;
    if (req == api->streaming) {
        handle_stream_end(api, req);
        return;
    }
    switch (local_runtime_route(base_httpd_method(req), base_httpd_path(req), &id)) {
    case LOCAL_RUNTIME_UNKNOWN:
        reply_error(req, 404, "UnknownOperation", "The Runtime API has no such path");
        break;
    case LOCAL_RUNTIME_BAD_METHOD:
        reply_error(req, 405, "MethodNotAllowed", "The Runtime API has no such method on this path");
        break;
    case LOCAL_RUNTIME_PING:
        base_httpd_reply(req, 200, NULL, 0, JN_STR("pong"));
        break;
    case LOCAL_RUNTIME_NEXT:
        handle_next(api, req);
        break;
    case LOCAL_RUNTIME_RESPONSE:
        handle_outcome(api, req, id, false);
        break;
    case LOCAL_RUNTIME_ERROR:
        handle_outcome(api, req, id, true);
        break;
    case LOCAL_RUNTIME_INIT_ERROR:
        handle_init_error(api, req);
        break;
    }
}

/* ---- the server ----------------------------------------------------------------------------------------------- */

enum jn_status local_runtime_api_new(struct base_loop *l, const char *host, const struct local_runtime_events *events,
                                     void *arg, struct local_runtime_api **out, struct jn_error *err)
{
    struct local_runtime_api *api = calloc(1, sizeof *api);
    if (!api)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the Runtime API");
    api->events = events;
    api->arg = arg;

    const struct base_httpd_options opt = {
        .host = host, .max_body = LOCAL_RESPONSE_MAX, .handler = handle, .on_head = on_head, .arg = api,
    };
    const enum jn_status s = base_httpd_new(l, &opt, &api->httpd, err);
    if (s)
        free(api);
    else
        *out = api;
    return s;
}

void local_runtime_api_free(struct local_runtime_api *api)
{
    if (!api)
        return;
    base_httpd_free(api->httpd);
    free(api);
}

int local_runtime_api_port(const struct local_runtime_api *api)
{
    return base_httpd_port(api->httpd);
}

bool local_runtime_api_is_waiting(const struct local_runtime_api *api)
{
    return api->waiting != NULL;
}

void local_runtime_api_go_on(struct local_runtime_api *api)
{
    if (api->streaming)
        base_httpd_resume_body(api->streaming);
}

/* Content-Type always: the official Node client crashes without it (our spec, section 7.7). */
void local_runtime_api_hand_out(struct local_runtime_api *api, const struct local_call *c)
{
    struct base_httpd_request *req = api->waiting;
    char deadline[24];
    snprintf(deadline, sizeof deadline, "%" PRId64, c->deadline_ms);
    const struct base_header headers[] = {
        { JN_STR("Content-Type"), JN_STR("application/json") },
        { JN_STR("Lambda-Runtime-Aws-Request-Id"), jn_str_of(c->id) },
        { JN_STR("Lambda-Runtime-Deadline-Ms"), jn_str_of(deadline) },
        { JN_STR("Lambda-Runtime-Invoked-Function-Arn"), jn_str_of(c->arn) },
        { JN_STR("Lambda-Runtime-Trace-Id"), jn_str_of(c->trace_id) },
        { JN_STR("Lambda-Runtime-Client-Context"), jn_str_of(c->client_context) },
    };
    const size_t count = sizeof headers / sizeof *headers - !c->client_context;
    api->waiting = NULL;
    base_httpd_reply(req, 200, headers, count, jn_buf_str(&c->event));
}
