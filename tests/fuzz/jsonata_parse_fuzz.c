/* jsonata_parse_fuzz.c - any bytes as an expression: compiled or refused with a place inside it, never worse.  Only a
 * `%` that is all of the expression has no place, as in the reference. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool has_place(jn_str text, const struct jsonata_error *err)
{
    if (err->position < 0)
        return strcmp(err->code, "S0217") == 0;
    return jsonata_byte_offset(text, err->position) <= text.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const jn_str text = { (const char *)data, size };
    struct jsonata *program = NULL;
    struct jsonata_error err = { 0 };
    const enum jn_status s = jsonata_compile(text, NULL, &program, &err);
    if (s == JN_OK)
        jsonata_free(program);
    else if (!*err.message || (s == JN_BAD_TEXT && !has_place(text, &err)))
        abort();
    return 0;
}
