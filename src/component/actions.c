/* actions.c - the table of what this component can do; component.json describes the same to the platform. */
#include "component/actions.h"

static const struct sailor_action *const actions[] = { &component_publish_action, NULL };

const struct sailor_component component_lambda = {
    .name = "aws-lambda-component",
    .version = ALC_VERSION,
    .actions = actions,
    .verify = component_verify,
};
