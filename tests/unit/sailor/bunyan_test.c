/* bunyan_test.c - the log's lines, byte for byte (platform-protocol.md, 7). */
#include "cmocka_all.h"

#include <stdio.h>
#include <unistd.h>

#include "core/value.h"
#include "sailor/log.h"

struct world {
    struct base_clock clock;
    struct sailor_log_origin *origin;
    int pipe[2];
    char line[4096];
    char head[512];             /* ,"hostname":...,"pid":... */
};

static const char *const variables[] = {
    "ELASTICIO_STEP_ID", "step_1", "ELASTICIO_FLOW_ID", "f\"", "ELASTICIO_API_KEY", "secret", "ELASTICIO_COMP_ID", "",
    "ELASTICIO_API_USERNAME", "me", NULL,
};

static int begin(void **state)
{
    static struct world w;
    const struct base_env env = base_env_of(variables);
    char host[256] = "";
    w.clock = base_clock_scripted(1795330014269);
    assert_int_equal(pipe(w.pipe), 0);
    assert_int_equal(sailor_log_origin_new(&env, &w.clock, &w.origin, NULL), JN_OK);
    gethostname(host, sizeof host - 1);
    snprintf(w.head, sizeof w.head,
             ",\"hostname\":\"%s\",\"pid\":%d,\"ELASTICIO_API_USERNAME\":\"me\",\"ELASTICIO_FLOW_ID\":\"f\\\"\","
             "\"ELASTICIO_STEP_ID\":\"step_1\",\"tag\":\"f\\\"\"", host, (int)getpid());
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    sailor_log_origin_free(w->origin);
    close(w->pipe[0]);
    close(w->pipe[1]);
    return 0;
}

static struct sailor_log log_of(struct world *w, const char *name, const struct sailor_log_ids *ids)
{
    struct sailor_log l = sailor_log_of(w->origin, name, ids);
    l.base.fd = w->pipe[1];
    return l;
}

/* The line that was written, which is JSON. */
static void wrote(struct world *w, const char *name, const char *rest)
{
    char expected[4096];
    const ssize_t n = read(w->pipe[0], w->line, sizeof w->line - 1);
    assert_true(n > 0);
    w->line[n] = '\0';
    snprintf(expected, sizeof expected, "{\"name\":\"%s\"%s%s,\"time\":\"2026-11-22T06:46:54.269Z\",\"v\":0}\n", name,
             w->head, rest);
    assert_string_equal(w->line, expected);
    struct jn_arena a;
    jn_value v;
    jn_arena_init(&a, SIZE_MAX);
    assert_int_equal(jn_read(&a, (jn_str){ w->line, (size_t)n }, NULL, &v, NULL, NULL), JN_OK);
    jn_arena_clear(&a);
}

static void a_runtime_line(void **state)
{
    struct world *w = *state;
    const struct sailor_log l = log_of(w, "sailor", NULL);
    base_log(&l.base, BASE_INFO, NULL, "hello \"%s\"\n", "you");
    wrote(w, "sailor", ",\"level\":30,\"msg\":\"hello \\\"you\\\"\\n\"");
}

static void levels_are_bunyans(void **state)
{
    struct world *w = *state;
    struct sailor_log l = log_of(w, "sailor", NULL);
    l.base.level = BASE_TRACE;
    for (int i = 0; i < 6; i++) {
        char rest[64];
        base_log(&l.base, (enum base_log_level)(BASE_TRACE + i), NULL, "x");
        snprintf(rest, sizeof rest, ",\"level\":%d,\"msg\":\"x\"", 10 * (i + 1));
        wrote(w, "sailor", rest);
    }
}

static void a_component_line_has_the_ids_that_are_known(void **state)
{
    struct world *w = *state;
    const struct sailor_log_ids ids = { .thread_id = JN_STR("t"), .parent_message_id = JN_STR("p\xff") };
    const struct sailor_log l = log_of(w, "component", &ids);
    const struct base_field fields[] = { { "queue", JN_STR("q") }, { "err", JN_STR("{not raw}") },
                                         { NULL, { NULL, 0 } } };
    base_log(&l.base, BASE_WARN, fields, "x");
    wrote(w, "component", ",\"threadId\":\"t\",\"parentMessageId\":\"p\xef\xbf\xbd\",\"queue\":\"q\","
                          "\"err\":\"{not raw}\",\"level\":40,\"msg\":\"x\"");
}

static void a_line_of_a_delivery_says_unknown(void **state)
{
    struct world *w = *state;
    const struct sailor_log_ids ids = { .message_id = JN_STR("m"), .of_delivery = true, .consumer_tag = JN_STR("c"),
                                        .exchange = JN_STR("e"), .routing_key = JN_STR("r"),
                                        .delivery_tag = UINT64_C(18446744073709551615), .redelivered = true };
    const struct sailor_log l = log_of(w, "sailor", &ids);
    base_log(&l.base, BASE_INFO, NULL, "x");
    wrote(w, "sailor", ",\"threadId\":\"unknown\",\"messageId\":\"m\",\"parentMessageId\":\"unknown\","
                       "\"consumerTag\":\"c\",\"deliveryTag\":18446744073709551615,\"redelivered\":true,"
                       "\"exchange\":\"e\",\"routingKey\":\"r\",\"level\":30,\"msg\":\"x\"");
}

static void an_error_is_an_object(void **state)
{
    struct world *w = *state;
    const struct sailor_log l = log_of(w, "sailor", NULL);
    struct jn_error err = { 0 };
    jn_fail_code(&err, JN_REMOTE, JN_STR("E1"), "it \"broke\"");
    sailor_log_error(&l, BASE_ERROR, &err, (jn_str){ NULL, 0 }, JN_STR("at x"), "sorry %s");
    wrote(w, "sailor", ",\"err\":{\"message\":\"it \\\"broke\\\"\",\"name\":\"Error\",\"stack\":\"at x\","
                       "\"code\":\"E1\"},\"level\":50,\"msg\":\"sorry %s\"");
}

static void lines_below_the_level_are_not_written(void **state)
{
    struct world *w = *state;
    const struct sailor_log l = log_of(w, "sailor", NULL);
    base_log(&l.base, BASE_DEBUG, NULL, "not this");
    base_log(&l.base, BASE_INFO, NULL, "this");
    wrote(w, "sailor", ",\"level\":30,\"msg\":\"this\"");
}

/* 1.6 */
static void the_level_is_a_word_in_any_case(void **state)
{
    struct world *w = *state;
    static const struct { const char *text; bool is_one; enum base_log_level level; } cases[] = {
        { "trace", true, BASE_TRACE }, { "Debug", true, BASE_DEBUG }, { "INFO", true, BASE_INFO },
        { "", true, BASE_INFO }, { "warn", true, BASE_WARN }, { "error", true, BASE_ERROR },
        { "fatal", true, BASE_FATAL },
        { "30", false, 0 }, { "verbose", false, 0 }, { " info", false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const pairs[] = { "LOG_LEVEL", cases[i].text, NULL };
        const struct base_env env = base_env_of(pairs);
        struct sailor_log_origin *o = NULL;
        struct jn_error err = { 0 };
        const enum jn_status s = sailor_log_origin_new(&env, &w->clock, &o, &err);
        assert_int_equal(s, cases[i].is_one ? JN_OK : JN_BAD_VALUE);
        if (!s)
            assert_int_equal(sailor_log_of(o, "sailor", NULL).base.level, cases[i].level);
        else
            assert_non_null(strstr(err.message, "it must be trace, debug, info, warn, error or fatal"));
        sailor_log_origin_free(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_runtime_line),
        cmocka_unit_test(levels_are_bunyans),
        cmocka_unit_test(a_component_line_has_the_ids_that_are_known),
        cmocka_unit_test(a_line_of_a_delivery_says_unknown),
        cmocka_unit_test(an_error_is_an_object),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(the_level_is_a_word_in_any_case),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
