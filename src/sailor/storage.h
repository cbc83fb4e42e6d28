/* storage.h - the platform's object storage (platform-protocol.md, 6): big bodies, encrypted, under an id. */
#ifndef SAILOR_STORAGE_H
#define SAILOR_STORAGE_H

#include "base/http.h"
#include "base/random.h"
#include "sailor/cipher.h"
#include "sailor/log.h"
#include "sailor/metrics.h"
#include "sailor/settings.h"

struct sailor_storage;

enum jn_status sailor_storage_new(struct base_loop *l, const struct sailor_settings *settings, struct base_http *http,
                                  struct sailor_cipher *cipher, struct base_random *random,
                                  struct sailor_metrics *metrics, const struct base_log *log,
                                  struct sailor_storage **out, struct jn_error *err);

/* Requests in flight end without their callbacks. */
void sailor_storage_free(struct sailor_storage *s);

/* Upload: `text` is the object's id.  Download: `text` is the stored JSON text, decrypted and validated, in a buffer that
 * may be taken over.  On failure `text` is empty. */
typedef void sailor_storage_fn(const struct jn_error *failed, struct jn_buf *text, void *arg);

struct sailor_storage_call;

/* `text` is copied (encrypted).  An answer without objectId is a failure (Q17). */
enum jn_status sailor_storage_put(struct sailor_storage *s, jn_str text, sailor_storage_fn *fn, void *arg,
                                  struct sailor_storage_call **out, struct jn_error *err);
enum jn_status sailor_storage_get(struct sailor_storage *s, jn_str id, sailor_storage_fn *fn, void *arg,
                                  struct sailor_storage_call **out, struct jn_error *err);

/* Ends a request without its callback. */
void sailor_storage_cancel(struct sailor_storage_call *c);

#endif
