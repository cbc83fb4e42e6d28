/* configuration_test.c - function.json: what may be said in it, and what is said of what may not. */
#include "local/configuration.h"

#include "cmocka_all.h"

static void without_settings_a_function_has_awss_defaults(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_configuration f = local_configuration_usual();
    assert_int_equal(local_configuration_parse(a, JN_STR(""), &f, NULL), JN_OK);
    assert_int_equal(f.timeout_s, 3);
    assert_int_equal(f.memory_mb, 128);
    assert_null(f.handler);             // that depends on the code
    assert_null(f.environment[0]);
    assert_int_equal(f.reserved_concurrency, -1);
    jn_arena_free(a);
}

static void each_setting_is_read(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_configuration f = local_configuration_usual();
    const jn_str text = JN_STR("{ \"timeout\": 900, \"memory\": 10240, \"handler\": \"a.b\", \"description\": \"d\","
                               "  \"environment\": { \"TABLE\": \"x=y\", \"EMPTY\": \"\" } }");
    assert_int_equal(local_configuration_parse(a, text, &f, NULL), JN_OK);
    assert_int_equal(f.timeout_s, 900);
    assert_int_equal(f.memory_mb, 10240);
    assert_string_equal(f.handler, "a.b");
    assert_string_equal(f.description, "d");
    assert_string_equal(f.environment[0], "TABLE=x=y");
    assert_string_equal(f.environment[1], "EMPTY=");
    assert_null(f.environment[2]);
    jn_arena_free(a);
}

static void a_faulty_setting_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "{\"timeout\":0}", "\"timeout\" must be a whole number from 1 to 900" },
        { "{\"timeout\":901}", "\"timeout\" must be" },
        { "{\"timeout\":2.5}", "\"timeout\" must be" },
        { "{\"timeout\":\"3\"}", "\"timeout\" must be" },
        { "{\"timeout\":1e999}", "\"timeout\" must be" },
        { "{\"memory\":64}", "\"memory\" must be a whole number from 128 to 10240" },
        { "{\"handler\":1}", "\"handler\" must be a string, it is number" },
        { "{\"handler\":\"a\\u0000b\"}", "\"handler\" holds a NUL character" },
        { "{\"timeOut\":3}", "\"timeOut\" is not a setting; there are runtime, handler, timeout" },
        { "{\"environment\":[]}", "\"environment\" must be an object of strings" },
        { "{\"environment\":{\"A_B\":1}}", "\"A_B\" must be a string" },
        { "{\"environment\":{\"A\":\"\"}}", "has the name \"A\"" },
        { "{\"environment\":{\"A=B\":\"\"}}", "has the name \"A=B\"" },
        { "{\"environment\":{\"AWS_REGION\":\"x\"}}", "sets AWS_REGION, which belongs to Lambda" },
        { "{\"environment\":{\"AWS_LAMBDA_X\":\"x\"}}", "sets AWS_LAMBDA_X, which belongs to Lambda" },
        { "{\"runtime\":\"java21\"}", "\"runtime\" is \"java21\"; there are provided, nodejs and python here" },
        { "{\"architecture\":\"mips\"}", "\"architecture\" is \"mips\"; it must be x86_64 or arm64" },
        { "{\"reservedConcurrency\":-1}", "\"reservedConcurrency\" must be a whole number from 0" },
        { "{\"aliases\":[]}", "\"aliases\" must be an object of versions, as {\"prod\": \"1\"}; it is array" },
        { "{\"aliases\":{\"prod\":1}}", "\"prod\" must be a string" },
        { "{\"aliases\":{\"1\":\"1\"}}", "the alias name \"1\" must have" },
        { "{\"aliases\":{\"p\":\"beta\"}}", "the alias p leads to \"beta\"; a version is a number or $LATEST" },
        { "{\"aliases\":{\"p\":{\"version\":\"1\",\"weights\":{\"2\":1.5}}}}", "the weight of version 2 must be a number" },
        { "{\"aliases\":{\"p\":{\"version\":\"1\",\"weights\":{\"1\":0.5}}}}", "Invalid function version 1." },
        { "{\"aliases\":{\"p\":{\"version\":\"1\",\"weights\":{\"2\":0.1,\"3\":0.1}}}}", "with one version at most" },
        { "{\"aliases\":{\"p\":{\"version\":\"$LATEST\",\"weights\":{\"2\":0.1}}}}", "$LATEST is not supported" },
        { "{\"aliases\":{\"p\":{\"versions\":\"1\"}}}", "\"versions\" is not a setting of an alias" },
        { "{\"maximumRetryAttempts\":3}", "\"maximumRetryAttempts\" must be a whole number from 0 to 2" },
        { "{\"maximumEventAgeInSeconds\":59}", "must be a whole number from 60 to 21600" },
        { "{\"onFailure\":\"file:\"}", "\"onFailure\" is \"file:\"; it must be the name or ARN of a function here, or file" },
        { "{\"onSuccess\":\"a b\"}", "\"onSuccess\" is \"a b\"; it must be" },
        { "[]", "a function's settings must be an object, they are array" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_arena *a = jn_arena_new(0);
        struct local_configuration f = local_configuration_usual();
        struct jn_error err = { 0 };
        assert_int_equal(local_configuration_parse(a, jn_str_of(cases[i].text), &f, &err), JN_BAD_VALUE);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%s gives: %s", cases[i].text, err.message);
        jn_arena_free(a);
    }
}

static void what_becomes_of_events_is_read(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_configuration c = local_configuration_usual();
    const char *path;
    assert_int_equal(c.events.retries, 2);
    assert_int_equal(c.events.max_age_s, 21600);
    assert_null(c.events.on_success);
    const jn_str text = JN_STR("{\"maximumRetryAttempts\":0,\"maximumEventAgeInSeconds\":60,\"onSuccess\":\"f:prod\","
                               "\"onFailure\":\"file:failed/it.ndjson\"}");
    assert_int_equal(local_configuration_parse(a, text, &c, NULL), JN_OK);
    assert_int_equal(c.events.retries, 0);
    assert_int_equal(c.events.max_age_s, 60);
    assert_string_equal(c.events.on_success, "f:prod");
    assert_false(local_destination_file(c.events.on_success, &path));
    assert_true(local_destination_file(c.events.on_failure, &path));
    assert_string_equal(path, "failed/it.ndjson");
    jn_arena_free(a);
}

static void aliases_are_read_in_both_forms(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_configuration c = local_configuration_usual();
    const jn_str text = JN_STR("{\"aliases\":{\"prod\":\"7\",\"canary\":{\"version\":\"7\",\"description\":\"d\","
                               "\"weights\":{\"8\":0.25}}},\"reservedConcurrency\":5,\"architecture\":\"arm64\"}");
    assert_int_equal(local_configuration_parse(a, text, &c, NULL), JN_OK);
    assert_int_equal(c.alias_count, 2);
    assert_string_equal(c.aliases[0].name, "prod");
    assert_string_equal(c.aliases[0].version, "7");
    assert_null(c.aliases[0].other_version);
    assert_string_equal(c.aliases[1].description, "d");
    assert_string_equal(c.aliases[1].other_version, "8");
    assert_true(c.aliases[1].other_weight == 0.25);
    assert_int_equal(c.reserved_concurrency, 5);
    assert_string_equal(c.architecture, "arm64");
    jn_arena_free(a);
}

/* What a published version keeps is read as it was written. */
static void a_configuration_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct jn_arena *a = jn_arena_new(0);
    struct local_configuration c = local_configuration_usual(), again = local_configuration_usual();
    struct jn_buf text;
    const jn_str settings = JN_STR("{\"runtime\":\"provided.al2\",\"handler\":\"h\\\"\",\"timeout\":9,\"memory\":512,"
                                   "\"environment\":{\"AB\":\"x=y\",\"CD\":\"\"},\"description\":\"\\u00fc\"}");
    assert_int_equal(local_configuration_parse(a, settings, &c, NULL), JN_OK);
    jn_buf_init(&text, 0);
    jn_buf_append_z(&text, "{");
    local_configuration_put(&text, &c);
    jn_buf_append_z(&text, "}");
    assert_int_equal(local_configuration_parse(a, jn_buf_str(&text), &again, NULL), JN_OK);
    assert_true(local_configuration_is_same(&c, &again));
    again.timeout_s++;
    assert_false(local_configuration_is_same(&c, &again));
    jn_buf_clear(&text);
    jn_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_settings_a_function_has_awss_defaults),
        cmocka_unit_test(each_setting_is_read),
        cmocka_unit_test(a_faulty_setting_is_named),
        cmocka_unit_test(what_becomes_of_events_is_read),
        cmocka_unit_test(aliases_are_read_in_both_forms),
        cmocka_unit_test(a_configuration_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
