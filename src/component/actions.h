/* actions.h - our component, as the runtime knows it: the action `publish`, and how credentials are verified. */
#ifndef COMPONENT_ACTIONS_H
#define COMPONENT_ACTIONS_H

#include "sailor/action.h"

extern const struct sailor_component component_lambda;

/* action_step.c: `publish` as an action of the runtime. */
extern const struct sailor_action component_publish_action;

/* meta_model.c: {"out": schema} of the sample in the form. */
void component_meta_model(const struct sailor_step *step, struct sailor_reply *reply);

/* models.c: {"value": "label", ...}, to choose from in the form: the functions of the region that the credentials may
 * list; versions and aliases of the function.  Empty when they cannot be had: the log says why. */
void component_list_functions(const struct sailor_step *step, struct sailor_reply *reply);
void component_list_qualifiers(const struct sailor_step *step, struct sailor_reply *reply);

/* verify.c: asks AWS whether the credentials are good. */
void component_verify(const struct sailor_step *step, struct sailor_reply *reply);

#endif
