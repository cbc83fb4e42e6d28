/* harness.h - a local Lambda in this process, and a caller that signs as AWS's clients do. */
#ifndef LOCAL_HARNESS_H
#define LOCAL_HARNESS_H

#include "base/http.h"
#include "local/local.h"

struct harness {
    struct base_loop *loop;
    struct base_http *http;
    struct local *local;
    struct base_log log;
    int log_fds[2];                     /* a pipe that nobody reads unless a test does; the log goes to its end */
    char state[32];                     /* its state folder; gone at the end */
    bool is_stopped;
};

/* What a test wants to be different. */
struct request {
    const char *function;               /* encoded as it stands; NULL: "actor" */
    const char *query;                  /* NULL: none */
    const char *path, *method;          /* instead of the Invoke path and POST */
    jn_str payload;
    const char *type, *log_type, *context, *trace;      /* headers; NULL: not sent */
    const char *access_key, *secret_key, *token, *region, *service;     /* to sign with; NULL: the right ones */
    int64_t skew_ms;                    /* of the caller's clock */
    bool is_unsigned;
    const char *authorization;          /* sent instead of the right one */
    bool tampers;                       /* changes the body after signing */
};

struct answer {
    bool has_come;
    enum jn_status status;              /* of the transport */
    int http_status;
    struct jn_buf body, headers;        /* headers as "name: value\n", names in lower case */
    struct base_http_call *call;        /* under way */
    struct sending *sending;
};

void harness_start(struct harness *h, const struct local_options *opt);

/* Stops the local Lambda if it still runs, and checks that none of its processes is left. */
void harness_end(struct harness *h);
void harness_stop(struct harness *h);

/* Sends a request; `a` is filled when the answer has come.  Or hangs up before. */
void harness_send(struct harness *h, const struct request *r, struct answer *a);
void harness_hang_up(struct answer *a);

/* Runs the loop until `a` has come; or for a while. */
void harness_wait(struct harness *h, struct answer *a);
void harness_run_ms(struct harness *h, int64_t ms);

/* Sends and waits. */
void harness_call(struct harness *h, const struct request *r, struct answer *a);

/* The value of an answer's header, "" when absent; valid until the answer is cleared. */
jn_str answer_header(const struct answer *a, const char *name);
void answer_clear(struct answer *a);

/* Processes of functions of ours that still live. */
int count_processes(void);

#endif
