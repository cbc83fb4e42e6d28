/* fn_datetime.c - the built-ins about time. */
#include "jsonata/eval.h"

static jn_value fn_millis(struct jsonata_eval *e, const jn_value *args, uint32_t count)
{
    (void)args, (void)count;
    return jn_number((double)e->now_ms);
}

const struct jsonata_builtin jsonata_fn_datetime[] = {
    { "millis", "<:n>", 0, fn_millis },
    { 0 },
};
