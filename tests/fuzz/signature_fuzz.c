/* signature_fuzz.c - a signature and an array of arguments, one to a line: the signature of a function of the host, and
 * of a lambda.  Whatever it says, calling is checked or refused with a code and a sentence, and what reaches the host
 * is values. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jsonata/jsonata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct jsonata_limits limits = { .max_bytes = 16 << 20, .max_depth = 500, .timeout_ms = 500 };

enum { MOST_ARGUMENTS = 6, LONGEST = 500 };

/* Gives the first argument that is something; looks at all of them. */
static jn_value take(struct jsonata_call *call, const jn_value *args, size_t count, void *host)
{
    (void)call;
    (void)host;
    jn_value first = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (args[i].type > JN_FUNCTION)
            abort();
        if (args[i].type == JN_ARRAY)
            for (size_t k = 0; k < jn_length(args[i]); k++)
                if (!jn_at(args[i], k).type)
                    abort();
        first = first.type ? first : args[i];
    }
    return first;
}

static void evaluate(struct jsonata_context *c, const char *expression, jn_value input)
{
    struct jsonata *program = NULL;
    struct jsonata_error err = { 0 };
    jn_value result;
    enum jn_status s = jsonata_compile((jn_str){ expression, strlen(expression) }, NULL, &program, &err);
    if (s == JN_OK)
        s = jsonata_evaluate(program, c, input, (jn_value){ 0 }, &result, &err);
    if (s != JN_OK && !*err.message)
        abort();
    jsonata_free(program);
}

/* "name(a[0], a[1], ...)", with the last two arguments' order reversed by a partial application. */
static void call(struct jsonata_context *c, const char *callee, size_t count, jn_value input)
{
    char expression[2 * LONGEST + 256];
    size_t n = (size_t)snprintf(expression, sizeof expression, "(%s)(", callee);
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(expression + n, sizeof expression - n, "%sa[%zu]", i ? ", " : "", i);
    snprintf(expression + n, sizeof expression - n, ")");
    evaluate(c, expression, input);
    snprintf(expression, sizeof expression, "[$map(a, %s), a ~> (%s)]", callee, callee);
    evaluate(c, expression, input);
}

static void run(struct jsonata_context *c, const char *signature, jn_value args)
{
    struct jn_arena *a = jsonata_context_arena(c);
    const jn_value input = jn_make_object(a, 1);
    const size_t count = jn_length(args) < MOST_ARGUMENTS ? jn_length(args) : MOST_ARGUMENTS;
    jn_object_put(a, input, (jn_str){ "a", 1 }, args);
    struct jsonata_error err = { 0 };
    if (jsonata_context_register(c, "f", signature, take, NULL, &err) == JN_OK)
        call(c, "$f", count, input);
    else if (!*err.message)
        abort();
    char lambda[LONGEST + 64];
    snprintf(lambda, sizeof lambda, "function($x, $y)%s{[$x, $y]}", signature);
    call(c, lambda, count, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char signature[LONGEST];
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    const size_t n = line ? (size_t)(line - data) : size;
    if (n >= sizeof signature)
        return 0;
    memcpy(signature, data, n);
    signature[n] = '\0';
    struct jsonata_context *c = jsonata_context_new(&limits);
    jn_value args;
    if (!c)
        return 0;
    const jn_str rest = { (const char *)data + n, size - n };
    if (jn_read(jsonata_context_arena(c), rest, NULL, &args, NULL, NULL) != JN_OK || args.type != JN_ARRAY)
        args = jn_make_array(jsonata_context_arena(c), 0);
    run(c, signature, args);
    jsonata_context_free(c);
    return 0;
}
