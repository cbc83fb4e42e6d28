/* echo_lambda.c - an endpoint that answers Lambda's Invoke with the payload it was sent, for measuring who calls it:
 *
 *     echo_lambda DELAY_MS
 *
 * It prints its port, then serves on loopback until it is killed.  Signatures are verified as AWS does, with the key pair
 * below, so that a caller who signs wrongly fails instead of being fast.  Requests to /bare are not: they are the floor's
 * (floor.c).  Every answer leaves DELAY_MS after its request came, however many others wait. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/httpd.h"
#include "base/timer.h"
#include "lambda/sigv4.h"

enum { SKEW_MS = 5 * 60 * 1000 };

#define ACCESS_KEY "AKIDOFTHEBENCHMARK"
#define SECRET_KEY "secret-key-of-the-benchmark"

struct echo;

/* An answer that waits for its time. */
struct waiting {
    struct echo *echo;
    struct base_timer *timer;
    struct base_httpd_request *request;
    struct waiting *next;               /* in the free list */
};

struct echo {
    struct base_loop *loop;
    struct lambda_sigv4 sigv4;
    int64_t delay_ms;
    struct waiting *idle;
    unsigned long refused;
};

static bool is_signed(struct echo *e, struct base_httpd_request *r)
{
    size_t count;
    const struct base_header *headers = base_httpd_headers(r, &count);
    const struct lambda_sigv4_request request = {
        .method = base_httpd_method(r), .path = base_httpd_path(r), .query = base_httpd_query(r),
        .headers = headers, .header_count = count, .body = base_httpd_body(r),
    };
    const struct base_clock *clock = base_clock_system();
    const struct lambda_sigv4_scope scope = {
        .access_key = JN_STR(ACCESS_KEY), .secret_key = JN_STR(SECRET_KEY), .service = JN_STR("lambda"),
        .time_ms = clock->wall_ms(clock),
    };
    return lambda_sigv4_verify(&e->sigv4, &request, &scope, SKEW_MS) == LAMBDA_SIGV4_OK;
}

static void answer(struct base_httpd_request *r)
{
    static const struct base_header headers[] = {
        { JN_STR("Content-Type"), JN_STR("application/json") },
        { JN_STR("x-amzn-RequestId"), JN_STR("8b7f6a52-0d9e-4b3c-9f57-6c1f4f0b2a11") },
        { JN_STR("X-Amz-Executed-Version"), JN_STR("$LATEST") },
    };
    base_httpd_reply(r, 200, headers, sizeof headers / sizeof *headers, base_httpd_body(r));
}

static void on_time(struct base_timer *t, void *arg)
{
    (void)t;
    struct waiting *w = arg;
    answer(w->request);
    w->next = w->echo->idle;
    w->echo->idle = w;
}

static struct waiting *take_waiting(struct echo *e)
{
    struct waiting *w = e->idle;
    if (w) {
        e->idle = w->next;
        return w;
    }
    struct jn_error err;
    w = calloc(1, sizeof *w);
    if (!w || base_timer_new(e->loop, on_time, w, &w->timer, &err)) {
        fputs("echo_lambda: no memory\n", stderr);
        exit(1);
    }
    w->echo = e;
    return w;
}

static void refuse(struct echo *e, struct base_httpd_request *r)
{
    if (e->refused++ == 0)
        fputs("echo_lambda: a request with a wrong signature\n", stderr);
    const struct base_header type = { JN_STR("X-Amzn-Errortype"), JN_STR("InvalidSignatureException") };
    base_httpd_reply(r, 403, &type, 1, JN_STR("{\"message\":\"The request signature does not match.\"}"));
}

static void on_request(struct base_httpd_request *r, void *arg)
{
    struct echo *e = arg;
    if (!jn_str_eq(base_httpd_path(r), JN_STR("/bare")) && !is_signed(e, r)) {
        refuse(e, r);
    } else if (e->delay_ms > 0) {
        struct waiting *w = take_waiting(e);
        w->request = r;
        base_timer_start(w->timer, e->delay_ms);
    } else {
        answer(r);
    }
}

int main(int argc, char **argv)
{
    struct echo e = { .delay_ms = argc > 1 ? strtol(argv[1], NULL, 10) : 0 };
    struct base_httpd *server;
    struct jn_error err;
    lambda_sigv4_init(&e.sigv4);
    const struct base_httpd_options options = { .handler = on_request, .arg = &e };
    if (base_loop_new(&e.loop, &err) || base_httpd_new(e.loop, &options, &server, &err)) {
        fprintf(stderr, "echo_lambda: %s\n", err.message);
        return 1;
    }
    printf("%d\n", base_httpd_port(server));
    fflush(stdout);
    base_loop_run(e.loop);
    return 0;
}
