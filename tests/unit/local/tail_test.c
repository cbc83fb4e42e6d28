/* tail_test.c - the log of one invocation, to the byte. */
#include "local/tail.h"

#include <stdio.h>

#include "cmocka_all.h"

#define ID "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"

static void assert_tail(const struct local_tail *t, const char *expected)
{
    struct jn_buf b;
    jn_buf_init(&b, 0);
    local_tail_copy(t, &b);
    assert_string_equal(b.data ? b.data : "", expected);
    jn_buf_clear(&b);
}

static void a_short_log_is_kept_whole(void **state)
{
    (void)state;
    struct local_tail t = { .total = 0 };
    assert_tail(&t, "");
    local_tail_start(&t, ID, "$LATEST");
    local_tail_add_line(&t, JN_STR("hello"));
    local_tail_end(&t, ID);
    assert_tail(&t, "START RequestId: " ID " Version: $LATEST\nhello\nEND RequestId: " ID "\n");
}

/* Whatever the pieces, the ring holds the last 4096 bytes of all that was added. */
static void the_last_4096_bytes_are_kept_however_they_come(void **state)
{
    (void)state;
    char all[20000];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)('a' + i * 7 % 26);
    for (size_t piece = 1; piece < 9000; piece = piece * 3 + 1) {
        struct local_tail t = { .total = 0 };
        struct jn_buf b;
        jn_buf_init(&b, 0);
        for (size_t at = 0; at < sizeof all; at += piece)
            local_tail_add(&t, jn_str_sub((jn_str){ all, sizeof all }, at, at + piece));
        local_tail_copy(&t, &b);
        assert_int_equal(b.len, LOCAL_TAIL_MAX);
        assert_memory_equal(b.data, all + sizeof all - LOCAL_TAIL_MAX, LOCAL_TAIL_MAX);
        jn_buf_clear(&b);
    }
}

static void the_cut_may_fall_inside_a_character(void **state)
{
    (void)state;
    struct local_tail t = { .total = 0 };
    struct jn_buf b;
    jn_buf_init(&b, 0);
    local_tail_add(&t, JN_STR("\xc3\xa9"));
    for (int i = 0; i < LOCAL_TAIL_MAX - 1; i++)
        local_tail_add(&t, JN_STR("x"));
    local_tail_copy(&t, &b);
    assert_int_equal((unsigned char)b.data[0], 0xa9);
    jn_buf_clear(&b);
}

static void the_report_line_is_lambdas(void **state)
{
    (void)state;
    static const struct {
        struct local_report report;
        const char *line;
    } cases[] = {
        { { ID, 1870, 107140, 128, 30 << 20, NULL, NULL },
          "Duration: 1.87 ms\tBilled Duration: 110 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t"
          "Init Duration: 107.14 ms\t\n" },
        { { ID, 1870, -1, 128, 30 << 20, NULL, NULL },
          "Duration: 1.87 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\t\n" },
        { { ID, 3000000, -1, 1024, (30 << 20) + 1, "timeout", NULL },
          "Duration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 1024 MB\tMax Memory Used: 31 MB\t"
          "Status: timeout\t\n" },
        { { ID, 995, -1, 128, 1, "error", "Runtime.ExitError" },
          "Duration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 1 MB\t"
          "Status: error\tError Type: Runtime.ExitError\t\n" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct local_tail t = { .total = 0 };
        char expected[512];
        snprintf(expected, sizeof expected, "REPORT RequestId: " ID "\t%s", cases[i].line);
        local_tail_report(&t, &cases[i].report);
        assert_tail(&t, expected);
    }
}

static void a_failed_start_is_reported_by_phase(void **state)
{
    (void)state;
    struct local_tail t = { .total = 0 };
    local_tail_init_report(&t, 10009550, "init", "timeout", NULL);
    local_tail_init_report(&t, 2040, "invoke", "error", "Runtime.ExitError");
    assert_tail(&t, "INIT_REPORT Init Duration: 10009.55 ms\tPhase: init\tStatus: timeout\n"
                    "INIT_REPORT Init Duration: 2.04 ms\tPhase: invoke\tStatus: error\tError Type: "
                    "Runtime.ExitError\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_log_is_kept_whole),
        cmocka_unit_test(the_last_4096_bytes_are_kept_however_they_come),
        cmocka_unit_test(the_cut_may_fall_inside_a_character),
        cmocka_unit_test(the_report_line_is_lambdas),
        cmocka_unit_test(a_failed_start_is_reported_by_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
