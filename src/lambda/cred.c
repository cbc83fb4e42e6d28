/* cred.c - the keys in use: kept, renewed ahead of their end, and given to whoever waits for them (our spec, section
 * 6.9).  Which source they come from is cred_chain.c's to say.
 *
 *   obtained ........... advisory ........... mandatory ........... end
 *             given out            given out,           those who ask wait      those who ask wait;
 *             at once              renewed meanwhile    for the new ones        without new ones: the reason
 *
 * One asking at a time serves everybody.  When it fails, keys that are still good are given out further, and the next
 * asking waits a while.  Advisory is 15 minutes before the end, mandatory 10 minutes, or a half and a third of the
 * keys' life where that is short.  Keys of the instance's metadata outlive their end when there are no others: the
 * service may be in trouble, and only Lambda can tell whether they are still good (static stability). */
#include "lambda/cred.h"

#include <stdlib.h>

#include "base/timer.h"
#include "lambda/cred_chain.h"

enum {
    ADVISORY_MS = 15 * 60000, MANDATORY_MS = 10 * 60000,
    HOLD_ADVISORY_MS = 60000, HOLD_MANDATORY_MS = 10000, HOLD_WITHOUT_KEYS_MS = 2000,   /* after a failure */
    EXTEND_LEAST_MS = 5 * 60000, EXTEND_MORE_MS = 5 * 60000,
};

struct waiter {
    lambda_cred_fn *fn;
    void *arg;
    struct waiter *next;
};

struct lambda_cred {
    struct base_loop *loop;
    const struct base_clock *clock;
    const struct base_log *log;
    struct base_random own_random;
    struct lambda_cred_site site;
    struct lambda_profiles *profiles;   /* NULL: the files could not be read */
    jn_str profile;                     /* the one in use; borrowed from `profile_name` */
    char *profile_name, *region, *sts_region, *ca_bundle, *extra_ca, *http_proxy;

    struct lambda_source *source;       /* NULL: nothing to ask */
    bool is_last_resort;                /* it is the instance's metadata, because nothing else is configured */
    bool is_asking;
    int64_t next_ask_ms;                /* monotonic; not before */
    struct lambda_keys *keys;           /* NULL: none, see `failed` */
    int64_t end_ms;                     /* of `keys`; wall; 0: they have none */
    int64_t advisory_ms, mandatory_ms;  /* likewise; 0: never */
    struct lambda_keys *refused;        /* by the service; NULL: none */
    struct jn_error failed;             /* the latest asking, or why there is nothing to ask */

    struct waiter *waiting;             /* first come, first served */
    struct base_timer *soon;            /* answers them in the next round of the loop; made when first needed */
    bool *is_freed;                     /* set while they are answered: told if one of them frees the chain */
};

/* ---- time ---------------------------------------------------------------------------------------------------- */

static int64_t wall(const struct lambda_cred *c)
{
    return c->clock->wall_ms(c->clock);
}

static int64_t monotonic(const struct lambda_cred *c)
{
    return c->clock->monotonic_us(c->clock) / 1000;
}

static bool is_usable(const struct lambda_cred *c)
{
    return c->keys && (!c->end_ms || wall(c) < c->end_ms);
}

static bool is_due(const struct lambda_cred *c, int64_t at_ms)
{
    return at_ms && wall(c) >= at_ms;
}

/* Something could be asked now. */
static bool may_ask(const struct lambda_cred *c)
{
    return c->source && !c->source->fixed && monotonic(c) >= c->next_ask_ms;
}

/* ---- keys come in -------------------------------------------------------------------------------------------- */

static void put_keys(struct lambda_cred *c, struct lambda_keys *keys)
{
    lambda_keys_ref(keys);
    lambda_keys_unref(c->keys);
    c->keys = keys;
    c->end_ms = lambda_keys_expires_ms(keys);
    c->advisory_ms = c->mandatory_ms = 0;
    if (!c->end_ms)
        return;
    const int64_t life_ms = c->end_ms - wall(c);
    c->advisory_ms = c->end_ms - (life_ms / 2 < ADVISORY_MS ? life_ms / 2 : ADVISORY_MS);
    c->mandatory_ms = c->end_ms - (life_ms / 3 < MANDATORY_MS ? life_ms / 3 : MANDATORY_MS);
}

/* Static stability: the keys have no end any more, but others are asked for in 5 to 10 minutes. */
static void extend(struct lambda_cred *c)
{
    const int64_t wait_ms = EXTEND_LEAST_MS + (int64_t)(base_random_unit(c->site.random) * EXTEND_MORE_MS);
    c->end_ms = c->mandatory_ms = 0;
    c->advisory_ms = wall(c) + wait_ms;
    base_log(c->log, BASE_WARN, NULL, "%s has no new AWS keys; the old ones are used past their end, and others asked "
             "for in %lld s", c->source->name, (long long)(wait_ms / 1000));
}

static void note_failure(struct lambda_cred *c, const struct jn_error *failed)
{
    c->failed = *failed;
    if (c->is_last_resort && !c->keys && failed->status != JN_NO_MEMORY) {  // something else may answer there, too
        c->failed = (struct jn_error){ 0 };
        lambda_chain_explain(c->profiles, c->profile, failed->message, &c->failed);
    }
    const int64_t hold_ms = !is_usable(c)               ? HOLD_WITHOUT_KEYS_MS
                            : is_due(c, c->mandatory_ms) ? HOLD_MANDATORY_MS : HOLD_ADVISORY_MS;
    c->next_ask_ms = monotonic(c) + hold_ms;
    if (is_usable(c))
        base_log(c->log, BASE_WARN, NULL, "cannot renew the AWS keys, which are still good and used further: %s",
                 c->failed.message);
    else if (c->keys && c->source->type->outlives_keys)
        extend(c);
    else
        base_log(c->log, BASE_DEBUG, NULL, "no AWS keys: %s", c->failed.message);
}

static bool are_same(const struct lambda_keys *a, const struct lambda_keys *b)
{
    return jn_str_eq(lambda_keys_access(a), lambda_keys_access(b)) &&
           jn_str_eq(lambda_keys_token(a), lambda_keys_token(b));
}

static void note_keys(struct lambda_cred *c, struct lambda_keys *keys)
{
    char until[32] = "their end, which is not known";
    const int64_t expires_ms = lambda_keys_expires_ms(keys);
    if (expires_ms)
        base_time_iso(until, expires_ms);
    const jn_str access = lambda_keys_access(keys);
    base_log(c->log, BASE_DEBUG, NULL, "AWS keys from %s: access key %.*s, good until %s", c->source->name,
             JN_ARG(access), until);
}

static void take_keys(struct lambda_cred *c, struct lambda_keys *keys)
{
    struct jn_error err = { 0 };
    const int64_t expires_ms = lambda_keys_expires_ms(keys);
    const bool is_over = expires_ms && expires_ms <= wall(c);
    if (c->refused && are_same(keys, c->refused)) {
        jn_fail(&err, JN_BAD_VALUE, "%s still gives the keys that AWS no longer takes (access key %.*s)",
                c->source->name, JN_ARG(lambda_keys_access(keys)));
        note_failure(c, &err);
    } else if (is_over && !c->source->type->outlives_keys) {
        char at[32];
        base_time_iso(at, expires_ms);
        jn_fail(&err, JN_BAD_VALUE, "%s gave keys that had expired at %s", c->source->name, at);
        note_failure(c, &err);
    } else {
        put_keys(c, keys);
        note_keys(c, keys);
        if (is_over)
            extend(c);
    }
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

static void on_source(struct lambda_keys *keys, const struct jn_error *failed, void *arg)
{
    struct lambda_cred *c = arg;
    c->is_asking = false;
    if (failed)
        note_failure(c, failed);
    else
        take_keys(c, keys);
    if (c->waiting)
        base_timer_start(c->soon, 0);
}

static void start_asking(struct lambda_cred *c)
{
    struct jn_error err = { 0 };
    c->is_asking = true;
    base_log(c->log, BASE_DEBUG, NULL, "asking for AWS keys: %s", c->source->name);
    if (lambda_source_ask(c->source, on_source, c, &err) == JN_OK)
        return;
    c->is_asking = false;
    note_failure(c, &err);
}

struct lambda_keys *lambda_cred_cached(struct lambda_cred *c)
{
    if (!c->advisory_ms)                // the usual case, and the cheap one: none, or some that stay
        return c->keys;
    if (!is_usable(c))
        return NULL;
    if (is_due(c, c->mandatory_ms) && (c->is_asking || may_ask(c)))
        return NULL;
    if (is_due(c, c->advisory_ms) && !c->is_asking && may_ask(c))
        start_asking(c);
    return c->keys;
}

/* Why there are no keys that could be given out. */
static void explain(const struct lambda_cred *c, struct jn_error *out)
{
    *out = c->failed;
    if (c->source && c->source->fixed)
        jn_fail(out, JN_BAD_VALUE, "the AWS keys of %s have expired; start again with new ones", c->source->name);
    else
        jn_fail(out, JN_BAD_VALUE, "there are no AWS keys");
}

static void answer_one(struct lambda_cred *c)
{
    struct waiter *w = c->waiting;
    const struct waiter copy = *w;
    c->waiting = w->next;
    free(w);
    if (is_usable(c)) {
        copy.fn(c->keys, NULL, copy.arg);
        return;
    }
    struct jn_error failed;
    explain(c, &failed);
    copy.fn(NULL, &failed, copy.arg);
}

/* Those who are waiting now: one that asks again in its callback waits for the next round. */
static void answer_all(struct base_timer *t, void *arg)
{
    struct lambda_cred *c = arg;
    bool is_freed = false;
    size_t count = 0;
    (void)t;
    for (const struct waiter *w = c->waiting; w; w = w->next)
        count++;
    c->is_freed = &is_freed;
    for (; count > 0 && !is_freed; count--)
        answer_one(c);
    if (!is_freed)
        c->is_freed = NULL;
}

enum jn_status lambda_cred_get(struct lambda_cred *c, lambda_cred_fn *fn, void *arg, struct jn_error *err)
{
    const enum jn_status s = c->soon ? JN_OK : base_timer_new(c->loop, answer_all, c, &c->soon, err);
    if (s)
        return s;
    struct waiter *w = malloc(sizeof *w);
    if (!w)
        return jn_fail(err, JN_NO_MEMORY, "no memory to ask for AWS keys");
    *w = (struct waiter){ .fn = fn, .arg = arg };
    struct waiter **last = &c->waiting;
    while (*last)
        last = &(*last)->next;
    *last = w;
    if (!c->is_asking && !lambda_cred_cached(c) && may_ask(c))
        start_asking(c);
    if (!c->is_asking || lambda_cred_cached(c))
        base_timer_start(c->soon, 0);
    return JN_OK;
}

bool lambda_cred_refuse(struct lambda_cred *c, const struct lambda_keys *keys)
{
    if (!c->source || c->source->fixed)
        return false;
    if (c->keys != keys)
        return true;
    base_log(c->log, BASE_DEBUG, NULL, "AWS no longer takes access key %.*s from %s", JN_ARG(lambda_keys_access(keys)),
             c->source->name);
    lambda_keys_unref(c->refused);
    c->refused = c->keys;
    c->keys = NULL;
    c->advisory_ms = 0;
    c->next_ask_ms = 0;
    return true;
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static enum jn_status keep(char **to, const char *text, struct jn_error *err)
{
    *to = text ? strdup(text) : NULL;
    return *to || !text ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the AWS settings");
}

static enum jn_status find_profile(struct lambda_cred *c, const struct lambda_cred_options *opt, struct jn_error *err)
{
    const char *name = opt->profile ? opt->profile : base_env_get(opt->env, "AWS_PROFILE");
    if (keep(&c->profile_name, name ? name : "default", err))
        return JN_NO_MEMORY;
    c->profile = jn_str_of(c->profile_name);
    // Files that cannot be read matter only if the chain gets to them: explicit keys work without a home directory.
    return lambda_profiles_load(opt->env, &c->profiles, &c->site.files) == JN_NO_MEMORY
               ? jn_fail(err, JN_NO_MEMORY, "%s", c->site.files.message) : JN_OK;
}

static enum jn_status find_region(struct lambda_cred *c, const struct lambda_cred_options *opt, struct jn_error *err)
{
    const char *region = base_env_get(opt->env, "AWS_REGION");
    if (!region)
        region = base_env_get(opt->env, "AWS_DEFAULT_REGION");
    if (!region && lambda_cred_setting(c, "region").len)
        region = lambda_cred_setting(c, "region").data;
    const enum jn_status s = keep(&c->region, region, err);
    return s ? s : keep(&c->sts_region, opt->region && *opt->region ? opt->region : region, err);
}

static enum jn_status make_source(struct lambda_cred *c, const struct lambda_cred_options *opt, struct jn_error *err)
{
    const enum jn_status s = lambda_chain_make(&c->site, opt, c->profile, &c->source, &c->is_last_resort, err);
    if (s)
        return s;
    if (!c->source)
        lambda_chain_explain(c->profiles, c->profile, "the instance metadata service (switched off by "
                             "AWS_EC2_METADATA_DISABLED)", &c->failed);
    else if (c->source->fixed)
        put_keys(c, c->source->fixed);
    return JN_OK;
}

static enum jn_status set_up(struct lambda_cred *c, const struct lambda_cred_options *opt, struct jn_error *err)
{
    enum jn_status s = find_profile(c, opt, err);
    if (!s)
        s = find_region(c, opt, err);
    if (!s)
        s = keep(&c->ca_bundle, lambda_ca_bundle(opt->ca_bundle, opt->env, c), err);
    if (!s)
        s = keep(&c->extra_ca, opt->extra_ca, err);
    if (!s)
        s = keep(&c->http_proxy, base_env_get(opt->env, "HTTP_PROXY"), err);
    if (s)
        return s;
    c->site.loop = c->loop;
    c->site.env = opt->env;
    c->site.clock = c->clock;
    c->site.random = opt->random ? opt->random : &c->own_random;
    c->site.log = c->log;
    c->site.profiles = c->profiles;
    c->site.profile = c->profile;
    c->site.region = c->sts_region;
    c->site.ca_bundle = c->ca_bundle;
    c->site.extra_ca = c->ca_bundle ? NULL : c->extra_ca;
    c->site.http_proxy = c->http_proxy;
    s = make_source(c, opt, err);
    c->site.env = NULL;                 // from here on it may be gone
    return s;
}

enum jn_status lambda_cred_new(struct base_loop *l, const struct lambda_cred_options *opt, struct lambda_cred **out,
                               struct jn_error *err)
{
    struct lambda_cred *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AWS credentials");
    c->loop = l;
    c->clock = opt->clock;
    c->log = opt->log;
    const enum jn_status s = set_up(c, opt, err);
    if (s)
        lambda_cred_free(c);
    else
        *out = c;
    return s;
}

void lambda_cred_free(struct lambda_cred *c)
{
    if (!c)
        return;
    if (c->is_freed)
        *c->is_freed = true;
    while (c->waiting) {
        struct waiter *next = c->waiting->next;
        free(c->waiting);
        c->waiting = next;
    }
    lambda_source_free(c->source);
    if (c->site.http)
        base_http_free(c->site.http);
    base_timer_free(c->soon);
    lambda_profiles_free(c->profiles);
    lambda_keys_unref(c->keys);
    lambda_keys_unref(c->refused);
    free(c->profile_name);
    free(c->region);
    free(c->sts_region);
    free(c->ca_bundle);
    free(c->extra_ca);
    free(c->http_proxy);
    free(c);
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

const char *lambda_cred_source(const struct lambda_cred *c)
{
    return c->source ? c->source->name : "nowhere";
}

const char *lambda_cred_region(const struct lambda_cred *c)
{
    return c->region;
}

jn_str lambda_cred_setting(const struct lambda_cred *c, const char *property)
{
    return lambda_profile_setting(c->profiles, c->profile, property);
}
