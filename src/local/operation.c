/* operation.c - the paths of the service's operations. */
#include "local/operation.h"

static const struct {
    const char *method, *path;
} operations[] = {
    [LOCAL_NO_OPERATION] = { "", "" },
#define X(kind, method, path) [LOCAL_OP_##kind] = { method, path },
    LOCAL_OPERATIONS(X)
#undef X
};

/* The part up to the next slash, which is taken as well. */
static jn_str next_part(jn_str *rest)
{
    const size_t slash = jn_str_find(*rest, JN_STR("/"), 0);
    const jn_str part = jn_str_sub(*rest, 0, slash);
    *rest = slash == SIZE_MAX ? JN_STR("") : jn_str_sub(*rest, slash + 1, rest->len);
    return part;
}

static bool matches(jn_str pattern, jn_str path, jn_str labels[2])
{
    size_t count = 0;
    while (pattern.len > 0 && path.len > 0) {
        const jn_str want = next_part(&pattern), have = next_part(&path);
        if (!jn_str_equal(want, "{}") && !jn_str_eq(want, have))
            return false;
        if (jn_str_equal(want, "{}") && have.len == 0)
            return false;
        if (jn_str_equal(want, "{}"))
            labels[count++] = have;
    }
    return pattern.len == 0 && path.len == 0;
}

struct local_operation local_operation_find(jn_str method, jn_str path)
{
    if (path.len > 1 && jn_str_ends(path, JN_STR("/")))
        path.len--;
    for (size_t i = LOCAL_NO_OPERATION + 1; i < sizeof operations / sizeof *operations; i++) {
        struct local_operation op = { .kind = (enum local_operation_kind)i };
        if (jn_str_equal(method, operations[i].method) && matches(jn_str_of(operations[i].path), path, op.labels))
            return op;
    }
    return (struct local_operation){ .kind = LOCAL_NO_OPERATION };
}

jn_str local_query_get(jn_str query, const char *name)
{
    while (query.len > 0) {
        const size_t end = jn_str_find(query, JN_STR("&"), 0);
        const jn_str pair = jn_str_sub(query, 0, end);
        const size_t equals = jn_str_find(pair, JN_STR("="), 0);
        if (jn_str_equal(jn_str_sub(pair, 0, equals), name))
            return equals == SIZE_MAX ? JN_STR("") : jn_str_sub(pair, equals + 1, pair.len);
        query = end == SIZE_MAX ? JN_STR("") : jn_str_sub(query, end + 1, query.len);
    }
    return (jn_str){ NULL, 0 };
}
