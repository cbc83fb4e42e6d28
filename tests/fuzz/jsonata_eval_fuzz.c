/* jsonata_eval_fuzz.c - an expression and its input, with a line feed between: evaluated within limits, and its result
 * written and read again.  A context serves all of them, as in production. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct jsonata_limits limits = { .max_bytes = 16 << 20, .max_depth = 500, .timeout_ms = 200 };

static void check_result(struct jsonata_context *c, jn_value result)
{
    size_t len;
    char *text = jn_write_text(result, NULL, &len, NULL);
    if (!text)
        return;             // nothing, a function, or too deep
    jn_value again;
    struct jn_arena *a = jn_arena_new(0);
    if (jn_read(a, (jn_str){ text, len }, NULL, &again, NULL, NULL) != JN_OK)
        abort();
    jn_arena_free(a);
    free(text);
    (void)c;
}

static void evaluate(struct jsonata_context *c, jn_str expression, jn_str input_text)
{
    struct jsonata *program = NULL;
    struct jsonata_error err = { 0 };
    if (jsonata_compile(expression, NULL, &program, &err) != JN_OK)
        return;
    jn_value input = { 0 }, result;
    if (jn_read(jsonata_context_arena(c), input_text, NULL, &input, NULL, NULL) != JN_OK)
        input = (jn_value){ 0 };
    if (jsonata_evaluate(program, c, input, (jn_value){ 0 }, &result, &err) == JN_OK)
        check_result(c, result);
    else if (!*err.message)
        abort();
    jsonata_context_reset(c);
    jsonata_free(program);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jsonata_context *c = jsonata_context_new(&limits);
    if (!c)
        return 0;
    const char *text = (const char *)data;
    const char *line = size ? memchr(text, '\n', size) : NULL;
    const size_t n = line ? (size_t)(line - text) : size;
    evaluate(c, (jn_str){ text, n }, (jn_str){ text + n, size - n });
    jsonata_context_free(c);
    return 0;
}
