/* local.c - a local Lambda put together: the functions, a pool of processes for each, the Invoke API in front.
 *
 * Stopping takes three steps: every caller that waits is answered (503), the processes are ended and waited for, and
 * only then the server is closed, when the answers had time to leave. */
#include "local/local.h"

#include <stdlib.h>

#include "base/crypto.h"
#include "base/httpd.h"
#include "base/timer.h"
#include "local/invoke_api.h"

enum { FLUSH_MS = 20 };     /* for the last answers to leave before the server closes */

struct local {
    struct local_site site;
    struct base_random random;
    char *host, *region, *account, *access_key, *secret_key;    /* what `site` borrows */
    struct local_functions functions;
    struct local_pool **pools;
    struct local_invoke_api api;
    struct base_httpd *httpd;
    struct base_timer *flushed;
    local_stopped_fn *on_stopped;
    void *arg;
};

static void free_pools(struct local *l)
{
    for (size_t i = 0; l->pools && i < l->functions.count; i++)
        local_pool_free(l->pools[i]);
    free(l->pools);
}

/* Server first: nothing must come in while the rest is taken apart. */
static void free_local(struct local *l)
{
    base_httpd_free(l->httpd);
    free_pools(l);
    base_timer_free(l->flushed);
    local_functions_clear(&l->functions);
    free(l->host);
    free(l->region);
    free(l->account);
    free(l->access_key);
    if (l->secret_key)
        base_wipe(l->secret_key, strlen(l->secret_key));
    free(l->secret_key);
    free(l);
}

/* ---- stopping ------------------------------------------------------------------------------------------------- */

static bool has_processes(const struct local *l)
{
    for (size_t i = 0; i < l->functions.count; i++) {
        if (local_pool_process_count(l->pools[i]) > 0)
            return true;
    }
    return false;
}

/* Each pool's last process, and the timer, may be the last event of all. */
static void finish_stop(struct local *l)
{
    if (has_processes(l) || base_timer_is_running(l->flushed))
        return;
    local_stopped_fn *done = l->on_stopped;
    void *arg = l->arg;
    free_local(l);
    done(arg);
}

static void on_flushed(struct base_timer *t, void *arg)
{
    (void)t;
    finish_stop(arg);
}

/* A pool must not be freed inside its own event. */
static void on_empty(struct local_pool *p, void *arg)
{
    (void)p;
    struct local *l = arg;
    if (!base_timer_is_running(l->flushed))
        base_timer_start(l->flushed, 0);
}

void local_stop(struct local *l, local_stopped_fn *done, void *arg)
{
    l->on_stopped = done;
    l->arg = arg;
    l->api.is_stopping = true;
    for (size_t i = 0; i < l->functions.count; i++)
        local_pool_stop(l->pools[i]);
    base_timer_start(l->flushed, FLUSH_MS);
}

/* ---- starting ------------------------------------------------------------------------------------------------- */

static char *copy(const char *given, const char *usual)
{
    return strdup(given ? given : usual);
}

static enum jn_status fill_site(struct local *l, struct base_loop *loop, const struct local_options *opt,
                                struct jn_error *err)
{
    l->host = copy(opt->host, "127.0.0.1");
    l->region = copy(opt->region, "us-east-1");
    l->account = copy(opt->account, "123456789012");
    l->access_key = copy(opt->access_key, "local");
    l->secret_key = copy(opt->secret_key, "local-secret");
    if (!l->host || !l->region || !l->account || !l->access_key || !l->secret_key)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");

    l->site = (struct local_site){
        .loop = loop,
        .clock = opt->clock ? opt->clock : base_clock_system(),
        .log = opt->log,
        .random = &l->random,
        .host = "127.0.0.1",        // the Runtime API is for processes of this machine, wherever Invoke listens
        .region = l->region, .account = l->account,
        .access_key = l->access_key, .secret_key = l->secret_key,
        .init_timeout_ms = opt->init_timeout_ms ? opt->init_timeout_ms : 10000,
        .idle_ms = opt->idle_ms ? opt->idle_ms : 600000,
        .grace_ms = opt->grace_ms ? opt->grace_ms : 50,
        .max_processes = opt->max_processes ? opt->max_processes : 50,
    };
    return JN_OK;
}

static enum jn_status make_pools(struct local *l, struct jn_error *err)
{
    l->pools = calloc(l->functions.count, sizeof(*l->pools));
    for (size_t i = 0; l->pools && i < l->functions.count; i++) {
        l->pools[i] = local_pool_new(&l->site, &l->functions.list[i], on_empty, l);
        if (!l->pools[i])
            return jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
    }
    return l->pools ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
}

static enum jn_status open_door(struct local *l, const struct local_options *opt, struct jn_error *err)
{
    l->api = (struct local_invoke_api){ .site = &l->site, .functions = &l->functions, .pools = l->pools };
    const struct base_httpd_options http = {
        .host = l->host, .port = opt->port, .max_body = LOCAL_REQUEST_MAX,
        .handler = local_invoke_api_handle, .arg = &l->api,
    };
    return base_httpd_new(l->site.loop, &http, &l->httpd, err);
}

enum jn_status local_start(struct base_loop *loop, const struct local_options *opt, struct local **out,
                           struct jn_error *err)
{
    struct local *l = calloc(1, sizeof *l);
    if (!l)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");

    enum jn_status s = fill_site(l, loop, opt, err);
    if (!s)
        s = local_functions_load(&l->functions, opt->functions, l->region, l->account, opt->log, err);
    if (!s)
        s = make_pools(l, err);
    if (!s)
        s = base_timer_new(loop, on_flushed, l, &l->flushed, err);
    if (!s)
        s = open_door(l, opt, err);
    if (s)
        free_local(l);
    else
        *out = l;
    return s;
}

/* ---- looking -------------------------------------------------------------------------------------------------- */

int local_port(const struct local *l)
{
    return base_httpd_port(l->httpd);
}

size_t local_function_count(const struct local *l)
{
    return l->functions.count;
}

const char *local_function_name(const struct local *l, size_t i)
{
    return l->functions.list[i].name;
}

const char *local_function_arn(const struct local *l, size_t i)
{
    return l->functions.list[i].arn;
}
