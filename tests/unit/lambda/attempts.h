/* attempts.h - what the tests of attempts share: a scripted server, a client whose waits are none, and what it said. */
#ifndef LAMBDA_TEST_ATTEMPTS_H
#define LAMBDA_TEST_ATTEMPTS_H

#include "script_server.h"
#include "vectors.h"

#include "base/timer.h"
#include "lambda/client.h"

struct scene {
    struct base_loop *loop;
    struct script_server server;
    struct lambda_client *client;
    struct base_clock clock;
    struct base_random random;
    char endpoint[64];
    struct jn_arena texts;              /* that the server may send until it is stopped */
    jn_str big;                         /* a payload that no socket takes at once */

    unsigned outcomes;
    struct lambda_outcome outcome;      /* of the last call; its texts are gone, but: */
    char payload[256];
};

/* Chance is `octet` again and again: 0 makes every wait 0, 0xff as long as it can be. */
static inline void scene_chance(struct scene *s, int octet)
{
    s->random = (struct base_random){ .left = BASE_RANDOM_STOCK };
    memset(s->random.stock, octet, sizeof s->random.stock);
}

static inline int scene_set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    char *big = malloc(5 << 20);
    if (!s || !big || base_loop_new(&s->loop, NULL) || !script_start(&s->server))
        return -1;
    jn_arena_init(&s->texts, 0);
    memset(big, ' ', 5 << 20);
    s->big = (jn_str){ big, 5 << 20 };
    snprintf(s->endpoint, sizeof s->endpoint, "http://127.0.0.1:%d", s->server.port);
    s->clock = base_clock_scripted(1773500966000);      // 2026-03-14T15:09:26Z
    *state = s;
    return 0;
}

static inline int scene_tear_down(void **state)
{
    struct scene *s = *state;
    lambda_client_free(s->client);
    script_stop(&s->server);
    jn_arena_clear(&s->texts);
    base_loop_free(s->loop);
    free((char *)s->big.data);
    free(s);
    return 0;
}

/* A client of its own for what follows: quota and connections of the one before are gone. */
static inline void scene_client(struct scene *s, struct lambda_client_options opt)
{
    static const char *const no_files[] = { "AWS_CONFIG_FILE", "/nonexistent/c", "AWS_SHARED_CREDENTIALS_FILE",
                                            "/nonexistent/d", NULL };
    struct jn_error err = { 0 };
    const struct base_env env = base_env_of(no_files);
    lambda_client_free(s->client);
    s->client = NULL;
    scene_chance(s, 0);
    opt.cred = (struct lambda_cred_options){ .access_key = "AKTEST", .secret_key = "secret", .env = &env,
                                             .clock = &s->clock };
    opt.region = "eu-west-1";
    opt.endpoint = opt.endpoint ? opt.endpoint : s->endpoint;
    opt.random = &s->random;
    if (lambda_client_new(s->loop, &opt, &s->client, &err))
        fail_msg("%s", err.message);
}

static inline void scene_on_outcome(const struct lambda_outcome *o, void *arg)
{
    struct scene *s = arg;
    s->outcomes++;
    s->outcome = *o;
    snprintf(s->payload, sizeof s->payload, "%.*s", JN_ARG(o->invoked.payload.data ? o->invoked.payload : JN_STR("")));
    base_loop_stop(s->loop);
}

static inline struct lambda_call *scene_start(struct scene *s, struct lambda_invoke req)
{
    struct lambda_call *call = NULL;
    struct jn_error err = { 0 };
    if (!req.function.data)
        req.function = JN_STR("f");
    if (lambda_invoke_start(s->client, &req, scene_on_outcome, s, &call, &err))
        fail_msg("%s", err.message);
    return call;
}

static inline void scene_invoke(struct scene *s, struct lambda_invoke req)
{
    const unsigned before = s->outcomes;
    scene_start(s, req);
    base_loop_run(s->loop);
    assert_int_equal(s->outcomes, before + 1);
}

static inline void scene_on_enough(struct base_timer *t, void *arg)
{
    (void)t;
    base_loop_stop(arg);
}

/* Lets whatever could happen happen for a while. */
static inline void scene_run_briefly(struct scene *s)
{
    struct base_timer *t;
    assert_int_equal(base_timer_new(s->loop, scene_on_enough, s->loop, &t, NULL), JN_OK);
    base_timer_start(t, 30);
    base_loop_run(s->loop);
    base_timer_free(t);
}

#endif
