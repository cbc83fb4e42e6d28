/* trace_context_test.c - W3C's traceparent as X-Ray writes it. */
#include "component/trace_context.h"

#include "cmocka_all.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ROOT "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled="

static void test_trace_ids(void **state)
{
    (void)state;
    static const struct {
        const char *traceparent, *expected;     /* NULL: it is none */
    } cases[] = {
        { "00-" TRACE "-" PARENT "-01", ROOT "1" },
        { "00-" TRACE "-" PARENT "-00", ROOT "0" },
        { "00-" TRACE "-" PARENT "-02", ROOT "0" },
        { "00-" TRACE "-" PARENT "-ff", ROOT "1" },
        { "01-" TRACE "-" PARENT "-01-more", ROOT "1" },
        { "01-" TRACE "-" PARENT "-01", ROOT "1" },
        { "01-" TRACE "-" PARENT "-01more", NULL },
        { "00-" TRACE "-" PARENT "-01-more", NULL },
        { "ff-" TRACE "-" PARENT "-01", NULL },
        { "0x-" TRACE "-" PARENT "-01", NULL },
        { "00-" TRACE "-" PARENT "-0g", NULL },
        { "00-" TRACE "-0000000000000000-01", NULL },
        { "00-00000000000000000000000000000000-" PARENT "-01", NULL },
        { "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", NULL },
        { "00_" TRACE "-" PARENT "-01", NULL },
        { "00-" TRACE "-" PARENT, NULL },
        { "00-" TRACE "-" PARENT "-01\r\nX: y", NULL },
        { "", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[COMPONENT_TRACE_ID] = "";
        const bool is_one = component_trace_id(jn_str_of(cases[i].traceparent), out);
        if (is_one != (cases[i].expected != NULL))
            fail_msg("%s", cases[i].traceparent);
        if (is_one)
            assert_string_equal(out, cases[i].expected);
    }
    char out[COMPONENT_TRACE_ID];
    assert_false(component_trace_id((jn_str){ NULL, 0 }, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
