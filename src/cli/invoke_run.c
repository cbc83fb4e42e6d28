/* invoke_run.c - see invoke_run.h. */
#include "cli/invoke_run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/signal.h"
#include "base/stream.h"
#include "base/timer.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/invoke_report.h"
#include "cli/progress.h"

enum {
    WINDOW_PER_CALL = 4,            /* slots for each call in flight: what may wait behind a slow one */
    MAX_VALUE = 256 << 20,          /* bytes of one message */
    READ_AHEAD = 1 << 20,           /* input held beyond the window */
    KEEP_BYTES = 1 << 20,           /* a free slot keeps no larger buffer */
    DRAW_MS = 100,
};

struct slot {
    struct pump *pump;
    struct jn_buf body;             /* the message */
    struct jn_buf output;           /* a line for standard output */
    struct jn_buf text, record;     /* a failure, for people and for --errors */
    uint64_t index, line;
    const char *file;
    struct component_call *call;    /* in flight; NULL: none */
    bool is_done, is_failed;
};

struct pump {
    const struct invoke_run_options *opt;
    struct slot *slots;
    size_t slot_count;
    uint64_t taken, written;        /* messages taken from the input, and written out: slots are between them */
    unsigned in_flight;
    struct base_reader *reader;     /* of the current file; NULL between files and at the end */
    size_t file;                    /* which one */
    bool file_ended;                /* all bytes of the current file are in the cutter */
    struct input_cutter cutter;
    struct progress progress;
    struct jn_arena *scratch;
    bool is_stopping;               /* by a signal or a failed write: take nothing more */
    bool is_interrupted;
    struct jn_error failed;         /* what ended the run itself */
    struct base_timer *timer;
    struct base_signal *sigint, *sigterm;
};

static int64_t now_us(const struct pump *p)
{
    return p->opt->clock->monotonic_us(p->opt->clock);
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void stop_on_error(struct pump *p, enum jn_status s, const char *what)
{
    jn_fail(&p->failed, s, "%s", what);
    p->is_stopping = true;
}

static bool write_all(int fd, jn_str s)
{
    while (s.len) {
        const ssize_t n = write(fd, s.data, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        s = jn_str_sub(s, (size_t)n, s.len);
    }
    return true;
}

static void write_slot(struct pump *p, struct slot *slot)
{
    if (slot->is_failed) {
        progress_erase(&p->progress);
        write_all(STDERR_FILENO, jn_buf_str(&slot->text));
        if (p->opt->errors_fd >= 0 && !write_all(p->opt->errors_fd, jn_buf_str(&slot->record)))
            stop_on_error(p, JN_IO, "the file of --errors cannot be written; stopped taking messages");
    } else if (!write_all(STDOUT_FILENO, jn_buf_str(&slot->output))) {
        stop_on_error(p, JN_IO, "standard output cannot be written; stopped taking messages");
    }
}

static void reset_buf(struct jn_buf *b)
{
    if (b->cap > KEEP_BYTES || b->failed)
        jn_buf_clear(b);
    else
        jn_buf_truncate(b, 0);
}

static struct slot *slot_of(const struct pump *p, uint64_t number)
{
    return &p->slots[number % p->slot_count];
}

/* Writes what is done, in order. */
static void write_ready(struct pump *p)
{
    while (p->written < p->taken && slot_of(p, p->written)->is_done) {
        struct slot *slot = slot_of(p, p->written++);
        write_slot(p, slot);
        if (slot->is_failed)
            p->progress.failed++;
        else
            p->progress.succeeded++;
        reset_buf(&slot->body);
        reset_buf(&slot->output);
        reset_buf(&slot->text);
        reset_buf(&slot->record);
    }
}

/* ---- one message --------------------------------------------------------------------------------------------- */

/* JSON as it is, but in one line: white space between its tokens is left out. */
static void put_line(struct jn_buf *out, jn_str json)
{
    bool is_string = false;
    size_t from = 0;
    for (size_t i = 0; i < json.len; i++) {
        const char c = json.data[i];
        if (c == '"')
            is_string = !is_string;
        else if (is_string && c == '\\')
            i++;
        if (is_string || !(c == ' ' || c == '\n' || c == '\r' || c == '\t'))
            continue;
        jn_buf_append(out, jn_str_sub(json, from, i));
        from = i + 1;
    }
    jn_buf_append(out, jn_str_sub(json, from, json.len));
    jn_buf_append_char(out, '\n');
}

static void settle(struct slot *slot, const struct component_result *r)
{
    struct pump *p = slot->pump;
    slot->is_done = true;
    slot->is_failed = r->verdict != COMPONENT_EMIT;
    if (!slot->is_failed && p->opt->is_streamed && r->body.len == 0)
        return;
    if (!slot->is_failed) {
        put_line(&slot->output, r->body);
        if (!slot->output.failed)
            return;
        slot->is_failed = true;
    }
    const struct invoke_place at = { slot->file, slot->index, slot->line, jn_buf_str(&slot->body) };
    invoke_report_text(&slot->text, &at, r);
    if (p->opt->errors_fd >= 0)
        invoke_report_record(&slot->record, p->scratch, &at, r);
    jn_arena_reset(p->scratch);
}

static void pump_on(struct pump *p);

static void on_result(const struct component_result *r, void *arg)
{
    struct slot *slot = arg;
    struct pump *p = slot->pump;
    p->in_flight--;
    slot->call = NULL;
    if (r->duration_us > 0)
        progress_measure(&p->progress, r->duration_us);
    settle(slot, r);
    pump_on(p);
}

/* A piece of a result.  When nobody reads it any more, the rest need not come: the function may run on. */
static void on_chunk(jn_str piece, void *arg)
{
    struct slot *slot = arg;
    struct pump *p = slot->pump;
    progress_erase(&p->progress);
    if (write_all(STDOUT_FILENO, piece))
        return;
    struct component_result r = { .verdict = COMPONENT_THROW, .stage = COMPONENT_RESULT, .outcome_unknown = true };
    r.status = jn_fail(&r.error, JN_IO, "the function's result could not be written");
    component_call_cancel(slot->call);
    stop_on_error(p, JN_IO, "standard output cannot be written; stopped taking messages");
    on_result(&r, slot);
}

/* A mistake in the message's own JSON is told by the line of the file. */
static void shift_line(const struct slot *slot, struct jn_error *e)
{
    if (e->status == JN_BAD_TEXT && e->line > 1) {
        struct jn_error shifted = { 0 };
        jn_fail(&shifted, JN_BAD_TEXT, "%s (that is line %llu of the input)", e->message,
                (unsigned long long)(slot->line + e->line - 1));
        memcpy(e->message, shifted.message, sizeof e->message);
    }
}

static void start_message(struct pump *p, const struct input_value *v)
{
    struct slot *slot = slot_of(p, p->taken++);
    slot->index = p->taken;
    slot->line = v->line;
    slot->file = p->opt->files[p->file];
    slot->is_done = slot->is_failed = false;
    jn_buf_append(&slot->body, v->text);
    struct component_result r = { .verdict = COMPONENT_THROW, .stage = COMPONENT_MAPPING };
    slot->call = NULL;
    const struct component_message message = { .body = jn_buf_str(&slot->body) };
    r.status = slot->body.failed
        ? jn_fail(&r.error, slot->body.failed, "no memory for the message")
        : component_publish_start(p->opt->action, &message, NULL, on_result, slot, &slot->call, &r.error);
    if (slot->call) {
        p->in_flight++;
        return;
    }
    if (!r.status) {
        r.verdict = COMPONENT_EMIT;
        r.body = message.body;
    }
    shift_line(slot, &r.error);
    settle(slot, &r);
}

/* ---- input --------------------------------------------------------------------------------------------------- */

static void on_data(struct base_reader *r, jn_str data, const struct jn_error *failed, void *arg)
{
    struct pump *p = arg;
    (void)r;
    if (failed) {
        jn_fail(&p->failed, failed->status, "%s", failed->message);
        p->is_stopping = true;
    }
    if (data.len == 0)
        p->file_ended = true;
    p->progress.bytes_done += (int64_t)data.len;
    if (input_add(&p->cutter, data))
        stop_on_error(p, JN_LIMIT, "a message is larger than 256 MB; stopped reading the input");
    pump_on(p);
}

/* Opens the next file; at the end of all there is none, and reader stays NULL. */
static void open_next(struct pump *p)
{
    input_clear(&p->cutter);
    input_init(&p->cutter, MAX_VALUE);
    p->file_ended = false;
    struct jn_error err = { 0 };
    if (base_reader_open(p->opt->loop, p->opt->files[p->file], on_data, p, &p->reader, &err)) {
        p->failed = err;
        p->is_stopping = true;
    }
}

static void close_reader(struct pump *p)
{
    base_reader_free(p->reader);
    p->reader = NULL;
}

static bool has_room(const struct pump *p)
{
    return !p->is_stopping && p->in_flight < p->opt->concurrency && p->taken - p->written < p->slot_count;
}

/* Fills the window.  True when it ran out of input rather than of room. */
static bool take_messages(struct pump *p)
{
    struct input_value v;
    while (has_room(p)) {
        if (!input_next(&p->cutter, &v))
            return true;
        start_message(p, &v);
        write_ready(p);
    }
    return false;
}

/* The one step after every event: write, take, read on, or end. */
static void pump_on(struct pump *p)
{
    write_ready(p);
    while (p->reader && take_messages(p) && p->file_ended) {
        close_reader(p);
        if (++p->file < p->opt->file_count)
            open_next(p);
    }
    if (p->is_stopping && p->reader)
        close_reader(p);
    p->progress.in_flight = p->in_flight;
    if (!p->reader && p->in_flight == 0)
        base_loop_stop(p->opt->loop);
    else if (p->reader && !p->file_ended && (has_room(p) || input_pending(&p->cutter) < READ_AHEAD))
        base_reader_resume(p->reader);
    else if (p->reader)
        base_reader_pause(p->reader);
}

/* ---- the run ------------------------------------------------------------------------------------------------- */

static void on_signal(int signum, void *arg)
{
    struct pump *p = arg;
    if (p->is_interrupted)
        _exit(128 + signum);        // the second time, at once
    p->is_interrupted = p->is_stopping = true;
    progress_erase(&p->progress);
    fprintf(stderr, "stopping: %u call%s in flight will be finished (again to stop at once)\n", p->in_flight,
            p->in_flight == 1 ? "" : "s");
    pump_on(p);
}

static void on_draw(struct base_timer *t, void *arg)
{
    struct pump *p = arg;
    progress_draw(&p->progress, now_us(p));
    base_timer_start(t, DRAW_MS);
}

static void measure_files(struct pump *p)
{
    int64_t total = 0;
    for (size_t i = 0; i < p->opt->file_count && total >= 0; i++) {
        struct base_reader *r = NULL;
        const int64_t size = base_reader_open(p->opt->loop, p->opt->files[i], on_data, p, &r, NULL) == JN_OK
            ? base_reader_size(r) : -1;
        base_reader_free(r);
        total = size < 0 ? -1 : total + size;
    }
    p->progress.bytes_total = total;
}

static void init_slot(struct pump *p, struct slot *slot)
{
    slot->pump = p;
    jn_buf_init(&slot->body, 0);
    jn_buf_init(&slot->output, 0);
    jn_buf_init(&slot->text, 0);
    jn_buf_init(&slot->record, 0);
}

static enum jn_status set_up(struct pump *p, struct jn_error *err)
{
    const struct invoke_run_options *opt = p->opt;
    progress_init(&p->progress, !opt->quiet && isatty(STDERR_FILENO), now_us(p));
    p->slot_count = (size_t)opt->concurrency * WINDOW_PER_CALL;
    p->slots = calloc(p->slot_count, sizeof *p->slots);
    p->scratch = jn_arena_new(0);
    if (!p->slots || !p->scratch)
        return jn_fail(err, JN_NO_MEMORY, "no memory for %u calls at once", opt->concurrency);
    for (size_t i = 0; i < p->slot_count; i++)
        init_slot(p, &p->slots[i]);
    enum jn_status s = base_signal_new(opt->loop, SIGINT, on_signal, p, &p->sigint, err);
    if (!s)
        s = base_signal_new(opt->loop, SIGTERM, on_signal, p, &p->sigterm, err);
    if (!s && p->progress.on_terminal) {
        s = base_timer_new(opt->loop, on_draw, p, &p->timer, err);
        if (!s) {
            measure_files(p);
            base_timer_set_background(p->timer);
            base_timer_start(p->timer, DRAW_MS);
        }
    }
    return s;
}

static void tear_down(struct pump *p)
{
    for (size_t i = 0; p->slots && i < p->slot_count; i++) {
        jn_buf_clear(&p->slots[i].body);
        jn_buf_clear(&p->slots[i].output);
        jn_buf_clear(&p->slots[i].text);
        jn_buf_clear(&p->slots[i].record);
    }
    free(p->slots);
    jn_arena_free(p->scratch);
    input_clear(&p->cutter);
    close_reader(p);
    base_timer_free(p->timer);
    base_signal_free(p->sigint);
    base_signal_free(p->sigterm);
}

/* Says where the input was left, so that the rest can be sent later. */
static void tell_rest(struct pump *p)
{
    if (p->file >= p->opt->file_count)
        return;
    struct input_value v;
    const bool more = input_next(&p->cutter, &v);
    if (!more && p->file_ended && p->file + 1 == p->opt->file_count)
        return;
    const char *file = p->opt->files[p->file];
    fprintf(stderr, "not sent: what follows message %llu, from %s line %llu on\n", (unsigned long long)p->taken,
            strcmp(file, "-") == 0 ? "standard input" : file,
            (unsigned long long)(more ? v.line : p->cutter.line));
}

static int report(struct pump *p, struct jn_error *err)
{
    progress_erase(&p->progress);
    if (p->is_stopping)
        tell_rest(p);
    if (!p->opt->quiet)
        progress_summary(&p->progress, now_us(p), stderr);
    if (p->failed.status) {
        *err = p->failed;
        return CLI_FAILED;
    }
    if (p->is_interrupted)
        return CLI_INTERRUPTED;
    return p->progress.failed ? CLI_FAILED : CLI_OK;
}

enum jn_status invoke_run_stream(struct component_publish *action, struct jn_error *err)
{
    return component_publish_stream(action, on_chunk, err);
}

int invoke_run(const struct invoke_run_options *opt, struct jn_error *err)
{
    struct pump p = { .opt = opt };
    int status = CLI_FAILED;
    if (set_up(&p, err) == JN_OK) {
        open_next(&p);
        pump_on(&p);
        base_loop_run(opt->loop);
        status = report(&p, err);
    }
    tear_down(&p);
    return status;
}
