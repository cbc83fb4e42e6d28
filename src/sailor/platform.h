/* platform.h - the platform's REST API, as far as a step needs it (platform-protocol.md, 2.3 to 2.6, 2.8). */
#ifndef SAILOR_PLATFORM_H
#define SAILOR_PLATFORM_H

#include "base/http.h"
#include "sailor/log.h"
#include "sailor/metrics.h"
#include "sailor/settings.h"

struct sailor_platform;

/* An HTTP client for the platform: with the proxies and the additional authorities that the environment names (1.6). */
enum jn_status sailor_platform_http(struct base_loop *l, const struct sailor_settings *settings,
                                    const struct base_env *env, const struct base_log *log, struct base_http **out,
                                    struct jn_error *err);

/* `settings` and `http` are borrowed. */
enum jn_status sailor_platform_new(struct base_loop *l, const struct sailor_settings *settings, struct base_http *http,
                                   struct sailor_metrics *metrics, const struct base_log *log,
                                   struct sailor_platform **out, struct jn_error *err);

/* Requests in flight end without their callbacks.  May be called in a callback. */
void sailor_platform_free(struct sailor_platform *p);

/* How long an attempt may take; 15 s, the reference's, unless it is set. */
void sailor_platform_set_timeout(struct sailor_platform *p, int64_t ms);

/* `body` is JSON text (or other text, or ""), valid during the call; when `failed` is set it holds what the server
 * said.  JN_REMOTE: the server said no, which it will not take back; else (JN_IO, JN_TIMEOUT, JN_TLS, ...) there was no
 * answer, or one of 500 and more, in all attempts.  The sentence is the reference's: for /v1 the answer's body, for hooks
 * its member `error`.
 *
 * Requests are repeated as 2.3 has it; API_REQUEST_RETRY_ATTEMPTS and _DELAY count for all of them (advice Q11). */
typedef void sailor_platform_fn(const struct jn_error *failed, jn_str body, void *arg);

/* GET step data: `body` is the JSON text of an object; texts that are no JSON object count as "{}", nothing and null are a
 * failure (2.3). */
enum jn_status sailor_platform_get_step(struct sailor_platform *p, sailor_platform_fn *fn, void *arg);

/* PUT /v1/accounts/{account}: {"keys": keys}. */
enum jn_status sailor_platform_put_account(struct sailor_platform *p, jn_str account, jn_str keys,
                                           sailor_platform_fn *fn, void *arg);

/* Startup data: created (after 409: deleted and created again, Q2), read, deleted.  A `state` that is nothing (no object,
 * array or text with something in it) is stored as {} (2.5). */
enum jn_status sailor_platform_store_startup(struct sailor_platform *p, jn_str state, sailor_platform_fn *fn,
                                             void *arg);
enum jn_status sailor_platform_get_startup(struct sailor_platform *p, sailor_platform_fn *fn, void *arg);
enum jn_status sailor_platform_delete_startup(struct sailor_platform *p, sailor_platform_fn *fn, void *arg);

/* POST the result of service mode, {"status": "success" or "error", "data": ...}.  2xx is success (Q16 says why).
 * Credentials in the URL become basic authentication and are never logged (Q15).  One attempt unless the settings say
 * otherwise. */
enum jn_status sailor_platform_post_result(struct sailor_platform *p, jn_str document, sailor_platform_fn *fn,
                                           void *arg);

#endif
