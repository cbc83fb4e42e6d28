/* streamed_test.c - InvokeWithResponseStream over real sockets: what is given on, what the end of a stream means, and
 * when a call begins again. */
#include "attempts.h"

#include "failing_memory.h"
#include "messages.h"

/* A message of an answer: ":message-type", then a header more with its value, and a payload. */
struct message {
    const char *type, *name, *value, *payload;
};

#define CHUNK(text) { "event", ":event-type", "PayloadChunk", text }
#define COMPLETE(json) { "event", ":event-type", "InvokeComplete", json }
#define EXCEPTION(code, json) { "exception", ":exception-type", code, json }
#define ERROR(code) { "error", ":error-code", code, "" }

#define HEAD "HTTP/1.1 200 OK\r\nX-Amz-Executed-Version: 7\r\nx-amzn-RequestId: id-1\r\n"
#define STREAM HEAD "Content-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
#define THROTTLED "HTTP/1.1 429 X\r\nx-amzn-ErrorType: TooManyRequestsException\r\nContent-Length: 2\r\n\r\n{}"

/* What was given on. */
static struct jn_buf given;

static void on_chunk(jn_str piece, void *arg)
{
    (void)arg;
    jn_buf_append(&given, piece);
    jn_buf_append_char(&given, '|');
}

/* Answers last until the server has stopped: it may still be sending one when the client has seen enough. */
static struct jn_buf answers[32];
static size_t answer_count;

static struct jn_buf *new_answer(void)
{
    struct jn_buf *answer = &answers[answer_count++];
    assert_true(answer_count <= sizeof answers / sizeof *answers);
    jn_buf_init(answer, 0);
    return answer;
}

static int set_up(void **state)
{
    jn_buf_init(&given, 0);
    return scene_set_up(state);
}

static int tear_down(void **state)
{
    const int failed = scene_tear_down(state);
    while (answer_count)
        jn_buf_clear(&answers[--answer_count]);
    jn_buf_clear(&given);
    return failed;
}

/* ---- answers ------------------------------------------------------------------------------------------------- */

static void put_messages(struct jn_buf *out, const struct message *messages, size_t count)
{
    for (size_t i = 0; i < count && messages[i].type; i++)
        put_typed(out, messages[i].type, messages[i].name, messages[i].value, jn_str_of(messages[i].payload));
}

/* An answer of chunks of 7 bytes, which no message knows of; without the last one it has no end. */
static void put_answer(struct jn_buf *out, const struct message *messages, size_t count, bool is_ended)
{
    struct jn_buf body;
    jn_buf_init(&body, 0);
    put_messages(&body, messages, count);
    jn_buf_append_z(out, STREAM);
    for (size_t at = 0; at < body.len; at += 7) {
        const jn_str piece = jn_str_sub(jn_buf_str(&body), at, at + 7);
        jn_buf_append_fmt(out, "%zx\r\n", piece.len);
        jn_buf_append(out, piece);
        jn_buf_append_z(out, "\r\n");
    }
    jn_buf_append_z(out, is_ended ? "0\r\n\r\n" : "");
    jn_buf_clear(&body);
}

/* The first request gets one answer, all others the second. */
static void play(struct scene *s, enum script_act act, const struct jn_buf *first, const struct jn_buf *then)
{
    static struct script_step steps[2];
    steps[0] = (struct script_step){ act, first->data };
    steps[1] = (struct script_step){ act, then->data };
    script_play(&s->server, steps, 2);
    s->server.lengths[0] = first->len;
    s->server.lengths[1] = then->len;
}

/* One call that gets this answer to each attempt. */
static void call(struct scene *s, const struct jn_buf *answer, enum script_act act)
{
    play(s, act, answer, answer);
    jn_buf_truncate(&given, 0);
    scene_invoke(s, (struct lambda_invoke){ .payload = JN_STR("{}"), .on_chunk = on_chunk });
}

static void expect_given(const char *text, const char *what)
{
    if (!jn_str_eq(jn_buf_str(&given), jn_str_of(text)))
        fail_msg("%s: given on: %.*s", what, JN_ARG(jn_buf_str(&given)));
}

/* ---- what an end means --------------------------------------------------------------------------------------- */

#define DETAILS "{\"errorType\":\"Error\",\"errorMessage\":\"mid-stream\"}"

static void ends_of_streams(void **state)
{
    static const struct {
        const char *what;
        struct message messages[4];
        enum script_act act;                /* SCRIPT_ANSWER_CLOSE: and the transfer is not ended */
        enum jn_status status;
        const char *given, *payload, *error, *code, *sentence;
    } rows[] = {
        { "well", { CHUNK("hello "), CHUNK("world"), COMPLETE("{}") }, SCRIPT_ANSWER,
          JN_OK, "hello |world|", "", NULL, "", "" },
        { "empty chunks, other events, no JSON at the end", { CHUNK(""), { "event", ":event-type", "New", "?" },
          COMPLETE("") }, SCRIPT_ANSWER, JN_OK, "", "", NULL, "", "" },
        { "the connection breaks after the end", { CHUNK("all"), COMPLETE("{}") }, SCRIPT_ANSWER_CLOSE,
          JN_OK, "all|", "", NULL, "", "" },
        { "function error", { CHUNK("half"), COMPLETE("{\"ErrorCode\":\"Unhandled\",\"ErrorDetails\":"
          "\"{\\\"errorType\\\":\\\"Error\\\",\\\"errorMessage\\\":\\\"mid-stream\\\"}\"}") }, SCRIPT_ANSWER,
          JN_OK, "half|", DETAILS, "Unhandled", "", "" },
        { "function error, little said", { COMPLETE("{\"ErrorCode\":\"Sandbox.Timedout\"}") }, SCRIPT_ANSWER,
          JN_OK, "", "Sandbox.Timedout", "Sandbox.Timedout", "", "" },
        { "function error, oddly said", { COMPLETE("{\"ErrorCode\":5,\"ErrorDetails\":{}}") }, SCRIPT_ANSWER,
          JN_OK, "", "", "", "", "" },
        { "error that is none", { COMPLETE("{\"ErrorCode\":null}") }, SCRIPT_ANSWER, JN_OK, "", "", NULL, "", "" },
        { "exception", { CHUNK("a"), EXCEPTION("ServiceException", "{\"Message\":\"internal\"}") }, SCRIPT_ANSWER,
          JN_REMOTE, "a|", "", NULL, "ServiceException", "ServiceException: internal" },
        { "exception at once", { EXCEPTION("TooManyRequestsException", "{\"Reason\":\"CallerRateLimitExceeded\"}") },
          SCRIPT_ANSWER, JN_REMOTE, "", "", NULL, "TooManyRequestsException", "this caller calls more often" },
        { "exception without a document", { EXCEPTION("InternalFailure", "") }, SCRIPT_ANSWER,
          JN_REMOTE, "", "", NULL, "InternalFailure", "InternalFailure" },
        { "error", { CHUNK("a"), ERROR("InternalError") }, SCRIPT_ANSWER,
          JN_REMOTE, "a|", "", NULL, "InternalError", "InternalError" },
        { "error without a name", { { "error", NULL, NULL, "" } }, SCRIPT_ANSWER,
          JN_REMOTE, "", "", NULL, "", "error that has no name" },
        { "cut between messages", { CHUNK("a") }, SCRIPT_ANSWER,
          JN_BAD_TEXT, "a|", "", NULL, "", "without InvokeComplete; the function may have run" },
        { "nothing", { { NULL, NULL, NULL, NULL } }, SCRIPT_ANSWER,
          JN_BAD_TEXT, "", "", NULL, "", "without InvokeComplete; the function may have run" },
        { "broken off", { CHUNK("a") }, SCRIPT_ANSWER_CLOSE,
          JN_IO, "a|", "", NULL, "", "broke off after 66 bytes; the function may have run" },
        { "unreadable end", { CHUNK("a"), COMPLETE("no JSON") }, SCRIPT_ANSWER,
          JN_BAD_TEXT, "a|", "", NULL, "", "InvokeComplete, the end of the event stream, holds no JSON object" },
        { "unknown message", { CHUNK("a"), { "news", NULL, NULL, "" } }, SCRIPT_ANSWER,
          JN_BAD_TEXT, "a|", "", NULL, "", "a message of type \"news\"" },
    };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jn_buf *answer = new_answer();
        put_answer(answer, rows[i].messages, 4, rows[i].act == SCRIPT_ANSWER);
        call(s, answer, rows[i].act);
        const struct lambda_outcome *o = &s->outcome;
        if (o->status != rows[i].status || !strstr(o->error.message, rows[i].sentence))
            fail_msg("%s: status %d, %s", rows[i].what, o->status, o->error.message);
        expect_given(rows[i].given, rows[i].what);
        assert_string_equal(s->payload, rows[i].payload);
        assert_string_equal(o->error.code, rows[i].code);
        assert_int_equal(o->outcome_unknown, o->status != JN_OK);
        assert_int_equal(o->attempts, 1);
        assert_int_equal(o->invoked.function_error.data != NULL, rows[i].error != NULL);
    }
}

static void a_wrong_checksum_ends_the_call(void **state)
{
    static const struct message messages[] = { CHUNK("right"), CHUNK("wrong"), COMPLETE("{}") };
    struct scene *s = *state;
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 3, true);
    *(char *)memrchr(answer->data, 'w', answer->len) = 'W';
    scene_client(s, (struct lambda_client_options){ 0 });
    call(s, answer, SCRIPT_ANSWER);
    assert_int_equal(s->outcome.status, JN_BAD_TEXT);
    assert_true(s->outcome.outcome_unknown);
    assert_non_null(strstr(s->outcome.error.message, "the checksum of a message in the event stream is wrong"));
    expect_given("right|", "before the mistake");
}

static void what_is_no_event_stream_is_told_by_its_type(void **state)
{
    static const struct {
        const char *answer, *sentence;
    } rows[] = {
        { HEAD "Content-Type: text/html\r\nContent-Length: 16\r\n\r\n<html>log in</ht", "is text/html, not an event" },
        { HEAD "Content-Length: 15\r\n\r\n{\"answer\":12345}", "is of no type, not an event stream" },
    };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct script_step step = { SCRIPT_ANSWER, rows[i].answer };
        script_play(&s->server, &step, 1);
        scene_invoke(s, (struct lambda_invoke){ .on_chunk = on_chunk });
        assert_int_equal(s->outcome.status, JN_BAD_TEXT);
        assert_non_null(strstr(s->outcome.error.message, rows[i].sentence));
        expect_given("", "nothing");
    }
}

/* ---- the texts of an outcome --------------------------------------------------------------------------------- */

static char texts[128];

static void on_texts(const struct lambda_outcome *o, void *arg)
{
    struct scene *s = arg;
    const struct lambda_invoked *in = &o->invoked;
    snprintf(texts, sizeof texts, "%.*s %.*s %.*s", JN_ARG(in->executed_version), JN_ARG(in->request_id),
             JN_ARG(in->log));
    base_loop_stop(s->loop);
}

static void version_request_and_log_are_known(void **state)
{
    static const struct message messages[] = { COMPLETE("{\"LogResult\":\"U1RBUlQ=\"}") };
    struct scene *s = *state;
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 1, true);
    play(s, SCRIPT_ANSWER, answer, answer);
    scene_client(s, (struct lambda_client_options){ 0 });
    const struct lambda_invoke req = { .function = JN_STR("f"), .log_tail = true, .on_chunk = on_chunk };
    assert_int_equal(lambda_invoke_start(s->client, &req, on_texts, s, NULL, NULL), JN_OK);
    base_loop_run(s->loop);
    assert_string_equal(texts, "7 id-1 START");
}

/* ---- what is sent -------------------------------------------------------------------------------------------- */

static void the_request_goes_where_streams_come_from(void **state)
{
    static const struct message messages[] = { COMPLETE("{}") };
    struct scene *s = *state;
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 1, true);
    play(s, SCRIPT_ANSWER, answer, answer);
    scene_client(s, (struct lambda_client_options){ 0 });
    scene_invoke(s, (struct lambda_invoke){ .function = JN_STR("orders:1"), .qualifier = JN_STR("1"), .log_tail = true,
                                            .client_context = JN_STR("e30="), .on_chunk = on_chunk });
    const char *head = s->server.heads[0];
    assert_ptr_equal(strstr(head, "POST /2021-11-15/functions/orders%3A1/response-streaming-invocations?Qualifier=1 "),
                     head);
    assert_non_null(strstr(head, "X-Amz-Invocation-Type: RequestResponse\r\n"));
    assert_non_null(strstr(head, "X-Amz-Log-Type: Tail\r\n"));
    assert_non_null(strstr(head, "X-Amz-Client-Context: e30=\r\n"));
}

static void events_are_not_streamed_but_dry_runs_may_be(void **state)
{
    static const struct script_step dry = { SCRIPT_ANSWER, "HTTP/1.1 204 No Content\r\n\r\n" };
    struct scene *s = *state;
    struct jn_error err = { 0 };
    scene_client(s, (struct lambda_client_options){ 0 });
    const struct lambda_invoke event = { .function = JN_STR("f"), .type = LAMBDA_EVENT, .on_chunk = on_chunk };
    assert_int_equal(lambda_invoke_start(s->client, &event, scene_on_outcome, s, NULL, &err), JN_BAD_VALUE);
    script_play(&s->server, &dry, 1);
    scene_invoke(s, (struct lambda_invoke){ .type = LAMBDA_DRY_RUN, .on_chunk = on_chunk });
    assert_int_equal(s->outcome.status, JN_OK);
}

/* ---- attempts ------------------------------------------------------------------------------------------------ */

static void a_call_begins_again_only_before_the_first_chunk(void **state)
{
    static const struct message well[] = { CHUNK("all"), COMPLETE("{}") }, cut[] = { CHUNK("some") };
    static const struct message failed[] = { EXCEPTION("ServiceException", "{}") };
    static const struct {
        const char *first;                  /* NULL: `messages` */
        const struct message *messages;
        bool retry_unknown;
        unsigned attempts;
        const char *given;
    } rows[] = {
        { THROTTLED, NULL, false, 2, "all|" },
        { NULL, cut, true, 1, "some|" },
        { NULL, failed, false, 1, "" },
        { NULL, failed, true, 2, "all|" },
    };
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct jn_buf *first = new_answer(), *second = new_answer();
        if (rows[i].first)
            jn_buf_append_z(first, rows[i].first);
        else
            put_answer(first, rows[i].messages, 1, true);
        put_answer(second, well, 2, true);
        play(s, SCRIPT_ANSWER, first, second);
        scene_client(s, (struct lambda_client_options){ .retry_unknown_outcome = rows[i].retry_unknown });
        jn_buf_truncate(&given, 0);
        scene_invoke(s, (struct lambda_invoke){ .on_chunk = on_chunk });
        assert_int_equal(s->outcome.attempts, rows[i].attempts);
        assert_int_equal(s->server.whole, rows[i].attempts);
        expect_given(rows[i].given, "attempts");
    }
}

static void a_stream_that_stands_still_may_be_given_up(void **state)
{
    static const struct message messages[] = { CHUNK("some") };
    struct scene *s = *state;
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 1, false);
    scene_client(s, (struct lambda_client_options){ .stall_timeout_ms = 50 });
    call(s, answer, SCRIPT_ANSWER);
    assert_int_equal(s->outcome.status, JN_TIMEOUT);
    assert_true(s->outcome.outcome_unknown);
    assert_non_null(strstr(s->outcome.error.message, "stood still for 50 ms"));
    expect_given("some|", "before");
}

/* ---- who ends it --------------------------------------------------------------------------------------------- */

static struct lambda_call *going_on;

static void cancel_at_chunk(jn_str piece, void *arg)
{
    struct scene *s = arg;
    lambda_call_cancel(going_on);
    on_chunk(piece, arg);                   // which is still there
    base_loop_stop(s->loop);
}

static void free_at_chunk(jn_str piece, void *arg)
{
    struct scene *s = arg;
    on_chunk(piece, arg);
    lambda_client_free(s->client);
    s->client = NULL;
    base_loop_stop(s->loop);
}

static void whoever_gets_a_chunk_may_end_it(void **state)
{
    static const struct message messages[] = { CHUNK("first"), CHUNK("second"), COMPLETE("{}") };
    lambda_chunk_fn *const ways[] = { cancel_at_chunk, free_at_chunk };
    struct scene *s = *state;
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 3, true);
    for (size_t i = 0; i < 2; i++) {
        play(s, SCRIPT_ANSWER, answer, answer);
        scene_client(s, (struct lambda_client_options){ 0 });
        jn_buf_truncate(&given, 0);
        going_on = scene_start(s, (struct lambda_invoke){ .on_chunk = ways[i] });
        base_loop_run(s->loop);
        scene_run_briefly(s);
        expect_given("first|", "until the end");
        assert_int_equal(s->outcomes, 0);
    }
    scene_client(s, (struct lambda_client_options){ 0 });
    call(s, answer, SCRIPT_ANSWER);
    expect_given("first|second|", "afterwards");
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void a_warm_call_asks_for_no_memory(void **state)
{
    enum { MANY = 100000 };
    static const struct message messages[] = { CHUNK("first"), CHUNK("second"), COMPLETE("{\"LogResult\":\"U1Q=\"}") };
    struct scene *s = *state;
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 2, true);
    scene_client(s, (struct lambda_client_options){ 0 });
    for (int i = 0; i < 5; i++) {
        memory_resume(MANY);
        call(s, answer, SCRIPT_ANSWER);
        const long left = memory_pause();
        if (i > 1)
            assert_int_equal(left, MANY);
    }
}

static struct scene *scene;
static struct jn_buf *scene_answer;

static enum jn_status stream_once(struct jn_error *err)
{
    struct scene *s = scene;
    play(s, SCRIPT_ANSWER, scene_answer, scene_answer);
    scene_chance(s, 0);
    const struct base_env env = base_env_of((const char *const[]){ "AWS_CONFIG_FILE", "/nonexistent/c",
                                                                   "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d",
                                                                   NULL });
    const struct lambda_client_options opt = { .cred = { .access_key = "A", .secret_key = "s", .env = &env,
                                                         .clock = &s->clock },
                                               .region = "eu-west-1", .endpoint = s->endpoint, .random = &s->random };
    const struct lambda_invoke req = { .function = JN_STR("f"), .payload = JN_STR("{}"), .on_chunk = on_chunk };
    s->outcome.status = JN_OK;
    enum jn_status status = lambda_client_new(s->loop, &opt, &s->client, err);
    if (!status)
        status = lambda_invoke_start(s->client, &req, scene_on_outcome, s, NULL, err);
    if (!status)
        base_loop_run(s->loop);
    lambda_client_free(s->client);
    s->client = NULL;
    if (!status && s->outcome.status) {
        *err = s->outcome.error;
        status = s->outcome.status;
    }
    return status;
}

static void lack_of_memory_is_an_ordinary_failure(void **state)
{
    static const struct message messages[] = { CHUNK("first"),
                                               COMPLETE("{\"ErrorCode\":\"E\",\"LogResult\":\"U1Q=\"}") };
    struct jn_buf *answer = new_answer();
    put_answer(answer, messages, 2, true);
    scene = *state;
    scene_answer = answer;
    jn_buf_append(&given, (jn_str){ answer->data, answer->len });     // room, so that the test itself asks for nothing
    jn_buf_truncate(&given, 0);
    with_failing_memory(stream_once, 20);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ends_of_streams),
        CASE(a_wrong_checksum_ends_the_call),
        CASE(what_is_no_event_stream_is_told_by_its_type),
        CASE(version_request_and_log_are_known),
        CASE(the_request_goes_where_streams_come_from),
        CASE(events_are_not_streamed_but_dry_runs_may_be),
        CASE(a_call_begins_again_only_before_the_first_chunk),
        CASE(a_stream_that_stands_still_may_be_given_up),
        CASE(whoever_gets_a_chunk_may_end_it),
        CASE(a_warm_call_asks_for_no_memory),
        CASE(lack_of_memory_is_an_ordinary_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
