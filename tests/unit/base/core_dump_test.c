/* core_dump_test.c - a process that holds secrets leaves no core file. */
#include "base/core_dump.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmocka_all.h"

enum { WAS_DUMPABLE = 3 };

/* In a child: allows what is allowed at most, with `hard` as the limit of that, forbids, and crashes. */
_Noreturn static void crash(rlim_t hard)
{
    struct rlimit limit;
    signal(SIGABRT, SIG_DFL);
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_max = limit.rlim_max < hard ? limit.rlim_max : hard;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    base_core_dump_forbid();
    getrlimit(RLIMIT_CORE, &limit);
    if (limit.rlim_cur != 1 && prctl(PR_GET_DUMPABLE))
        _exit(WAS_DUMPABLE);
    kill(getpid(), SIGABRT);
    _exit(0);
}

static void check(rlim_t hard)
{
    int status;
    const pid_t child = fork();
    if (child == 0)
        crash(hard);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_false(WCOREDUMP(status));
}

static void a_crash_leaves_nothing_behind(void **state)
{
    (void)state;
    check(RLIM_INFINITY);
}

static void nor_does_one_whose_limit_cannot_be_set(void **state)
{
    (void)state;
    check(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_crash_leaves_nothing_behind),
        cmocka_unit_test(nor_does_one_whose_limit_cannot_be_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
