/* local_test.c - the local Lambda with real processes and a caller that signs: what each behaviour of a function is to
 * its caller.  The function is tests/support/functions/actor.c. */
#include "harness.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/crypto.h"
#include "cmocka_all.h"

static struct harness h;

static int start(void **state)
{
    (void)state;
    harness_start(&h, &(struct local_options){ 0 });
    return 0;
}

static int end(void **state)
{
    (void)state;
    harness_end(&h);
    return 0;
}

/* ---- helpers -------------------------------------------------------------------------------------------------- */

static void call(const char *function, const char *payload, struct answer *a)
{
    harness_call(&h, &(struct request){ .function = function, .payload = jn_str_of(payload), .log_type = "Tail" }, a);
}

/* The body with the request's id in place of %s. */
static void assert_body(const struct answer *a, const char *expected)
{
    char text[1024];
    const jn_str id = answer_header(a, "x-amzn-requestid");
    const char *mark = strstr(expected, "<id>");
    if (mark)
        snprintf(text, sizeof text, "%.*s%.*s%s", (int)(mark - expected), expected, JN_ARG(id), mark + 4);
    else
        snprintf(text, sizeof text, "%s", expected);
    assert_string_equal(a->body.data ? a->body.data : "", text);
}

static void assert_header(const struct answer *a, const char *name, const char *value)
{
    const jn_str v = answer_header(a, name);
    if (!jn_str_eq(v, jn_str_of(value)))
        fail_msg("%s is \"%.*s\", expected \"%s\"", name, JN_ARG(v), value);
}

/* The decoded log tail; the caller clears. */
static void read_log(const struct answer *a, struct jn_buf *log)
{
    jn_buf_init(log, 0);
    assert_true(base_base64_decode(log, answer_header(a, "x-amz-log-result")));
}

static void assert_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_in_log(const struct answer *a, const char *part)
{
    struct jn_buf log;
    read_log(a, &log);
    assert_in(log.data, part);
    jn_buf_clear(&log);
}

static bool is_in_log(const struct answer *a, const char *part)
{
    struct jn_buf log;
    read_log(a, &log);
    const bool is_in = strstr(log.data, part) != NULL;
    jn_buf_clear(&log);
    return is_in;
}

static void assert_ok(const struct answer *a)
{
    assert_int_equal(a->http_status, 200);
    assert_header(a, "x-amz-function-error", "");
}

static void assert_failed(const struct answer *a, const char *body)
{
    assert_int_equal(a->http_status, 200);
    assert_header(a, "x-amz-function-error", "Unhandled");
    assert_body(a, body);
}

static void assert_refused(const struct answer *a, int status, const char *code, const char *part)
{
    assert_int_equal(a->http_status, status);
    assert_header(a, "x-amzn-errortype", code);
    assert_header(a, "content-type", "application/json");
    assert_int_equal(answer_header(a, "x-amzn-requestid").len, 36);
    assert_in(a->body.data, part);
}

static int64_t now_ms(void)
{
    return base_clock_system()->monotonic_us(base_clock_system()) / 1000;
}

/* The process that answers an ordinary call; 0 when it cannot be told. */
static int pid_of(const char *function, const char *payload)
{
    struct answer a;
    call(function, payload, &a);
    assert_ok(&a);
    const int pid = atoi(a.body.data);
    answer_clear(&a);
    return pid;
}

static bool is_alive(int pid)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    const bool read = fscanf(f, "%*d (%*[^)]) %c", &state) == 1;
    fclose(f);
    return read && state != 'Z';
}

/* A process that was killed and is no child of ours to wait for: the kernel takes its moment on a busy machine. */
static void assert_dies(int pid)
{
    for (int i = 0; i < 500 && is_alive(pid); i++)
        usleep(10 * 1000);
    assert_false(is_alive(pid));
}

/* ---- answers -------------------------------------------------------------------------------------------------- */

static void a_function_answers_and_its_bytes_arrive(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{\"a\": [1, 2.50],  \"b\":\"K\xc3\xb6ln\"}", "{\"a\": [1, 2.50],  \"b\":\"K\xc3\xb6ln\"}" },
        { "{\"do\":\"null\"}", "null" },   { "{\"do\":\"nothing\"}", "" },
        { "{\"do\":\"text\"}", "this is no JSON" }, { "", "{}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a;
        call("actor", cases[i][0], &a);
        assert_ok(&a);
        assert_body(&a, cases[i][1]);
        assert_header(&a, "x-amz-executed-version", "$LATEST");
        assert_header(&a, "content-type", "application/json");
        assert_header(&a, "x-amzn-remapped-content-length", "0");
        assert_true(jn_str_starts(answer_header(&a, "x-amzn-trace-id"), JN_STR("Root=1-")));
        assert_true(answer_header(&a, "date").len > 0);
        answer_clear(&a);
    }
}

static void the_runtime_is_told_about_the_call(void **state)
{
    (void)state;
    struct answer a;
    harness_call(&h, &(struct request){
        .function = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Aactor%3A%24LATEST",
        .payload = JN_STR("{\"do\":\"head\"}"), .context = "eyJjdXN0b20iOiB7ImEiOjF9fQ==",
        .trace = "Root=1-5fa456b2-beda73b8340f62daf4d397fe;Parent=0123456789abcdef;Sampled=1",
    }, &a);
    char id[128];
    snprintf(id, sizeof id, "Lambda-Runtime-Aws-Request-Id: %.*s\r\n", JN_ARG(answer_header(&a, "x-amzn-requestid")));
    assert_ok(&a);
    assert_in(a.body.data, id);
    assert_in(a.body.data, "Content-Type: application/json\r\n");
    assert_in(a.body.data, "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:actor:"
                           "$LATEST\r\n");
    assert_in(a.body.data, "Lambda-Runtime-Client-Context: {\"custom\": {\"a\":1}}");
    assert_in(a.body.data, "Lambda-Runtime-Trace-Id: Root=1-5fa456b2-beda73b8340f62daf4d397fe;Parent=0123456789abcdef;"
                           "Sampled=1");
    const int64_t left = strtoll(strstr(a.body.data, "Deadline-Ms: ") + 13, NULL, 10) - (int64_t)time(NULL) * 1000;
    assert_true(left > 17000 && left <= 21000);
    answer_clear(&a);
}

static void without_a_client_context_there_is_no_header_for_it(void **state)
{
    (void)state;
    struct answer a;
    call("actor", "{\"do\":\"head\"}", &a);
    assert_null(strstr(a.body.data, "Client-Context"));
    answer_clear(&a);
}

static void a_process_finds_a_clean_environment(void **state)
{
    (void)state;
    struct answer a;
    setenv("ALC_LEAK", "1", 1);
    call("actor", "{\"do\":\"environment\"}", &a);
    assert_null(strstr(a.body.data, "ALC_LEAK"));
    assert_in(a.body.data, "\n_HANDLER=my.handler\n");
    assert_in(a.body.data, "\nGREETING=hello there\n");
    assert_in(a.body.data, "\nAWS_LAMBDA_FUNCTION_MEMORY_SIZE=256\n");
    assert_in(a.body.data, "\nAWS_LAMBDA_LOG_STREAM_NAME=2");
    assert_in(a.body.data, "/functions/actor\n");
    const char *root = strstr(a.body.data, "LAMBDA_TASK_ROOT="), *cwd = strstr(a.body.data, "\ncwd=");
    assert_memory_equal(root + 17, cwd + 5, strcspn(cwd + 5, "\n"));
    answer_clear(&a);
}

static void a_function_error_comes_byte_for_byte(void **state)
{
    (void)state;
    struct answer a;
    call("actor", "{\"do\":\"fail\"}", &a);
    assert_failed(&a, "{\"errorMessage\": \"no stock\",\"errorType\":\"OutOfStock\", \"stackTrace\":[\"a\"]}");
    answer_clear(&a);
    call("actor", "1", &a);
    assert_ok(&a);
    answer_clear(&a);
}

static void an_end_during_a_call_is_its_failure_and_the_next_call_works(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "{\"do\":\"exit\",\"n\":1}", "Runtime exited with error: exit status 1" },
        { "{\"do\":\"exit\",\"n\":0}", "Runtime exited without providing a reason" },
        { "{\"do\":\"kill\",\"n\":11}", "Runtime exited with error: signal: segmentation fault" },
        { "{\"do\":\"kill\",\"n\":9}", "Runtime exited with error: signal: killed" },
        { "{\"do\":\"kill\",\"n\":6}", "Runtime exited with error: signal: aborted" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a;
        char body[256];
        snprintf(body, sizeof body, "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: <id> Error: "
                                    "%s\"}",
                 cases[i][1]);
        call("actor", cases[i][0], &a);
        assert_failed(&a, body);
        assert_in_log(&a, "\tStatus: error\tError Type: Runtime.ExitError\t\n");
        answer_clear(&a);
    }
    assert_true(pid_of("actor", "{\"do\":\"pid\"}") > 0);
}

static void a_timeout_kills_the_process(void **state)
{
    (void)state;
    struct answer a;
    const int before = pid_of("quick", "{\"do\":\"pid\"}");
    const int64_t start_ms = now_ms();
    call("quick", "{\"do\":\"hang\"}", &a);
    const int64_t took_ms = now_ms() - start_ms;
    assert_failed(&a, "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: <id> Error: Task timed out "
                      "after 1.00 seconds\"}");
    assert_in_log(&a, "\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\t");
    assert_in_log(&a, "\tStatus: timeout\t\n");
    assert_true(took_ms >= 990 && took_ms < 4000);
    answer_clear(&a);
    assert_false(is_alive(before));
    assert_int_not_equal(pid_of("quick", "{\"do\":\"pid\"}"), before);
}

static void an_answer_may_have_6291556_bytes_and_no_more(void **state)
{
    (void)state;
    struct answer a;
    call("actor", "{\"do\":\"size\",\"n\":6291556}", &a);
    assert_ok(&a);
    assert_int_equal(a.body.len, 6291556);
    answer_clear(&a);
    call("actor", "{\"do\":\"size\",\"n\":6291557}", &a);
    assert_failed(&a, "{\"errorMessage\":\"Response payload size exceeded maximum allowed payload size (6291556 "
                      "bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}");
    answer_clear(&a);
}

static void a_failed_start_is_tried_twice_and_then_the_callers_failure(void **state)
{
    (void)state;
    struct answer a;
    call("init-error", "1", &a);
    assert_failed(&a, "{\"errorType\":\"NoDatabase\",\"errorMessage\":\"cannot connect\"}");
    assert_in_log(&a, "\tPhase: init\tStatus: error\tError Type: Function.NoDatabase\n");
    assert_in_log(&a, "\tPhase: invoke\tStatus: error\tError Type: Function.NoDatabase\n");
    answer_clear(&a);

    call("init-exit", "1", &a);
    assert_failed(&a, "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: <id> Error: Runtime exited "
                      "with error: exit status 4\"}");
    assert_in_log(&a, "starting\nINIT_REPORT Init Duration: ");
    assert_in_log(&a, "\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\nSTART RequestId: ");
    answer_clear(&a);
}

static void a_start_that_works_the_second_time_serves_the_call(void **state)
{
    (void)state;
    struct answer a;
    call("flaky", "\"x\"", &a);
    assert_ok(&a);
    assert_body(&a, "\"x\"");
    assert_in_log(&a, "\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n");
    answer_clear(&a);
}

static void a_process_that_never_asks_runs_into_both_deadlines(void **state)
{
    (void)state;
    struct answer a;
    harness_end(&h);
    harness_start(&h, &(struct local_options){ .init_timeout_ms = 200 });
    call("init-hang", "1", &a);
    assert_failed(&a, "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: <id> Error: Task timed out "
                      "after 1.00 seconds\"}");
    assert_in_log(&a, "\tPhase: init\tStatus: timeout\n");
    assert_in_log(&a, "\tPhase: invoke\tStatus: timeout\n");
    answer_clear(&a);
}

/* ---- the log -------------------------------------------------------------------------------------------------- */

static void the_log_tail_is_this_calls_to_the_byte(void **state)
{
    (void)state;
    struct answer a;
    struct jn_buf log;
    char expected[512];
    pid_of("actor", "{\"do\":\"pid\"}");
    call("actor", "{\"do\":\"log\",\"n\":1}", &a);
    read_log(&a, &log);
    const jn_str id = answer_header(&a, "x-amzn-requestid");
    snprintf(expected, sizeof expected, "START RequestId: %.*s Version: $LATEST\nline    0 "
             ".......................................\nEND RequestId: %.*s\nREPORT RequestId: %.*s\tDuration: ",
             JN_ARG(id), JN_ARG(id), JN_ARG(id));
    assert_memory_equal(log.data, expected, strlen(expected));
    assert_in(log.data, "\tMemory Size: 256 MB\tMax Memory Used: ");
    assert_true(jn_str_ends(jn_buf_str(&log), JN_STR(" MB\t\n")));
    jn_buf_clear(&log);
    answer_clear(&a);
}

static void a_cold_start_shows_its_duration_and_what_it_printed(void **state)
{
    (void)state;
    struct answer a;
    struct jn_buf log;
    call("actor", "1", &a);
    read_log(&a, &log);
    assert_true(jn_str_starts(jn_buf_str(&log), JN_STR("starting\nSTART RequestId: ")));
    assert_in(log.data, "\tInit Duration: ");
    jn_buf_clear(&log);
    answer_clear(&a);
}

/* Lines are written just before the response: none may come too late for the tail. */
static void the_log_tail_holds_the_last_4096_bytes(void **state)
{
    (void)state;
    for (int round = 0; round < 10; round++) {
        struct answer a;
        struct jn_buf log;
        call("actor", "{\"do\":\"log\",\"n\":300}", &a);
        read_log(&a, &log);
        assert_int_equal(log.len, 4096);
        assert_in(log.data, "line  298 ");
        assert_in(log.data, "line  299 ");
        assert_null(strstr(log.data, "START"));
        assert_in(log.data, "\nREPORT RequestId: ");
        jn_buf_clear(&log);
        answer_clear(&a);
    }
}

static void without_log_type_there_is_no_log(void **state)
{
    (void)state;
    struct answer a;
    harness_call(&h, &(struct request){ .payload = JN_STR("1") }, &a);
    assert_header(&a, "x-amz-log-result", "");
    answer_clear(&a);
}

/* ---- the Runtime API's order ---------------------------------------------------------------------------------- */

static void a_runtime_out_of_turn_is_refused_and_harms_nobody(void **state)
{
    (void)state;
    static const struct {
        const char *payload, *body, *line;
    } cases[] = {
        { "{\"do\":\"twice\"}", "\"first\"", "status 403\n" },
        { "{\"do\":\"stranger\"}", "\"right\"", "status 400\n" },
        { "{\"do\":\"greedy\"}", "\"right\"", "status 403\n" },
        { "{\"do\":\"mode\"}", "\"right\"", "status 400\n" },
        { "{\"do\":\"size\",\"n\":6291557}", NULL, "status 413\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a;
        call("actor", cases[i].payload, &a);
        // What is written after the answer is in the log when it comes within the grace; a busy machine may be late.
        for (int tries = 0; tries < 50 && !is_in_log(&a, cases[i].line); tries++) {
            answer_clear(&a);
            call("actor", cases[i].payload, &a);
        }
        if (cases[i].body)
            assert_body(&a, cases[i].body);
        assert_in_log(&a, cases[i].line);
        answer_clear(&a);
    }
}

static void other_paths_of_the_runtime_api(void **state)
{
    (void)state;
    struct answer a;
    call("actor", "{\"do\":\"routes\"}", &a);
    assert_body(&a, "[200,200,1,404,405,403]");
    answer_clear(&a);
}

/* ---- several calls -------------------------------------------------------------------------------------------- */

static void one_process_serves_calls_that_follow_each_other(void **state)
{
    (void)state;
    harness_end(&h);
    harness_start(&h, &(struct local_options){ .grace_ms = 60000 });    // the next call finds it, however busy the machine
    const int first = pid_of("actor", "{\"do\":\"pid\"}");
    for (int i = 0; i < 20; i++)
        assert_int_equal(pid_of("actor", "{\"do\":\"pid\"}"), first);
    assert_int_equal(count_processes(), 1);
}

static void calls_that_overlap_get_a_process_each(void **state)
{
    (void)state;
    enum { CALLS = 6 };
    struct answer a[CALLS];
    const struct request r = { .payload = JN_STR("{\"do\":\"sleep\",\"n\":500}") };
    const int64_t start_ms = now_ms();
    for (int i = 0; i < CALLS; i++)
        harness_send(&h, &r, &a[i]);
    for (int i = 0; i < CALLS; i++)
        harness_wait(&h, &a[i]);
    assert_true(now_ms() - start_ms < CALLS * 500);
    assert_int_equal(count_processes(), CALLS);
    for (int i = 0; i < CALLS; i++) {
        for (int k = 0; k < i; k++)
            assert_string_not_equal(a[i].body.data, a[k].body.data);
    }
    for (int i = 0; i < CALLS; i++)
        answer_clear(&a[i]);
}

/* Runs until `n` processes are alive.  Generous: machines that test are busy. */
static void run_until_processes(int n)
{
    for (int i = 0; i < 600 && count_processes() != n; i++)
        harness_run_ms(&h, 50);
    assert_int_equal(count_processes(), n);
}

/* Runs until the log has `part`, which no line before has had. */
static void run_until_logged(const char *part)
{
    static char text[65536];
    size_t len = 0;
    for (int i = 0; i < 600; i++) {
        struct pollfd waiting = { .fd = h.log_fds[0], .events = POLLIN };
        while (poll(&waiting, 1, 0) > 0 && len < sizeof text - 1) {
            const ssize_t n = read(h.log_fds[0], text + len, sizeof text - 1 - len);
            assert_true(n > 0);
            len += (size_t)n;
        }
        text[len] = '\0';
        if (strstr(text, part))
            return;
        harness_run_ms(&h, 50);
    }
    fail_msg("the log never said \"%s\", but: %s", part, text);
}

static void idle_processes_are_reclaimed(void **state)
{
    (void)state;
    harness_end(&h);
    harness_start(&h, &(struct local_options){ .idle_ms = 100 });
    const int pid = pid_of("actor", "{\"do\":\"pid\"}");
    assert_true(is_alive(pid));
    run_until_processes(0);
    assert_int_not_equal(pid_of("actor", "{\"do\":\"pid\"}"), pid);
}

static void above_the_limit_a_call_is_throttled_and_an_event_waits(void **state)
{
    (void)state;
    struct answer slow, refused, event, later;
    harness_end(&h);
    harness_start(&h, &(struct local_options){ .max_processes = 1 });
    harness_send(&h, &(struct request){ .payload = JN_STR("{\"do\":\"sleep\",\"n\":400}") }, &slow);
    harness_run_ms(&h, 100);
    harness_call(&h, &(struct request){ .payload = JN_STR("1") }, &refused);
    assert_refused(&refused, 429, "TooManyRequestsException",
                   "\"Reason\":\"ConcurrentInvocationLimitExceeded\"");
    assert_header(&refused, "retry-after", "1");
    harness_call(&h, &(struct request){ .payload = JN_STR("{\"do\":\"exit\",\"n\":5}"), .type = "Event" }, &event);
    assert_int_equal(event.http_status, 202);
    harness_wait(&h, &slow);
    assert_ok(&slow);
    run_until_logged("Runtime.ExitError");      // the event ends the process: the next call has another
    call("actor", "{\"do\":\"pid\"}", &later);
    assert_ok(&later);
    assert_string_not_equal(later.body.data, slow.body.data);
    answer_clear(&slow);
    answer_clear(&refused);
    answer_clear(&event);
    answer_clear(&later);
}

static void a_process_busy_after_its_answer_does_not_hold_up_the_caller(void **state)
{
    (void)state;
    const int64_t start_ms = now_ms();
    const int busy = pid_of("actor", "{\"do\":\"late\",\"n\":3000}");
    const int other = pid_of("actor", "{\"do\":\"pid\"}");
    assert_true(now_ms() - start_ms < 2500);
    assert_int_not_equal(busy, other);
}

static void a_process_that_answers_and_leaves_has_answered(void **state)
{
    (void)state;
    struct answer a;
    call("actor", "{\"do\":\"leave\"}", &a);
    assert_ok(&a);
    assert_body(&a, "null");
    answer_clear(&a);
    assert_true(pid_of("actor", "{\"do\":\"pid\"}") > 0);
}

static void a_caller_that_goes_away_does_not_stop_the_function(void **state)
{
    (void)state;
    struct answer a;
    const int pid = pid_of("actor", "{\"do\":\"pid\"}");
    run_until_logged("answered in ");
    harness_send(&h, &(struct request){ .payload = JN_STR("{\"do\":\"sleep\",\"n\":300}") }, &a);
    harness_run_ms(&h, 100);
    harness_hang_up(&a);
    run_until_logged("answered in ");
    answer_clear(&a);
    assert_int_equal(pid_of("actor", "{\"do\":\"pid\"}"), pid);
    assert_int_equal(count_processes(), 1);
}

static void event_and_dry_run_answer_without_waiting(void **state)
{
    (void)state;
    struct answer a;
    harness_call(&h, &(struct request){ .payload = JN_STR("1"), .type = "DryRun" }, &a);
    assert_int_equal(a.http_status, 204);
    assert_int_equal(a.body.len, 0);
    assert_int_equal(count_processes(), 0);
    answer_clear(&a);
    harness_call(&h, &(struct request){ .payload = JN_STR("{\"do\":\"sleep\",\"n\":2000}"), .type = "Event" }, &a);
    assert_int_equal(a.http_status, 202);
    assert_int_equal(a.body.len, 0);
    assert_header(&a, "x-amz-executed-version", "");
    assert_int_equal(count_processes(), 1);
    answer_clear(&a);
}

/* ---- refusals ------------------------------------------------------------------------------------------------- */

static void assert_request_refused(const struct request *r, int status, const char *code, const char *part)
{
    struct answer a;
    harness_call(&h, r, &a);
    assert_refused(&a, status, code, part);
    answer_clear(&a);
}

static void calls_that_cannot_be_are_refused(void **state)
{
    (void)state;
    assert_request_refused(&(struct request){ .function = "nobody", .payload = JN_STR("1") }, 404,
                           "ResourceNotFoundException",
                           "{\"Type\":\"User\",\"Message\":\"Function not found: arn:aws:lambda:us-east-1:123456789012:"
                           "function:nobody:$LATEST\"}");
    assert_request_refused(&(struct request){ .query = "Qualifier=PROD", .payload = JN_STR("1") }, 404,
                           "ResourceNotFoundException", ":function:actor:PROD\"");
    assert_request_refused(&(struct request){ .payload = JN_STR("{oops}") }, 400, "InvalidRequestContentException",
                           "{\"Type\":\"User\",\"message\":\"Could not parse request body into json: ");
    assert_request_refused(&(struct request){ .payload = JN_STR("1"), .context = "!" }, 400,
                           "InvalidRequestContentException", "Client context must be");
    assert_request_refused(&(struct request){ .path = "/2015-03-31/nothing", .payload = JN_STR("1") }, 404,
                           "UnknownOperationException", "/2015-03-31/nothing");
}

static void a_body_above_six_megabytes_is_refused(void **state)
{
    (void)state;
    char *text = malloc(6291457);
    memset(text, '1', 6291457);
    assert_request_refused(&(struct request){ .payload = { text, 6291457 } }, 413, "RequestEntityTooLargeException",
                           "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 "
                           "bytes)");
    free(text);
}

static void signatures_are_checked_and_refused_in_awss_words(void **state)
{
    (void)state;
    const jn_str one = JN_STR("1");
    assert_request_refused(&(struct request){ .payload = one, .is_unsigned = true }, 403,
                           "MissingAuthenticationTokenException", "{\"message\":\"Missing Authentication Token\"}");
    assert_request_refused(&(struct request){ .payload = one, .access_key = "AKIDOTHER" }, 403,
                           "UnrecognizedClientException", "The security token included in the request is invalid.");
    assert_request_refused(&(struct request){ .payload = one, .token = "a token" }, 403,
                           "UnrecognizedClientException", "The security token included in the request is invalid.");
    assert_request_refused(&(struct request){ .payload = one, .secret_key = "wrong" }, 403,
                           "InvalidSignatureException", "The Canonical String for this request should have been\\n'POST"
                           "\\n/2015-03-31/functions/actor/invocations\\n\\ncontent-type:application/json\\n");
    assert_request_refused(&(struct request){ .payload = one, .tampers = true }, 403, "InvalidSignatureException",
                           "The String-to-Sign should have been\\n'AWS4-HMAC-SHA256\\n");
    assert_request_refused(&(struct request){ .payload = one, .region = "eu-west-1" }, 403,
                           "InvalidSignatureException", "Credential should be scoped to a valid region, not "
                                                        "'eu-west-1'");
    assert_request_refused(&(struct request){ .payload = one, .service = "sts" }, 403, "InvalidSignatureException",
                           "Credential should be scoped to correct service: 'lambda'");
    assert_request_refused(&(struct request){ .payload = one, .skew_ms = -600000 }, 403, "InvalidSignatureException",
                           " - 5 min.)");
    assert_request_refused(&(struct request){ .payload = one, .skew_ms = 600000 }, 403, "InvalidSignatureException",
                           "Signature not yet current: ");
    assert_request_refused(&(struct request){ .payload = one, .authorization = "Bearer abc" }, 403,
                           "IncompleteSignatureException", "must begin with AWS4-HMAC-SHA256");
    assert_request_refused(&(struct request){ .payload = one, .authorization = "AWS4-HMAC-SHA256 Credential=local" },
                           403, "IncompleteSignatureException", "Authorization header requires 'Signature' parameter. "
                           "Authorization header requires 'SignedHeaders' parameter. ");
    assert_int_equal(count_processes(), 0);
}

static void the_clock_skew_is_told_to_the_second(void **state)
{
    (void)state;
    struct answer a;
    char now[16], then[16], limit[16];
    harness_call(&h, &(struct request){ .payload = JN_STR("1"), .skew_ms = -600000 }, &a);
    assert_int_equal(sscanf(a.body.data, "{\"message\":\"Signature expired: %15[0-9T]Z is now earlier than %15[0-9T]Z "
                            "(%15[0-9T]Z - 5 min.)\"}", then, limit, now), 3);
    assert_true(strcmp(then, limit) < 0 && strcmp(limit, now) < 0);
    answer_clear(&a);
}

/* ---- stopping ------------------------------------------------------------------------------------------------- */

static void stopping_answers_who_waits_and_leaves_no_process(void **state)
{
    (void)state;
    struct answer waiting, queued;
    const int deaf = pid_of("actor", "{\"do\":\"deaf\"}");
    const int child = pid_of("actor", "{\"do\":\"parent\"}");
    assert_true(is_alive(child));
    harness_send(&h, &(struct request){ .payload = JN_STR("{\"do\":\"hang\"}") }, &waiting);
    harness_send(&h, &(struct request){ .function = "init-hang", .payload = JN_STR("1") }, &queued);
    harness_run_ms(&h, 300);
    harness_stop(&h);
    harness_wait(&h, &waiting);
    harness_wait(&h, &queued);
    assert_refused(&waiting, 503, "ServiceUnavailableException", "The local Lambda is stopping.");
    assert_refused(&queued, 503, "ServiceUnavailableException", "The local Lambda is stopping.");
    assert_false(is_alive(deaf));
    assert_dies(child);
    assert_int_equal(count_processes(), 0);
    answer_clear(&waiting);
    answer_clear(&queued);
}

static void a_port_in_use_is_an_error(void **state)
{
    (void)state;
    struct local *other;
    struct jn_error err = { 0 };
    const struct local_options opt = { .functions = ACTORS, .port = local_port(h.local) };
    assert_int_equal(local_start(h.loop, &opt, &other, &err), JN_IO);
    assert_true(err.message[0] != '\0');
}

static void the_functions_are_listed_by_name(void **state)
{
    (void)state;
    struct local_listing f;
    assert_true(local_list(h.local, 0, &f));
    assert_string_equal(f.name, "actor");
    assert_string_equal(f.arn, "arn:aws:lambda:us-east-1:123456789012:function:actor");
    assert_string_equal(f.runtime, "provided.al2023");
    assert_string_equal(f.handler, "my.handler");
    assert_true(local_list(h.local, 5, &f));
    assert_string_equal(f.name, "quick");
    assert_false(local_list(h.local, 6, &f));
}

static void each_call_is_a_line_of_the_log(void **state)
{
    (void)state;
    static char text[65536];
    struct answer a;
    call("actor", "{\"do\":\"log\",\"n\":1}", &a);
    answer_clear(&a);
    call("actor", "{\"do\":\"fail\"}", &a);
    answer_clear(&a);
    call("nobody", "1", &a);
    answer_clear(&a);
    const ssize_t n = read(h.log_fds[0], text, sizeof text - 1);
    assert_true(n > 0);
    assert_in(text, "line    0 ");
    assert_in(text, "answered in ");
    assert_in(text, "failed with OutOfStock in ");
    assert_in(text, "refused with 404 ResourceNotFoundException: Function not found: ");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_function_answers_and_its_bytes_arrive),
        CASE(the_runtime_is_told_about_the_call),
        CASE(without_a_client_context_there_is_no_header_for_it),
        CASE(a_process_finds_a_clean_environment),
        CASE(a_function_error_comes_byte_for_byte),
        CASE(an_end_during_a_call_is_its_failure_and_the_next_call_works),
        CASE(a_timeout_kills_the_process),
        CASE(an_answer_may_have_6291556_bytes_and_no_more),
        CASE(a_failed_start_is_tried_twice_and_then_the_callers_failure),
        CASE(a_start_that_works_the_second_time_serves_the_call),
        CASE(a_process_that_never_asks_runs_into_both_deadlines),
        CASE(the_log_tail_is_this_calls_to_the_byte),
        CASE(a_cold_start_shows_its_duration_and_what_it_printed),
        CASE(the_log_tail_holds_the_last_4096_bytes),
        CASE(without_log_type_there_is_no_log),
        CASE(a_runtime_out_of_turn_is_refused_and_harms_nobody),
        CASE(other_paths_of_the_runtime_api),
        CASE(one_process_serves_calls_that_follow_each_other),
        CASE(calls_that_overlap_get_a_process_each),
        CASE(idle_processes_are_reclaimed),
        CASE(above_the_limit_a_call_is_throttled_and_an_event_waits),
        CASE(a_process_busy_after_its_answer_does_not_hold_up_the_caller),
        CASE(a_process_that_answers_and_leaves_has_answered),
        CASE(a_caller_that_goes_away_does_not_stop_the_function),
        CASE(event_and_dry_run_answer_without_waiting),
        CASE(calls_that_cannot_be_are_refused),
        CASE(a_body_above_six_megabytes_is_refused),
        CASE(signatures_are_checked_and_refused_in_awss_words),
        CASE(the_clock_skew_is_told_to_the_second),
        CASE(stopping_answers_who_waits_and_leaves_no_process),
        CASE(a_port_in_use_is_an_error),
        CASE(the_functions_are_listed_by_name),
        CASE(each_call_is_a_line_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
