/* guard_test.c - two processes that leave nothing behind.  A case forks a process that splits itself; the test stands
 * where the user's shell would. */
#include "cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/guard.h"

static int pipe_fds[2];

static void tell(int number)
{
    if (write(pipe_fds[1], &number, sizeof number) != sizeof number)
        _exit(99);
}

static int hear(void)
{
    int number = 0;
    assert_int_equal(read(pipe_fds[0], &number, sizeof number), sizeof number);
    return number;
}

static bool is_alive(int pid)
{
    char path[64], stat[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    const bool alive = f && fgets(stat, sizeof stat, f) && !strstr(stat, ") Z ");
    if (f)
        fclose(f);
    return alive;
}

static bool dies(int pid)
{
    for (int i = 0; i < 1000 && is_alive(pid); i++)
        usleep(10000);
    return !is_alive(pid);
}

_Noreturn static void wait_forever(void)
{
    for (;;)
        pause();
}

/* A process that leaves its parent and session.  Its number is told for it: it may be killed before it comes to that. */
static void start_daemon(void)
{
    const pid_t between = fork();
    if (between == 0) {
        const pid_t daemon = fork();
        if (daemon > 0) {
            tell(daemon);
            _exit(0);
        }
        setsid();
        signal(SIGTERM, SIG_IGN);
        wait_forever();
    }
    waitpid(between, NULL, 0);
}

/* Forks a process that becomes guard and worker; the worker does `work`, and tells its number first. */
static pid_t start_guarded(void (*before)(void), void (*work)(void))
{
    assert_int_equal(pipe(pipe_fds), 0);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    bool is_over = false;
    int status = 98;
    if (before)
        before();
    if (base_guard_start(&is_over, &status, NULL))
        _exit(97);
    if (is_over)
        _exit(status);
    tell(getpid());
    work();
    _exit(0);
}

static int end_of(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return status;
}

static void exit_7(void)
{
    _exit(7);
}

static void leave_a_daemon_and_wait(void)
{
    start_daemon();
    wait_forever();
}

static void leave_a_daemon(void)
{
    start_daemon();
    _exit(3);
}

static void on_usr1(int signum)
{
    _exit(signum);
}

static void wait_for_usr1(void)
{
    signal(SIGUSR1, on_usr1);
    tell(0);
    wait_forever();
}

static volatile sig_atomic_t is_told;

static void on_term(int signum)
{
    is_told = signum;
}

static void stop_at_sigterm(void)
{
    signal(SIGTERM, on_term);
    base_guard_adopt();
    start_daemon();
    while (!is_told)
        usleep(1000);
    base_guard_finish();
    tell(is_told);
    _exit(0);
}

static void the_guard_ends_like_the_worker(void **state)
{
    (void)state;
    pid_t guard = start_guarded(NULL, exit_7);
    assert_int_not_equal(hear(), guard);
    int status = end_of(guard);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);

    guard = start_guarded(NULL, wait_forever);
    kill(hear(), SIGXCPU);
    status = end_of(guard);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGXCPU);
}

static void signals_are_passed_on(void **state)
{
    (void)state;
    const pid_t guard = start_guarded(NULL, wait_for_usr1);
    hear();
    hear();
    kill(guard, SIGUSR1);
    const int status = end_of(guard);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), SIGUSR1);
}

static void nothing_is_left_when_the_worker_ends(void **state)
{
    (void)state;
    const pid_t guard = start_guarded(NULL, leave_a_daemon);
    hear();
    const int daemon = hear(), status = end_of(guard);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_false(is_alive(daemon));
}

static void orphans_end_while_the_worker_goes_on(void **state)
{
    (void)state;
    const pid_t guard = start_guarded(NULL, leave_a_daemon_and_wait);
    const int worker = hear(), daemon = hear();
    assert_true(dies(daemon));
    assert_true(is_alive(worker));
    kill(worker, SIGKILL);
    const int status = end_of(guard);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void nothing_is_left_when_the_guard_is_killed(void **state)
{
    (void)state;
    const pid_t guard = start_guarded(NULL, stop_at_sigterm);
    const int worker = hear(), daemon = hear();
    kill(guard, SIGKILL);
    assert_int_equal(hear(), SIGTERM);
    assert_true(dies(daemon));
    assert_true(dies(worker));
    end_of(guard);
}

/* A child from before, as a shell has one that starts it in the background and then becomes us by exec. */
static void have_a_child(void)
{
    const pid_t child = fork();
    if (child == 0)
        wait_forever();
    tell(child);
}

static void children_from_before_are_spared(void **state)
{
    (void)state;
    const pid_t guard = start_guarded(have_a_child, leave_a_daemon);
    const int child = hear();
    hear();
    assert_true(dies(hear()));
    assert_int_equal(WEXITSTATUS(end_of(guard)), 3);
    assert_true(is_alive(child));
    kill(child, SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_ends_like_the_worker),
        cmocka_unit_test(signals_are_passed_on),
        cmocka_unit_test(nothing_is_left_when_the_worker_ends),
        cmocka_unit_test(orphans_end_while_the_worker_goes_on),
        cmocka_unit_test(nothing_is_left_when_the_guard_is_killed),
        cmocka_unit_test(children_from_before_are_spared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
