/* platform.h - the platform's REST API, as far as a step needs it (platform-protocol.md, 2.3 to 2.6, 2.8). */
#ifndef SAILOR_PLATFORM_H
#define SAILOR_PLATFORM_H

#include "base/http.h"
#include "sailor/log.h"
#include "sailor/metrics.h"
#include "sailor/settings.h"

struct sailor_platform;

/* `settings` and `http` are borrowed. */
enum jn_status sailor_platform_new(struct base_loop *l, const struct sailor_settings *settings, struct base_http *http,
                                   struct sailor_metrics *metrics, const struct base_log *log,
                                   struct sailor_platform **out, struct jn_error *err);

/* Requests in flight end without their callbacks. */
void sailor_platform_free(struct sailor_platform *p);

/* `body` is JSON text (or other text, or ""), valid during the call; when `failed` is set it holds what the server said. */
typedef void sailor_platform_fn(const struct jn_error *failed, jn_str body, void *arg);

/* GET step data: `body` is the JSON text of an object; texts that are no JSON count as "{}" (2.3). */
enum jn_status sailor_platform_get_step(struct sailor_platform *p, sailor_platform_fn *fn, void *arg);

/* PUT /v1/accounts/{account}: {"keys": keys}. */
enum jn_status sailor_platform_put_account(struct sailor_platform *p, jn_str account, jn_str keys,
                                           sailor_platform_fn *fn, void *arg);

/* Startup data: created (after 409: deleted and created again, Q2), read, deleted. */
enum jn_status sailor_platform_store_startup(struct sailor_platform *p, jn_str state, sailor_platform_fn *fn, void *arg);
enum jn_status sailor_platform_get_startup(struct sailor_platform *p, sailor_platform_fn *fn, void *arg);
enum jn_status sailor_platform_delete_startup(struct sailor_platform *p, sailor_platform_fn *fn, void *arg);

/* POST the result of service mode: `status` "success" or "error".  2xx is success (Q16 says why).  Credentials in the
 * URL become basic authentication and are never logged (Q15). */
enum jn_status sailor_platform_post_result(struct sailor_platform *p, jn_str document, sailor_platform_fn *fn, void *arg);

#endif
