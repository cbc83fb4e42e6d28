/* tail.h - the log of one invocation: its last 4096 bytes, and the lines that Lambda itself writes into it (our spec,
 * sections 1.4 and 7.6). */
#ifndef LOCAL_TAIL_H
#define LOCAL_TAIL_H

#include "core/buf.h"

enum { LOCAL_TAIL_MAX = 4096 };     /* what X-Amz-Log-Result holds at most */

/* A ring that forgets its oldest bytes.  Zeroed means empty. */
struct local_tail {
    char ring[LOCAL_TAIL_MAX];
    size_t total;                   /* bytes ever added; total % LOCAL_TAIL_MAX is where the next one goes */
};

void local_tail_add(struct local_tail *t, jn_str bytes);

/* Adds `line` and a newline. */
void local_tail_add_line(struct local_tail *t, jn_str line);

/* Appends the bytes kept, oldest first.  The cut is by bytes: the first line may be partial and may begin inside a
 * UTF-8 sequence, as on AWS. */
void local_tail_copy(const struct local_tail *t, struct jn_buf *out);

/* "START RequestId: <id> Version: <version>" and "END RequestId: <id>". */
void local_tail_start(struct local_tail *t, const char *id, const char *version);
void local_tail_end(struct local_tail *t, const char *id);

/* What the REPORT line tells. */
struct local_report {
    const char *id;
    int64_t duration_us;            /* from handing out the event to its outcome */
    int64_t init_us;                /* of a cold start; -1: the process was warm, or its first start had failed */
    int memory_mb;
    int64_t peak_memory_bytes;
    const char *status;             /* "timeout", "error"; NULL: nothing to say */
    const char *error_type;         /* with "error"; NULL: none */
};

/* The REPORT line, with the tab before its newline.  Billed is what AWS bills since August 2025: initialisation and run
 * together, rounded up to a millisecond. */
void local_tail_report(struct local_tail *t, const struct local_report *r);

/* "INIT_REPORT Init Duration: 12.34 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError": a start that
 * failed.  `phase` is "init" or, when it was tried again for the waiting call, "invoke". */
void local_tail_init_report(struct local_tail *t, int64_t duration_us, const char *phase, const char *status,
                            const char *error_type);

#endif
