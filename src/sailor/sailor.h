/* sailor.h - a component's process on the platform: start, drain, stop (platform-protocol.md, 2). */
#ifndef SAILOR_SAILOR_H
#define SAILOR_SAILOR_H

#include "sailor/action.h"

/* Runs the step that the environment describes, in message mode or as shutdown hook, until it is told to stop; returns
 * the process's exit status: 0 after a graceful shutdown, 1 after any failure, whose last word is in the log. */
int sailor_run(const struct sailor_component *component, const struct base_env *env);

/* Runs one method of service mode and posts its result; returns the exit status. */
int sailor_serve(const struct sailor_component *component, const struct base_env *env, const char *method);

/* Whether `word` is the name of a service method. */
bool sailor_is_service(const char *word);

#endif
