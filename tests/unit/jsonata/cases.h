/* cases.h - tables of expressions with what they give, for the tests of built-ins.
 *
 * In all three texts of a case ' stands for ", unless the text has both.  `expected` is the result as JSON, "" for
 * nothing, or "!CODE index value type" as far as the error has them; of codes with a sentence of their own (D3120,
 * D3121, D3137, D3141) only the code. */
#ifndef TESTS_JSONATA_CASES_H
#define TESTS_JSONATA_CASES_H

#include "core/buf.h"
#include "core/value.h"
#include "jsonata/jsonata.h"
#include "../../support/cmocka_all.h"

#include <stdio.h>

struct fn_case {
    const char *expression, *input, *expected;
};

/* A copy of `text` in `b` with ' for ", unless it has " already. */
static inline jn_str as_json(struct jn_buf *b, const char *text)
{
    jn_buf_append_z(b, text);
    for (size_t i = 0; !strchr(text, '"') && i < b->len; i++)
        if (b->data[i] == '\'')
            b->data[i] = '"';
    return jn_buf_str(b);
}

static inline void put_value(struct jn_buf *b, const char *before, jn_value v)
{
    jn_buf_append_z(b, before);
    if (jn_write(b, v, NULL, NULL) != JN_OK)
        jn_buf_append_z(b, "?");
}

static inline void put_error(struct jn_buf *b, const struct jsonata_error *err)
{
    static const char *const own_sentence[] = { "D3120", "D3121", "D3137", "D3141" };
    jn_buf_append_fmt(b, "!%s", err->code);
    for (size_t i = 0; i < sizeof own_sentence / sizeof *own_sentence; i++)
        if (strcmp(err->code, own_sentence[i]) == 0)
            return;
    jn_buf_append_fmt(b, " %d", (int)err->index);
    if (!jn_is_undefined(err->value) && !jn_is(err->value, JN_FUNCTION) && err->code[0] != 'S')
        put_value(b, " ", err->value);
    if (err->type[0])
        jn_buf_append_fmt(b, " %s", err->type);
}

/* The outcome of one case, in the form of `expected` with ". */
static inline void evaluate_case(struct jsonata_context *c, const struct fn_case *x, struct jn_buf *out)
{
    struct jn_buf expression, input;
    jn_buf_init(&expression, 0);
    jn_buf_init(&input, 0);
    struct jsonata_error err = { 0 };
    struct jsonata *program = NULL;
    jn_value document = jn_undefined(), result;
    if (x->input)
        assert_int_equal(jn_read(jsonata_context_arena(c), as_json(&input, x->input), NULL, &document, NULL, NULL),
                         JN_OK);
    enum jn_status s = jsonata_compile(as_json(&expression, x->expression), NULL, &program, &err);
    if (!s)
        s = jsonata_evaluate(program, c, document, jn_undefined(), &result, &err);
    if (s)
        put_error(out, &err);
    else if (!jn_is_undefined(result))
        put_value(out, "", result);
    jsonata_free(program);
    jn_buf_clear(&expression);
    jn_buf_clear(&input);
}

static inline void run_cases(const struct fn_case *cases, size_t count)
{
    struct jsonata_context *c = jsonata_context_new(NULL);
    assert_non_null(c);
    int wrong = 0;
    for (size_t i = 0; i < count; i++) {
        struct jn_buf got, expected;
        jn_buf_init(&got, 0);
        jn_buf_init(&expected, 0);
        evaluate_case(c, &cases[i], &got);
        if (!jn_str_eq(jn_buf_str(&got), as_json(&expected, cases[i].expected))) {
            printf("%s\n  input     %s\n  expected  %s\n  got       %.*s\n", cases[i].expression,
                   cases[i].input ? cases[i].input : "none", cases[i].expected, JN_ARG(jn_buf_str(&got)));
            wrong++;
        }
        jn_buf_clear(&got);
        jn_buf_clear(&expected);
        jsonata_context_reset(c);
    }
    jsonata_context_free(c);
    assert_int_equal(wrong, 0);
}

/* A cmocka test that runs the table NAME_cases. */
#define TABLE_TEST(name)                                                         \
    static void name(void **state)                                               \
    {                                                                            \
        (void)state;                                                             \
        run_cases(name##_cases, sizeof name##_cases / sizeof *name##_cases);     \
    }

#endif
