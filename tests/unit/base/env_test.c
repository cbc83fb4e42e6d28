/* env_test.c - an environment made of pairs, and copies of it for a process. */
#include "cmocka_all.h"

#include <unistd.h>

#include "base/env.h"

static void a_copy_of_pairs_is_what_exec_takes(void **state)
{
    (void)state;
    const struct base_env env = base_env_of((const char *const[]){ "A", "1", "EMPTY", "", "B", "x=y", NULL });
    char **copy = base_env_copy(&env);
    assert_string_equal(copy[0], "A=1");
    assert_string_equal(copy[1], "EMPTY=");
    assert_string_equal(copy[2], "B=x=y");
    assert_null(copy[3]);
    free(copy);
}

static void a_copy_of_no_pairs_is_an_empty_list(void **state)
{
    (void)state;
    const struct base_env env = base_env_of(NULL);
    char **copy = base_env_copy(&env);
    assert_null(copy[0]);
    free(copy);
}

static void a_copy_of_the_real_one_is_environ(void **state)
{
    (void)state;
    char **copy = base_env_copy(base_env_system());
    size_t count = 0;
    for (; environ[count]; count++)
        assert_string_equal(copy[count], environ[count]);
    assert_null(copy[count]);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_of_pairs_is_what_exec_takes),
        cmocka_unit_test(a_copy_of_no_pairs_is_an_empty_list),
        cmocka_unit_test(a_copy_of_the_real_one_is_environ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
