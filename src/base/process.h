/* process.h - child processes on the loop: a process group each, output by lines, an end that is always reported. */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/loop.h"

struct base_process;

/* How a process ended: by exit status (signal == 0) or by a signal. */
struct base_process_end {
    int status, signal;
    int64_t peak_memory_bytes;      /* highest resident size seen; 0 when it could not be read */
    bool out_of_memory;             /* killed for being above its limit of memory */
};

/* One line of standard output or error, without its newline; the last one may lack it.  Longer lines than 64 KB come in
 * pieces of that size. */
typedef void base_process_line_fn(struct base_process *p, bool is_stderr, jn_str line, void *arg);

/* Called once, after the process has ended and its output was delivered (at most a second is waited for output that
 * grandchildren still hold open). */
typedef void base_process_end_fn(struct base_process *p, const struct base_process_end *end, void *arg);

struct base_process_options {
    const char *file;               /* program; found on PATH of `env` when it has no slash */
    const char *const *argv;        /* argv[0] included, NULL at the end */
    const char *const *env;         /* "NAME=value", NULL at the end; NULL: nothing at all is inherited */
    const char *cwd;                /* NULL: ours */
    jn_str input;                   /* what it finds on standard input; empty: /dev/null.  Read before this returns */
    bool is_secret;                 /* the output holds secrets: our copies are wiped at the end */
    bool is_contained;              /* all that it starts ends with it: the head of process.c */
    int64_t memory_limit_bytes;     /* of it and all that it starts; 0: none; only with is_contained */
    base_process_line_fn *on_line;  /* NULL: output is discarded */
    base_process_end_fn *on_end;
    void *arg;
};

/* Starts a process in a session (and so a process group) of its own.  It is killed
 * by the kernel when we die (PR_SET_PDEATHSIG).  JN_IO with the system's reason. */
enum jn_status base_process_start(struct base_loop *l, const struct base_process_options *opt,
                                  struct base_process **out, struct jn_error *err);

/* Sends a signal to the whole process group. */
void base_process_kill(struct base_process *p, int signum);

/* Calls on_line for the lines that have been written by now, from inside this call. */
void base_process_read_output(struct base_process *p);

/* Whether it has work to do: its memory is watched while it has.  It has at its start. */
void base_process_set_busy(struct base_process *p, bool is_busy);

int base_process_pid(const struct base_process *p);

/* Peak resident memory so far, or up to a millisecond ago, in bytes; 0 when unknown. */
int64_t base_process_peak_memory(struct base_process *p);

/* Kills the group if it still runs, and forgets it; no callback follows. */
void base_process_free(struct base_process *p);

#endif
