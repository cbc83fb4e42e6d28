/* function.h - function values: what stands behind a jn_value of type JN_FUNCTION, and the table of built-ins.
 *
 * A built-in is a C function over checked arguments: its signature (compiled once) has been applied, context has been
 * inserted where the signature says so, and `args` holds at least `arity` values, missing ones undefined.  It raises
 * errors through jsonata_raise() and returns undefined then. */
#ifndef JSONATA_FUNCTION_H
#define JSONATA_FUNCTION_H

#include "core/value.h"

struct jsonata_eval;
struct jsonata_signature;
struct jsonata_program_lambda;      /* compile.h */
struct jsonata_frame;               /* eval.h */
struct call_site;                   /* compile.h */
struct jsonata_regex;               /* regex.h */

typedef jn_value jsonata_builtin_fn(struct jsonata_eval *e, const jn_value *args, uint32_t count);

enum { JSONATA_MAX_ARITY = 8, JSONATA_MAX_BUILTINS = 96 };

struct jsonata_builtin {
    const char *name;               /* without $ */
    const char *signature;          /* "<s-:n>", or NULL: unchecked */
    uint8_t arity;                  /* how many arguments higher-order functions may pass */
    jsonata_builtin_fn *call;
};

/* Families end their file with a table of these, closed by an entry without name; library.c joins them. */
extern const struct jsonata_builtin jsonata_fn_string[], jsonata_fn_encode[], jsonata_fn_regex[], jsonata_fn_number[],
    jsonata_fn_boolean[], jsonata_fn_array[], jsonata_fn_object[], jsonata_fn_function[], jsonata_fn_datetime[];

/* The built-in called `name`, or NULL. */
const struct jsonata_builtin *jsonata_library_find(jn_str name);

enum jsonata_function_kind {
    FUNCTION_BUILTIN,       /* .builtin */
    FUNCTION_NATIVE,        /* the host's */
    FUNCTION_LAMBDA,        /* .lambda with its frame and context */
    FUNCTION_PARTIAL,       /* .target with some arguments bound */
    FUNCTION_COMPOSED,      /* f ~> g */
    FUNCTION_TRANSFORM,     /* | pattern | update | */
    FUNCTION_REGEX,         /* a pattern, callable as a matcher */
    FUNCTION_NEXT,          /* the `next` member of a match */
};

/* In the flags of a function value: it has been an argument.  The reference wraps such a function in another one,
 * whose calls do not see the caller's context and do not count as calls by name: see function.c, "errors on their way
 * out". */
enum { FUNCTION_PASSED = 0x80 };

struct jsonata_function {
    enum jsonata_function_kind kind;
    uint8_t arity;
    uint8_t number;                                 /* of a built-in: in the library */
    const struct jsonata_signature *signature;      /* NULL: unchecked */
    const struct call_site *last;                   /* of all but built-ins: where it was last called by name */
    union {
        const struct jsonata_builtin *builtin;
        struct {
            void *call, *host;                      /* a jsonata_native_fn */
            const char *name;
        } native;
        struct {
            const struct jsonata_program_lambda *code;
            struct jsonata_frame *frame;            /* where it was made */
            jn_value context;
        } lambda;
        struct {
            struct jsonata_function *target;
            jn_value *args;                         /* `count` of them; undefined where is_open */
            bool *is_open;
            uint32_t count;
        } partial;
        struct {
            struct jsonata_function *first, *then;
        } composed;
        struct {
            const void *code;                       /* the transform node of the program */
            struct jsonata_frame *frame;
            jn_value context;
        } transform;
        struct jsonata_regex *regex;
        struct {
            struct jsonata_regex *regex;
            jn_value subject;
            size_t from;                            /* UTF-16 code units */
        } next;
    } as;
};

static inline struct jsonata_function *jsonata_function_of(jn_value v)
{
    return v.type == JN_FUNCTION ? v.as.function : NULL;
}

static inline jn_value jsonata_function_value(struct jsonata_function *f)
{
    return f ? (jn_value){ .type = JN_FUNCTION, .as.function = f } : jn_undefined();
}

/* A zeroed function object of `kind` in the evaluation's arena; NULL after raising. */
struct jsonata_function *jsonata_function_new(struct jsonata_eval *e, enum jsonata_function_kind kind, uint8_t arity);

#endif
