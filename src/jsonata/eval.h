/* eval.h - one evaluation in progress, and the services it gives to operators and built-ins.
 *
 * Errors are sticky: the first jsonata_raise() wins; everything returns quickly and harmlessly afterwards.  Code that
 * loops or recurses asks jsonata_failed(e) where it would otherwise go on working. */
#ifndef JSONATA_EVAL_H
#define JSONATA_EVAL_H

#include "jsonata/error.h"
#include "jsonata/function.h"

struct jsonata_context;
struct jsonata_pictures;             /* picture_cache.h */
struct jsonata_matching;             /* regex.h */

/* A variable bound by name: only in programs that mention $eval, whose text can name any variable. */
struct jsonata_binding {
    jn_str name;
    jn_value value;
    struct jsonata_binding *next;
};

/* The variables of one activation: of the program, a lambda's call, or a block whose variables a lambda captures.
 * Which slot is which variable was settled by the compiler.  Frames that nothing captures stand on the value stack. */
struct jsonata_frame {
    struct jsonata_frame *outer;
    struct jsonata_binding *names;      /* programs with $eval only */
    jn_value slot[];
};

_Static_assert(sizeof(struct jsonata_frame) == sizeof(jn_value), "a frame's head takes one place on the value stack");

/* A variable without a value yet: the name then means what an outer scope makes of it.  Never seen outside a frame. */
enum { VALUE_UNBOUND = 0xff };

/* What a lambda's body returns for a call in tail position: the call is in `tail`.  Never seen outside function.c. */
enum { VALUE_TAIL = 0xfe };

struct jsonata_tail {
    jn_value callee;
    jn_value *base;                     /* arguments stand from base + 1 on */
    uint32_t count;
    bool is_outer;                      /* the callee was found in a frame older than the caller's */
    const struct call_site *site;       /* for errors */
};

/* What a context remembers of a field access: the last shape seen, and where the field is in it (-1: nowhere). */
struct jsonata_site {
    const struct jn_shape *shape;
    int32_t slot;
};

enum { JSONATA_ARRAYS_MET = 4 };

struct jsonata_join_met {
    const struct join_plan *plan;
    const struct jn_array *array;
};

/* A number kept as text, and its double: the same field is often asked for more than once in a row. */
struct jsonata_number_text {
    const char *text;
    double number;
};
enum { JSONATA_NUMBER_TEXTS = 8 };

/* A short way that comes to nothing makes an evaluation take two rounds.  With one inside the other that would
 * double per level of nesting: inside of so many second rounds, short ways are not tried. */
enum { JSONATA_MOST_REPEATS = 2 };

struct jsonata_eval {
    struct jn_arena *arena;             /* everything this evaluation makes; never NULL */
    struct jn_shapes *shapes;           /* key lists of this context */
    struct jsonata_context *context;    /* registered functions, limits */
    struct jsonata_pictures *pictures;  /* analysed ones, of this context */
    struct jsonata_matching *matching;  /* memory for matches, of this context */
    const struct jsonata *program;
    struct jsonata_fault fault;         /* fault.code != NULL: failed */
    enum jn_status status;              /* not JN_OK: failed, for JN_NO_MEMORY and JN_LIMIT without a JSONata code */
    int64_t now_ms;                     /* the instant of $now and $millis: one per evaluation */
    jn_value input;                     /* $$ */
    uint32_t depth;                     /* nested evaluations, with the reference's increments */
    uint32_t fuel;                      /* counts down to the next look at clock, memory and cancellation */
    uint32_t fuel_given;                /* what it last counted down from */
    uint64_t steps_left;                /* of the caller's limit; UINT64_MAX: none */
    uint32_t max_sequence;              /* members of a sequence; UINT32_MAX: no limit */
    uint32_t max_match_steps;           /* of one regex match; 0: the engine's own limit */
    struct jn_budget *budget;           /* of all memory */
    uint64_t random[2];                 /* state of $random and $shuffle */
    /* The machine; see function.c for the value stack, context.c for the rest. */
    uint32_t max_depth;                 /* UINT32_MAX / 2 when there is no limit */
    uint32_t fused;                     /* paths being run item by item; see path.c, "order of errors" */
    uint32_t repeats;                   /* evaluations around this one whose short way came to nothing */
    bool has_tripped;                   /* the fault is a guardrail's: it passes through everything */
    bool has_overrides;                 /* a built-in's name means something else in this evaluation */
    bool is_ordered;                    /* run them step by step instead */
    bool has_holes;                     /* some array may hold nothing: see jsonata_push_item() */
    bool is_dynamic_past;               /* something may have kept arena memory across calls: do not rewind */
    bool has_called_host;               /* a function of the host has run, which nobody may call twice */
    bool keeps_memory;                  /* something does keep it, for the rest of the evaluation */
    struct member_set *member_sets;     /* of arrays that `in` was asked about; see member.c */
    const struct jn_array *members_met[JSONATA_ARRAYS_MET];
    struct join_memory *joins;          /* of arrays that filters asked by key; see join.c */
    struct jsonata_join_met joins_met[JSONATA_ARRAYS_MET];
    jn_value *top, *top_end;            /* value stack: frames and arguments */
    const char *stack_limit;            /* the C stack must stay above */
    struct jsonata_tail tail;
    const struct call_site **called;    /* by number of a built-in: where it was last called by name; NULL: nowhere */
    struct jsonata_number_text numbers[JSONATA_NUMBER_TEXTS];   /* see jsonata_number() */
    struct tally *tallies;              /* of the group whose value is being evaluated, or NULL: see tally.h */
    struct program_memory *memory;      /* of the current program in this context; its next two: */
    struct jsonata_site *sites;         /* by node.site; of this program in this context */
    struct jn_shape **site_shapes;      /* by constructor: the shape of its keys, made on first use */
    const jn_value *globals;            /* by number: what free names mean in this evaluation */
    jn_value bindings;                  /* the caller's variables: object or undefined */
    int64_t deadline_ms;                /* monotonic; 0: none */

    /* The call in progress, for built-ins that need more than their arguments ($eval, $lookup on frames). */
    jn_value call_context;              /* context item of the caller */
    struct jsonata_frame *call_frame;   /* its variables */
};

static inline bool jsonata_failed(const struct jsonata_eval *e)
{
    return e->fault.code || e->status;
}

/* Raises an error unless one is set; always gives undefined, so that `return jsonata_raise(...)` reads well.
 * E.g. jsonata_raise(e, (struct jsonata_fault){ .code = "D3030", .value = v }). */
jn_value jsonata_raise(struct jsonata_eval *e, struct jsonata_fault fault);

/* Raises JN_NO_MEMORY or JN_LIMIT from the arena's failure. */
jn_value jsonata_raise_memory(struct jsonata_eval *e);

/* One step of work (a loop's round): counts fuel; false once the evaluation has failed or a guardrail tripped. */
bool jsonata_step_slow(struct jsonata_eval *e);
static inline bool jsonata_step(struct jsonata_eval *e)
{
    return e->fuel-- != 0 ? !jsonata_failed(e) : jsonata_step_slow(e);
}

/* Looks at all guardrails now, in the midst of something that takes long without steps.  False when one tripped. */
bool jsonata_look_around(struct jsonata_eval *e);

/* Work that no loop of ours goes through one by one, as so many steps: moving long texts. */
static inline bool jsonata_steps(struct jsonata_eval *e, size_t steps)
{
    while (steps > e->fuel) {
        steps -= e->fuel;
        e->fuel = 0;
        if (!jsonata_step(e))
            return false;
    }
    e->fuel -= (uint32_t)steps;
    return jsonata_step(e);
}

/* The same for members of arrays that move at once, if they are many. */
static inline bool jsonata_moved(struct jsonata_eval *e, size_t members)
{
    enum { FEW = 1024, PER_STEP = 16 };
    return members < FEW || jsonata_steps(e, members / PER_STEP);
}

/* ---- values -------------------------------------------------------------------------------------------------- */

/* An empty sequence (or plain array when flags is 0) with room for `cap`; undefined after raising. */
jn_value jsonata_array(struct jsonata_eval *e, uint32_t cap, unsigned flags);

/* Whether `more` members may be added to an array that this evaluation makes: a sequence has a limit.  False after
 * raising D2015. */
bool jsonata_sequence_full(struct jsonata_eval *e);
static inline bool jsonata_has_place(struct jsonata_eval *e, jn_value array, uint32_t more)
{
    return !(array.flags & JN_SEQUENCE) || (uint64_t)array.as.array->len + more <= e->max_sequence ||
           jsonata_sequence_full(e);
}

/* The double of a number.  Texts of numbers are the input's, and do not change while an evaluation runs. */
static inline double jsonata_number(struct jsonata_eval *e, jn_value v)
{
    if (!(v.flags & JN_NUM_TEXT))
        return v.as.number;
    struct jsonata_number_text *known = &e->numbers[((uintptr_t)v.as.text >> 2) % JSONATA_NUMBER_TEXTS];
    if (known->text != v.as.text)
        *known = (struct jsonata_number_text){ v.as.text, jn_num(v) };
    return known->number;
}

/* Appends to an array made by this evaluation; raises when memory is out. */
void jsonata_push(struct jsonata_eval *e, jn_value array, jn_value v);

/* The same for an item of a sequence, which can be nothing: a filter that asks for what is missing, as in
 * x[$not($exists(y))], keeps the nothing that it was asked about.  Such holes count as members and become null in
 * results and texts. */
void jsonata_push_item(struct jsonata_eval *e, jn_value array, jn_value v);

/* Makes the holes below `v` null, in place. */
void jsonata_fill_holes(struct jsonata_eval *e, jn_value v);

/* A string with room for `cap` bytes to be written at *text, trimmed by jsonata_string_end(). */
char *jsonata_string_begin(struct jsonata_eval *e, size_t cap);
jn_value jsonata_string_end(struct jsonata_eval *e, char *text, size_t cap, size_t len);

/* The bytes of `s` with room for `more` behind them, in place where that is possible: jn_arena_append(). */
char *jsonata_string_append(struct jsonata_eval *e, jn_str s, size_t more);

/* A copy of `s`. */
jn_value jsonata_string(struct jsonata_eval *e, jn_str s);

/* The unwrapping rule (spec, section 6): a sequence of none is undefined, of one that member, unless KEEP_SINGLETON. */
jn_value jsonata_unwrap(jn_value v);

/* Boolean cast (spec 7.7): undefined stays undefined; infinities raise D1001. */
jn_value jsonata_to_boolean(struct jsonata_eval *e, jn_value v);

/* The same for tests: undefined is false. */
bool jsonata_is_true(struct jsonata_eval *e, jn_value v);

/* Deep equality, counting steps: false once a guardrail has tripped. */
bool jsonata_equal(struct jsonata_eval *e, jn_value a, jn_value b);

/* $string: text of any value; numbers at 15 digits; D3001 for infinities.  undefined gives undefined. */
jn_value jsonata_to_string(struct jsonata_eval *e, jn_value v, bool prettify);

/* $append: both sides as members of one plain array. */
jn_value jsonata_append(struct jsonata_eval *e, jn_value a, jn_value b);

/* A name step (spec 7.6): member of an object, of every object in an array.  Gives a value or a sequence. */
jn_value jsonata_lookup(struct jsonata_eval *e, jn_value v, jn_str name);

/* What JSON.parse(JSON.stringify(v)) would make of it, numbers at 15 digits (clone.c): $clone.  It shares what it can
 * with `v` as far as the program cannot tell. */
jn_value jsonata_clone(struct jsonata_eval *e, jn_value v);

/* The same for those who only read it, and for those who change it in place: no container of it is anybody else's. */
jn_value jsonata_clone_shared(struct jsonata_eval *e, jn_value v);
jn_value jsonata_clone_apart(struct jsonata_eval *e, jn_value v);

/* `v` with null where it has holes, in a copy that shares what has none. */
jn_value jsonata_without_holes(struct jsonata_eval *e, jn_value v);

/* A container with members of its own, the same ones.  undefined after raising. */
jn_value jsonata_copy(struct jsonata_eval *e, jn_value v);

/* ---- calling ------------------------------------------------------------------------------------------------- */

/* Calls `f` with `count` arguments.  Not a function: T1006.  Runs tail calls to their end. */
jn_value jsonata_call_function(struct jsonata_eval *e, jn_value f, const jn_value *args, uint32_t count);

/* How many arguments `f` takes: 0 when it is none. */
uint32_t jsonata_arity(jn_value f);

/* Parses and evaluates `text` with `context` as $, in the caller's frame: $eval.  D3120, D3121. */
jn_value jsonata_eval_text(struct jsonata_eval *e, jn_str text, jn_value context, bool has_context);

/* Number in [0, 1). */
double jsonata_random(struct jsonata_eval *e);

#endif
