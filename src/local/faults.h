/* faults.h - faults on demand: rules that say which calls meet which fault.  Pure, but for a file that is read. */
#ifndef LOCAL_FAULTS_H
#define LOCAL_FAULTS_H

#include "base/random.h"
#include "core/arena.h"
#include "core/buf.h"

/*    kind            as it is written   what happens to the call */
#define LOCAL_FAULTS(X) \
    X(THROTTLE,       "throttle")     /* 429 */                                                        \
    X(ERROR,          "error")        /* a status from 400 up, with a name of AWS's or as a proxy's page */ \
    X(EXPIRED_TOKEN,  "expired-token") /* 403 */                                                       \
    X(CUT,            "cut")          /* the connection is closed: before the function runs, or after */ \
    X(DELAY,          "delay")        /* the same, but it only takes longer */                         \
    X(SLOW,           "slow")         /* the answer comes a few bytes at a time */

enum local_fault_kind {
    LOCAL_NO_FAULT,
#define X(kind, word) LOCAL_FAULT_##kind,
    LOCAL_FAULTS(X)
#undef X
};

struct local_fault {
    enum local_fault_kind kind;

    /* which calls */
    const char *function, *qualifier;   /* NULL: any */
    int after;                      /* calls that pass before the first that meets it */
    int times;                      /* calls that meet it; -1: all */
    double probability;             /* of each, 0 to 1 */

    /* what they meet */
    bool is_late;                   /* "when": "after": when the function has run */
    double seconds;
    int bytes_per_second;
    int status;
    const char *code;               /* "": a page without a name, as proxies send it */
    const char *message;            /* NULL: what AWS says */
    const char *reason;             /* of a 429 */
    int retry_after_s;

    /* so far */
    int seen, hits;
};

/* "throttle" and the like. */
const char *local_fault_word(enum local_fault_kind kind);

struct local_faults;

/* No rules; NULL without memory. */
struct local_faults *local_faults_new(void);
void local_faults_free(struct local_faults *f);     /* NULL is fine */
void local_faults_clear(struct local_faults *f);

/* Adds rules: a JSON array of objects, or one object.  All or none: JN_BAD_TEXT with the place, JN_BAD_VALUE with the
 * number of the rule, its member, and what that must be. */
enum jn_status local_faults_add(struct local_faults *f, jn_str text, struct jn_error *err);

/* The same from a file, named in errors. */
enum jn_status local_faults_load(struct local_faults *f, const char *path, struct jn_error *err);

/* Appends the rules as they could have been written, with "hits". */
void local_faults_put(struct jn_buf *out, const struct local_faults *f);

/* What a call meets.  Rules are asked in their order; delays and slowness add up, anything else is the last. */
struct local_strike {
    const struct local_fault *refusal;      /* THROTTLE, ERROR, EXPIRED_TOKEN or CUT before the function; NULL: none */
    double delay_s;                         /* of the answer */
    int bytes_per_second;                   /* of the answer; 0: as fast as it goes */
    bool is_cut;                            /* instead of an answer */
};

/* When a call arrives: how long until it is taken note of, in seconds.  And when it is: adds to `out`, zeroed at first.
 * `qualifier` as it was given, "$LATEST" for none. */
double local_faults_hold(struct local_faults *f, jn_str function, jn_str qualifier, struct base_random *r);
void local_faults_strike(struct local_faults *f, jn_str function, jn_str qualifier, struct base_random *r,
                         struct local_strike *out);

#endif
