/* jsonata.h - JSONata 2.2 (https://jsonata.org), the native engine: compile once, evaluate many times.
 *
 *     struct jsonata_error error;
 *     struct jsonata *program;
 *     if (jsonata_compile(text, NULL, &program, &error) != JN_OK)
 *         ... error.code, error.position, error.message ...
 *     struct jsonata_context *context = jsonata_context_new(NULL);
 *     jn_value result;
 *     if (jsonata_evaluate(program, context, input, (jn_value){ 0 }, &result, &error) != JN_OK) ...
 *
 * A compiled program never changes and may be shared between threads.  A context holds the memory of evaluations: one
 * per thread, used again and again.  Nothing here is global, prints, or depends on the locale or time zone.
 */
#ifndef JSONATA_JSONATA_H
#define JSONATA_JSONATA_H

#include "jsonata/json.h"

#ifdef __cplusplus
extern "C" {
#endif

struct jsonata;             /* a compiled expression */
struct jsonata_context;     /* the memory of one evaluation after the other */

/* An error as the reference reports it (its documentation's "error codes").  Members that a code does not use are
 * empty: "", 0, or undefined; `position` is a count of UTF-16 code units, -1 when there is no place.  The token's text
 * lives in the error itself (so do not copy the struct and drop the original), as the value of a syntax error does;
 * other values live as a result does: see jsonata_evaluate().  Functions write it when they fail, and only then; who
 * does not care passes NULL. */
struct jsonata_error {
    char code[8];           /* "S0201", "T2001", "D3030", "U1001"; "" for JN_NO_MEMORY and the like */
    int64_t position;
    jn_value token;         /* a string, or undefined */
    jn_value value, value2;
    int64_t index;          /* argument number from 1; 0: none */
    char function[48];      /* functionName */
    char type[16];
    char message[512];      /* one sentence, filled in */
    char text[128];         /* what `token` points to */
    uint32_t line, column;  /* jsonata_evaluate_text(): the place where the input is not JSON, from 1; else 0 */
    char value_text[128];   /* what `value` points to after a syntax error */
};

/* ---- compiling ----------------------------------------------------------------------------------------------- */

/* All-zero means the usual. */
struct jsonata_compile_options {
    size_t max_depth;           /* nesting of the expression; 0 means 1,000 */
    bool plain;                 /* no fast paths: every node evaluates the general way, for comparing the two */
    bool recover;               /* go on after syntax errors: see jsonata_error_count() and jsonata_ast() */
    size_t max_bytes;           /* memory of the program, and of compiling it; 0: no limit */
};

/* Compiles `text` (UTF-8; copied).  On success `*out` is the caller's, to be freed by jsonata_free().
 * JN_BAD_TEXT with `err` filled for a syntax error (S0...), JN_LIMIT, JN_NO_MEMORY. */
JN_API enum jn_status jsonata_compile(jn_str text, const struct jsonata_compile_options *opt, struct jsonata **out,
                                      struct jsonata_error *err);

/* Frees a program; NULL is fine.  No evaluation may be using it any more, and no result of one: constants of the
 * expression are not copied into results. */
JN_API void jsonata_free(struct jsonata *program);

/* Recover mode.  Compiling with `recover` succeeds in spite of most syntax errors (not of those inside a string, number
 * or other token, nor of those that are about the meaning of a complete expression, S0209 to S0217): evaluating the
 * program raises S0500, and its errors are listed here, in the order in which the reference's errors() gives them.
 * jsonata_error_at() fills `err` for 0 <= index < count, else with an error that is empty; what `err` points to outside
 * of itself lives as long as the program. */
JN_API size_t jsonata_error_count(const struct jsonata *program);
JN_API void jsonata_error_at(const struct jsonata *program, size_t index, struct jsonata_error *err);

/* ---- evaluating ---------------------------------------------------------------------------------------------- */

/* Asked every few thousand steps while an evaluation runs, in its thread: true ends it with JN_CANCELLED.  `host` is
 * the limits'. */
typedef bool jsonata_cancelled_fn(void *host);

/* Guardrails, for expressions and data that are not trusted; all-zero means the usual.  What trips:
 *
 *   max_bytes         JN_LIMIT                     all memory that the context takes from the system, in use or kept
 *                                                  warm: entries of the input, values, texts, both stacks, the output,
 *                                                  regular expressions; but not its fixed cost, some 10 KB and
 *                                                  the first 128 KB of each stack, as far as they are touched
 *   max_depth         JN_EVALUATION, D1011         nested evaluations, counted as the reference counts them
 *   timeout_ms        JN_EVALUATION, D1012         looked at every few thousand steps
 *   max_steps         JN_EVALUATION, D1012         calls and rounds of loops: the same on every machine, unlike time
 *   max_sequence      JN_EVALUATION, D2015         members of a sequence, range or $append (the reference's `sequence`)
 *   max_output        JN_LIMIT                     bytes of the text that jsonata_evaluate_text() gives
 *   max_match_steps   JN_EVALUATION, D1012         backtracking of a regular expression from one place of a text; from
 *                                                  all places together as much, and some more per character
 *   cancelled         JN_CANCELLED
 *
 * An evaluation nested deeper than memory allows is D1011 as well.  Ranges of more than 10 million members are D2014
 * always. */
struct jsonata_limits {
    size_t max_bytes;           /* 0: 1 GiB */
    uint32_t max_depth;         /* 0: none of its own */
    int64_t timeout_ms;         /* 0: none */
    const char *depth_code;     /* raised at max_depth instead of "D1011"; NULL: that one */
    const char *timeout_code;   /* raised at the timeout instead of "D1012"; both are borrowed while in force */
    uint64_t max_steps;         /* 0: none */
    uint32_t max_sequence;      /* 0: none */
    size_t max_output;          /* 0: none of its own */
    uint32_t max_match_steps;   /* 0: 2 million */
    jsonata_cancelled_fn *cancelled;    /* NULL: never */
    void *host;                 /* handed to it */
};

/* A context with these limits (copied; NULL: the usual); the caller's, who frees it by jsonata_context_free().  NULL
 * when the system has no memory. */
JN_API struct jsonata_context *jsonata_context_new(const struct jsonata_limits *limits);

/* Frees a context and everything in it: input, results, error values.  NULL is fine. */
JN_API void jsonata_context_free(struct jsonata_context *c);

/* Replaces the limits for the evaluations to come (copied; NULL: the usual). */
JN_API void jsonata_context_limit(struct jsonata_context *c, const struct jsonata_limits *limits);

/* The context's arena: parse the input into it, so that one reset frees all.  It is reset by jsonata_context_reset()
 * only, never by an evaluation. */
JN_API struct jn_arena *jsonata_context_arena(struct jsonata_context *c);

/* Key lists that the context knows; pass them in jn_read_options.shapes when reading input for it. */
JN_API struct jn_shapes *jsonata_context_shapes(struct jsonata_context *c);

/* Forgets input, results and error values of the context; its memory stays warm.  Does nothing while the context is
 * evaluating, that is, when a function of the host calls it. */
JN_API void jsonata_context_reset(struct jsonata_context *c);

/* The same, and gives the memory that was kept warm back to the system: for a context that will rest. */
JN_API void jsonata_context_trim(struct jsonata_context *c);

/* Evaluates.  `input` may be undefined (no input).  `bindings` is an object whose members become variables, or
 * undefined.  The result may be undefined ("nothing") or a function.  It lives in the context until its reset, and
 * borrows from what it was made of: the program, the input with its text, and the bindings must stay until then, too.
 * JN_EVALUATION with `err` filled when the expression raises an error; JN_LIMIT, JN_NO_MEMORY. */
JN_API enum jn_status jsonata_evaluate(const struct jsonata *program, struct jsonata_context *c, jn_value input,
                                       jn_value bindings, jn_value *result, struct jsonata_error *err);

/* Text in, text out: reads `text` as JSON, evaluates, and writes the result as `opt` says (NULL: compact).  A `text`
 * without data ({ NULL, 0 }) is no input: undefined.
 *
 * Everything the context held before is forgotten at the start, as by jsonata_context_reset(), so this is all that a
 * loop over messages needs; `bindings` must therefore live elsewhere than in the context's arena, and `text` must stay
 * until the call returns.  `*out` lives in the context until its next evaluation or reset, and is followed by a NUL
 * that does not count; its data is NULL when the result is undefined ("nothing").  Once warm, nothing is asked of the
 * system.
 *
 *   JN_BAD_TEXT     `text` is not JSON: line and column in `err`, `code` is ""
 *   JN_EVALUATION   as jsonata_evaluate()
 *   JN_BAD_VALUE    the result is a function, which has no text; with `strict`, also what JSON cannot hold
 *   JN_LIMIT, JN_NO_MEMORY */
JN_API enum jn_status jsonata_evaluate_text(const struct jsonata *program, struct jsonata_context *c, jn_str text,
                                            jn_value bindings, const struct jn_write_options *opt, jn_str *out,
                                            struct jsonata_error *err);

/* Hands the text of the last jsonata_evaluate_text() over, NUL-terminated, for the caller to free(): a long one that is
 * to be kept need not be copied.  NULL on failure, and when there is none. */
JN_API char *jsonata_detach_text(struct jsonata_context *c);

/* ---- native functions ---------------------------------------------------------------------------------------- */

struct jsonata_call;            /* one call in progress */

/* A function of the host.  Returns the result; an error is raised by jsonata_call_fail(), whose result it returns.  An
 * argument that was left out is undefined; nothing inside one is: where an array of the program's holds nothing, as
 * it may in JSONata, the host sees null. */
typedef jn_value jsonata_native_fn(struct jsonata_call *call, const jn_value *args, size_t count, void *host);

/* Registers `fn` under `name` (without `$`) for all programs evaluated in this context.  `signature` as in the
 * documentation ("<s-n:b>"), or NULL: any arguments.  Both texts are copied; a name that is known already gets the new
 * function.  JN_BAD_TEXT for a faulty signature, JN_NO_MEMORY. */
JN_API enum jn_status jsonata_context_register(struct jsonata_context *c, const char *name, const char *signature,
                                               jsonata_native_fn *fn, void *host, struct jsonata_error *err);

/* Memory for results, living as long as the evaluation's result. */
JN_API struct jn_arena *jsonata_call_arena(struct jsonata_call *call);

/* Raises an error with a code and a sentence of the host's (both copied); gives undefined. */
JN_API jn_value jsonata_call_fail(struct jsonata_call *call, const char *code, const char *message);

/* Calls a function that came as an argument, as $map does.  Gives undefined when the call fails, or when `function` is
 * none (T1006): the error is raised already, and whatever the host returns then counts for nothing. */
JN_API jn_value jsonata_call_invoke(struct jsonata_call *call, jn_value function, const jn_value *args, size_t count);

/* Whether an error has been raised in this evaluation: then a host should stop working and return. */
JN_API bool jsonata_call_failed(const struct jsonata_call *call);

/* ---- the tree ------------------------------------------------------------------------------------------------ */

/* The tree of `text` as JSON, just as `jsonata(text).ast()` gives it in the reference: the same members in the same
 * order.  With opt->recover, a tree of what could be read, whose last member `errors` lists the errors, each with the
 * tokens that were left (`remaining`), as the reference's parser gives them.  The tree lives in `a`.  The left side of
 * ?: and ?? stands in it twice, as one value: nested in each other these make a text that doubles with each level, so
 * write trees of strangers' expressions to a buffer with a ceiling.
 * JN_BAD_TEXT with `err` filled for a syntax error, JN_NO_MEMORY or JN_LIMIT from the arena. */
JN_API enum jn_status jsonata_ast(struct jn_arena *a, jn_str text, const struct jsonata_compile_options *opt,
                                  jn_value *out, struct jsonata_error *err);

/* ---- for people ---------------------------------------------------------------------------------------------- */

/* What a dump shows. */
enum jsonata_dump { JSONATA_DUMP_TOKENS, JSONATA_DUMP_TREE };

/* Appends a readable picture of a stage of compiling `text`. */
JN_API enum jn_status jsonata_dump(jn_str text, enum jsonata_dump what, struct jn_buf *out, struct jsonata_error *err);

/* The same in memory of its own, NUL-terminated, for the caller to free(); NULL on failure. */
JN_API char *jsonata_dump_text(jn_str text, enum jsonata_dump what, struct jsonata_error *err);

/* The built-in functions one by one: the name of the function number `index`, without `$`, and its signature
 * ("<s-:n>", or NULL when it has none) through `signature`, which may be NULL.  NULL after the last. */
JN_API const char *jsonata_function_at(size_t index, const char **signature);

/* Byte offset in `text` of a position counted in UTF-16 code units, as errors have it; for putting a caret under it. */
JN_API size_t jsonata_byte_offset(jn_str text, int64_t position);

#ifdef __cplusplus
}
#endif
#endif
