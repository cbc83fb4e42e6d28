/* member.h - members of settings that people write: what is wrong is said with the member's name. */
#ifndef LOCAL_MEMBER_H
#define LOCAL_MEMBER_H

#include "core/arena.h"
#include "core/value.h"

/* A whole number from `min` to `max`. */
enum jn_status local_member_number(const char *name, jn_value v, int min, int max, int *out, struct jn_error *err);

/* A number from `min` to `max`. */
enum jn_status local_member_decimal(const char *name, jn_value v, double min, double max, double *out,
                                    struct jn_error *err);

/* A text that can be an argument or a variable, copied into `a`. */
enum jn_status local_member_text(struct jn_arena *a, const char *name, jn_value v, const char **out,
                                 struct jn_error *err);

#endif
