/* context.h - the memory of evaluations: what a context is made of.  Private to the files that run or feed one:
 * context.c (its life, names and programs), evaluate.c (evaluations and their guardrails), native.c (the host's
 * functions).
 *
 * Everything a context holds draws on its one budget, so that max_bytes is the most it ever takes from the system. */
#ifndef JSONATA_CONTEXT_H
#define JSONATA_CONTEXT_H

#include "core/buf.h"
#include "jsonata/compile.h"
#include "jsonata/stack.h"

/* What a context remembers of one program. */
struct program_memory {
    const struct jsonata *program;
    uint64_t id;
    struct jsonata_site *sites;
    struct jn_shape **site_shapes;
    size_t bytes;                       /* of both, as counted */
    unsigned users;                     /* evaluations that are in it */
};

enum { PROGRAMS = 32 };                 /* per context; more replace each other in turn */

/* A text that $eval has compiled. */
struct eval_text {
    struct jsonata *program;            /* NULL: none */
    bool is_used;                       /* since the last reset */
};

enum { EVAL_TEXTS = 16 };

/* A function of the host. */
struct registered {
    jn_str name;
    const char *signature;              /* NULL: none */
    struct jn_arena later;              /* where it lives when it is not the first one; unused: all-zero */
    jn_value function;
    struct registered *next;
};

struct jsonata_context {
    struct jn_budget budget;            /* of all that follows; the first member: see reclaim() */
    struct jn_arena arena;              /* input, results */
    struct jn_arena lasting;            /* registered functions */
    struct jn_shapes *shapes;
    struct jsonata_limits limits;
    struct reserve values, stack;
    struct program_memory programs[PROGRAMS];
    unsigned next_program;
    struct registered *registered;
    jn_value builtins;                  /* of programs with $eval: functions by name, in `lasting` */
    struct regex_link *regexes;         /* of texts evaluated by $eval that found no place below */
    struct eval_text eval_texts[EVAL_TEXTS];
    struct jn_buf text;                 /* for built-ins, while they run */
    struct jn_buf out;                  /* the last result of jsonata_evaluate_text() */
    bool is_writing;                    /* ... which is growing: not to be given back */
    bool is_on_stack;                   /* an evaluation runs on our stack */
    unsigned running;                   /* evaluations in progress, one inside the other */
    struct jsonata_pictures *pictures;
    struct jsonata_matching *matching;  /* of regular expressions */
    const struct call_site *called[JSONATA_MAX_BUILTINS];   /* see function.c, "errors on their way out" */
    uint64_t random[2];
    jn_value *top;                      /* where an evaluation inside an evaluation starts */
};

/* What the host gives for a name: a variable, or else a function that it registered; undefined: nothing. */
jn_value context_given(const struct jsonata_context *c, jn_value bindings, jn_str name);

/* Makes a program's memory and globals current (`globals` has room for their values); context_leave() goes back.  False
 * after raising. */
bool context_enter(struct jsonata_eval *e, const struct jsonata *p, jn_value *globals, struct program_state *outer);

/* eval_text.c: drops all; what was not used since the last reset; or what a reset has to. */
void eval_texts_clear(struct jsonata_context *c);
void eval_texts_reclaim(struct jsonata_context *c);
void eval_texts_reset(struct jsonata_context *c);

/* Fills `err` (may be NULL) for a failure without a code, or with one, and gives the status. */
enum jn_status context_fail(struct jsonata_error *err, enum jn_status s, const char *sentence);
void context_fill(struct jsonata_error *err, const struct jsonata_fault *fault);

#endif
