/* step_settings_test.c - what a step's environment means (platform-protocol.md, 1.2 to 1.6), and that docs/settings.md
 * is what the table says.  After a change of the table: ALC_WRITE_DOCS=1 build/.../tests/step_settings_test */
#include "cmocka_all.h"

#include <stdio.h>

#include "base/file.h"
#include "sailor/settings.h"

static const char *const complete[] = {
    "ELASTICIO_FLOW_ID", "f", "ELASTICIO_EXEC_ID", "e", "ELASTICIO_STEP_ID", "step_1", "ELASTICIO_CONTAINER_ID", "c",
    "ELASTICIO_WORKSPACE_ID", "w", "ELASTICIO_USER_ID", "u", "ELASTICIO_COMP_ID", "k", "ELASTICIO_FUNCTION", "publish",
    "ELASTICIO_API_URI", "http://api", "ELASTICIO_API_USERNAME", "me", "ELASTICIO_API_KEY", "secret",
    "ELASTICIO_AMQP_URI", "amqp://broker", "ELASTICIO_LISTEN_MESSAGES_ON", "queue",
    "ELASTICIO_PUBLISH_MESSAGES_TO", "exchange", "ELASTICIO_DATA_ROUTING_KEY", "data",
    "ELASTICIO_ERROR_ROUTING_KEY", "error", "ELASTICIO_REBOUND_ROUTING_KEY", "rebound",
    "ELASTICIO_SNAPSHOT_ROUTING_KEY", "snapshot", "ELASTICIO_MESSAGE_CRYPTO_IV", "0123456789abcdef",
    "ELASTICIO_MESSAGE_CRYPTO_PASSWORD", "password", NULL,
};
enum { PAIRS = sizeof complete / sizeof *complete / 2, ALWAYS = 11 };

/* `complete` with up to four more in front, which win. */
static struct base_env env_with(const char *out[2 * PAIRS + 9], const char *const more[])
{
    size_t n = 0;
    for (; more && more[n]; n++)
        out[n] = more[n];
    memcpy(out + n, complete, sizeof complete);
    return base_env_of(out);
}

static struct sailor_settings read_with(enum sailor_mode mode, const char *const more[])
{
    const char *pairs[2 * PAIRS + 9];
    const struct base_env env = env_with(pairs, more);
    struct sailor_settings s;
    struct jn_error err = { 0 };
    if (sailor_settings_read(&env, mode, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

static void defaults_are_the_references(void **state)
{
    (void)state;
    const struct sailor_settings s = read_with(SAILOR_MESSAGES, NULL);
    assert_int_equal(s.prefetch, 1);
    assert_int_equal(s.rebound_initial_expiration_ms, 15000);
    assert_int_equal(s.rebound_limit, 20);
    assert_int_equal(s.data_rate_limit, 10);
    assert_int_equal(s.error_rate_limit, 2);
    assert_int_equal(s.snapshot_rate_limit, 2);
    assert_int_equal(s.rate_interval_ms, 100);
    assert_int_equal(s.publish_retry_delay_ms, 100);
    assert_int_equal(s.publish_retry_attempts, 0);
    assert_int_equal(s.publish_max_retry_delay_ms, 300000);
    assert_int_equal(s.outgoing_size_limit, 10485760);
    assert_int_equal(s.storage_threshold, 1048576);
    assert_int_equal(s.protocol_version, 1);
    assert_int_equal(s.storage_max_retry, 2);
    assert_int_equal(s.storage_timeout_ms, 10000);
    assert_string_equal(s.input_format, "default");
    assert_false(s.hook_shutdown || s.startup_required || s.persistent_messages || s.no_self_passthrough);
    assert_int_equal(s.confirm_timeout_ms, 60000);
    assert_int_equal(s.unroutable_ms, 60000);
    assert_int_equal(s.shutdown_timeout_ms, 0);
    assert_int_equal(s.processing_timeout_ms, 0);
    assert_int_equal(s.start_report_timeout_ms, 30000);
    assert_int_equal(s.http_port, 0);
}

/* 1.1: the first in the order of 1.2 is reported; an empty one is missing. */
static void the_first_missing_variable_is_named(void **state)
{
    (void)state;
    for (int i = 0; i < PAIRS; i++) {
        const char *pairs[2 * PAIRS + 1];
        char expected[100];
        memcpy(pairs, complete, sizeof complete);
        for (int k = i; k < PAIRS; k++)
            pairs[2 * k + 1] = "";
        const struct base_env env = base_env_of(pairs);
        struct sailor_settings s;
        struct jn_error err = { 0 };
        snprintf(expected, sizeof expected, "%s is missing", complete[2 * i]);
        assert_int_equal(sailor_settings_read(&env, SAILOR_MESSAGES, &s, &err), JN_BAD_VALUE);
        assert_string_equal(err.message, expected);
        assert_int_equal(sailor_settings_read(&env, SAILOR_SHUTDOWN_HOOK, &s, NULL),
                         i < ALWAYS ? JN_BAD_VALUE : JN_OK);
    }
}

/* 2.8 */
static void service_mode_has_an_order_of_its_own(void **state)
{
    (void)state;
    static const char *const names[] = { "ELASTICIO_POST_RESULT_URL", "ELASTICIO_CFG", "ELASTICIO_API_URI",
                                         "ELASTICIO_API_USERNAME", "ELASTICIO_API_KEY", "ELASTICIO_ACTION_OR_TRIGGER",
                                         "ELASTICIO_GET_MODEL_METHOD" };
    const char *pairs[15] = { 0 };
    char expected[100];
    struct sailor_settings s;
    for (size_t i = 0; i < 7; i++) {
        const struct base_env env = base_env_of(pairs);
        struct jn_error err = { 0 };
        snprintf(expected, sizeof expected, "%s is not provided", names[i]);
        assert_int_equal(sailor_settings_read(&env, SAILOR_SELECT_MODEL, &s, &err), JN_BAD_VALUE);
        assert_string_equal(err.message, expected);
        assert_int_equal(sailor_settings_read(&env, SAILOR_META_MODEL, &s, NULL), i < 6 ? JN_BAD_VALUE : JN_OK);
        assert_int_equal(sailor_settings_read(&env, SAILOR_VERIFY, &s, NULL), i < 5 ? JN_BAD_VALUE : JN_OK);
        pairs[2 * i] = names[i];
        pairs[2 * i + 1] = "x";
    }
    assert_string_equal(s.post_result_url, "x");
    assert_int_equal(s.api_retry_attempts, 0);
}

/* Q1 */
static void the_mode_goes_by_the_boolean(void **state)
{
    (void)state;
    static const struct { const char *text; enum sailor_mode mode; } cases[] = {
        { "", SAILOR_MESSAGES }, { "false", SAILOR_MESSAGES }, { "true", SAILOR_SHUTDOWN_HOOK },
        { "0", SAILOR_SHUTDOWN_HOOK },
    };
    for (size_t i = 0; i < 4; i++) {
        const char *const pairs[] = { "ELASTICIO_HOOK_SHUTDOWN", cases[i].text, NULL };
        const struct base_env env = base_env_of(pairs);
        assert_int_equal(sailor_settings_mode(&env), cases[i].mode);
    }
}

/* 1.6 */
static void the_storage_settings_are_kept_within_their_range(void **state)
{
    (void)state;
    static const struct { const char *retry; int64_t retries; const char *timeout; int64_t ms; } cases[] = {
        { "0", 2, "499", 10000 }, { "1", 1, "500", 500 }, { "4", 4, "20000", 20000 }, { "5", 2, "20001", 10000 },
        { "-1", 2, "abc", 10000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const more[] = { "REQUEST_MAX_RETRY", cases[i].retry, "REQUEST_TIMEOUT", cases[i].timeout, NULL };
        const struct sailor_settings s = read_with(SAILOR_MESSAGES, more);
        assert_int_equal(s.storage_max_retry, cases[i].retries);
        assert_int_equal(s.storage_timeout_ms, cases[i].ms);
    }
}

static void numbers_that_no_field_holds_are_refused(void **state)
{
    (void)state;
    static const struct { const char *name, *text; } cases[] = {
        { "ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "-3" }, { "ELASTICIO_RABBITMQ_PREFETCH_SAILOR", "65536" },
        { "ELASTICIO_HTTP_PORT", "-1" }, { "ELASTICIO_HTTP_PORT", "70000" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const more[] = { cases[i].name, cases[i].text, NULL };
        const char *pairs[2 * PAIRS + 9];
        char expected[100];
        const struct base_env env = env_with(pairs, more);
        struct sailor_settings s;
        struct jn_error err = { 0 };
        snprintf(expected, sizeof expected, "%s is %s; it must be from 1 to 65535", cases[i].name, cases[i].text);
        assert_int_equal(sailor_settings_read(&env, SAILOR_MESSAGES, &s, &err), JN_BAD_VALUE);
        assert_string_equal(err.message, expected);
        assert_int_equal(sailor_settings_read(&env, SAILOR_SHUTDOWN_HOOK, &s, NULL), JN_OK);
    }
}

/* 1.5 */
static void variables_become_headers_in_camel_case(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "ELASTICIO_FIRST", "first" }, { "ELASTICIO_SECOND_ELASTICIO_ENV", "secondElasticioEnv" },
        { "OTHER_VAR", "otherVar" }, { "HTTP2_URL", "http2Url" }, { "a1_b2", "a1B2" }, { "fooBar", "fooBar" },
        { "HTTPServer", "httpServer" }, { "__X__", "x" }, { "", "" }, { "ELASTICIO_", "" }, { "A", "a" },
        { "AbcDEF", "abcDef" }, { "1A", "1A" }, { "a.b-c", "aBC" }, { "_elasticio_x", "elasticioX" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf out;
        jn_buf_init(&out, 0);
        sailor_settings_header_name(&out, jn_str_of(cases[i][0]));
        assert_string_equal(jn_buf_str(&out).data, cases[i][1]);
        jn_buf_clear(&out);
    }
}

static const char head[] =
    "# Settings\n\n"
    "Every variable of the environment that a step of the platform is started with, and what this component makes of it.\n"
    "Those marked \"Ours\" are not known to the original; all others mean what they mean there, unless it is said.\n"
    "This file is made from the table in `src/sailor/settings.c`. AWS's own variables are in\n"
    "[docs/action.md](action.md).\n\n"
    "How values are read: a *text* or *secret* that is empty counts as unset. An *integer* is read as JavaScript's\n"
    "`parseInt` reads it (`12abc` is 12, `1e3` is 1, `0x10` is 16), and 0 and what is no number count as unset. A\n"
    "*boolean* is false when it is empty or exactly `false`; everything else is true, `0` and `no` as well. Secrets\n"
    "never reach a log.\n";

static void the_manual_is_what_the_table_says(void **state)
{
    (void)state;
    struct jn_buf expected, found;
    jn_buf_init(&expected, 0);
    jn_buf_init(&found, 0);
    jn_buf_append_z(&expected, head);
    base_settings_manual(sailor_setting_table, sailor_setting_count, &expected);
    if (getenv("ALC_WRITE_DOCS")) {
        FILE *f = fopen("docs/settings.md", "w");
        assert_non_null(f);
        fputs(expected.data, f);
        fclose(f);
    }
    struct jn_error err = { 0 };
    if (base_file_read("docs/settings.md", &found, &err))
        fail_msg("%s", err.message);
    if (strcmp(jn_buf_str(&found).data, expected.data) != 0)
        fail_msg("docs/settings.md is not what src/sailor/settings.c says; run this test with ALC_WRITE_DOCS=1");
    jn_buf_clear(&expected);
    jn_buf_clear(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_references),
        cmocka_unit_test(the_first_missing_variable_is_named),
        cmocka_unit_test(service_mode_has_an_order_of_its_own),
        cmocka_unit_test(the_mode_goes_by_the_boolean),
        cmocka_unit_test(the_storage_settings_are_kept_within_their_range),
        cmocka_unit_test(numbers_that_no_field_holds_are_refused),
        cmocka_unit_test(variables_become_headers_in_camel_case),
        cmocka_unit_test(the_manual_is_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
