/* actions.c - the table of what this component can do; component.json describes the same to the platform. */
#include "component/actions.h"

#include "core/arena.h"

jn_str component_config_text(struct jn_arena *a, jn_value config, const char *name)
{
    return jn_arena_copy(a, jn_str_trim(jn_get_string(jn_member(config, jn_str_of(name)))));
}

static const struct sailor_action *const actions[] = { &component_publish_action, NULL };

const struct sailor_component component_lambda = {
    .name = "aws-lambda-component",
    .version = ALC_VERSION,
    .actions = actions,
    .verify = component_verify,
};
