/* cred_source.h - the sources of the chain: what each is, how it is asked, and what they share.  Private to this
 * folder.
 *
 * A source is made once, from settings, environment and shared files, of which it copies what it needs; making one
 * that is set up wrongly fails with a sentence.  It is asked whenever keys are wanted, by cred.c, or by another source
 * that assumes a role with them; one asking at a time. */
#ifndef LAMBDA_CRED_SOURCE_H
#define LAMBDA_CRED_SOURCE_H

#include "base/http.h"
#include "base/random.h"
#include "lambda/cred.h"
#include "lambda/profile.h"
#include "lambda/target.h"

/* What sources work with. */
struct lambda_cred_site {
    struct base_loop *loop;
    const struct base_env *env;         /* valid while sources are made, and no longer */
    const struct base_clock *clock;
    struct base_random *random;
    const struct base_log *log;
    const struct lambda_profiles *profiles;     /* likewise; NULL: the files could not be read, see `files` */
    struct jn_error files;
    jn_str profile;                     /* the one in use: whose settings count unless another says otherwise */
    const char *region;                 /* of STS, unless a profile says otherwise; NULL: us-east-1 */
    const char *ca_bundle, *extra_ca;   /* one of them at most */
    const char *http_proxy;             /* HTTP_PROXY, as in base/http.h; NULL: none */
    struct base_http *http;             /* see lambda_cred_http() */
    int64_t pause_ms;                   /* between two attempts at a service of this machine; 0: 1 s */
    int64_t timeout_ms;                 /* of such an attempt; 0: as settings say, 1 s (instance), 2 s (container) */
    int64_t process_timeout_ms;         /* of a program that prints keys; 0: 60 s */
};

/* The site's HTTP client, made when first asked for. */
enum jn_status lambda_cred_http(struct lambda_cred_site *site, struct base_http **out, struct jn_error *err);

struct lambda_source;

struct lambda_source_type {
    /* Calls back once, never inside the call.  JN_NOT_FOUND: there is nothing to ask here (instance metadata only). */
    enum jn_status (*ask)(struct lambda_source *s, lambda_cred_fn *done, void *arg, struct jn_error *err);
    void (*cancel)(struct lambda_source *s);    /* ends asking without the callback; harmless when nobody asks */
    void (*free)(struct lambda_source *s);      /* may be half-made; nobody asks */
    bool outlives_keys;             /* its keys are used past their end while it has no others (static stability) */
};

/* The head of every source. */
struct lambda_source {
    const struct lambda_source_type *type;
    struct lambda_cred_site *site;
    char *name;                     /* for people: "profile "dev"", "the instance metadata" */
    struct lambda_keys *fixed;      /* keys that stay as they are; NULL: ask */
    lambda_cred_fn *done;           /* who asks; NULL: nobody */
    void *arg;
};

/* Zeroed memory of `size` bytes with the head filled; NULL without memory, with `err` filled. */
void *lambda_source_new(const struct lambda_source_type *type, size_t size, struct lambda_cred_site *site,
                        struct jn_error *err, const char *fmt, ...) JN_PRINTF(5, 6);
/* Cancels and frees; NULL is fine. */
void lambda_source_free(struct lambda_source *s);

enum jn_status lambda_source_ask(struct lambda_source *s, lambda_cred_fn *done, void *arg, struct jn_error *err);
void lambda_source_cancel(struct lambda_source *s);

/* Ends the asking: `keys` is borrowed, `failed` as in lambda_cred_fn.  The source may be gone afterwards. */
void lambda_source_answer(struct lambda_source *s, struct lambda_keys *keys, const struct jn_error *failed);

/* ---- keys ---------------------------------------------------------------------------------------------------- */

/* A pair as some place gave it; NULL or "" is unset.  The names are for sentences: "AWS_ACCESS_KEY_ID", ... */
struct lambda_key_pair {
    jn_str access, secret, token;
    const char *access_name, *secret_name, *token_name;
    const char *place;              /* "the environment", "profile "dev"" */
    int64_t expires_ms;             /* 0: never */
};

/* Keys from a whole pair, JN_NOT_FOUND from none, JN_BAD_VALUE from half of one or from text that cannot be a key.  No
 * sentence quotes a secret. */
enum jn_status lambda_keys_of(const struct lambda_key_pair *pair, struct lambda_keys **out, struct jn_error *err);

/* A document with keys, as credential programs and services write it.  Such a member may have one of two names. */
struct lambda_key_document {
    jn_str text;
    const char *token;              /* what the session token is called: "Token", "SessionToken" */
    bool needs_end;                 /* without "Expiration" it is faulty */
    bool needs_version;             /* "Version" must be 1 */
    const char *place;              /* for sentences */
};

/* JN_BAD_TEXT when it is no such document; its text is not quoted. */
enum jn_status lambda_keys_read(const struct lambda_key_document *doc, struct lambda_keys **out, struct jn_error *err);

/* A member of a JSON object that is text, control characters made blanks, cut to the room.  "" when it is none. */
void lambda_document_text(jn_str document, const char *name, char *out, size_t size);

/* Reads a file that holds a token, without the line end behind it.  JN_BAD_VALUE when it is empty. */
enum jn_status lambda_token_read(const char *path, const char *what, struct jn_buf *out, struct jn_error *err);

/* ---- the sources --------------------------------------------------------------------------------------------- */

/* Each gives JN_NOT_FOUND, without a sentence, when it is not set up. */

/* Keys that stay as they are; takes `keys`. */
enum jn_status lambda_source_static(struct lambda_cred_site *site, struct lambda_keys *keys, const char *name,
                                    struct lambda_source **out, struct jn_error *err);

/* The environment's keys. */
enum jn_status lambda_source_env(struct lambda_cred_site *site, struct lambda_source **out, struct jn_error *err);

/* A profile: keys, a role, a program, a token, or another profile's. */
enum jn_status lambda_source_profile(struct lambda_cred_site *site, jn_str profile, struct lambda_source **out,
                                     struct jn_error *err);

/* A role, and where it comes from. */
struct lambda_role_options {
    jn_str arn, session_name, external_id;      /* session_name {NULL, 0}: one of our own making */
    unsigned duration_s;                        /* 0: 3600 */
    const char *region;                         /* of STS; NULL: the site's */
    jn_str profile;                             /* whose endpoint settings count; {NULL, 0}: the site's */
    jn_str token_file;                          /* of a web identity */
    const char *token_name;                     /* where the file was named */
};

/* The role, assumed with the keys of `base`, which is taken, even when this fails. */
enum jn_status lambda_source_role(struct lambda_cred_site *site, const struct lambda_role_options *opt,
                                  struct lambda_source *base, struct lambda_source **out, struct jn_error *err);

/* The role, assumed with the token of a web identity. */
enum jn_status lambda_source_web(struct lambda_cred_site *site, const struct lambda_role_options *opt,
                                 struct lambda_source **out, struct jn_error *err);
/* AWS_WEB_IDENTITY_TOKEN_FILE and its like. */
enum jn_status lambda_source_env_web(struct lambda_cred_site *site, struct lambda_source **out, struct jn_error *err);

/* A program that prints keys; `command` is for the shell. */
enum jn_status lambda_source_process(struct lambda_cred_site *site, jn_str profile, jn_str command,
                                     struct lambda_source **out, struct jn_error *err);

/* A container's credential service. */
enum jn_status lambda_source_container(struct lambda_cred_site *site, struct lambda_source **out, struct jn_error *err);

/* The URL of such a service from the two variables; `relative` wins.  JN_BAD_VALUE when keys must not be asked for
 * there, JN_NOT_FOUND when both are NULL. */
enum jn_status lambda_container_url(const char *relative, const char *full, struct jn_buf *out, struct jn_error *err);

/* The instance metadata of EC2.  JN_NOT_FOUND when it is switched off. */
enum jn_status lambda_source_imds(struct lambda_cred_site *site, jn_str profile, struct lambda_source **out,
                                  struct jn_error *err);

#endif
