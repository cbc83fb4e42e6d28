/* cred.c - the chain: which keys are used.  Order (our spec, section 6.1, the one recommended for servers):
 *
 *   1. keys given explicitly
 *   2. a profile given explicitly: whoever names one wants no other
 *   3. the environment's keys
 *   4. web identity from the environment          refused: see cred_env.c
 *   5. the profile AWS_PROFILE, else "default"
 *   6. container credentials                      refused likewise
 *
 * An absent source is skipped, a faulty one ends the chain.  All of these answer at once, so the chain is walked when
 * it is made; what it found, or why there are no keys, is kept. */
#include "lambda/cred.h"

#include <stdlib.h>

#include "base/timer.h"
#include "lambda/cred_source.h"

struct waiter {
    lambda_cred_fn *fn;
    void *arg;
    struct waiter *next;
};

struct lambda_cred {
    struct base_loop *loop;
    const struct base_clock *clock;
    struct lambda_profiles *profiles;   /* NULL: the files could not be read, see `files` */
    struct jn_error files;
    jn_str profile;                     /* the one in use; borrowed from `profile_name` */
    char *profile_name, *region;
    struct lambda_keys *keys;           /* NULL: none, see `failed` */
    struct jn_error failed;
    struct waiter *waiting;             /* first come, first served */
    struct base_timer *soon;            /* answers the waiters in the next round of the loop; made when first needed */
    bool *is_freed;                     /* set while they are answered: told if one of them frees the chain */
};

/* ---- pairs --------------------------------------------------------------------------------------------------- */

/* Keys are printable ASCII without blanks; anything else is a slip of copy and paste, and would break a header. */
static enum jn_status check_text(jn_str text, const char *name, const char *place, struct jn_error *err)
{
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c > ' ' && c < 0x7f)
            continue;
        const char *what = c == ' ' ? "a blank" : c == '\n' || c == '\r' ? "a line break" : "a character no key has";
        return jn_fail(err, JN_BAD_VALUE, "%s in %s holds %s at position %zu of %zu; copy it again", name, place, what,
                       i + 1, text.len);
    }
    return JN_OK;
}

enum jn_status lambda_keys_of(const struct lambda_key_pair *pair, struct lambda_keys **out, struct jn_error *err)
{
    const bool has_access = pair->access.len > 0, has_secret = pair->secret.len > 0;
    if (!has_access && !has_secret)
        return JN_NOT_FOUND;
    if (has_access != has_secret)
        return jn_fail(err, JN_BAD_VALUE, "%s is missing in %s: %s is set, and AWS needs both",
                       has_access ? pair->secret_name : pair->access_name, pair->place,
                       has_access ? pair->access_name : pair->secret_name);
    enum jn_status s = check_text(pair->access, pair->access_name, pair->place, err);
    if (!s)
        s = check_text(pair->secret, pair->secret_name, pair->place, err);
    if (!s)
        s = check_text(pair->token, pair->token_name, pair->place, err);
    if (s)
        return s;
    struct lambda_keys *keys = lambda_keys_new(pair->access, pair->secret, pair->token, pair->expires_ms);
    if (!keys)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AWS keys");
    *out = keys;
    return JN_OK;
}

/* ---- the chain ----------------------------------------------------------------------------------------------- */

static enum jn_status ask_explicit(const struct lambda_cred_options *opt, struct lambda_keys **out,
                                   struct jn_error *err)
{
    const struct lambda_key_pair pair = {
        .access = jn_str_of(opt->access_key),
        .secret = jn_str_of(opt->secret_key),
        .token = jn_str_of(opt->session_token),
        .access_name = "the access key",
        .secret_name = "the secret key",
        .token_name = "the session token",
        .place = "the settings",
    };
    return lambda_keys_of(&pair, out, err);
}

static enum jn_status ask_profile(const struct lambda_cred *c, struct lambda_keys **out, struct jn_error *err)
{
    if (!c->profiles)
        return jn_fail(err, c->files.status, "%s", c->files.message);
    return lambda_cred_from_profile(c->profiles, c->profile, out, err);
}

/* A profile that was asked for by name must exist and have keys; "default" may be absent. */
static enum jn_status ask_named_profile(const struct lambda_cred *c, const char *named_by, struct lambda_keys **out,
                                        struct jn_error *err)
{
    const enum jn_status s = ask_profile(c, out, err);
    if (s != JN_NOT_FOUND || !named_by)
        return s;
    if (!lambda_profile_exists(c->profiles, c->profile))
        return jn_fail(err, JN_BAD_VALUE, "there is no profile \"%.*s\" (%s) in the AWS config and credentials files",
                       JN_ARG(jn_str_sub(c->profile, 0, 64)), named_by);
    return jn_fail(err, JN_BAD_VALUE, "profile \"%.*s\" (%s) holds no keys: aws_access_key_id and "
                   "aws_secret_access_key are missing", JN_ARG(jn_str_sub(c->profile, 0, 64)), named_by);
}

static enum jn_status walk(const struct lambda_cred *c, const struct lambda_cred_options *opt, struct lambda_keys **out,
                           struct jn_error *err)
{
    enum jn_status s = ask_explicit(opt, out, err);
    if (s == JN_NOT_FOUND && opt->profile)
        return ask_named_profile(c, "given in the settings", out, err);
    if (s == JN_NOT_FOUND)
        s = lambda_cred_from_env(opt->env, opt->clock, out, err);
    if (s == JN_NOT_FOUND)
        s = lambda_cred_env_web_identity(opt->env, err);
    if (s == JN_NOT_FOUND)
        s = ask_named_profile(c, base_env_get(opt->env, "AWS_PROFILE") ? "named by AWS_PROFILE" : NULL, out, err);
    if (s == JN_NOT_FOUND)
        s = lambda_cred_env_container(opt->env, err);
    return s;
}

static void explain_absence(const struct lambda_cred *c, struct jn_error *err)
{
    jn_fail(err, JN_NOT_FOUND, "no AWS keys found.  Looked at: the settings (access key and secret key); the "
            "environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_WEB_IDENTITY_TOKEN_FILE; "
            "AWS_CONTAINER_CREDENTIALS_*); profile \"%.*s\" in ~/.aws/credentials and ~/.aws/config (%s).  Give keys "
            "in one of these places",
            JN_ARG(jn_str_sub(c->profile, 0, 64)),
            lambda_profile_exists(c->profiles, c->profile) ? "it holds no keys" : "there is no such profile");
}

/* ---- life ---------------------------------------------------------------------------------------------------- */

static enum jn_status find_region(struct lambda_cred *c, const struct base_env *env, struct jn_error *err)
{
    const char *region = base_env_get(env, "AWS_REGION");
    if (!region)
        region = base_env_get(env, "AWS_DEFAULT_REGION");
    const jn_str text = region ? jn_str_of(region) : lambda_cred_setting(c, "region");
    if (text.len == 0)
        return JN_OK;
    c->region = strndup(text.data, text.len);
    return c->region ? JN_OK : jn_fail(err, JN_NO_MEMORY, "no memory for the AWS region");
}

static enum jn_status find_profile(struct lambda_cred *c, const struct lambda_cred_options *opt, struct jn_error *err)
{
    const char *name = opt->profile ? opt->profile : base_env_get(opt->env, "AWS_PROFILE");
    c->profile_name = strdup(name ? name : "default");
    if (!c->profile_name)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the profile's name");
    c->profile = jn_str_of(c->profile_name);
    // Files that cannot be read matter only if the chain gets to them: explicit keys work without a home directory.
    return lambda_profiles_load(opt->env, &c->profiles, &c->files) == JN_NO_MEMORY
               ? jn_fail(err, JN_NO_MEMORY, "%s", c->files.message) : JN_OK;
}

static enum jn_status set_up(struct lambda_cred *c, const struct lambda_cred_options *opt, struct jn_error *err)
{
    enum jn_status s = find_profile(c, opt, err);
    if (!s)
        s = find_region(c, opt->env, err);
    if (!s)
        s = walk(c, opt, &c->keys, err);
    if (s != JN_NOT_FOUND)
        return s;
    explain_absence(c, &c->failed);
    return JN_OK;
}

enum jn_status lambda_cred_new(struct base_loop *l, const struct lambda_cred_options *opt, struct lambda_cred **out,
                               struct jn_error *err)
{
    struct lambda_cred *c = calloc(1, sizeof *c);
    if (!c)
        return jn_fail(err, JN_NO_MEMORY, "no memory for the AWS credentials");
    c->loop = l;
    c->clock = opt->clock;
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
    base_timer_free(c->soon);
    lambda_profiles_free(c->profiles);
    lambda_keys_unref(c->keys);
    free(c->profile_name);
    free(c->region);
    free(c);
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

static bool are_expired(const struct lambda_cred *c)
{
    const int64_t expires_ms = lambda_keys_expires_ms(c->keys);
    return expires_ms && expires_ms <= c->clock->wall_ms(c->clock);
}

struct lambda_keys *lambda_cred_cached(struct lambda_cred *c)
{
    return c->keys && !are_expired(c) ? c->keys : NULL;
}

static void answer_one(struct lambda_cred *c)
{
    struct waiter *w = c->waiting;
    const struct waiter copy = *w;
    c->waiting = w->next;
    free(w);
    struct lambda_keys *keys = lambda_cred_cached(c);
    struct jn_error failed = c->failed;
    if (!keys && c->keys)
        jn_fail(&failed, JN_BAD_VALUE, "the AWS keys have expired; start again with new ones");
    copy.fn(keys, keys ? NULL : &failed, copy.arg);
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
    base_timer_start(c->soon, 0);
    return JN_OK;
}

/* All of these sources read once what somebody wrote: there are no others to be had. */
void lambda_cred_refuse(struct lambda_cred *c, const struct lambda_keys *keys)
{
    (void)c, (void)keys;
}

const char *lambda_cred_region(const struct lambda_cred *c)
{
    return c->region;
}

jn_str lambda_cred_setting(const struct lambda_cred *c, const char *property)
{
    return lambda_profile_setting(c->profiles, c->profile, property);
}
