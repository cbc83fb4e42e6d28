/* target.h - whose function a request names, and which version of it (our spec, section 1.1). */
#ifndef LOCAL_TARGET_H
#define LOCAL_TARGET_H

#include "local/refusal.h"
#include "local/registry.h"

struct local_target {
    struct local_function *function;
    struct local_version *version;      /* what the qualifier leads to, by chance for a weighted alias */
    jn_str qualifier;                   /* {NULL, 0}: none was given */
    const char *arn;                    /* as addressed, qualifier included */
};

/* Finds what the path's `label` and the Qualifier in `query` name, both as they stand in the request, or refuses as the
 * service does.  Texts are in `a`. */
bool local_target_find(const struct local_site *site, struct local_registry *functions, struct jn_arena *a, jn_str label,
                       jn_str query, struct local_target *out, struct local_refusal *r);

/* `s` with %XX decoded, in `a` with a NUL behind it; {NULL, 0} without memory. */
jn_str local_decode(struct jn_arena *a, jn_str s);

/* Refuses for want of memory. */
bool local_refuse_memory(struct local_refusal *r);

#endif
