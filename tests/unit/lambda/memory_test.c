/* memory_test.c - everything that asks for memory, with the n-th request failing, n = 1, 2, ... until none fails: each
 * time the failure is JN_NO_MEMORY or, where a caller can go on, none; nothing leaks (the sanitizer watches), and the
 * thing works once there is memory again. */
#include "failing_memory.h"

#include "vectors.h"

#include "lambda/client.h"
#include "lambda/profile.h"
#include "lambda/sigv4.h"

/* ---- scenarios ----------------------------------------------------------------------------------------------- */

/* Signs, and signs again with the same signer: what failed for memory must work when there is some. */
static enum jn_status sign_once(struct jn_error *err)
{
    const struct base_header headers[] = { { JN_STR("host"), JN_STR("h") }, { JN_STR("a"), JN_STR("b") } };
    const struct lambda_sigv4_request req = { .method = JN_STR("GET"), .path = JN_STR("/a/../b"),
                                              .query = JN_STR("x=%20&y"),
                                              .headers = headers, .header_count = 2, .body = JN_STR("") };
    const struct lambda_sigv4_scope scope = { .access_key = JN_STR("A"), .secret_key = JN_STR("s"),
                                              .region = JN_STR("r"), .service = JN_STR("l") };
    struct lambda_sigv4 signer, fresh;
    lambda_sigv4_init(&signer);
    lambda_sigv4_init(&fresh);
    enum jn_status s = lambda_sigv4_sign(&signer, &req, &scope, NULL, err);
    const long left = memory_pause();
    assert_int_equal(lambda_sigv4_sign(&signer, &req, &scope, NULL, NULL), JN_OK);
    assert_int_equal(lambda_sigv4_sign(&fresh, &req, &scope, NULL, NULL), JN_OK);
    assert_string_equal(signer.signature, fresh.signature);
    assert_string_equal(signer.authorization.data, fresh.authorization.data);
    memory_resume(left);
    if (!s)
        s = lambda_sigv4_presign(&signer, &req, &scope, NULL, err);
    lambda_sigv4_clear(&signer);
    lambda_sigv4_clear(&fresh);
    return s;
}

static enum jn_status parse_once(struct jn_error *err)
{
    struct lambda_profiles *p = NULL;
    const enum jn_status s = lambda_profiles_parse(JN_STR("[default]\na = b\n[profile x]\nc =\n  d = e\n"),
                                                   JN_STR("[x]\nf = g\n"), &p, err);
    lambda_profiles_free(p);
    return s;
}

static enum jn_status read_error_once(struct jn_error *err)
{
    struct jn_arena a;
    struct lambda_service_error e;
    jn_arena_init(&a, 0);
    enum jn_status s = lambda_read_service_error(&a, "lambda", 400, NULL, 0, JN_STR("{\"message\":\"\\u0041\"}"), 0,
                                                 &e);
    if (!s)
        s = lambda_read_service_error(&a, "sts", 400, NULL, 0, JN_STR("<Code>&amp;</Code>"), 0, &e);
    jn_arena_clear(&a);
    return s ? jn_fail(err, s, "the body") : s;     // the sentence is left to its caller
}

static enum jn_status read_answer_once(struct jn_error *err)
{
    struct jn_arena a;
    struct lambda_invoked r;
    struct lambda_function_error f;
    const struct base_header h = { JN_STR("X-Amz-Log-Result"), JN_STR("Yf9i") };
    jn_arena_init(&a, 0);
    enum jn_status s = lambda_read_invoked(&a, 200, &h, 1, JN_STR("{\"errorMessage\":[1],\"trace\":[\"a\",{}]}"), &r,
                                           err);
    if (!s)
        s = lambda_read_function_error(&a, r.payload, &f);
    if (s && !*err->message)
        jn_fail(err, s, "the payload");         // this function leaves the sentence to its caller
    jn_arena_clear(&a);
    return s;
}

static const char *const environment[] = { "AWS_ACCESS_KEY_ID", "A", "AWS_SECRET_ACCESS_KEY", "s", "AWS_REGION",
                                           "us-east-1",
                                           "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE",
                                           "/nonexistent/d", NULL };

static enum jn_status chain_once(struct jn_error *err)
{
    struct lambda_cred *cred = NULL;
    const struct base_env env = base_env_of(environment);
    const struct lambda_cred_options opt = { .env = &env, .clock = base_clock_system() };
    const enum jn_status s = lambda_cred_new(NULL, &opt, &cred, err);
    lambda_cred_free(cred);
    return s;
}

static struct base_loop *loop;

static void on_outcome(const struct lambda_outcome *o, void *arg)
{
    *(struct jn_error *)arg = o->error;
    ((struct jn_error *)arg)->status = o->status;
}

/* A call to a port where nobody listens: JN_IO is what success looks like here. */
static enum jn_status call_once(struct jn_error *err)
{
    struct lambda_client *client = NULL;
    const struct base_env env = base_env_of(environment);
    const struct lambda_client_options opt = { .cred = { .env = &env, .clock = base_clock_system() },
                                               .endpoint = "http://127.0.0.1:9", .max_attempts = 1 };
    enum jn_status s = lambda_client_new(loop, &opt, &client, err);
    struct jn_error outcome = { .status = JN_IO };
    if (!s)
        s = lambda_invoke_start(client, &(struct lambda_invoke){ .function = JN_STR("f") }, on_outcome, &outcome, NULL,
                                err);
    if (!s)
        base_loop_run(loop);
    lambda_client_free(client);
    if (s || outcome.status == JN_IO)
        return s;
    *err = outcome;
    return outcome.status;
}

static void signing_survives(void **state)
{
    (void)state;
    with_failing_memory(sign_once, 8);
}

static void parsing_profiles_survives(void **state)
{
    (void)state;
    with_failing_memory(parse_once, 4);
}

static void reading_answers_survives(void **state)
{
    (void)state;
    with_failing_memory(read_error_once, 1);
    with_failing_memory(read_answer_once, 2);
}

static void the_chain_survives(void **state)
{
    (void)state;
    with_failing_memory(chain_once, 5);
}

static void calling_survives(void **state)
{
    (void)state;
    assert_int_equal(base_loop_new(&loop, NULL), JN_OK);
    with_failing_memory(call_once, 15);
    base_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signing_survives),
        cmocka_unit_test(parsing_profiles_survives),
        cmocka_unit_test(reading_answers_survives),
        cmocka_unit_test(the_chain_survives),
        cmocka_unit_test(calling_survives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
