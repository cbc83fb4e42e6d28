/* descriptor.c - component.json, as far as the runtime reads it (platform-protocol.md, 8.1). */
#include "sailor/descriptor.h"

#include <stdlib.h>

#include "base/file.h"
#include "core/value.h"

/* <working directory>/<component_path>, even if that begins with '/' (1.3). */
static enum jn_status folder_of(const char *component_path, char **out, struct jn_error *err)
{
    struct jn_error why = { 0 };
    char *folder = base_path_absolute(".", &why);
    if (!folder)
        return jn_fail(err, why.status, "Failed to load component.json from .: %s", why.message);
    if (component_path) {
        char *cwd = folder;
        folder = base_path_join(cwd, component_path + strspn(component_path, "/"));
        free(cwd);
    }
    if (!folder)
        return jn_fail(err, JN_NO_MEMORY, "no memory for a path");
    *out = folder;
    return JN_OK;
}

static enum jn_status load(const char *folder, struct jn_arena *a, struct jn_buf *text, jn_value *out,
                           struct jn_error *err)
{
    struct jn_error why = { 0 };
    char *path = base_path_join(folder, "component.json");
    enum jn_status s = path ? base_file_read(path, text, &why) : JN_NO_MEMORY;
    if (!s)
        s = jn_read(a, jn_buf_str(text), NULL, out, NULL, &why);
    free(path);
    if (!s)
        return JN_OK;
    return jn_fail(err, s == JN_NOT_FOUND ? JN_IO : s, "Failed to load component.json from %s: %s", folder,
                   why.status ? why.message : jn_status_text(s));
}

/* A trigger shadows an action of the same name. */
static enum jn_status find(jn_value descriptor, const char *function, struct sailor_descriptor_entry *out,
                           struct jn_error *err)
{
    const char *const kinds[] = { "triggers", "actions" };
    for (int i = 0; i < 2; i++) {
        const jn_value entry = jn_member(jn_member(descriptor, jn_str_of(kinds[i])), jn_str_of(function));
        if (jn_is_undefined(entry) || jn_is(entry, JN_NULL))
            continue;
        const jn_value resolve = jn_member(entry, JN_STR("autoResolveObjectReferences"));
        *out = (struct sailor_descriptor_entry){
            .is_trigger = i == 0,
            .auto_resolve = !jn_is(resolve, JN_BOOLEAN) || jn_bool(resolve),
        };
        return JN_OK;
    }
    return jn_fail(err, JN_NOT_FOUND, "Trigger or action \"%s\" is not found in component.json!", function);
}

enum jn_status sailor_descriptor_find(const char *component_path, const char *function,
                                      struct sailor_descriptor_entry *out, struct jn_error *err)
{
    char *folder = NULL;
    enum jn_status s = folder_of(component_path, &folder, err);
    if (s)
        return s;
    struct jn_arena a;
    struct jn_buf text;
    jn_value descriptor = jn_undefined();
    jn_arena_init(&a, SIZE_MAX);
    jn_buf_init(&text, 0);
    s = load(folder, &a, &text, &descriptor, err);
    if (!s)
        s = find(descriptor, function, out, err);
    jn_buf_clear(&text);
    jn_arena_clear(&a);
    free(folder);
    return s;
}
