/* failure.c - the platform's own error documents.
 *
 * The order of the members and every word are what AWS sends: programs out there recognise a timeout by its text. */
#include "local/failure.h"

#include "local/text.h"

static const struct {
    const char *type, *status;
    bool message_first;         /* AWS writes this one the other way round */
} failures[] = {
    [LOCAL_FAILURE_NONE] = { NULL, NULL, false },
    [LOCAL_FAILURE_FUNCTION] = { NULL, NULL, false },
    [LOCAL_FAILURE_TIMEOUT] = { "Sandbox.Timedout", "timeout", false },
    [LOCAL_FAILURE_EXIT] = { "Runtime.ExitError", "error", false },
    [LOCAL_FAILURE_OUT_OF_MEMORY] = { "Runtime.OutOfMemory", "error", false },
    [LOCAL_FAILURE_TOO_LARGE] = { "Function.ResponseSizeTooLarge", "error", true },
    [LOCAL_FAILURE_ENTRYPOINT] = { "Runtime.InvalidEntrypoint", "error", false },
};

const char *local_failure_type(enum local_failure f)
{
    return failures[f].type;
}

const char *local_failure_status(enum local_failure f)
{
    return failures[f].status;
}

/* Go's names of Linux's signals (package syscall, zerrors_linux_amd64.go); the C library's differ. */
static const char *const signal_names[] = {
    [1] = "hangup",
    [2] = "interrupt",
    [3] = "quit",
    [4] = "illegal instruction",
    [5] = "trace/breakpoint trap",
    [6] = "aborted",
    [7] = "bus error",
    [8] = "floating point exception",
    [9] = "killed",
    [10] = "user defined signal 1",
    [11] = "segmentation fault",
    [12] = "user defined signal 2",
    [13] = "broken pipe",
    [14] = "alarm clock",
    [15] = "terminated",
    [16] = "stack fault",
    [17] = "child exited",
    [18] = "continued",
    [19] = "stopped (signal)",
    [20] = "stopped",
    [21] = "stopped (tty input)",
    [22] = "stopped (tty output)",
    [23] = "urgent I/O condition",
    [24] = "CPU time limit exceeded",
    [25] = "file size limit exceeded",
    [26] = "virtual timer expired",
    [27] = "profiling timer expired",
    [28] = "window changed",
    [29] = "I/O possible",
    [30] = "power failure",
    [31] = "bad system call",
};

void local_put_process_end(struct jn_buf *out, int status, int signum)
{
    const int known = sizeof signal_names / sizeof *signal_names;
    if (signum == 0)
        jn_buf_append_fmt(out, "exit status %d", status);
    else if (signum > 0 && signum < known)
        jn_buf_append_fmt(out, "signal: %s", signal_names[signum]);
    else
        jn_buf_append_fmt(out, "signal: signal %d", signum);
}

static void put_sentence(struct jn_buf *out, enum local_failure f, const char *id, jn_str detail)
{
    if (f != LOCAL_FAILURE_TOO_LARGE)
        jn_buf_append_fmt(out, "RequestId: %s Error: ", id);

    if (f == LOCAL_FAILURE_TIMEOUT)
        jn_buf_append_fmt(out, "Task timed out after %.*s seconds", JN_ARG(detail));
    else if ((f == LOCAL_FAILURE_EXIT || f == LOCAL_FAILURE_OUT_OF_MEMORY) && detail.len > 0)
        jn_buf_append_fmt(out, "Runtime exited with error: %.*s", JN_ARG(detail));
    else if (f == LOCAL_FAILURE_EXIT)
        jn_buf_append_z(out, "Runtime exited without providing a reason");
    else if (f == LOCAL_FAILURE_TOO_LARGE)
        jn_buf_append_fmt(out, "Response payload size exceeded maximum allowed payload size (%.*s bytes).",
                          JN_ARG(detail));
    else
        jn_buf_append(out, detail);
}

static void put_member(struct jn_buf *out, const char *name, jn_str value)
{
    jn_buf_append_fmt(out, "\"%s\":", name);
    local_put_json_string(out, value);
}

void local_put_failure(struct jn_buf *out, enum local_failure f, const char *id, jn_str detail)
{
    struct jn_buf sentence;
    jn_buf_init(&sentence, 0);
    put_sentence(&sentence, f, id, detail);
    const jn_str type = jn_str_of(local_failure_type(f)), message = jn_buf_str(&sentence);
    const bool swap = failures[f].message_first;

    jn_buf_append_char(out, '{');
    put_member(out, swap ? "errorMessage" : "errorType", swap ? message : type);
    jn_buf_append_char(out, ',');
    put_member(out, swap ? "errorType" : "errorMessage", swap ? type : message);
    jn_buf_append_char(out, '}');
    if (sentence.failed && !out->failed)
        out->failed = sentence.failed;
    jn_buf_clear(&sentence);
}
