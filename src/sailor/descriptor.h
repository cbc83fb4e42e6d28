/* descriptor.h - what the runtime itself reads from component.json (platform-protocol.md, 8.1). */
#ifndef SAILOR_DESCRIPTOR_H
#define SAILOR_DESCRIPTOR_H

#include "core/status.h"

struct sailor_descriptor_entry {
    bool is_trigger;
    bool auto_resolve;              /* autoResolveObjectReferences */
};

/* Finds `function` in <cwd>/<component_path>/component.json: triggers, then actions.  JN_IO, JN_BAD_TEXT "Failed to load
 * component.json from <dir>"; JN_NOT_FOUND "Trigger or action "<name>" is not found in component.json!". */
enum jn_status sailor_descriptor_find(const char *component_path, const char *function,
                                      struct sailor_descriptor_entry *out, struct jn_error *err);

#endif
