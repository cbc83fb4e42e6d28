/* local.c - a local Lambda put together: the functions, their processes, the service's door in front.
 *
 * Stopping takes three steps: every caller that waits for a function is answered (503; an answer that a fault makes late is
 * cut off), the processes are ended and waited for, and
 * only then the server is closed, when the answers had time to leave. */
#include "local/local.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/httpd.h"
#include "base/timer.h"
#include "local/api.h"
#include "local/invoke_check.h"
#include "local/keys.h"

enum { FLUSH_MS = 20 };     /* for the last answers to leave before the server closes */
enum { HEAD_MAX = 32768 };  /* bytes of a request's headers: a client context has 3583, a session token a few thousand */

struct local {
    struct local_site site;
    struct base_random random;
    char *host, *region, *account, *state, *path;       /* what `site` borrows */
    struct local_keys keys;
    struct local_api api;           /* with the registry and the fleet */
    struct base_httpd *httpd;
    struct base_timer *flushed;
    bool is_empty;                  /* while it stops: there are no processes left */
    local_stopped_fn *on_stopped;
    void *arg;
};

/* Server first: nothing must come in while the rest is taken apart.  Versions have their processes, which know of the
 * fleet. */
static void free_local(struct local *l)
{
    local_lates_clear(&l->api.lates);
    base_httpd_free(l->httpd);
    local_registry_free(l->api.registry);
    local_fleet_free(l->api.fleet);
    local_events_free(l->api.events);
    local_faults_free(l->api.faults);
    base_timer_free(l->flushed);
    local_keys_clear(&l->keys);
    free(l->host);
    free(l->region);
    free(l->account);
    free(l->state);
    free(l->path);
    free(l);
}

/* ---- stopping ------------------------------------------------------------------------------------------------- */

static void on_flushed(struct base_timer *t, void *arg)
{
    (void)t;
    struct local *l = arg;
    if (!l->is_empty)
        return;
    local_stopped_fn *done = l->on_stopped;
    void *its_arg = l->arg;
    free_local(l);
    done(its_arg);
}

/* Inside an event of a process, which must not be freed now. */
static void on_empty(void *arg)
{
    struct local *l = arg;
    l->is_empty = true;
    if (!base_timer_is_running(l->flushed))
        base_timer_start(l->flushed, 0);
}

void local_stop(struct local *l, local_stopped_fn *done, void *arg)
{
    l->on_stopped = done;
    l->arg = arg;
    l->api.is_stopping = true;
    base_timer_start(l->flushed, FLUSH_MS);
    local_fault_release(&l->api);
    local_events_stop(l->api.events);
    local_fleet_stop(l->api.fleet, on_empty, l);
}

/* ---- starting ------------------------------------------------------------------------------------------------- */

static char *copy(const char *given, const char *usual)
{
    return strdup(given ? given : usual);
}

/* The state folder is made when something is kept in it. */
static char *state_folder(const struct local_options *opt, const char *functions, struct jn_error *err)
{
    char *beside = opt->state ? NULL : local_registry_folder_of(functions, err);
    char *folder = opt->state ? strdup(opt->state) : beside ? base_path_join(beside, ".lambda") : NULL;
    free(beside);
    return folder;
}

static enum jn_status copy_options(struct local *l, const struct local_options *opt, const char *functions,
                                   struct jn_error *err)
{
    l->host = copy(opt->host, "127.0.0.1");
    l->region = copy(opt->region, "us-east-1");
    l->account = copy(opt->account, "123456789012");
    l->path = copy(opt->path, "/usr/local/bin:/usr/bin:/bin");
    l->state = state_folder(opt, functions, err);
    if (!l->host || !l->region || !l->account || !l->path || !l->state)
        return err && err->status ? err->status : jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
    return local_keys_load(&l->keys, opt->credentials, opt->access_key, opt->secret_key, err);
}

static void fill_site(struct local *l, struct base_loop *loop, const struct local_options *opt)
{
    const bool has_waits = opt->retry_wait_ms[0] || opt->retry_wait_ms[1];
    l->site = (struct local_site){
        .loop = loop,
        .clock = opt->clock ? opt->clock : base_clock_system(),
        .log = opt->log,
        .random = &l->random,
        .host = "127.0.0.1",        // the Runtime API is for processes of this machine, wherever Invoke listens
        .region = l->region, .account = l->account, .state = l->state, .path = l->path,
        .leaves_events = opt->leaves_events,
        .keys = l->keys.list, .key_count = l->keys.count,
        .init_timeout_ms = opt->init_timeout_ms ? opt->init_timeout_ms : 10000,
        .idle_ms = opt->idle_ms ? opt->idle_ms : 600000,
        .grace_ms = opt->grace_ms ? opt->grace_ms : 50,
        .retry_wait_ms = { has_waits ? opt->retry_wait_ms[0] : 60000, has_waits ? opt->retry_wait_ms[1] : 120000 },
        .max_processes = opt->max_processes ? opt->max_processes : 50,
        .concurrency = opt->concurrency ? opt->concurrency : 1000,
    };
}

static enum jn_status open_door(struct local *l, const struct local_options *opt, struct jn_error *err)
{
    const struct base_httpd_options http = {
        .host = l->host, .port = opt->port, .max_body = LOCAL_REQUEST_MAX, .max_head = HEAD_MAX,
        .handler = local_api_handle, .arg = &l->api,
    };
    return base_httpd_new(l->site.loop, &http, &l->httpd, err);
}

/* What is kept in a function's folder would change the function, and be copied into its versions; .lambda is passed over. */
static enum jn_status check_state(const struct local *l, struct jn_error *err)
{
    char *here = l->state[0] == '/' ? NULL : getcwd(NULL, 0);
    char *state = here ? base_path_join(here, l->state) : strdup(l->state);
    enum jn_status s = state ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
    for (size_t i = 0; !s && i < local_registry_count(l->api.registry); i++) {
        const struct local_function *f = local_registry_at(l->api.registry, i);
        const size_t len = strlen(f->folder);
        const bool is_inside = strncmp(state, f->folder, len) == 0 && (state[len] == '/' || state[len] == '\0');
        if (is_inside && strncmp(state + len, "/.lambda", 8) != 0)
            s = jn_fail(err, JN_BAD_VALUE, "--state %s is in the folder of the function %s, which would change with all that "
                        "is kept; choose another", l->state, f->name);
    }
    free(state);
    free(here);
    return s;
}

static enum jn_status fill(struct local *l, const struct local_options *opt, const char *functions,
                           struct jn_error *err)
{
    l->api.site = &l->site;
    l->api.lates.loop = l->site.loop;
    l->api.faults = local_faults_new();
    if (!l->api.faults)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
    if (opt->faults && local_faults_load(l->api.faults, opt->faults, err))
        return err->status;
    enum jn_status s = local_registry_open(&l->site, functions, &l->api.registry, err);
    if (s)
        return s;
    s = check_state(l, err);
    if (s)
        return s;
    l->api.fleet = local_fleet_new(&l->site, l->api.registry);
    if (!l->api.fleet)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
    s = local_events_new(&l->site, l->api.registry, l->api.fleet, &l->api.events, err);
    if (!s)
        s = base_timer_new(l->site.loop, on_flushed, l, &l->flushed, err);
    return s ? s : open_door(l, opt, err);
}

enum jn_status local_start(struct base_loop *loop, const struct local_options *opt, struct local **out,
                           struct jn_error *err)
{
    const char *functions = opt->functions ? opt->functions : ".";
    struct local *l = calloc(1, sizeof *l);
    struct jn_error reason = { 0 };
    if (!l)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the local Lambda");
    enum jn_status s = copy_options(l, opt, functions, &reason);
    if (!s) {
        fill_site(l, loop, opt);
        s = fill(l, opt, functions, &reason);
    }
    if (!s) {
        *out = l;
        return JN_OK;
    }
    free_local(l);
    if (err && !err->status)
        *err = reason;
    return s;
}

/* ---- looking -------------------------------------------------------------------------------------------------- */

int local_port(const struct local *l)
{
    return base_httpd_port(l->httpd);
}

bool local_list(const struct local *l, size_t i, struct local_listing *out)
{
    if (i >= local_registry_count(l->api.registry))
        return false;
    const struct local_function *f = local_registry_at(l->api.registry, i);
    *out = (struct local_listing){ f->name, f->arn, f->latest->config.runtime_name, f->latest->config.handler };
    return true;
}
