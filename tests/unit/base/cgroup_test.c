/* cgroup_test.c - where a process's group is found, and what groups are for, on a machine that lets us make some. */
#include "cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"

#define V2 "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V2_READ_ONLY "30 24 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n"
#define V2_PART "30 24 0:26 /pod/a /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
#define V1 "31 24 0:27 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
#define HYBRID "32 24 0:28 / /sys/fs/cgroup/unified rw shared:11 - cgroup2 cgroup2 rw\n"

static void our_own_group_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *cgroup, *mountinfo, *folder;
    } cases[] = {
        { "0::/user.slice/a.scope\n", V2, "/sys/fs/cgroup/user.slice/a.scope" },
        { "0::/\n", V2, "/sys/fs/cgroup" },
        { "9:memory:/x\n0::/y\n", V1 HYBRID, "/sys/fs/cgroup/unified/y" },
        { "0::/pod/a/b\n", V2_PART, "/sys/fs/cgroup/b" },
        { "0::/pod/a\n", V2_PART, "/sys/fs/cgroup" },
        { "0::/pod/ab\n", V2_PART, NULL },              // a neighbour's
        { "0::/user.slice\n", V2_READ_ONLY, NULL },
        { "0::/../other\n", V2, NULL },                 // above the namespace
        { "4:memory:/x\n", V1, NULL },
        { "4:memory:/x\n", V2, NULL },
        { "0::/x\n", V1, NULL },
        { "", "", NULL },
        { "0::/x", "30 24", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char folder[PATH_MAX] = "", top[PATH_MAX] = "";
        const bool found = base_cgroup_locate(jn_str_of(cases[i].cgroup), jn_str_of(cases[i].mountinfo), folder, top);
        assert_int_equal(found, cases[i].folder != NULL);
        if (found)
            assert_string_equal(folder, cases[i].folder);
    }
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

/* A process in `g` that has left its session and waits; -1 when it could not enter. */
static int start_daemon_in(const struct base_cgroup *g)
{
    int fds[2], pid = -1;
    assert_int_equal(pipe(fds), 0);
    if (fork() == 0) {
        const int entry = base_cgroup_open_entry(g);
        const bool entered = entry >= 0 && write(entry, "0", 1) == 1;
        const pid_t daemon = entered ? fork() : -1;
        if (daemon != 0 && write(fds[1], &daemon, sizeof daemon) != sizeof daemon)
            _exit(1);
        if (daemon != 0)
            _exit(0);
        setsid();
        for (;;)
            pause();
    }
    assert_int_equal(read(fds[0], &pid, sizeof pid), sizeof pid);
    wait(NULL);
    close(fds[0]);
    close(fds[1]);
    return pid;
}

static void make_or_skip(struct base_cgroup *g)
{
    if (base_cgroup_make(g, 0))
        return;
    print_message("skipped: no control group can be made here\n");
    skip();
}

static void a_group_is_killed_as_a_whole(void **state)
{
    (void)state;
    struct base_cgroup g, other;
    make_or_skip(&g);
    assert_true(base_cgroup_make(&other, 0));
    assert_string_not_equal(g.path, other.path);
    const int daemon = start_daemon_in(&g);
    assert_true(daemon > 0 && is_alive(daemon));
    assert_false(base_cgroup_remove(&g));
    assert_false(base_cgroup_was_out_of_memory(&g));
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", g.path);
    base_cgroup_kill(&other);
    assert_true(is_alive(daemon));
    base_cgroup_kill(&g);
    assert_true(dies(daemon));
    bool removed = false;
    for (int i = 0; i < 500 && !removed; i++) {
        removed = base_cgroup_remove(&g);
        usleep(10000);
    }
    assert_true(removed);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(base_cgroup_remove(&other));
    assert_true(base_cgroup_remove(&other));            // nothing there: nothing to do
}

static void what_a_killed_process_has_left_is_cleared(void **state)
{
    (void)state;
    struct base_cgroup own, left = { 0 };
    int fds[2], daemon = 0;
    make_or_skip(&own);
    assert_int_equal(pipe(fds), 0);
    if (fork() == 0) {
        base_cgroup_make(&left, 0);
        daemon = start_daemon_in(&left);
        const bool told = write(fds[1], &daemon, sizeof daemon) == sizeof daemon &&
                          write(fds[1], left.path, sizeof left.path) == sizeof left.path;
        _exit(!told);
    }
    assert_int_equal(read(fds[0], &daemon, sizeof daemon), sizeof daemon);
    assert_int_equal(read(fds[0], left.path, sizeof left.path), sizeof left.path);
    wait(NULL);
    assert_true(daemon > 0 && is_alive(daemon));
    base_cgroup_sweep();
    assert_true(dies(daemon));
    for (int i = 0; i < 500 && access(left.path, F_OK) == 0; i++) {
        base_cgroup_sweep();
        usleep(10000);
    }
    assert_int_equal(access(left.path, F_OK), -1);
    assert_int_equal(access(own.path, F_OK), 0);        // somebody looks after this one
    assert_true(base_cgroup_remove(&own));
    close(fds[0]);
    close(fds[1]);
}

static void no_group_is_harmless(void **state)
{
    (void)state;
    struct base_cgroup none = { 0 };
    base_cgroup_kill(&none);
    assert_int_equal(base_cgroup_open_entry(&none), -1);
    assert_int_equal(base_cgroup_peak_memory(&none), 0);
    assert_false(base_cgroup_was_out_of_memory(&none));
    assert_true(base_cgroup_remove(&none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_group_is_found),
        cmocka_unit_test(a_group_is_killed_as_a_whole),
        cmocka_unit_test(what_a_killed_process_has_left_is_cleared),
        cmocka_unit_test(no_group_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
