/* attempts_test.c - what follows a failed attempt: every kind of end times the settings, against a server that counts
 * the requests it has read to their end, which are the runs of a function.  There are never more than allowed. */
#include "attempts.h"

/* ---- the table ----------------------------------------------------------------------------------------------- */

#define ANSWER(status, headers, body) { SCRIPT_ANSWER, "HTTP/1.1 " status "\r\n" headers body }
#define SIZED(n) "Content-Length: " #n "\r\n\r\n"
#define CODE(name) "x-amzn-ErrorType: " name "\r\n" "x-amzn-RequestId: id-1\r\n"

#define OK ANSWER("200 OK", SIZED(11), "{\"ok\":true}")
#define HANDLED ANSWER("200 OK", "X-Amz-Function-Error: Handled\r\n" SIZED(2), "{}")
#define UNHANDLED ANSWER("200 OK", "X-Amz-Function-Error: Unhandled\r\n" SIZED(2), "{}")
#define QUEUED ANSWER("202 Accepted", SIZED(0), "")
#define DRY ANSWER("204 No Content", "\r\n", "")
#define THROTTLED ANSWER("429 Too Many Requests", CODE("TooManyRequestsException") SIZED(2), "{}")
#define THROTTLED_400 ANSWER("400 Bad Request", CODE("ThrottlingException") SIZED(2), "{}")
#define THROTTLED_BARE ANSWER("429 Too Many Requests", SIZED(0), "")
#define UNAVAILABLE ANSWER("503 Service Unavailable", CODE("ServiceUnavailableException") SIZED(2), "{}")
#define INTERNAL ANSWER("500 Internal Server Error", CODE("ServiceException") SIZED(2), "{}")
#define SLOW_BODY ANSWER("408 Request Timeout", CODE("RequestTimeoutException") SIZED(2), "{}")
#define CONFLICT ANSWER("409 Conflict", CODE("ResourceConflictException") SIZED(2), "{}")
#define NOT_FOUND ANSWER("404 Not Found", CODE("ResourceNotFoundException") SIZED(2), "{}")
#define EXPIRED ANSWER("403 Forbidden", CODE("ExpiredTokenException") SIZED(2), "{}")
#define LATE ANSWER("403 Forbidden", "Date: Sat, 14 Mar 2026 16:09:26 GMT\r\n" CODE("InvalidSignatureException") \
                    SIZED(31), "{\"message\":\"Signature expired:\"}")
#define NOT_IMPLEMENTED ANSWER("501 Not Implemented", CODE("ServiceException") SIZED(2), "{}")
#define PROXY ANSWER("502 Bad Gateway", SIZED(13), "<html></html>")
#define REDIRECT ANSWER("302 Found", "Location: http://elsewhere/\r\n" SIZED(0), "")
#define HALF { SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntwelve bytes" }
#define HALF_CHUNK { SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\ntwelve bytes" }
#define HALF_HEAD { SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Le" }
#define BAD_CHUNK { SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" }
#define BAD_LENGTH { SCRIPT_ANSWER_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: -7\r\n\r\n{}" }
#define GARBAGE { SCRIPT_ANSWER_CLOSE, "\x16\x03\x01 nothing of HTTP\r\n\r\n" }
#define RESET_BEFORE { SCRIPT_RESET_BEFORE, NULL }
#define RESET { SCRIPT_RESET_AFTER, NULL }
#define CLOSE { SCRIPT_CLOSE_AFTER, NULL }
#define SILENCE { SCRIPT_SILENCE, NULL }

enum { MAY_RUN_TWICE = 1, BIG = 2, IMPATIENT = 4 };     // settings of a row

static const struct row {
    const char *name;
    struct script_step steps[6];
    size_t whole;                       /* requests that the server may read to their end */
    unsigned attempts;
    enum jn_status status;
    unsigned flags, client_attempts, call_attempts;
    enum lambda_invocation_type type;
    bool unknown;
    const char *text;                   /* in the error's sentence, or the payload */
} rows[] = {
    // the function ran, or the service took the call: that is the end of it
    { "200", { OK }, 1, 1, .text = "{\"ok\":true}" },
    { "handled function error", { HANDLED, OK }, 1, 1, .client_attempts = 5, .flags = MAY_RUN_TWICE, .text = "{}" },
    { "unhandled function error", { UNHANDLED, OK }, 1, 1, .client_attempts = 5, .flags = MAY_RUN_TWICE, .text = "{}" },
    { "202", { QUEUED }, 1, 1, .type = LAMBDA_EVENT },
    { "204", { DRY }, 1, 1, .type = LAMBDA_DRY_RUN },

    // refused by the service: it did not run
    { "throttled once", { THROTTLED, OK }, 2, 2, .text = "ok" },
    { "throttled twice", { THROTTLED, THROTTLED_400, OK }, 3, 3, .text = "ok" },
    { "throttled without a code", { THROTTLED_BARE, OK }, 2, 2, .text = "ok" },
    { "throttled for good", { THROTTLED }, 3, 3, .status = JN_REMOTE, .text = "TooManyRequestsException" },
    { "throttled for good, told how often", { THROTTLED }, 3, 3, .status = JN_REMOTE,
      .text = "; tried 3 times in 0.0 s, 0.0 s of it waiting" },
    { "throttled, five attempts", { THROTTLED, THROTTLED, THROTTLED, THROTTLED, OK }, 5, 5, .client_attempts = 5 },
    { "throttled, one attempt", { THROTTLED, OK }, 1, 1, .status = JN_REMOTE, .client_attempts = 1 },
    { "throttled, two of this call", { THROTTLED, THROTTLED, OK }, 2, 2, .status = JN_REMOTE, .call_attempts = 2 },
    { "throttled, more of this call", { THROTTLED, THROTTLED, OK }, 3, 3, .client_attempts = 1, .call_attempts = 3 },
    { "a throttled event", { THROTTLED, QUEUED }, 2, 2, .type = LAMBDA_EVENT },
    { "a throttled dry run", { THROTTLED, DRY }, 2, 2, .type = LAMBDA_DRY_RUN },
    { "503 of the service", { UNAVAILABLE, INTERNAL, OK }, 3, 3, .text = "ok" },
    { "500 for good", { INTERNAL }, 3, 3, .status = JN_REMOTE, .text = "ServiceException" },
    { "body came too slowly", { SLOW_BODY, OK }, 2, 2, .text = "ok" },
    { "501", { NOT_IMPLEMENTED, OK }, 1, 1, .status = JN_REMOTE },
    { "404", { NOT_FOUND, OK }, 1, 1, .status = JN_REMOTE, .client_attempts = 5, .flags = MAY_RUN_TWICE },
    { "409", { CONFLICT, OK }, 1, 1, .status = JN_REMOTE, .client_attempts = 5 },
    { "302", { REDIRECT, OK }, 1, 1, .status = JN_REMOTE },
    { "expired keys, and no others", { EXPIRED, OK }, 1, 1, .status = JN_REMOTE, .text = "ExpiredTokenException" },
    { "a clock nobody vouches for", { LATE, OK }, 1, 1, .status = JN_REMOTE, .text = "the clock of this machine is 60 minutes" },

    // nobody knows whether it ran
    { "a proxy's page", { PROXY, OK }, 1, 1, .status = JN_REMOTE, .unknown = true, .text = "; the function may have run" },
    { "a proxy's page, allowed", { PROXY, OK }, 2, 2, .flags = MAY_RUN_TWICE, .text = "ok" },
    { "reset", { RESET, OK }, 1, 1, .status = JN_IO, .unknown = true, .text = "the function may have run" },
    { "reset, allowed", { RESET, OK }, 2, 2, .flags = MAY_RUN_TWICE, .text = "ok" },
    { "reset, allowed, always", { RESET }, 3, 3, .status = JN_IO, .flags = MAY_RUN_TWICE, .unknown = true },
    { "closed", { CLOSE, OK }, 1, 1, .status = JN_IO, .unknown = true },
    { "closed, allowed", { CLOSE, OK }, 2, 2, .flags = MAY_RUN_TWICE },
    { "a reset event", { RESET, QUEUED }, 1, 1, .status = JN_IO, .type = LAMBDA_EVENT, .unknown = true },
    { "a reset event, allowed", { RESET, QUEUED }, 2, 2, .type = LAMBDA_EVENT, .flags = MAY_RUN_TWICE },
    { "half an answer", { HALF, OK }, 1, 1, .status = JN_IO, .unknown = true, .text = "broke off after 12 of 100 bytes" },
    { "half an answer, allowed", { HALF, OK }, 2, 2, .flags = MAY_RUN_TWICE },
    { "half a chunk", { HALF_CHUNK, OK }, 1, 1, .status = JN_IO, .unknown = true },
    { "half a head", { HALF_HEAD, OK }, 1, 1, .status = JN_IO, .unknown = true },
    { "a chunk without a length", { BAD_CHUNK, OK }, 1, 1, .status = JN_IO, .unknown = true },
    { "a length that is none", { BAD_LENGTH, OK }, 1, 1, .status = JN_IO, .unknown = true },
    { "garbage", { GARBAGE, OK }, 1, 1, .status = JN_IO, .unknown = true },
    { "garbage, allowed", { GARBAGE, OK }, 2, 2, .flags = MAY_RUN_TWICE },
    { "silence", { SILENCE, OK }, 1, 1, .status = JN_TIMEOUT, .flags = IMPATIENT, .unknown = true, .text = "may have run" },
    { "silence, allowed", { SILENCE, OK }, 2, 2, .flags = IMPATIENT | MAY_RUN_TWICE },
    { "unknown, then refused", { RESET, NOT_FOUND }, 2, 2, .status = JN_REMOTE, .flags = MAY_RUN_TWICE, .unknown = true,
      .text = "; the function may have run; tried 2 times in 0.0 s, 0.0 s of it waiting, before this after a broken "
              "connection" },
    { "refused in two ways", { THROTTLED, INTERNAL, INTERNAL, INTERNAL }, 4, 4, .status = JN_REMOTE,
      .client_attempts = 4, .text = ", before this after TooManyRequestsException, ServiceException" },
    { "silent, then broken off", { SILENCE, RESET }, 2, 2, .status = JN_IO, .client_attempts = 2,
      .flags = IMPATIENT | MAY_RUN_TWICE, .unknown = true, .text = ", before this after no answer in time" },

    // nothing runs by a dry run
    { "a reset dry run", { RESET, DRY }, 2, 2, .type = LAMBDA_DRY_RUN },
    { "a dry run behind a proxy", { PROXY, DRY }, 2, 2, .type = LAMBDA_DRY_RUN },

    // the server cannot have the whole request
    { "reset while sending", { RESET_BEFORE, OK }, 1, 2, .flags = BIG, .text = "ok" },
    { "reset while sending, always", { RESET_BEFORE }, 0, 3, .status = JN_IO, .flags = BIG,
      .text = "; the function did not run; tried 3 times" },
    { "throttled, then reset", { THROTTLED, RESET, OK }, 2, 2, .status = JN_IO, .unknown = true },
};

/* False, and says why, when a row ends in another way. */
static bool check_row(struct scene *s, const struct row *row)
{
    struct lambda_client_options opt = { .max_attempts = row->client_attempts,
                                         .retry_unknown_outcome = (row->flags & MAY_RUN_TWICE) != 0,
                                         .call_timeout_ms = row->flags & IMPATIENT ? 400 : 0 };
    size_t count = 0;
    while (count < 6 && (row->steps[count].text || row->steps[count].act))
        count++;
    script_play(&s->server, row->steps, count);
    scene_client(s, opt);
    scene_invoke(s, (struct lambda_invoke){ .type = row->type, .max_attempts = row->call_attempts,
                                            .payload = row->flags & BIG ? s->big : JN_STR("{}") });
    const struct lambda_outcome *o = &s->outcome;
    const char *text = o->status ? o->error.message : s->payload;
    if (s->server.whole == row->whole && o->attempts == row->attempts && o->status == row->status &&
        o->outcome_unknown == row->unknown && (!row->text || strstr(text, row->text)))
        return true;
    print_error("%s: %zu requests, %u attempts, status %d, %s: %s\n", row->name, (size_t)s->server.whole, o->attempts,
                o->status, o->outcome_unknown ? "unknown" : "known", text);
    return false;
}

static void what_follows_a_failed_attempt(void **state)
{
    struct scene *s = *state;
    size_t passed = 0, failed = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *(check_row(s, &rows[i]) ? &passed : &failed) += 1;
    print_message("scenarios of attempts: %zu passed, %zu failed\n", passed, failed);
    assert_int_equal(failed, 0);
}

/* ---- the recorded answers ------------------------------------------------------------------------------------ */

/* As it goes over the wire, without a hint to wait for. */
static void write_answer(struct jn_buf *out, jn_value row)
{
    const jn_value headers = member(row, "headers");
    const jn_str body = text_of(row, "body");
    jn_buf_truncate(out, 0);
    jn_buf_append_fmt(out, "HTTP/1.1 %d X\r\n", (int)jn_get_number(member(row, "status")));
    for (size_t i = 0; i < jn_length(headers); i++) {
        const jn_str name = jn_key_at(headers, i);
        if (strncasecmp(name.data, "Content-Length", name.len) != 0 && !strcasestr(name.data, "retry-after"))
            jn_buf_append_fmt(out, "%.*s: %.*s\r\n", JN_ARG(name), JN_ARG(jn_get_string(jn_at(headers, i))));
    }
    jn_buf_append_fmt(out, "Content-Length: %zu\r\n\r\n%.*s", body.len, JN_ARG(body));
}

/* A row of class "transient" or "throttling" is worth three attempts, if the service itself says so: by a code. */
static unsigned wanted_attempts(jn_value row)
{
    const jn_value expected = member(row, "expected");
    const jn_str class = text_of(expected, "retry");
    const bool is_retried = jn_str_eq(class, JN_STR("transient")) || jn_str_eq(class, JN_STR("throttling"));
    return is_retried && text_of(expected, "code").len ? 3 : 1;
}

static void recorded_errors_are_repeated_by_their_class(void **state)
{
    struct scene *s = *state;
    struct vectors v;
    struct jn_buf answer;
    size_t checked = 0;
    vectors_read(&v, "tests/golden/aws/responses.json");
    jn_buf_init(&answer, 0);
    const jn_value all = member(v.root, "responses");
    for (size_t i = 0; i < jn_length(all); i++) {
        const jn_value row = jn_at(all, i);
        if (!jn_str_eq(text_of(row, "service"), JN_STR("lambda")) || jn_get_number(member(row, "status")) < 300)
            continue;
        write_answer(&answer, row);
        struct script_step *step = jn_arena_alloc(&s->texts, sizeof *step);
        *step = (struct script_step){ SCRIPT_ANSWER, jn_arena_copy(&s->texts, jn_buf_str(&answer)).data };
        script_play(&s->server, step, 1);
        scene_client(s, (struct lambda_client_options){ 0 });
        scene_invoke(s, (struct lambda_invoke){ 0 });
        if (s->server.whole != wanted_attempts(row) || s->outcome.attempts != s->server.whole ||
            s->outcome.status != JN_REMOTE)
            fail_msg("%.*s: %zu requests, %u attempts: %s", JN_ARG(text_of(row, "name")), (size_t)s->server.whole,
                     s->outcome.attempts, s->outcome.error.message);
        checked++;
    }
    assert_true(checked > 60);
    jn_buf_clear(&answer);
    vectors_free(&v);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_follows_a_failed_attempt),
        CASE(recorded_errors_are_repeated_by_their_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
