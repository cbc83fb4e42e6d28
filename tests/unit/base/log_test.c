/* log_test.c - lines as they come out of a pipe. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"

struct capture {
    int fds[2];
    struct base_clock clock;
    struct base_log log;
    char text[16384];
};

static void start(struct capture *c, const char *trace)
{
    const char *pairs[] = { "TRACE", trace, NULL };
    const struct base_env env = base_env_of(pairs);
    assert_int_equal(pipe2(c->fds, O_NONBLOCK), 0);
    c->clock = base_clock_scripted(1773500966123);
    base_log_init(&c->log, c->fds[1], &c->clock, &env);
}

/* What was written since the last time. */
static const char *written(struct capture *c)
{
    const ssize_t n = read(c->fds[0], c->text, sizeof c->text - 1);
    c->text[n > 0 ? n : 0] = '\0';
    return c->text;
}

static void stop(struct capture *c)
{
    close(c->fds[0]);
    close(c->fds[1]);
}

static void lines_for_people(void **state)
{
    (void)state;
    struct capture c;
    start(&c, "");
    base_log(&c.log, BASE_INFO, NULL, "called %s", "f");
    assert_string_equal(written(&c), "2026-03-14T15:09:26.123Z INFO  called f\n");
    const struct base_field fields[] = {
        { "id", JN_STR_INIT("42") }, { "text", JN_STR_INIT("two words") }, { "empty", { "", 0 } }, { NULL, { "", 0 } },
    };
    c.log.name = "local";
    base_log(&c.log, BASE_ERROR, fields, "first\nsecond\x01");
    assert_string_equal(written(&c), "2026-03-14T15:09:26.123Z ERROR local: first\\nsecond\\u0001 id=42 "
                                     "text=\"two words\" empty=\"\"\n");
    c.log.colour = true;
    base_log(&c.log, BASE_WARN, NULL, "x");
    assert_string_equal(written(&c), "2026-03-14T15:09:26.123Z \033[33mWARN \033[0m local: x\n");
    stop(&c);
}

static void lines_for_machines(void **state)
{
    (void)state;
    struct capture c;
    start(&c, "");
    c.log.json = true;
    c.log.name = "local";
    const struct base_field fields[] = { { "q\"k", JN_STR_INIT("a\\\"\n\xff\xc3\xa9") }, { NULL, { "", 0 } } };
    base_log(&c.log, BASE_WARN, fields, "say \"%d\"", 1);
    assert_string_equal(written(&c),
                        "{\"time\":\"2026-03-14T15:09:26.123Z\",\"level\":\"warn\",\"name\":\"local\",\"message\":"
                        "\"say \\\"1\\\"\",\"q\\\"k\":\"a\\\\\\\"\\n\xef\xbf\xbd\xc3\xa9\"}\n");
    stop(&c);
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    struct capture c;
    start(&c, "");
    base_log(&c.log, BASE_DEBUG, NULL, "x");
    base_log(&c.log, BASE_SILENT, NULL, "x");
    c.log.level = BASE_SILENT;
    base_log(&c.log, BASE_FATAL, NULL, "x");
    base_log(NULL, BASE_FATAL, NULL, "x");
    base_trace(NULL, BASE_TRACE_HTTP, "x");
    assert_string_equal(written(&c), "");
    stop(&c);
}

static void traces_follow_their_variable(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        unsigned traced;
    } cases[] = {
        { "", 0 }, { "http", 1 }, { "http,local", 5 }, { " lambda , state ", 10 }, { "all", 31 }, { "+all,-http", 30 },
        { "unknown,http", 1 }, { ",,", 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct capture c;
        start(&c, cases[i].variable);
        assert_int_equal(c.log.traced, cases[i].traced);
        base_trace(&c.log, BASE_TRACE_HTTP, "seen");
        assert_int_equal(strstr(written(&c), "TRACE seen") != NULL, cases[i].traced & 1);
        stop(&c);
    }
}

static void long_messages_are_whole(void **state)
{
    (void)state;
    struct capture c;
    start(&c, "");
    char text[5000];
    memset(text, 'm', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    base_log(&c.log, BASE_INFO, NULL, "%s", text);
    assert_int_equal(strlen(written(&c)), 31 + sizeof text - 1 + 1);
    stop(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_for_people),
        cmocka_unit_test(lines_for_machines),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(traces_follow_their_variable),
        cmocka_unit_test(long_messages_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
