/* cred_process.c - keys that a program prints (credential_process; our spec, section 6.4).  The command line is the
 * shell's to take apart, as the other clients of AWS do it, and its environment is the one we were configured in.
 * What the program prints is secret: it is bounded, wiped, and never quoted; what it says on standard error is in the
 * error. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/process.h"
#include "base/timer.h"
#include "core/utf8.h"
#include "lambda/cred_source.h"

enum { TIMEOUT_MS = 60000, MAX_OUTPUT = 64 << 10, MAX_COMPLAINT = 240 };

struct process_source {
    struct lambda_source head;
    char *command;
    char **env;
    int64_t timeout_ms;
    struct base_process *process;       /* NULL: none runs */
    struct base_timer *deadline;
    struct jn_buf output;
    char complaint[MAX_COMPLAINT + 1];  /* the beginning of standard error, in one line */
    size_t complaint_len;
};

static void cancel_process(struct lambda_source *head)
{
    struct process_source *s = (struct process_source *)head;
    base_process_free(s->process);
    s->process = NULL;
    if (s->deadline)
        base_timer_stop(s->deadline);
    jn_buf_wipe(&s->output);
}

static void free_process(struct lambda_source *head)
{
    struct process_source *s = (struct process_source *)head;
    base_timer_free(s->deadline);
    free(s->command);
    free(s->env);
    free(s);
}

static void fail(struct process_source *s, struct jn_error *err)
{
    cancel_process(&s->head);
    lambda_source_answer(&s->head, NULL, err);
}

static const char *said(const struct process_source *s)
{
    return s->complaint_len ? ", and said: " : ", and said nothing on standard error";
}

/* ---- what it prints ------------------------------------------------------------------------------------------ */

static void take_complaint(struct process_source *s, jn_str line)
{
    if (s->complaint_len && s->complaint_len < MAX_COMPLAINT)
        s->complaint[s->complaint_len++] = ' ';
    line = jn_str_trim(line);
    for (size_t i = 0; i < line.len && s->complaint_len < MAX_COMPLAINT; i++)
        s->complaint[s->complaint_len++] = (char)((unsigned char)line.data[i] < ' ' ? ' ' : line.data[i]);
    s->complaint_len = jn_utf8_invalid((jn_str){ s->complaint, s->complaint_len });
    s->complaint[s->complaint_len] = '\0';
}

static void on_line(struct base_process *p, bool is_stderr, jn_str line, void *arg)
{
    struct process_source *s = arg;
    struct jn_error err = { 0 };
    (void)p;
    if (is_stderr) {
        take_complaint(s, line);
        return;
    }
    jn_buf_append(&s->output, line);
    jn_buf_append_char(&s->output, '\n');
    if (!s->output.failed)
        return;
    jn_fail(&err, s->output.failed, "%s printed more than the %d KB that keys may take", s->head.name,
            MAX_OUTPUT >> 10);
    fail(s, &err);
}

static enum jn_status read_end(const struct process_source *s, const struct base_process_end *end, struct jn_error *err)
{
    if (end->signal)
        return jn_fail(err, JN_IO, "%s was ended by signal %d%s%s", s->head.name, end->signal, said(s), s->complaint);
    if (end->status == 127)
        return jn_fail(err, JN_IO, "%s: the shell found no such program (status 127)%s%s", s->head.name, said(s),
                       s->complaint);
    if (end->status)
        return jn_fail(err, JN_IO, "%s failed with status %d%s%s", s->head.name, end->status, said(s), s->complaint);
    return JN_OK;
}

static void on_end(struct base_process *p, const struct base_process_end *end, void *arg)
{
    struct process_source *s = arg;
    struct jn_error err = { 0 };
    struct lambda_keys *keys = NULL;
    const struct lambda_key_document doc = { .text = jn_buf_str(&s->output), .token = "SessionToken",
                                             .needs_version = true, .place = s->head.name };
    (void)p;
    enum jn_status status = read_end(s, end, &err);
    if (!status)
        status = lambda_keys_read(&doc, &keys, &err);
    cancel_process(&s->head);
    lambda_source_answer(&s->head, status ? NULL : keys, status ? &err : NULL);
    lambda_keys_unref(keys);
}

static void on_deadline(struct base_timer *t, void *arg)
{
    struct process_source *s = arg;
    struct jn_error err = { 0 };
    (void)t;
    jn_fail(&err, JN_TIMEOUT, "%s did not end within %lld s, and was killed%s%s", s->head.name,
            (long long)(s->timeout_ms / 1000), said(s), s->complaint);
    fail(s, &err);
}

/* ---- starting it --------------------------------------------------------------------------------------------- */

static enum jn_status start(struct process_source *s, struct jn_error *err)
{
    const char *const argv[] = { "sh", "-c", s->command, NULL };
    const struct base_process_options opt = {
        .file = "/bin/sh", .argv = argv, .env = (const char *const *)s->env, .is_secret = true,
        .on_line = on_line, .on_end = on_end, .arg = s,
    };
    jn_buf_init(&s->output, MAX_OUTPUT);
    jn_buf_reserve(&s->output, MAX_OUTPUT - 1);     // at once: what grows leaves copies behind that nobody wipes
    s->complaint_len = 0;
    s->complaint[0] = '\0';
    if (s->output.failed)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the output of %s", s->head.name);
    struct jn_error why = { 0 };
    const enum jn_status status = base_process_start(s->head.site->loop, &opt, &s->process, &why);
    return status ? jn_fail(err, status, "%s: %s", s->head.name, why.message) : JN_OK;
}

static enum jn_status ask_process(struct lambda_source *head, lambda_cred_fn *done, void *arg, struct jn_error *err)
{
    struct process_source *s = (struct process_source *)head;
    (void)done, (void)arg;
    const enum jn_status status = start(s, err);
    if (status)
        cancel_process(head);
    else
        base_timer_start(s->deadline, s->timeout_ms);
    return status;
}

static const struct lambda_source_type process_type = { ask_process, cancel_process, free_process, false };

static enum jn_status set_up(struct process_source *s, struct lambda_cred_site *site, jn_str command,
                             struct jn_error *err)
{
    s->timeout_ms = site->process_timeout_ms ? site->process_timeout_ms : TIMEOUT_MS;
    s->command = strndup(command.data, command.len);
    s->env = base_env_copy(site->env);
    return s->command && s->env ? base_timer_new(site->loop, on_deadline, s, &s->deadline, err)
                                : jn_fail(err, JN_NO_MEMORY, "no memory for %s", s->head.name);
}

enum jn_status lambda_source_process(struct lambda_cred_site *site, jn_str profile, jn_str command,
                                     struct lambda_source **out, struct jn_error *err)
{
    struct process_source *s = lambda_source_new(&process_type, sizeof *s, site, err, "the credential_process of "
                                                 "profile \"%.*s\"", JN_ARG(jn_str_sub(profile, 0, 64)));
    if (!s)
        return JN_NO_MEMORY;
    const enum jn_status status = set_up(s, site, command, err);
    if (status)
        lambda_source_free(&s->head);
    else
        *out = &s->head;
    return status;
}
