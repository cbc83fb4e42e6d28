/* stream_test.c - files, pipes and devices, with back-pressure. */
#include "cmocka_all.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/stream.h"
#include "base/timer.h"

struct scene {
    struct base_loop *loop;
    struct base_reader *reader;
    struct jn_buf text;
    int pieces, ends;
    struct jn_error failed;
    bool pause_on_piece, bounce_on_piece, free_on_piece;
};

static void on_data(struct base_reader *r, jn_str data, const struct jn_error *failed, void *arg)
{
    struct scene *s = arg;
    assert_int_equal(s->ends, 0);
    if (failed)
        s->failed = *failed;
    if (data.len == 0) {
        s->ends++;
        return;
    }
    s->pieces++;
    if (s->pause_on_piece || s->bounce_on_piece)
        base_reader_pause(r);
    if (s->bounce_on_piece)
        base_reader_resume(r);
    jn_buf_append(&s->text, data);      // after a resume, which must not have read into it
    if (s->free_on_piece) {
        base_reader_free(r);
        s->reader = NULL;
    }
}

static void start(struct scene *s, const char *path)
{
    *s = (struct scene){ 0 };
    jn_buf_init(&s->text, 0);
    assert_int_equal(base_loop_new(&s->loop, NULL), JN_OK);
    struct jn_error err = { 0 };
    if (base_reader_open(s->loop, path, on_data, s, &s->reader, &err))
        fail_msg("%s", err.message);
}

static void finish(struct scene *s)
{
    base_reader_free(s->reader);
    base_loop_free(s->loop);
    jn_buf_clear(&s->text);
}

static char directory[64], file_path[96], fifo_path[96];
static char content[300000];

static int make_files(void **state)
{
    (void)state;
    snprintf(directory, sizeof directory, "/tmp/stream_test.XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    snprintf(file_path, sizeof file_path, "%s/file", directory);
    snprintf(fifo_path, sizeof fifo_path, "%s/fifo", directory);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)(i * 7 >> 2);
    FILE *f = fopen(file_path, "w");
    const bool written = f && fwrite(content, 1, sizeof content, f) == sizeof content;
    return f && fclose(f) == 0 && written && mkfifo(fifo_path, 0600) == 0 ? 0 : -1;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(file_path);
    unlink(fifo_path);
    return rmdir(directory);
}

static const jn_str whole = { content, sizeof content };

static void a_file_is_read_to_its_end(void **state)
{
    (void)state;
    struct scene s;
    start(&s, file_path);
    assert_int_equal(base_reader_size(s.reader), sizeof content);
    base_loop_run(s.loop);
    assert_int_equal(s.pieces, 0);      // it starts paused
    base_reader_resume(s.reader);
    assert_int_equal(s.pieces, 0);
    base_loop_run(s.loop);
    assert_true(jn_str_eq(jn_buf_str(&s.text), whole));
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.failed.status, JN_OK);
    base_reader_resume(s.reader);       // after the end: nothing
    base_loop_run(s.loop);
    assert_int_equal(s.ends, 1);
    finish(&s);
}

static void pausing_stops_the_flow(void **state)
{
    (void)state;
    struct scene s;
    start(&s, file_path);
    s.pause_on_piece = true;
    for (int i = 1; i <= 5; i++) {
        base_reader_resume(s.reader);
        base_loop_run(s.loop);
        assert_int_equal(s.pieces, i);
    }
    assert_int_equal(s.ends, 0);
    base_reader_resume(s.reader);
    base_loop_run(s.loop);
    assert_int_equal(s.ends, 1);
    assert_true(jn_str_eq(jn_buf_str(&s.text), whole));
    finish(&s);
}

/* Paused while the pool reads: the piece waits. */
static void a_piece_read_meanwhile_is_kept(void **state)
{
    (void)state;
    struct scene s;
    start(&s, file_path);
    base_reader_resume(s.reader);
    base_reader_pause(s.reader);
    base_loop_run(s.loop);
    assert_int_equal(s.pieces, 0);
    base_reader_resume(s.reader);
    base_loop_run(s.loop);
    assert_true(jn_str_eq(jn_buf_str(&s.text), whole));
    finish(&s);
}

static void resuming_inside_the_call_keeps_the_piece(void **state)
{
    (void)state;
    struct scene s;
    start(&s, file_path);
    s.bounce_on_piece = true;
    base_reader_resume(s.reader);
    base_loop_run(s.loop);
    assert_true(jn_str_eq(jn_buf_str(&s.text), whole));
    assert_int_equal(s.ends, 1);
    finish(&s);
}

static void a_reader_may_be_freed_at_any_time(void **state)
{
    (void)state;
    struct scene s;
    start(&s, file_path);
    s.free_on_piece = true;
    base_reader_resume(s.reader);
    base_loop_run(s.loop);
    assert_int_equal(s.pieces, 1);
    finish(&s);
    start(&s, file_path);
    base_reader_resume(s.reader);
    finish(&s);                         // the pool is at work
    start(&s, fifo_path);
    base_reader_resume(s.reader);
    finish(&s);
}

static void on_timer(struct base_timer *t, void *arg)
{
    const int fd = *(int *)arg;
    assert_int_equal(write(fd, "later", 5), 5);
    close(fd);
    base_timer_free(t);
}

/* Opening does not wait for a writer, and its absence is not the end. */
static void a_fifo_waits_for_its_writer(void **state)
{
    (void)state;
    struct scene s;
    start(&s, fifo_path);
    assert_int_equal(base_reader_size(s.reader), -1);
    base_reader_resume(s.reader);
    int fd = open(fifo_path, O_WRONLY);
    struct base_timer *t = NULL;
    base_timer_new(s.loop, on_timer, &fd, &t, NULL);
    base_timer_start(t, 20);
    base_loop_run(s.loop);
    assert_string_equal(s.text.data, "later");
    assert_int_equal(s.ends, 1);
    finish(&s);
}

/* The flags of a shared standard input are not ours to change. */
static void standard_input_stays_as_it_was(void **state)
{
    (void)state;
    int fds[2];
    const int saved = dup(0);
    assert_int_equal(pipe(fds), 0);
    dup2(fds[0], 0);
    assert_int_equal(write(fds[1], "abc", 3), 3);
    close(fds[1]);
    struct scene s;
    start(&s, "-");
    base_reader_resume(s.reader);
    assert_int_equal(fcntl(0, F_GETFL) & O_NONBLOCK, 0);
    base_loop_run(s.loop);
    assert_int_equal(fcntl(0, F_GETFL) & O_NONBLOCK, 0);
    assert_string_equal(s.text.data, "abc");
    assert_int_equal(s.ends, 1);
    finish(&s);
    assert_int_equal(fcntl(0, F_GETFD), 0);     // and it is still open
    dup2(saved, 0);
    close(saved);
    close(fds[0]);
}

/* An idle pipe does not hold up the end of the program. */
static void an_open_pipe_does_not_block_the_end(void **state)
{
    (void)state;
    int fds[2];
    const int saved = dup(0);
    assert_int_equal(pipe(fds), 0);
    dup2(fds[0], 0);
    struct scene s;
    start(&s, NULL);
    base_reader_resume(s.reader);
    base_loop_stop(s.loop);
    base_loop_run(s.loop);
    finish(&s);
    dup2(saved, 0);
    close(saved);
    close(fds[0]);
    close(fds[1]);
}

static void devices_and_failures(void **state)
{
    (void)state;
    struct scene s;
    start(&s, "/dev/null");
    base_reader_resume(s.reader);
    base_loop_run(s.loop);
    assert_int_equal(s.ends, 1);
    finish(&s);
    start(&s, "/proc/self/mem");        // opens, and cannot be read at 0
    base_reader_resume(s.reader);
    base_loop_run(s.loop);
    assert_int_equal(s.ends, 1);
    assert_int_equal(s.failed.status, JN_IO);
    assert_non_null(strstr(s.failed.message, "/proc/self/mem"));
    struct base_reader *r = NULL;
    struct jn_error err = { 0 };
    assert_int_equal(base_reader_open(s.loop, "/nonexistent", on_data, &s, &r, &err), JN_IO);
    assert_string_equal(err.message, "cannot open /nonexistent: No such file or directory");
    err = (struct jn_error){ 0 };
    assert_int_equal(base_reader_open(s.loop, "/usr", on_data, &s, &r, &err), JN_IO);
    assert_string_equal(err.message, "cannot read /usr: it is a directory");
    finish(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_to_its_end),
        cmocka_unit_test(pausing_stops_the_flow),
        cmocka_unit_test(a_piece_read_meanwhile_is_kept),
        cmocka_unit_test(resuming_inside_the_call_keeps_the_piece),
        cmocka_unit_test(a_reader_may_be_freed_at_any_time),
        cmocka_unit_test(a_fifo_waits_for_its_writer),
        cmocka_unit_test(standard_input_stays_as_it_was),
        cmocka_unit_test(an_open_pipe_does_not_block_the_end),
        cmocka_unit_test(devices_and_failures),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
