/* event_runner.c - see event_runner.h.
 *
 * The life of an event:
 *
 *   waits    until it is due, and its function has less than its share of processes at work on events
 *   runs     -> finished       the function succeeded: forgotten, and told to onSuccess
 *            -> waits          it failed for the first or second time: a minute, then two
 *            -> finished       it failed for the last time: told to onFailure
 *   cannot run (throttled, function gone)
 *            -> waits          a second, two, four, ... five minutes at most
 *   due, but too old, or its function switched off (reserved concurrency 0)
 *            -> finished       told to onFailure
 *
 * Every arrow is one change on the disk.  When that fails, because the disk is full, say, nothing is lost: what holds is in
 * memory, an end that cannot be written is tried again, and after a crash the event runs again. */
#include "local/event_runner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/timer.h"
#include "lambda/name.h"
#include "local/event_queue.h"
#include "local/event_record.h"
#include "local/invoke_check.h"
#include "local/text.h"

enum { DELAY_MIN_MS = 1000, DELAY_MAX_MS = 300000, DELAY_DOUBLINGS_MAX = 9 };
enum { SETTLE_AGAIN_MS = 2000 };
enum { ROUND_MAX = 32 };            /* events taken in one round of the loop: each may write to the disk */

struct local_events {
    const struct local_site *site;
    struct local_registry *registry;
    struct local_fleet *fleet;
    char *path;                     /* of the store */
    struct local_event_store *store;    /* NULL: there has been no event yet */
    struct local_event_queue *queue;
    struct base_timer *due;
    struct run *unsettled;          /* what is known, and could not be written */
    struct base_timer *settle_again;
    bool is_stopping;
};

/* An event that is at work. */
struct run {
    struct local_events *events;
    struct local_event_line *line;
    struct jn_arena memory;         /* of the event's texts */
    struct local_event event;
    struct local_event_configuration config;    /* texts borrowed, from the version that `call` or `latest` holds */
    struct local_version *latest;   /* a reference; NULL: the function is gone */
    struct local_call *call;        /* NULL: it does not run */
    enum local_event_condition condition;   /* while it is unsettled */
    bool is_unsettled;              /* its function may have another event at work by now */
    bool is_written;                /* to the file that is its destination */
    struct run *next;
};

static int64_t now_ms(const struct local_events *e)
{
    return e->site->clock->wall_ms(e->site->clock);
}

/* A line of the log about an event. */
static void tell(const struct run *r, enum base_log_level level, const char *text, const char *more)
{
    const struct base_field fields[] = { { "function", r->event.function }, { "request", r->event.request_id },
                                         { NULL, { NULL, 0 } } };
    base_log(r->events->site->log, level, fields, "%s%s", text, more);
}

/* ---- waiting -------------------------------------------------------------------------------------------------- */

static void wake(struct local_events *e)
{
    const int64_t due_ms = local_event_queue_due_ms(e->queue);
    const int64_t left_ms = due_ms == INT64_MAX ? -1 : due_ms - now_ms(e);
    if (e->is_stopping || due_ms == INT64_MAX)
        base_timer_stop(e->due);
    else
        base_timer_start(e->due, left_ms > 0 ? left_ms : 0);
}

static void end_run(struct run *r)
{
    local_call_free(r->call);
    local_version_unref(r->latest);
    jn_arena_clear(&r->memory);
    free(r);
}

/* Whether that can be kept or not, it waits in memory. */
static void wait_until(struct run *r, int64_t due_ms)
{
    struct local_events *e = r->events;
    struct jn_error err = { 0 };
    r->event.turn.due_ms = due_ms;
    if (local_event_store_update(e->store, &r->event, &err))
        tell(r, BASE_ERROR, "the state of an event is not kept: ", err.message);
    local_event_queue_again(r->line, &r->event.turn);
    end_run(r);
    wake(e);
}

/* One, two, four, ... seconds. */
static int64_t next_delay_ms(struct local_event_turn *turn)
{
    const int doublings = turn->delays < DELAY_DOUBLINGS_MAX ? turn->delays : DELAY_DOUBLINGS_MAX;
    const int64_t wait_ms = (int64_t)DELAY_MIN_MS << doublings;
    turn->delays++;
    return wait_ms < DELAY_MAX_MS ? wait_ms : DELAY_MAX_MS;
}

/* It cannot run now. */
static void delay(struct run *r, const char *why)
{
    const int64_t wait_ms = next_delay_ms(&r->event.turn);
    tell(r, BASE_WARN, "event waits: ", why);
    wait_until(r, now_ms(r->events) + wait_ms);
}

/* ---- destinations --------------------------------------------------------------------------------------------- */

static enum jn_status append_to_file(const struct local_events *e, const char *path, struct jn_buf *record,
                                     struct jn_error *err)
{
    char *below = path[0] == '/' ? strdup(path) : base_path_join(e->site->state, path);
    char *folder = below ? strndup(below, (size_t)(strrchr(below, '/') - below)) : NULL;
    jn_buf_append_char(record, '\n');
    enum jn_status s = folder && !record->failed ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for a destination");
    if (!s && path[0] != '/')
        s = base_directory_make(folder, err);
    if (!s)
        s = base_file_append(below, jn_buf_str(record), err);
    free(folder);
    free(below);
    return s;
}

/* An event for the function that is a destination. */
static bool address(struct run *r, const char *destination, jn_str record, struct local_event *out)
{
    const struct local_site *site = r->events->site;
    struct jn_arena *a = &r->memory;
    struct lambda_name name;
    char id[37];
    if (lambda_name_parse(jn_str_of(destination), &name, NULL))
        return false;
    base_random_uuid(site->random, id);
    const bool has_qualifier = name.qualifier.data != NULL;
    const jn_str qualifier = has_qualifier ? name.qualifier : JN_STR("");
    const char *arn = local_print(a, "arn:aws:lambda:%s:%s:function:%.*s%s%.*s", site->region, site->account,
                                  JN_ARG(name.function), has_qualifier ? ":" : "", JN_ARG(qualifier));
    const int64_t now = now_ms(r->events);
    *out = (struct local_event){
        .request_id = jn_arena_copy(a, jn_str_of(id)), .function = name.function,
        .qualifier = qualifier, .arn = jn_str_of(arn ? arn : ""),
        .trace_id = r->event.trace_id, .payload = record, .accepted_ms = now, .turn = { .due_ms = now },
    };
    return !jn_arena_failed(a);
}

/* Forgets the event, and keeps what follows from it for another function. */
static enum jn_status pass_on(struct run *r, const char *destination, jn_str record, struct jn_error *err)
{
    struct local_events *e = r->events;
    struct local_event next;
    if (!address(r, destination, record, &next))
        return jn_fail(err, JN_NO_MEMORY, "no memory for a destination");
    const enum jn_status s = local_event_store_finish(e->store, r->event.turn.id, &next, err);
    if (!s && !local_event_queue_add(e->queue, next.function, &next.turn))
        tell(r, BASE_ERROR, "no memory: what is for its destination runs when local is started anew", "");
    return s;
}

/* Why the function that is the destination does not get the record; NULL: it does. */
static const char *refusal_of(const struct run *r, const char *destination, jn_str record)
{
    const struct local_site *site = r->events->site;
    struct lambda_name name;
    if (lambda_name_parse(jn_str_of(destination), &name, NULL))
        return "it is no name of a function";
    if ((name.region.data && !jn_str_equal(name.region, site->region)) ||
        (name.account.data && !jn_str_equal(name.account, site->account)))
        return "the function is of another region or account";
    return record.len > LOCAL_EVENT_MAX ? "the record is larger than an event may be" : NULL;
}

/* The file first: what is in it twice is better than what is in it never. */
static enum jn_status settle(struct run *r, enum local_event_condition condition, const char *destination,
                             struct jn_error *err)
{
    struct jn_buf record;
    const char *path, *refusal;
    enum jn_status s = JN_OK;
    if (!destination)
        return local_event_store_finish(r->events->store, r->event.turn.id, NULL, err);
    jn_buf_init(&record, 0);
    local_put_event_record(&record, &r->event, r->call, condition, now_ms(r->events));
    if (record.failed)
        s = jn_fail(err, JN_NO_MEMORY, "no memory for the record of an event");
    else if (!local_destination_file(destination, &path) &&
             (refusal = refusal_of(r, destination, jn_buf_str(&record))) != NULL) {
        tell(r, BASE_ERROR, "not told to its destination: ", refusal);
        s = local_event_store_finish(r->events->store, r->event.turn.id, NULL, err);
    } else if (!local_destination_file(destination, &path))
        s = pass_on(r, destination, jn_buf_str(&record), err);
    else if (r->is_written || (s = append_to_file(r->events, path, &record, err)) == JN_OK) {
        r->is_written = true;
        s = local_event_store_finish(r->events->store, r->event.turn.id, NULL, err);
    }
    jn_buf_clear(&record);
    return s;
}

/* The function has run, and does not run again for want of a place to write that down. */
static void keep_unsettled(struct run *r, enum local_event_condition condition, const char *why)
{
    struct local_events *e = r->events;
    if (!r->is_unsettled) {
        tell(r, BASE_ERROR, "event waits: ", why);
        local_event_queue_done(r->line);
        wake(e);
    }
    if (e->is_stopping) {
        end_run(r);
        return;
    }
    r->is_unsettled = true;
    r->condition = condition;
    r->next = e->unsettled;
    e->unsettled = r;
    if (!base_timer_is_running(e->settle_again))
        base_timer_start(e->settle_again, SETTLE_AGAIN_MS);
}

static void finish(struct run *r, enum local_event_condition condition)
{
    struct local_events *e = r->events;
    const bool is_success = condition == LOCAL_EVENT_SUCCESS;
    const char *destination = is_success ? r->config.on_success : r->config.on_failure;
    struct jn_error err = { 0 };
    if (settle(r, condition, destination, &err)) {
        keep_unsettled(r, condition, err.message);
        return;
    }
    if (!is_success)
        tell(r, BASE_WARN, condition == LOCAL_EVENT_AGE_EXCEEDED ? "event given up, too old: handed to "
                                                                 : "event given up: handed to ",
             destination ? destination : "nobody, since there is no onFailure");
    if (!r->is_unsettled)
        local_event_queue_done(r->line);
    end_run(r);
    wake(e);
}

/* The destination may have been corrected meanwhile. */
static void renew_configuration(struct run *r)
{
    const struct local_function *f = local_registry_find(r->events->registry, r->event.function);
    if (!f)
        return;
    local_version_unref(r->latest);
    r->latest = local_version_ref(f->latest);
    r->config = f->latest->config.events;
}

static void on_settle_again(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_events *e = arg;
    struct run *list = e->unsettled;
    e->unsettled = NULL;
    for (struct run *r = list, *next; r; r = next) {
        next = r->next;
        renew_configuration(r);
        finish(r, r->condition);
    }
}

/* ---- running -------------------------------------------------------------------------------------------------- */

static void after_failure(struct run *r)
{
    const int64_t wait_ms = r->events->site->retry_wait_ms[r->event.turn.failures > 0];
    char text[64];
    if (r->event.turn.failures++ >= r->config.retries) {
        finish(r, LOCAL_EVENT_RETRIES_EXHAUSTED);
        return;
    }
    snprintf(text, sizeof text, "try %d follows in %.1f s", r->event.turn.failures + 1, (double)wait_ms / 1000);
    tell(r, BASE_INFO, "event failed: ", text);
    wait_until(r, now_ms(r->events) + wait_ms);
}

/* What was cancelled stays on the disk as it is. */
static void on_done(struct local_call *c, void *arg)
{
    struct run *r = arg;
    local_fleet_leave(r->events->fleet, c);
    if (c->cancelled) {
        local_event_queue_done(r->line);
        end_run(r);
        return;
    }
    r->event.turn.invocations++;
    r->event.turn.delays = 0;
    if (c->failure)
        after_failure(r);
    else
        finish(r, LOCAL_EVENT_SUCCESS);
}

static char *copy(jn_str s)
{
    return strndup(s.data, s.len);
}

static bool make_call(struct run *r, struct local_version *v)
{
    struct local_call *c = local_call_new(v);
    if (!c)
        return false;
    r->call = c;
    snprintf(c->id, sizeof c->id, "%.*s", JN_ARG(r->event.request_id));
    c->arn = copy(r->event.arn);
    c->trace_id = copy(r->event.trace_id);
    jn_buf_append(&c->event, r->event.payload);
    c->done = on_done;
    c->arg = r;
    return c->arn && c->trace_id && !c->event.failed;
}

/* A process that cannot be started is a failure of the function, as it is for callers who wait. */
static void submit(struct run *r)
{
    struct jn_error err = { 0 };
    local_throttle why = NULL;
    const enum jn_status s = local_fleet_submit(r->events->fleet, r->call, &why, &err);
    if (s == JN_LIMIT || s == JN_NO_MEMORY) {
        delay(r, err.message);
    } else if (s) {
        local_call_fail(r->call, LOCAL_FAILURE_ENTRYPOINT, jn_str_of(err.message));
        on_done(r->call, r);
    }
}

static void start(struct run *r)
{
    struct local_function *f = local_registry_find(r->events->registry, r->event.function);
    const jn_str qualifier = r->event.qualifier;
    struct local_version *v = NULL;
    r->config = local_configuration_usual().events;
    if (f) {
        r->latest = local_version_ref(f->latest);
        r->config = f->latest->config.events;
        v = local_function_resolve(f, qualifier.len ? qualifier : (jn_str){ NULL, 0 });
    }
    if (now_ms(r->events) - r->event.accepted_ms > (int64_t)r->config.max_age_s * 1000)
        finish(r, LOCAL_EVENT_AGE_EXCEEDED);
    else if (f && local_function_reserved(f) == 0)
        finish(r, LOCAL_EVENT_RETRIES_EXHAUSTED);
    else if (!v)
        delay(r, f ? "its version or alias is not there" : "its function is not there");
    else if (!make_call(r, v))
        delay(r, "no memory");
    else
        submit(r);
}

/* An event that is not in the store any more has been dealt with. */
static void take(struct local_events *e, struct local_event_line *line, struct local_event_turn turn)
{
    struct jn_error err = { 0 };
    struct run *r = calloc(1, sizeof *r);
    if (!r) {
        turn.due_ms = now_ms(e) + DELAY_MIN_MS;
        local_event_queue_again(line, &turn);
        return;
    }
    *r = (struct run){ .events = e, .line = line };
    jn_arena_init(&r->memory, 0);
    const enum jn_status s = local_event_store_load(e->store, turn.id, &r->memory, &r->event, &err);
    r->event.turn = turn;
    if (!s) {
        start(r);
        return;
    }
    turn.due_ms = now_ms(e) + next_delay_ms(&turn);
    base_log(e->site->log, BASE_ERROR, NULL, "event %lld cannot be read: %s", (long long)turn.id, err.message);
    if (s == JN_NOT_FOUND)
        local_event_queue_done(line);
    else
        local_event_queue_again(line, &turn);
    end_run(r);
}

static void on_due(struct base_timer *t, void *arg)
{
    (void)t;
    struct local_events *e = arg;
    struct local_event_line *line;
    const int64_t now = now_ms(e);
    struct local_event_turn turn;
    for (int i = 0; i < ROUND_MAX && local_event_queue_take(e->queue, now, &turn, &line); i++)
        take(e, line, turn);
    wake(e);
}

/* ---- the owner's side ----------------------------------------------------------------------------------------- */

/* No more than can run, so that they do not throttle each other. */
static unsigned limit(const char *function, void *arg)
{
    const struct local_events *e = arg;
    const struct local_function *f = local_registry_known(e->registry, jn_str_of(function));
    const int reserved = f ? local_function_reserved(f) : -1;
    const unsigned most = e->site->max_processes;
    return reserved > 0 && (unsigned)reserved < most ? (unsigned)reserved : most;
}

static bool on_kept(const struct local_event *event, void *arg)
{
    struct local_events *e = arg;
    return local_event_queue_add(e->queue, event->function, &event->turn);
}

static enum jn_status open_store(struct local_events *e, bool creates, struct jn_error *err)
{
    const enum jn_status s = local_event_store_open(e->path, creates, &e->store, err);
    return s ? s : local_event_store_list(e->store, on_kept, e, err);
}

static enum jn_status fill(struct local_events *e, struct jn_error *err)
{
    e->path = base_path_join(e->site->state, "events.db");
    e->queue = local_event_queue_new(limit, e);
    if (!e->path || !e->queue)
        return jn_fail(err, JN_NO_MEMORY, "no memory for events");
    enum jn_status s = base_timer_new(e->site->loop, on_due, e, &e->due, err);
    if (!s)
        s = base_timer_new(e->site->loop, on_settle_again, e, &e->settle_again, err);
    if (!s && !e->site->leaves_events)
        s = open_store(e, false, err);
    if (s == JN_NOT_FOUND)
        return JN_OK;
    if (!s)
        wake(e);
    return s;
}

enum jn_status local_events_new(const struct local_site *site, struct local_registry *r, struct local_fleet *f,
                                struct local_events **out, struct jn_error *err)
{
    struct local_events *e = calloc(1, sizeof *e);
    if (!e)
        return jn_fail(err, JN_NO_MEMORY, "no memory for events");
    *e = (struct local_events){ .site = site, .registry = r, .fleet = f };
    const enum jn_status s = fill(e, err);
    if (s)
        local_events_free(e);
    else
        *out = e;
    return s;
}

void local_events_free(struct local_events *e)
{
    if (!e)
        return;
    base_timer_free(e->due);
    base_timer_free(e->settle_again);
    local_event_queue_free(e->queue);
    local_event_store_close(e->store);
    free(e->path);
    free(e);
}

enum jn_status local_events_accept(struct local_events *e, const struct local_event *event, struct jn_error *err)
{
    struct local_event kept = *event;
    kept.accepted_ms = kept.turn.due_ms = now_ms(e);
    if (e->site->leaves_events)
        return jn_fail(err, JN_IO, "this local Lambda is there for one call");
    enum jn_status s = e->store ? JN_OK : open_store(e, true, err);
    if (!s)
        s = local_event_store_add(e->store, &kept, err);
    if (s)
        return s;
    if (!local_event_queue_add(e->queue, kept.function, &kept.turn)) {
        local_event_store_finish(e->store, kept.turn.id, NULL, NULL);
        return jn_fail(err, JN_NO_MEMORY, "no memory for an event");
    }
    wake(e);
    return JN_OK;
}

void local_events_stop(struct local_events *e)
{
    e->is_stopping = true;
    base_timer_stop(e->due);
    base_timer_stop(e->settle_again);
    on_settle_again(NULL, e);       // a last try
}
