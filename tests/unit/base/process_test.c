/* process_test.c - children that end, fail, talk, hold on, grow and are killed.  The shell plays all of them. */
#include "cmocka_all.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"
#include "base/timer.h"
#include "core/buf.h"

struct scene {
    struct base_loop *loop;
    struct base_process *process;
    struct jn_buf text;             /* "1:line|2:line|" */
    struct base_process_end end;
    int ends;
    bool free_on_line, stop_on_line;
};

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    struct scene *s = arg;
    jn_buf_append_z(&s->text, is_stderr ? "2:" : "1:");
    jn_buf_append(&s->text, line);
    jn_buf_append_char(&s->text, '|');
    if (s->stop_on_line)
        base_loop_stop(s->loop);
    if (s->free_on_line) {
        base_process_free(p);
        s->process = NULL;
    }
}

static void on_end(struct base_process *p, const struct base_process_end *end, void *arg)
{
    struct scene *s = arg;
    assert_ptr_equal(p, s->process);
    s->end = *end;
    s->ends++;
}

static const char *const environment[] = { "PATH=/usr/bin:/bin", "GREETING=hello", NULL };

static void start(struct scene *s, const char *script, bool with_output)
{
    *s = (struct scene){ 0 };
    jn_buf_init(&s->text, 0);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    const char *const argv[] = { "sh", "-c", script, NULL };
    const struct base_process_options opt = {
        .file = "sh", .argv = argv, .env = environment, .cwd = "/usr",
        .on_line = with_output ? on_line : NULL, .on_end = on_end, .arg = s,
    };
    struct jn_error err = { 0 };
    if (base_process_start(s->loop, &opt, &s->process, &err))
        fail_msg("%s", err.message);
}

static void finish(struct scene *s)
{
    base_process_free(s->process);
    base_loop_free(s->loop);
    jn_buf_clear(&s->text);
}

static void ends_are_reported(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        int status, signal;
    } cases[] = { { "exit 0", 0, 0 }, { "exit 7", 7, 0 }, { "kill -9 $$", 0, 9 }, { "kill -TERM $$", 0, 15 } };
    for (size_t i = 0; i < 4; i++) {
        struct scene s;
        start(&s, cases[i].script, i % 2);
        assert_int_equal(s.ends, 0);
        base_loop_run(s.loop);
        assert_int_equal(s.ends, 1);
        assert_int_equal(s.end.status, cases[i].status);
        assert_int_equal(s.end.signal, cases[i].signal);
        assert_true(s.end.peak_memory_bytes > 100000);
        finish(&s);
    }
}

static void output_comes_by_lines_before_the_end(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "echo $GREETING; pwd; echo oops >&2; echo; printf tail", true);
    base_loop_run(s.loop);
    assert_int_equal(s.ends, 1);
    assert_non_null(strstr(s.text.data, "1:hello|"));
    assert_non_null(strstr(s.text.data, "1:/usr|"));
    assert_non_null(strstr(s.text.data, "2:oops|"));
    assert_non_null(strstr(s.text.data, "1:|"));
    assert_non_null(strstr(s.text.data, "1:tail|"));
    finish(&s);
}

static void long_lines_come_in_pieces_and_nothing_is_lost(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "head -c 200000 /dev/zero | tr '\\0' x; echo; echo end", true);
    base_loop_run(s.loop);
    size_t letters = 0, pieces = 0;
    for (size_t i = 0; i < s.text.len; i++) {
        letters += s.text.data[i] == 'x';
        pieces += s.text.data[i] == '|';
    }
    assert_int_equal(letters, 200000);
    assert_int_equal(pieces, 5);
    finish(&s);
}

static void the_child_is_clean(void **state)
{
    (void)state;
    signal(SIGUSR2, SIG_IGN);
    const int leaked = dup(1);          // not close-on-exec
    struct scene s;
    /* its environment, descriptors, standard input, session, and ignored signals */
    start(&s, "env | sort | tr '\\n' ' '; echo; ls /proc/self/fd | tr '\\n' ' '; echo; cat; "
              "test $(ps -o sid= -p $$) = $$ && echo session; grep SigIgn /proc/self/status", true);
    base_loop_run(s.loop);
    close(leaked);
    signal(SIGUSR2, SIG_DFL);
    assert_non_null(strstr(s.text.data, "GREETING=hello"));
    assert_null(strstr(s.text.data, "HOME="));
    assert_non_null(strstr(s.text.data, "1:0 1 2 3 |"));    // 3 is the directory that ls reads
    const char *ignored = strstr(s.text.data, "SigIgn:\t");
    assert_non_null(ignored);
    /* 32 and 33 are the C library's own: posix_spawn(), with which make starts us, leaves them ignored for good. */
    assert_int_equal(strtoull(ignored + strlen("SigIgn:\t"), NULL, 16) & ~(3ull << 31), 0);
    finish(&s);
}

/* Longer than a pipe holds: it must not be waited for by anybody. */
static void standard_input_is_what_it_was_given(void **state)
{
    (void)state;
    enum { SIZE = 300000 };
    static char input[SIZE];
    const char *const argv[] = { "sh", "-c", "wc -c; echo", NULL };
    for (int part = 0; part < 2; part++) {
        struct scene s = { 0 };
        jn_buf_init(&s.text, 0);
        memset(input, 'x', sizeof input);
        assert_int_equal(base_loop_new(&s.loop, NULL), JN_OK);
        const struct base_process_options opt = {
            .file = "sh", .argv = argv, .env = environment, .input = { input, part ? SIZE : 5 },
            .on_line = on_line, .on_end = on_end, .arg = &s,
        };
        assert_int_equal(base_process_start(s.loop, &opt, &s.process, NULL), JN_OK);
        memset(input, 'y', sizeof input);       // it was read before the start returned
        base_loop_run(s.loop);
        assert_string_equal(s.text.data, part ? "1:300000|1:|" : "1:5|1:|");
        finish(&s);
    }
}

static void starting_fails_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *file, *cwd, *says;
    } cases[] = {
        { "no-such-program", NULL, "no such program in PATH (/usr/bin:/bin)" },
        { "/nonexistent/x", NULL, "No such file" },
        { "/etc/passwd", NULL, "Permission denied" },
        { "sh", "/nonexistent", "in directory /nonexistent: No such file" },
    };
    struct base_loop *loop = NULL;
    assert_int_equal(base_loop_new(&loop, NULL), JN_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const argv[] = { "x", NULL };
        const struct base_process_options opt = {
            .file = cases[i].file, .argv = argv, .env = environment, .cwd = cases[i].cwd, .on_line = on_line,
            .on_end = on_end,
        };
        struct base_process *p = NULL;
        struct jn_error err = { 0 };
        assert_int_equal(base_process_start(loop, &opt, &p, &err), JN_IO);
        if (!strstr(err.message, cases[i].says))
            fail_msg("%s: %s", cases[i].file, err.message);
        assert_null(p);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);       // no zombie is left
    assert_int_equal(errno, ECHILD);
    base_loop_free(loop);
}

static void on_timer(struct base_timer *t, void *arg)
{
    struct scene *s = arg;
    base_process_kill(s->process, SIGTERM);
    base_timer_free(t);
}

static void a_signal_reaches_the_whole_group(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "sleep 60 & sleep 60", true);
    struct base_timer *t = NULL;
    base_timer_new(s.loop, on_timer, &s, &t, NULL);
    base_timer_start(t, 30);
    const int64_t before = base_loop_now_ms(s.loop);
    base_loop_run(s.loop);
    assert_true(base_loop_now_ms(s.loop) - before < 900);   // no grandchild holds the output open
    assert_int_equal(s.end.signal, SIGTERM);
    base_process_kill(s.process, SIGTERM);                  // after the end: nothing
    finish(&s);
}

static void output_held_open_is_waited_for_a_second(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "(sleep 0.1; echo late; exec sleep 60) & echo $!", true);
    const int64_t before = base_loop_now_ms(s.loop);
    base_loop_run(s.loop);
    const int64_t took = base_loop_now_ms(s.loop) - before;
    assert_true(took >= 950 && took < 3000);
    assert_int_equal(s.ends, 1);
    assert_non_null(strstr(s.text.data, "1:late|"));
    const int grandchild = atoi(s.text.data + 2);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", grandchild);
    for (int i = 0; i < 100 && access(path, F_OK) == 0; i++)
        usleep(10000);                  // whoever adopts it reaps it
    FILE *f = fopen(path, "r");
    char stat[256] = "";
    if (f && fgets(stat, sizeof stat, f))
        assert_non_null(strstr(stat, ") Z "));
    if (f)
        fclose(f);
    finish(&s);
}

static void freeing_kills_and_silences(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "sleep 60", true);
    const int pid = base_process_pid(s.process);
    base_process_free(s.process);
    s.process = NULL;
    base_loop_free(s.loop);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(s.ends, 0);
    jn_buf_clear(&s.text);
}

static void a_line_may_free_the_process(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "echo a; echo b; echo c; sleep 60", true);
    s.free_on_line = true;
    base_loop_run(s.loop);
    assert_string_equal(s.text.data, "1:a|");
    assert_int_equal(s.ends, 0);
    finish(&s);
}

static void memory_is_measured(void **state)
{
    (void)state;
    struct scene s;
    /* dd fills its buffer of 300 MB */
    start(&s, "exec dd if=/dev/zero of=/dev/null bs=300M count=1", true);
    base_loop_run(s.loop);
    assert_in_range(s.end.peak_memory_bytes, 300 << 20, 400 << 20);
    finish(&s);
    start(&s, "echo up; sleep 60; echo never", true);      // the shell stays: a program just started is still small
    s.stop_on_line = true;
    base_loop_run(s.loop);
    assert_in_range(base_process_peak_memory(s.process), 100000, 100 << 20);
    finish(&s);
}

/* A process of ours starts a child and is killed; the kernel kills the child. */
static void the_child_dies_with_its_parent(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        struct scene s;
        start(&s, "sleep 60", false);
        const int pid = base_process_pid(s.process);
        if (write(fds[1], &pid, sizeof pid) != sizeof pid)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    int pid = 0;
    assert_int_equal(read(fds[0], &pid, sizeof pid), sizeof pid);
    waitpid(parent, NULL, 0);
    bool dead = false;
    for (int i = 0; i < 200 && !dead; i++) {
        char path[64], stat[256] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *f = fopen(path, "r");
        dead = !f || !fgets(stat, sizeof stat, f) || strstr(stat, ") Z ");
        if (f)
            fclose(f);
        usleep(10000);
    }
    assert_true(dead);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_are_reported),
        cmocka_unit_test(output_comes_by_lines_before_the_end),
        cmocka_unit_test(long_lines_come_in_pieces_and_nothing_is_lost),
        cmocka_unit_test(the_child_is_clean),
        cmocka_unit_test(standard_input_is_what_it_was_given),
        cmocka_unit_test(starting_fails_with_a_reason),
        cmocka_unit_test(a_signal_reaches_the_whole_group),
        cmocka_unit_test(output_held_open_is_waited_for_a_second),
        cmocka_unit_test(freeing_kills_and_silences),
        cmocka_unit_test(a_line_may_free_the_process),
        cmocka_unit_test(memory_is_measured),
        cmocka_unit_test(the_child_dies_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
