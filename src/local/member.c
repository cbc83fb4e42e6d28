/* member.c - see member.h. */
#include "local/member.h"

enum jn_status local_member_number(const char *name, jn_value v, int min, int max, int *out, struct jn_error *err)
{
    const double d = jn_get_number(v);
    if (!jn_is(v, JN_NUMBER) || d < min || d > max || d != (double)(int)d)
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" must be a whole number from %d to %d", name, min, max);
    *out = (int)d;
    return JN_OK;
}

enum jn_status local_member_decimal(const char *name, jn_value v, double min, double max, double *out,
                                    struct jn_error *err)
{
    const double d = jn_get_number(v);
    if (!jn_is(v, JN_NUMBER) || !(d >= min && d <= max))
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" must be a number from %g to %g", name, min, max);
    *out = d;
    return JN_OK;
}

/* A NUL would cut it short. */
enum jn_status local_member_text(struct jn_arena *a, const char *name, jn_value v, const char **out,
                                 struct jn_error *err)
{
    const jn_str s = jn_get_string(v);
    if (!jn_is(v, JN_STRING))
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" must be a string, it is %s", name, jn_type_name(v));
    if (s.len > 0 && memchr(s.data, '\0', s.len))
        return jn_fail(err, JN_BAD_VALUE, "\"%s\" holds a NUL character", name);
    *out = jn_arena_copy(a, s).data;
    return *out ? JN_OK : JN_NO_MEMORY;
}
