/* contained_test.c - processes that take everything with them, and that have a limit of memory.  Run twice: as we are,
 * and, when that is root, as nobody as well, who can make no control groups. */
#include "cmocka_all.h"

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/file.h"
#include "base/guard.h"
#include "base/process.h"
#include "base/timer.h"

#define MB ((int64_t)1 << 20)

/* In the shell's memory: a text of that many megabytes.  What follows must not be its last command, which it becomes. */
#define HOLD(megabytes) "x=$(head -c " #megabytes "000000 /dev/zero | tr '\\0' x); "

struct scene {
    struct base_loop *loop;
    struct base_process *process;
    struct jn_buf text;
    struct base_process_end end;
    int ends;
};

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    (void)p, (void)is_stderr;
    struct scene *s = arg;
    jn_buf_append(&s->text, line);
    jn_buf_append_char(&s->text, '|');
    base_loop_stop(s->loop);
}

static void on_end(struct base_process *p, const struct base_process_end *end, void *arg)
{
    (void)p;
    struct scene *s = arg;
    s->end = *end;
    s->ends++;
    base_loop_stop(s->loop);
}

static void start(struct scene *s, const char *program, const char *script, int64_t limit)
{
    static const char *const environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", NULL };
    *s = (struct scene){ 0 };
    jn_buf_init(&s->text, 0);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    const char *const argv[] = { program, strcmp(program, "node") == 0 ? "-e" : "-c", script, NULL };
    const struct base_process_options opt = {
        .file = program, .argv = argv, .env = environment, .is_contained = true, .memory_limit_bytes = limit,
        .on_line = on_line, .on_end = on_end, .arg = s,
    };
    struct jn_error err = { 0 };
    if (base_process_start(s->loop, &opt, &s->process, &err))
        fail_msg("%s", err.message);
}

/* Runs until the process has ended. */
static void run_to_end(struct scene *s)
{
    while (s->ends == 0)
        base_loop_run(s->loop);
}

static void finish(struct scene *s)
{
    base_process_free(s->process);
    base_loop_free(s->loop);
    jn_buf_clear(&s->text);
}

static bool has_groups(void)
{
    struct base_cgroup g;
    return base_cgroup_make(&g, 0) && base_cgroup_remove(&g);
}

/* The number after `name` in /proc/PID/status; 0 when the process is gone or a zombie. */
static int read_status(int pid, const char *name)
{
    char path[64], line[256];
    int value = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "State:\tZ", 8) == 0)
            break;
        if (strncmp(line, name, strlen(name)) == 0)
            value = atoi(line + strlen(name));
    }
    if (f)
        fclose(f);
    return value;
}

static bool dies(int pid)
{
    for (int i = 0; i < 1000 && read_status(pid, "Pid:"); i++)
        usleep(10000);
    return !read_status(pid, "Pid:");
}

/* ---- the family ----------------------------------------------------------------------------------------------- */

/* A daemon: in a session of its own, deaf to SIGTERM, its parent gone, its output closed. */
#define DAEMON "(setsid sh -c 'trap \"\" TERM; sleep 300; sleep 300' >/dev/null 2>&1 & echo $!); "

static void daemons_end_with_the_process(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int signum;
    } cases[] = { { DAEMON "sleep 60", SIGKILL }, { DAEMON "sleep 60", SIGTERM }, { DAEMON "exit 3", 0 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene s;
        start(&s, "sh", cases[i].script, 0);
        base_loop_run(s.loop);
        const int daemon = atoi(s.text.data);
        assert_true(daemon > 1);
        if (cases[i].signum)
            base_process_kill(s.process, cases[i].signum);
        run_to_end(&s);
        if (!has_groups())
            base_guard_finish();
        assert_true(dies(daemon));
        finish(&s);
    }
}

static void orphans_stay_below_the_process(void **state)
{
    (void)state;
    if (has_groups()) {
        print_message("skipped: it is in a control group instead\n");
        skip();
    }
    struct scene s;
    start(&s, "sh", DAEMON "sleep 60", 0);
    base_loop_run(s.loop);
    const int daemon = atoi(s.text.data), pid = base_process_pid(s.process);
    for (int i = 0; i < 1000 && read_status(daemon, "PPid:") != pid; i++)
        usleep(10000);
    assert_int_equal(read_status(daemon, "PPid:"), pid);
    base_process_kill(s.process, SIGKILL);
    run_to_end(&s);
    base_guard_finish();
    assert_true(dies(daemon));
    finish(&s);
}

static void freeing_takes_everything_along(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "sh", DAEMON "sleep 60", 0);
    base_loop_run(s.loop);
    const int daemon = atoi(s.text.data);
    base_process_free(s.process);
    base_loop_free(s.loop);             // returns when the process and its group are gone
    if (!has_groups())
        base_guard_finish();
    assert_true(dies(daemon));
    jn_buf_clear(&s.text);
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static void assert_out_of_memory(const char *script, int64_t limit)
{
    struct scene s;
    start(&s, "sh", script, limit);
    run_to_end(&s);
    assert_true(s.end.out_of_memory);
    assert_int_equal(s.end.signal, SIGKILL);
    assert_true(s.end.peak_memory_bytes > 0);
    finish(&s);
}

static void too_much_memory_is_the_end(void **state)
{
    (void)state;
    assert_out_of_memory(HOLD(150) "sleep 60; :", 64 * MB);
}

static void memory_of_children_counts(void **state)
{
    (void)state;
    assert_out_of_memory("for i in 1 2 3 4; do (" HOLD(40) "sleep 60; :) & done; wait; exit 0", 128 * MB);
}

static void assert_ends_with(const char *program, const char *script, int64_t limit, int status)
{
    struct scene s;
    start(&s, program, script, limit);
    run_to_end(&s);
    if (s.end.status != status || s.end.signal || s.end.out_of_memory)
        fail_msg("%s: status %d, signal %d: %s", script, s.end.status, s.end.signal, s.text.data ? s.text.data : "");
    finish(&s);
}

static void shared_memory_counts_once(void **state)
{
    (void)state;
    assert_ends_with("sh", HOLD(60) "for i in 1 2 3 4; do (sleep 0.5; :) & done; wait; exit 7", 280 * MB, 7);
}

static void exits_and_signals_are_not_for_want_of_memory(void **state)
{
    (void)state;
    assert_ends_with("sh", "exit 4", 64 * MB, 4);
    struct scene s;
    start(&s, "sh", "kill -9 $$", 64 * MB);
    run_to_end(&s);
    assert_int_equal(s.end.signal, SIGKILL);
    assert_false(s.end.out_of_memory);
    finish(&s);
}

/* What looks big to a resource limit, but is not: see the head of process.c. */
static void runtimes_start_with_the_least_memory(void **state)
{
    (void)state;
    assert_ends_with("python3", "import threading, time\n"
                                "for _ in range(60): threading.Thread(target=time.sleep, args=(.3,)).start()\n"
                                "raise SystemExit(5)", 128 * MB, 5);
    if (!base_is_executable("/usr/bin/node") && !base_is_executable("/usr/local/bin/node")) {
        print_message("skipped the rest: node is not installed\n");
        return;
    }
    assert_ends_with("node", "const w = require('worker_threads');"
                             "new w.Worker('0', { eval: true }).on('exit', () => setTimeout(() => process.exit(6), 300))",
                     128 * MB, 6);
}

static void on_timer(struct base_timer *t, void *arg)
{
    struct scene *s = arg;
    base_loop_stop(s->loop);
    base_timer_free(t);
}

static void who_has_nothing_to_do_is_not_watched(void **state)
{
    (void)state;
    if (has_groups()) {
        print_message("skipped: the kernel may be the one who watches\n");
        skip();
    }
    struct scene s;
    start(&s, "sh", HOLD(150) "echo held; sleep 60; :", 64 * MB);
    base_process_set_busy(s.process, false);
    base_loop_run(s.loop);
    assert_string_equal(s.text.data, "held|");
    struct base_timer *t = NULL;
    base_timer_new(s.loop, on_timer, &s, &t, NULL);
    base_timer_start(t, 300);
    base_loop_run(s.loop);
    assert_int_equal(s.ends, 0);
    base_process_set_busy(s.process, true);
    run_to_end(&s);
    assert_true(s.end.out_of_memory);
    finish(&s);
}

static int run_all(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(daemons_end_with_the_process),
        cmocka_unit_test(orphans_stay_below_the_process),
        cmocka_unit_test(freeing_takes_everything_along),
        cmocka_unit_test(too_much_memory_is_the_end),
        cmocka_unit_test(memory_of_children_counts),
        cmocka_unit_test(shared_memory_counts_once),
        cmocka_unit_test(exits_and_signals_are_not_for_want_of_memory),
        cmocka_unit_test(runtimes_start_with_the_least_memory),
        cmocka_unit_test(who_has_nothing_to_do_is_not_watched),
    };
    base_guard_adopt();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

static int run_as_nobody(void)
{
    enum { NOBODY = 65534 };
    if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
        return 1;
    return run_all();
}

int main(void)
{
    const int failed = run_all();
    fflush(NULL);
    const pid_t pid = geteuid() == 0 ? fork() : -1;
    int status = 0;
    if (pid == 0)
        exit(run_as_nobody());
    if (pid > 0)
        waitpid(pid, &status, 0);
    return failed || status;
}
