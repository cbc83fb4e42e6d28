/* library.c - the families of built-ins, joined. */
#include "jsonata/compile.h"
#include "jsonata/signature.h"

#include <assert.h>

static const struct jsonata_builtin *const families[] = {
    jsonata_fn_string, jsonata_fn_encode, jsonata_fn_regex, jsonata_fn_number, jsonata_fn_boolean, jsonata_fn_array,
    jsonata_fn_object, jsonata_fn_function, jsonata_fn_datetime,
};

enum { FAMILIES = sizeof families / sizeof *families };

static inline bool is_called(const struct jsonata_builtin *b, jn_str name)
{
    if (!name.len || *b->name != *name.data)
        return false;
    size_t i = 1;
    while (i < name.len && b->name[i] && b->name[i] == name.data[i])
        i++;
    return i == name.len && !b->name[i];
}

const struct jsonata_builtin *jsonata_library_find(jn_str name)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        for (const struct jsonata_builtin *b = families[i]; b->name; b++) {
            if (is_called(b, name))
                return b;
        }
    }
    return NULL;
}

static const struct jsonata_builtin *builtin_at(size_t index)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        for (const struct jsonata_builtin *b = families[i]; b->name; b++) {
            if (index-- == 0)
                return b;
        }
    }
    return NULL;
}

/* Its place among all of them. */
static uint32_t index_of(const struct jsonata_builtin *wanted)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < FAMILIES; i++) {
        for (const struct jsonata_builtin *b = families[i]; b->name; b++, n++) {
            if (b == wanted)
                return n;
        }
    }
    return UINT32_MAX;
}

const char *jsonata_function_at(size_t index, const char **signature)
{
    const struct jsonata_builtin *b = builtin_at(index);
    if (signature)
        *signature = b ? b->signature : NULL;
    return b ? b->name : NULL;
}

jn_value library_function(struct jn_arena *a, const struct jsonata_builtin *b)
{
    struct jsonata_fault fault = { .code = NULL };
    struct jsonata_function *f = jn_arena_zalloc(a, sizeof *f);
    if (!f)
        return jn_undefined();
    f->kind = FUNCTION_BUILTIN;
    f->arity = b->arity;
    f->as.builtin = b;
    f->number = (uint8_t)index_of(b);
    assert(f->number < JSONATA_MAX_BUILTINS);
    f->signature = b->signature ? jsonata_signature_compile(a, jn_str_of(b->signature), &fault) : NULL;
    return b->signature && !f->signature ? jn_undefined() : jsonata_function_value(f);
}
