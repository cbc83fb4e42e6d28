/* call_test.c - the life of a call with several attempts: what each sends, how long is waited and what is said about
 * it, who may end it when, and that none of it takes memory once there was a call like it. */
#include "attempts.h"

#include <netinet/tcp.h>
#include <sys/mman.h>

#include "failing_memory.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
#define FAILED(status, code, more) "HTTP/1.1 " status " X\r\nx-amzn-ErrorType: " code "\r\nx-amzn-RequestId: id-1\r\n" \
                                   more "Content-Length: 2\r\n\r\n{}"
#define THROTTLED FAILED("429", "TooManyRequestsException", "")
#define INTERNAL FAILED("500", "ServiceException", "")
#define NOT_FOUND FAILED("404", "ResourceNotFoundException", "")

static void play(struct scene *s, const char *first, const char *then)
{
    static struct script_step steps[2];
    steps[0] = (struct script_step){ SCRIPT_ANSWER, first };
    steps[1] = (struct script_step){ SCRIPT_ANSWER, then };
    script_play(&s->server, steps, 2);
}

static void expect_in(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in: %s", part, text);
}

/* ---- what attempts send -------------------------------------------------------------------------------------- */

static bool an_hour_later(const struct lambda_outcome *o, void *arg)
{
    struct scene *s = arg;
    s->clock.scripted_ms += 3600 * 1000;
    return o->status != JN_OK;
}

static void each_attempt_is_signed_anew(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    play(s, THROTTLED, OK);
    scene_invoke(s, (struct lambda_invoke){ .is_retryable = an_hour_later });
    expect_in(s->server.heads[0], "X-Amz-Date: 20260314T150926Z\r\n");
    expect_in(s->server.heads[1], "X-Amz-Date: 20260314T160926Z\r\n");
    expect_in(s->server.heads[1], "SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;");
}

static void attempts_are_numbered_and_belong_together(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ .max_attempts = 4 });
    scene_chance(s, 0x5a);
    play(s, INTERNAL, OK);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    static const char id[] = "amz-sdk-invocation-id: 5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a\r\n";
    expect_in(s->server.heads[0], id);
    expect_in(s->server.heads[1], id);
    expect_in(s->server.heads[0], "amz-sdk-request: attempt=1; max=4\r\n");
    expect_in(s->server.heads[1], "amz-sdk-request: attempt=2; max=4\r\n");
}

static void the_caller_s_texts_may_be_gone_after_the_start(void **state)
{
    struct scene *s = *state;
    char texts[5][64] = { "orders", "live", "e30=", "Root=1-5759e988-bd862e3fe1be46a994272793", "00-4b-f9-01" };
    scene_client(s, (struct lambda_client_options){ 0 });
    play(s, INTERNAL, OK);
    scene_start(s, (struct lambda_invoke){ .function = jn_str_of(texts[0]), .qualifier = jn_str_of(texts[1]),
                                           .client_context = jn_str_of(texts[2]), .trace_id = jn_str_of(texts[3]),
                                           .traceparent = jn_str_of(texts[4]) });
    memset(texts, 'x', sizeof texts);
    base_loop_run(s->loop);
    const char *second = s->server.heads[1];
    expect_in(second, "POST /2015-03-31/functions/orders/invocations?Qualifier=live HTTP/1.1\r\n");
    expect_in(second, "X-Amz-Client-Context: e30=\r\n");
    expect_in(second, "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793\r\n");
    expect_in(second, "traceparent: 00-4b-f9-01\r\n");
    if (strstr(strstr(second, "SignedHeaders="), "trace"))
        fail_msg("intermediaries change it, so it must not be signed: %s", second);
}

/* ---- keys that have expired ---------------------------------------------------------------------------------- */

#define KEYS(access) "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 108\r\n\r\n" \
                     "{\"AccessKeyId\":\"" access "\",\"SecretAccessKey\":\"secret-1\",\"Token\":\"token-1\"," \
                     "\"Expiration\":\"2026-03-15T15:09:26Z\"}"

/* A client whose keys come from the same server, as those of a container do. */
static void open_contained(struct scene *s)
{
    char uri[80];
    snprintf(uri, sizeof uri, "%s/keys", s->endpoint);
    const char *const environment[] = { "AWS_CONTAINER_CREDENTIALS_FULL_URI", uri, "AWS_CONFIG_FILE", "/nonexistent/c",
                                        "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d", NULL };
    const struct base_env env = base_env_of(environment);
    const struct lambda_client_options opt = { .cred = { .env = &env, .clock = &s->clock }, .region = "eu-west-1",
                                               .endpoint = s->endpoint, .random = &s->random };
    struct jn_error err = { 0 };
    scene_chance(s, 0);
    if (lambda_client_new(s->loop, &opt, &s->client, &err))
        fail_msg("%s", err.message);
}

static void expired_keys_are_asked_for_anew_once(void **state)
{
    static const struct script_step steps[] = {
        { SCRIPT_ANSWER, KEYS("AKIDONE") }, { SCRIPT_ANSWER, FAILED("403", "ExpiredTokenException", "") },
        { SCRIPT_ANSWER, KEYS("AKIDTWO") }, { SCRIPT_ANSWER, OK },
    };
    struct scene *s = *state;
    open_contained(s);
    script_play(&s->server, steps, 4);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    if (s->outcome.status)
        fail_msg("%s", s->outcome.error.message);
    assert_int_equal(s->outcome.attempts, 2);
    assert_int_equal(s->server.whole, 4);
    expect_in(s->server.heads[1], "Credential=AKIDONE/");
    expect_in(s->server.heads[3], "Credential=AKIDTWO/");
}

static void keys_that_expire_again_are_an_error(void **state)
{
    static const struct script_step steps[] = {
        { SCRIPT_ANSWER, KEYS("AKIDONE") }, { SCRIPT_ANSWER, FAILED("403", "ExpiredTokenException", "") },
        { SCRIPT_ANSWER, KEYS("AKIDTWO") }, { SCRIPT_ANSWER, FAILED("403", "ExpiredTokenException", "") },
    };
    struct scene *s = *state;
    open_contained(s);
    script_play(&s->server, steps, 4);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    assert_int_equal(s->outcome.status, JN_REMOTE);
    assert_string_equal(s->outcome.error.code, "ExpiredTokenException");
    assert_int_equal(s->outcome.attempts, 2);
    assert_int_equal(s->server.whole, 4);
}

static void expired_keys_are_not_used_again_even_without_another_attempt(void **state)
{
    static const struct script_step steps[] = {
        { SCRIPT_ANSWER, KEYS("AKIDONE") }, { SCRIPT_ANSWER, FAILED("403", "ExpiredTokenException", "") },
        { SCRIPT_ANSWER, KEYS("AKIDTWO") }, { SCRIPT_ANSWER, OK },
    };
    struct scene *s = *state;
    open_contained(s);
    script_play(&s->server, steps, 4);
    scene_invoke(s, (struct lambda_invoke){ .max_attempts = 1 });
    assert_string_equal(s->outcome.error.code, "ExpiredTokenException");
    scene_invoke(s, (struct lambda_invoke){ .max_attempts = 1 });
    assert_int_equal(s->outcome.status, JN_OK);
    expect_in(s->server.heads[3], "Credential=AKIDTWO/");
}

static void new_keys_that_do_not_come_are_the_error(void **state)
{
    static const struct script_step steps[] = {
        { SCRIPT_ANSWER, KEYS("AKIDONE") }, { SCRIPT_ANSWER, FAILED("403", "ExpiredTokenException", "") },
        { SCRIPT_ANSWER, FAILED("404", "x", "") },
    };
    struct scene *s = *state;
    open_contained(s);
    script_play(&s->server, steps, 3);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    expect_in(s->outcome.error.message, "container");
    assert_int_equal(s->outcome.attempts, 1);
    assert_false(s->outcome.outcome_unknown);
}

static void a_call_that_asks_for_new_keys_may_be_cancelled(void **state)
{
    static const struct script_step steps[] = {
        { SCRIPT_ANSWER, KEYS("AKIDONE") }, { SCRIPT_ANSWER, FAILED("403", "ExpiredTokenException", "") },
        { SCRIPT_SILENCE, NULL }, { SCRIPT_ANSWER, OK },
    };
    struct scene *s = *state;
    open_contained(s);
    script_play(&s->server, steps, 4);
    struct lambda_call *call = scene_start(s, (struct lambda_invoke){ 0 });
    while (s->server.whole < 3)
        scene_run_briefly(s);
    lambda_call_cancel(call);
    scene_run_briefly(s);
    assert_int_equal(s->outcomes, 0);
}

/* ---- who decides --------------------------------------------------------------------------------------------- */

static bool always(const struct lambda_outcome *o, void *arg)
{
    (void)o, (void)arg;
    return true;
}

static bool never(const struct lambda_outcome *o, void *arg)
{
    (void)o, (void)arg;
    return false;
}

static void the_caller_may_judge_failures(void **state)
{
    static const struct {
        const char *answer;
        lambda_retryable_fn *judge;
        unsigned wanted;
    } rows[] = {
        { NOT_FOUND, always, 3 },
        { THROTTLED, never, 1 },
        { "HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n", always, 1 },       // it may have run: nobody may
        { OK, always, 1 },
    };
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        scene_client(s, (struct lambda_client_options){ 0 });
        play(s, rows[i].answer, rows[i].answer);
        scene_invoke(s, (struct lambda_invoke){ .is_retryable = rows[i].judge });
        if (s->outcome.attempts != rows[i].wanted)
            fail_msg("row %zu: %u attempts", i, s->outcome.attempts);
    }
}

static void a_service_in_trouble_is_left_alone(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    play(s, INTERNAL, INTERNAL);
    for (int i = 0; i < 17; i++) {
        scene_chance(s, 0);
        scene_invoke(s, (struct lambda_invoke){ 0 });
        assert_int_equal(s->outcome.attempts, 3);
    }
    scene_invoke(s, (struct lambda_invoke){ 0 });       // 500 - 17 * 2 * 14 = 24: enough for one
    assert_int_equal(s->outcome.attempts, 2);
    expect_in(s->outcome.error.message, "; tried 2 times in 0.0 s, 0.0 s of it waiting; "
                                        "not tried again, since too many calls have failed");
    scene_invoke(s, (struct lambda_invoke){ 0 });
    assert_int_equal(s->outcome.attempts, 1);
    assert_int_equal(s->server.whole, 17 * 3 + 2 + 1);
}

static void successes_fill_the_quota(void **state)
{
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    play(s, INTERNAL, INTERNAL);
    for (int i = 0; i < 18; i++) {
        scene_chance(s, 0);
        scene_invoke(s, (struct lambda_invoke){ 0 });   // 10 are left
    }
    play(s, OK, OK);
    for (int i = 0; i < 4; i++)
        scene_invoke(s, (struct lambda_invoke){ 0 });
    play(s, INTERNAL, OK);
    scene_chance(s, 0);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    assert_int_equal(s->outcome.status, JN_OK);
    assert_int_equal(s->outcome.attempts, 2);
}

/* ---- waits --------------------------------------------------------------------------------------------------- */

/* Calls with a log into a file, and gives its text. */
static void call_with_log(struct scene *s, const char *first, char *text, size_t size)
{
    struct base_log log = { .level = BASE_DEBUG, .clock = &s->clock, .name = "" };
    log.fd = memfd_create("log", MFD_CLOEXEC);
    scene_client(s, (struct lambda_client_options){ .log = &log });
    play(s, first, OK);
    scene_invoke(s, (struct lambda_invoke){ .function = JN_STR("orders") });
    const ssize_t n = pread(log.fd, text, size - 1, 0);
    text[n < 0 ? 0 : n] = '\0';
    close(log.fd);
    lambda_client_free(s->client);
    s->client = NULL;
}

static void attempts_and_waits_are_in_the_debug_log(void **state)
{
    struct scene *s = *state;
    char text[2048];
    call_with_log(s, FAILED("503", "ServiceUnavailableException", "x-amz-retry-after: 21\r\n"), text, sizeof text);
    expect_in(text, "attempt 1 of 3 to call function \"orders\" failed, transient, the next in 21 ms: "
                    "ServiceUnavailableException");
    expect_in(text, "id-1");
    expect_in(text, "00000000-0000-4000-8000-000000000000");
    call_with_log(s, NOT_FOUND, text, sizeof text);
    expect_in(text, "attempt 1 of 3 to call function \"orders\" failed, not repeated: ResourceNotFoundException");
    call_with_log(s, "HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n", text, sizeof text);
    expect_in(text, "failed, outcome unknown, not repeated: ");
}

/* A clock that is 0.66 s later each time it is looked at: after the third look, 20 ms are missing for a token. */
static int64_t hasty_us(const struct base_clock *c)
{
    struct base_clock *own = (struct base_clock *)(uintptr_t)c;
    own->scripted_ms += 660;
    return own->scripted_ms * 1000;
}

static void the_adaptive_mode_waits_for_its_turn(void **state)
{
    struct scene *s = *state;
    s->clock.monotonic_us = hasty_us;
    scene_client(s, (struct lambda_client_options){ .retry_mode = LAMBDA_ADAPTIVE });
    play(s, THROTTLED, OK);
    scene_invoke(s, (struct lambda_invoke){ 0 });       // half a token per second
    assert_int_equal(s->outcome.status, JN_OK);
    assert_int_equal(s->outcome.attempts, 2);
    assert_int_equal(s->outcome.waited_us, 2 * 660 * 1000);     // after the failure, and for the token
}

/* ---- ending it ----------------------------------------------------------------------------------------------- */

/* A call that waits for its second attempt for about a second. */
static struct lambda_call *start_waiting(struct scene *s)
{
    scene_client(s, (struct lambda_client_options){ 0 });
    scene_chance(s, 0xff);
    play(s, THROTTLED, OK);
    struct lambda_call *call = scene_start(s, (struct lambda_invoke){ 0 });
    while (s->server.whole < 1)
        scene_run_briefly(s);
    scene_run_briefly(s);
    assert_int_equal(s->outcomes, 0);
    return call;
}

static void a_waiting_call_may_be_cancelled(void **state)
{
    struct scene *s = *state;
    lambda_call_cancel(start_waiting(s));
    play(s, OK, OK);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    scene_run_briefly(s);
    assert_int_equal(s->outcomes, 1);
    assert_int_equal(s->outcome.attempts, 1);
    assert_int_equal(s->server.whole, 1);
}

static void a_client_may_be_freed_while_a_call_waits(void **state)
{
    struct scene *s = *state;
    start_waiting(s);
    lambda_client_free(s->client);
    s->client = NULL;
    scene_run_briefly(s);
    assert_int_equal(s->outcomes, 0);
}


static void a_call_may_be_cancelled_in_its_second_attempt(void **state)
{
    static const struct script_step steps[] = { { SCRIPT_ANSWER, INTERNAL }, { SCRIPT_SILENCE, NULL } };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    script_play(&s->server, steps, 2);
    struct lambda_call *call = scene_start(s, (struct lambda_invoke){ .is_retryable = always });
    while (s->server.whole < 2)
        scene_run_briefly(s);
    lambda_call_cancel(call);
    scene_run_briefly(s);
    assert_int_equal(s->outcomes, 0);
    play(s, OK, OK);
    scene_invoke(s, (struct lambda_invoke){ 0 });
    assert_int_equal(s->outcome.status, JN_OK);
}

/* ---- memory -------------------------------------------------------------------------------------------------- */

static void a_warm_call_asks_for_no_memory(void **state)
{
    enum { MANY = 100000 };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    for (int i = 0; i < 4; i++) {
        play(s, INTERNAL, OK);
        scene_chance(s, 0);
        memory_resume(MANY);
        scene_invoke(s, (struct lambda_invoke){ .payload = JN_STR("{\"a\":1}") });
        const long left = memory_pause();
        assert_int_equal(s->outcome.attempts, 2);
        if (i > 1)
            assert_int_equal(left, MANY);
    }
}

static struct scene *scene;

/* Two attempts; without memory for the second the first one's failure stands. */
static enum jn_status call_twice(struct jn_error *err)
{
    struct scene *s = scene;
    play(s, INTERNAL, OK);
    scene_chance(s, 0);
    const struct base_env env = base_env_of((const char *const[]){ "AWS_CONFIG_FILE", "/nonexistent/c",
                                                                   "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/d",
                                                                   NULL });
    const struct lambda_client_options opt = { .cred = { .access_key = "A", .secret_key = "s", .env = &env,
                                                         .clock = &s->clock },
                                               .region = "eu-west-1", .endpoint = s->endpoint, .random = &s->random };
    const struct lambda_invoke req = { .function = JN_STR("f"), .payload = JN_STR("{}") };
    s->outcome.status = JN_OK;
    enum jn_status status = lambda_client_new(s->loop, &opt, &s->client, err);
    if (!status)
        status = lambda_invoke_start(s->client, &req, scene_on_outcome, s, NULL, err);
    if (!status)
        base_loop_run(s->loop);
    lambda_client_free(s->client);
    s->client = NULL;
    if (status || !s->outcome.status || s->outcome.status == JN_REMOTE)
        return status;
    *err = s->outcome.error;
    return s->outcome.status;
}

static void repeating_survives(void **state)
{
    scene = *state;
    with_failing_memory(call_twice, 20);
}

/* ---- the connection ------------------------------------------------------------------------------------------ */

/* The descriptor of this process that is connected to the port, from the client's side. */
static int find_connection(int port)
{
    for (int fd = 0; fd < 1024; fd++) {
        struct sockaddr_in peer;
        socklen_t len = sizeof peer;
        if (!getpeername(fd, (struct sockaddr *)&peer, &len) && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port)
            return fd;
    }
    return -1;
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    getsockopt(fd, level, name, &value, &len);
    return value;
}

/* NAT gateways forget connections that are silent for 350 s, many proxies after 60 s; functions run for 900 s. */
static void silent_connections_are_kept_alive(void **state)
{
    static const struct script_step silence = { SCRIPT_SILENCE, NULL };
    struct scene *s = *state;
    scene_client(s, (struct lambda_client_options){ 0 });
    script_play(&s->server, &silence, 1);
    scene_start(s, (struct lambda_invoke){ 0 });
    while (s->server.whole < 1)
        scene_run_briefly(s);
    const int fd = find_connection(s->server.port);
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_in_range(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 1, 60);
    assert_in_range(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1, 60);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_attempt_is_signed_anew),
        CASE(attempts_are_numbered_and_belong_together),
        CASE(the_caller_s_texts_may_be_gone_after_the_start),
        CASE(expired_keys_are_asked_for_anew_once),
        CASE(keys_that_expire_again_are_an_error),
        CASE(expired_keys_are_not_used_again_even_without_another_attempt),
        CASE(new_keys_that_do_not_come_are_the_error),
        CASE(a_call_that_asks_for_new_keys_may_be_cancelled),
        CASE(the_caller_may_judge_failures),
        CASE(a_service_in_trouble_is_left_alone),
        CASE(successes_fill_the_quota),
        CASE(attempts_and_waits_are_in_the_debug_log),
        CASE(the_adaptive_mode_waits_for_its_turn),
        CASE(a_waiting_call_may_be_cancelled),
        CASE(a_client_may_be_freed_while_a_call_waits),
        CASE(a_call_may_be_cancelled_in_its_second_attempt),
        CASE(a_warm_call_asks_for_no_memory),
        CASE(repeating_survives),
        CASE(silent_connections_are_kept_alive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
