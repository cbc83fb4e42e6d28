/* lookup_test.c - addresses of names: of those that every machine has, and of none. */
#include "cmocka_all.h"

#include "base/lookup.h"

static void names_and_addresses_become_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *host, *address;
    } cases[] = { { "localhost", "127.0.0.1" }, { "127.0.0.1", "127.0.0.1" }, { "[::1]", "::1" }, { "::1", "::1" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct jn_buf out;
        struct jn_error err = { 0 };
        jn_buf_init(&out, 0);
        if (base_lookup(jn_str_of(cases[i].host), &out, &err))
            fail_msg("%s", err.message);
        if (!strstr(out.data, cases[i].address))
            fail_msg("%s is %s", cases[i].host, out.data);
        jn_buf_clear(&out);
    }
}

static void a_name_that_nobody_has_is_told(void **state)
{
    (void)state;
    struct jn_buf out;
    struct jn_error err = { 0 };
    jn_buf_init(&out, 0);
    assert_int_equal(base_lookup(JN_STR("no-such-host.invalid"), &out, &err), JN_NOT_FOUND);
    assert_non_null(strstr(err.message, "the name no-such-host.invalid cannot be resolved: "));
    assert_int_equal(out.len, 0);
    jn_buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_become_addresses),
        cmocka_unit_test(a_name_that_nobody_has_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
