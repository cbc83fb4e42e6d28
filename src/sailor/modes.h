/* modes.h - the two modes of the entry point.  Private to this folder. */
#ifndef SAILOR_MODES_H
#define SAILOR_MODES_H

#include "sailor/action.h"

int sailor_run_messages(const struct sailor_component *component, const struct base_env *env);
int sailor_run_shutdown_hook(const struct sailor_component *component, const struct base_env *env);

#endif
