/* response_test.c - every recorded answer of Lambda and STS (tests/golden/aws/responses.json) with the meaning
 * expected of it, and what the recordings leave out. */
#include "vectors.h"

#include "base/clock.h"
#include "lambda/response.h"
#include "lambda/retry_class.h"

enum { MAX_HEADERS = 16 };

#define NOW_MS 1773500966000            /* 2026-03-14T15:09:26Z, the clock of the recordings */

/* One answer, and what is expected of it. */
struct answer {
    jn_str name, body;
    int status;
    struct base_header headers[MAX_HEADERS];
    size_t count;
    jn_value expected;
    size_t checked;                     /* members of `expected` that were compared */
};

/* Compares a member, if it is expected; null stands for nothing. */
static void expect_member(struct answer *a, const char *key, jn_str got)
{
    const jn_value wanted = member(a->expected, key);
    if (jn_is_undefined(wanted))
        return;
    a->checked++;
    expect_text(got.data ? got : JN_STR(""), jn_get_string(wanted), a->name, key);
}

static void expect_number(struct answer *a, const char *key, double got)
{
    const jn_value wanted = member(a->expected, key);
    if (jn_is_undefined(wanted))
        return;
    a->checked++;
    if (got != jn_get_number(wanted))
        fail_msg("%.*s: %s is %g, wanted %g", JN_ARG(a->name), key, got, jn_get_number(wanted));
}

static void expect_boolean(struct answer *a, const char *key, bool got)
{
    const jn_value wanted = member(a->expected, key);
    if (jn_is_undefined(wanted))
        return;
    a->checked++;
    assert_int_equal(got, jn_get_boolean(wanted));
}

static void check_error(struct jn_arena *arena, const char *service, struct answer *a)
{
    struct lambda_service_error e;
    assert_int_equal(lambda_read_service_error(arena, service, a->status, a->headers, a->count, a->body, NOW_MS, &e),
                     JN_OK);
    expect_member(a, "code", e.code);
    expect_member(a, "message", e.message);
    expect_member(a, "type", e.type);
    expect_member(a, "reason", e.reason);
    expect_member(a, "request_id", e.request_id);
    expect_member(a, "retry", jn_str_of(lambda_retry_text(e.retry)));
    expect_number(a, "retry_after_ms", (double)e.retry_after_ms);
}

static void check_invoked(struct jn_arena *arena, struct answer *a)
{
    struct lambda_invoked r;
    struct lambda_function_error f;
    assert_int_equal(lambda_read_invoked(arena, a->status, a->headers, a->count, a->body, &r, NULL), JN_OK);
    expect_member(a, "function_error", r.function_error);
    expect_member(a, "executed_version", r.executed_version);
    expect_member(a, "payload", r.payload);
    expect_member(a, "request_id", r.request_id);
    expect_member(a, "log_text", r.log);
    if (!r.function_error.data)
        return;
    assert_int_equal(lambda_read_function_error(arena, r.payload, &f), JN_OK);
    expect_member(a, "error_type", f.type);
    expect_member(a, "error_message", f.message);
    expect_boolean(a, "timed_out", f.timed_out);
    expect_number(a, "stack_lines", (double)f.stack_lines);
}

static void check_sts(struct jn_arena *arena, struct answer *a)
{
    static const struct { const char *key, *element; } members[] = {
        { "arn", "Arn" }, { "user_id", "UserId" }, { "account", "Account" }, { "request_id", "RequestId" },
        { "access_key_id", "AccessKeyId" }, { "secret_access_key", "SecretAccessKey" },
        { "session_token", "SessionToken" }, { "expiration", "Expiration" }, { "assumed_role_arn", "Arn" },
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        expect_member(a, members[i].key, lambda_xml_text(arena, a->body, members[i].element));
}

static void check_answer(jn_value x)
{
    struct jn_arena arena;
    jn_arena_init(&arena, 0);
    struct answer a = { .name = text_of(x, "name"), .body = text_of(x, "body"),
                        .status = (int)jn_get_number(member(x, "status")), .expected = member(x, "expected") };
    a.count = headers_of(member(x, "headers"), a.headers, MAX_HEADERS);
    const bool is_sts = jn_str_eq(text_of(x, "service"), JN_STR("sts"));
    if (a.status >= 300)
        check_error(&arena, is_sts ? "sts" : "lambda", &a);
    else if (is_sts)
        check_sts(&arena, &a);
    else
        check_invoked(&arena, &a);
    if (a.checked != jn_length(a.expected))
        fail_msg("%.*s: %zu of %zu members compared", JN_ARG(a.name), a.checked, jn_length(a.expected));
    jn_arena_clear(&arena);
}

static void recorded_answers_mean_what_they_should(void **state)
{
    struct vectors file;
    (void)state;
    vectors_read(&file, "tests/golden/aws/responses.json");
    const jn_value list = member(file.root, "responses");
    assert_int_equal(jn_length(list), 85);
    for (size_t i = 0; i < jn_length(list); i++)
        check_answer(jn_at(list, i));
    vectors_free(&file);
}

/* ---- function errors of every runtime ------------------------------------------------------------------------ */

static void function_errors_of_every_runtime(void **state)
{
    static const struct { const char *payload, *type, *message, *stack; } cases[] = {
        { "{\"errorType\":\"E\",\"errorMessage\":\"m\",\"trace\":[\"E: m\",\" at x\"]}", "E", "m", "E: m| at x|" },
        { "{\"errorMessage\":\"m\",\"errorType\":\"KeyError\",\"requestId\":\"\",\"stackTrace\":[\"  File a\\n\"]}",
          "KeyError", "m", "  File a\n|" },
        { "{\"errorMessage\":\"m\",\"errorType\":\"j.E\",\"stackTrace\":[\"a\"],\"cause\":{\"errorMessage\":\"n\","
          "\"errorType\":\"j.F\",\"stackTrace\":[\"b\"],\"cause\":{\"errorType\":\"j.G\"}}}",
          "j.E", "m", "a|Caused by: j.F: n|b|Caused by: j.G: |" },
        { "{\"errorMessage\":\"m\",\"errorType\":\"g\",\"stackTrace\":["
          "{\"path\":\"main.go\",\"line\":12,\"label\":\"f\"}]}",
          "g", "m", "main.go:12 f|" },
        { "{\"errorMessage\":\"m\",\"errorType\":\"E\",\"stackTrace\":\"one\\ntwo\"}", "E", "m", "one|two|" },
        { "{\"errorType\":7,\"errorMessage\":{\"a\":[1]},\"trace\":null}", "7", "{\"a\":[1]}", "" },
        { "{\"errorType\":null,\"errorMessage\":false,\"stackTrace\":[1,null,\"x\"]}", "", "false", "1||x|" },
        { "\"thrown text\"", "", "thrown text", "" },
        { "[1,2]", "", "[1,2]", "" },
        { "{\"cause\":\"x\"}", "", "", "" },
        { "not JSON at all", "", "not JSON at all", "" },
        { "", "", "", "" },
        { "bad \xff bytes", "", "bad ", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_arena arena;
        struct jn_buf stack;
        struct lambda_function_error e;
        const jn_str name = jn_str_of(cases[i].payload);
        jn_arena_init(&arena, 0);
        jn_buf_init(&stack, 0);
        assert_int_equal(lambda_read_function_error(&arena, name, &e), JN_OK);
        expect_text(e.type, jn_str_of(cases[i].type), name, "type");
        expect_text(e.message, jn_str_of(cases[i].message), name, "message");
        for (size_t k = 0; k < e.stack_lines; k++)
            jn_buf_append_fmt(&stack, "%.*s|", JN_ARG(e.stack[k]));
        expect_text(jn_buf_str(&stack), jn_str_of(cases[i].stack), name, "stack");
        assert_false(e.timed_out);
        jn_buf_clear(&stack);
        jn_arena_clear(&arena);
    }
}

/* ---- log tails ----------------------------------------------------------------------------------------------- */

static void log_tails_are_made_readable(void **state)
{
    static const struct { const char *header, *wanted; } cases[] = {
        { "", "" },
        { "aGVsbG8K", "hello\n" },
        { "qWhpCg==", "hi\n" },                         // begins with the second byte of an e acute
        { "/w==", "\xef\xbf\xbd" },
        { "Yf9i", "a\xef\xbf\xbd" "b" },
        { "not base64", "not base64" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_arena arena;
        struct lambda_invoked r;
        jn_arena_init(&arena, 0);
        const struct base_header h = { JN_STR("X-AMZ-LOG-RESULT"), jn_str_of(cases[i].header) };
        assert_int_equal(lambda_read_invoked(&arena, 200, &h, 1, JN_STR("null"), &r, NULL), JN_OK);
        assert_non_null(r.log.data);
        expect_text(r.log, jn_str_of(cases[i].wanted), h.value, "log");
        jn_arena_clear(&arena);
    }
}

static void other_statuses_are_no_invocation(void **state)
{
    struct lambda_invoked r;
    struct jn_error err = { 0 };
    (void)state;
    assert_int_equal(lambda_read_invoked(NULL, 302, NULL, 0, JN_STR(""), &r, &err), JN_BAD_VALUE);
    assert_non_null(strstr(err.message, "302"));
}

/* ---- retries ------------------------------------------------------------------------------------------------- */

static void hints_are_read_and_capped(void **state)
{
    static const struct { const char *name, *value; int64_t wanted; } cases[] = {
        { "retry-after", "2", 2000 }, { "Retry-After", "0.25", 250 }, { "retry-after", "1.", 1000 },
        { "retry-after", "-1", -1 }, { "retry-after", "soon", -1 }, { "retry-after", "", -1 },
        { "retry-after", "99999999999999999999", 86400000 },
        { "retry-after", "Sat, 14 Mar 2026 15:09:36 GMT", 10000 },
        { "retry-after", "Sat, 14 Mar 2026 15:09:16 GMT", 0 },
        { "x-amz-retry-after", "700", 700 }, { "x-amz-retry-after", "x", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct base_header h = { jn_str_of(cases[i].name), jn_str_of(cases[i].value) };
        if (lambda_retry_hint(&h, 1, NOW_MS) != cases[i].wanted)
            fail_msg("%s: %s", cases[i].name, cases[i].value);
    }
    assert_int_equal(lambda_retry_hint(NULL, 0, NOW_MS), -1);
}

static void the_date_header_tells_the_skew(void **state)
{
    const struct base_header h[] = { { JN_STR("Date"), JN_STR("Sat, 14 Mar 2026 15:19:26 GMT") },
                                     { JN_STR("Age"), JN_STR("3") } };
    (void)state;
    assert_int_equal(lambda_clock_skew(h, 1, NOW_MS), 600000);
    assert_int_equal(lambda_clock_skew(h, 2, NOW_MS), 0);       // a cache's copy has an old date
    assert_int_equal(lambda_clock_skew(NULL, 0, NOW_MS), 0);
    const jn_str code = JN_STR("InvalidSignatureException"), message = JN_STR("does not match");
    assert_int_equal(lambda_retry_class(403, code, message, 600000), LAMBDA_RETRY_CLOCK_SKEW);
    assert_int_equal(lambda_retry_class(403, code, message, -240000), LAMBDA_RETRY_CLOCK_SKEW);
    assert_int_equal(lambda_retry_class(403, code, message, 239999), LAMBDA_RETRY_NONE);
    assert_int_equal(lambda_retry_class(404, JN_STR("ResourceNotFoundException"), message, 600000), LAMBDA_RETRY_NONE);
    assert_int_equal(lambda_retry_class(429, JN_STR(""), JN_STR(""), 0), LAMBDA_RETRY_THROTTLING);
    assert_int_equal(lambda_retry_class(501, JN_STR(""), JN_STR(""), 0), LAMBDA_RETRY_NONE);
}

/* ---- XML ----------------------------------------------------------------------------------------------------- */

static void xml_text_is_found_and_decoded(void **state)
{
    static const struct { const char *xml, *name, *wanted; } cases[] = {
        { "<a><B>x</B></a>", "B", "x" },
        { "<?xml version=\"1.0\"?>\n<r xmlns=\"u\">\n <s:B k='v'>x y</s:B></r>", "B", "x y" },
        { "<!-- <B>no</B> --><B>yes</B>", "B", "yes" },
        { "<B/><B>second</B>", "B", "" },
        { "<B></B>", "B", "" },
        { "<BB>no</BB>", "B", NULL },
        { "<B>&amp;&lt;&gt;&quot;&apos;&#65;&#x42;&#xe9;&#128512;</B>", "B", "&<>\"'AB\xc3\xa9\xf0\x9f\x98\x80" },
        { "<B>&nothing; & &#; &#x; &#xD800; &#1114112; &amp</B>", "B",
          "&nothing; & &#; &#x; &#xD800; &#1114112; &amp" },
        { "<B>cut", "B", "cut" },
        { "<B", "B", NULL },
        { "", "B", NULL },
        { "<", "B", NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_arena arena;
        jn_arena_init(&arena, 0);
        const jn_str got = lambda_xml_text(&arena, jn_str_of(cases[i].xml), cases[i].name);
        if (cases[i].wanted)
            expect_text(got, jn_str_of(cases[i].wanted), jn_str_of(cases[i].xml), "text");
        else
            assert_null(got.data);
        jn_arena_clear(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_answers_mean_what_they_should),
        cmocka_unit_test(function_errors_of_every_runtime),
        cmocka_unit_test(log_tails_are_made_readable),
        cmocka_unit_test(other_statuses_are_no_invocation),
        cmocka_unit_test(hints_are_read_and_capped),
        cmocka_unit_test(the_date_header_tells_the_skew),
        cmocka_unit_test(xml_text_is_found_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
