/* sailor.c - the entry point: which of the two modes it is (message_mode.c, shutdown_hook.c). */
#include "sailor/sailor.h"

#include "sailor/modes.h"
#include "sailor/settings.h"

int sailor_run(const struct sailor_component *component, const struct base_env *env)
{
    return sailor_settings_mode(env) == SAILOR_SHUTDOWN_HOOK ? sailor_run_shutdown_hook(component, env)
                                                             : sailor_run_messages(component, env);
}
