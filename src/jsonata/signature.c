/* signature.c - checking arguments against <s-n:b> (spec 8.1).
 *
 * A compiled signature is one parameter record per letter or choice: the set of types it accepts as a bit per jn_type,
 * and its modifiers.  Most calls give as many arguments as there are parameters, and each fits: one AND per argument
 * settles that, since nothing could then be matched in another way.  All other calls are matched as the reference
 * does, by the rules of a backtracking regular expression over one letter per argument, greedy from the left; here a
 * table of "can the rest be matched from there" is filled from the right first, so that hostile signatures cost the
 * product of parameters and arguments, and no more. */
#include "jsonata/signature.h"

enum {
    NOTHING = 1 << JN_UNDEFINED,    /* fits everywhere but in `f` */
    ANY = NOTHING | 1 << JN_NULL | 1 << JN_BOOLEAN | 1 << JN_NUMBER | 1 << JN_STRING | 1 << JN_ARRAY | 1 << JN_OBJECT |
          1 << JN_FUNCTION,
};

/* Whether a missing argument is the context: only one that fits, ?- and --: whatever it is, or +- and ?- before all
 * parameters: there must be one, but none will do. */
enum context_use { NO_CONTEXT, FITTING_CONTEXT, ANY_CONTEXT, IMPOSSIBLE_CONTEXT };

struct parameter {
    jn_str symbol;              /* as written: for S0401 */
    uint16_t accepts;           /* bit per enum jn_type */
    uint16_t member;            /* a<n>: the type of the members, 0 when the letter names none */
    char member_letter;         /* a<n>: its first letter */
    bool is_array;              /* a: single values are wrapped */
    bool has_member;            /* a<...> */
    bool is_member_single;      /* ... with exactly one letter: then a single value of that type will do */
    bool optional;              /* ? or - */
    enum context_use context;   /* - */
    bool repeated;              /* + */
    bool is_hopeless;           /* (n]s): fits nothing, modified or not */
    bool lazy;                  /* +?, ??, +-, ...: as few as will do */
};

struct jsonata_signature {
    uint32_t len;
    uint32_t needed;            /* the parameters from here on may simply be left out; UINT32_MAX: no such thing */
    bool has_repeated;
    bool has_leading;           /* a modifier before all parameters, where - says something of the first: <-n> */
    enum context_use leading;
    struct parameter parameter[];
};

/* ---- compiling ----------------------------------------------------------------------------------------------- */

/* The types that a letter names; 0 for letters that name none. */
static uint16_t types_of(char letter)
{
    switch (letter) {
    case 's': return 1 << JN_STRING;
    case 'n': return 1 << JN_NUMBER;
    case 'b': return 1 << JN_BOOLEAN;
    case 'l': return 1 << JN_NULL;
    case 'o': return 1 << JN_OBJECT;
    case 'a': return 1 << JN_ARRAY;
    case 'f': return 1 << JN_FUNCTION;
    default: return 0;
    }
}

/* The same for a parameter of its own, where `a` takes anything and all but `f` accept nothing. */
static uint16_t accepted_by(char symbol)
{
    switch (symbol) {
    case 'f': return 1 << JN_FUNCTION;
    case 'a': case 'x': return ANY;
    case 'j': return ANY & ~(1 << JN_FUNCTION);
    default: return types_of(symbol) | NOTHING;
    }
}

/* Offset of the bracket that closes the one at `at`; the end of the text when there is none. */
static size_t closing(jn_str s, size_t at, char open, char close)
{
    size_t depth = 0;
    for (; at < s.len; at++) {
        depth += s.data[at] == open;
        if (s.data[at] == close && --depth == 0)
            break;
    }
    return at;
}

/* The character of a choice's class at *at, which moves on: behind the letters there is `m`, for a missing argument. */
static uint32_t class_next(jn_str letters, size_t *at)
{
    if (*at < letters.len)
        return jn_utf8_next(letters, at);
    ++*at;
    return 'm';
}

/* Whether the class has `letter`: it is that of a regular expression, with ranges and ^. */
static bool class_has(jn_str letters, char letter)
{
    const bool is_negated = letters.len && *letters.data == '^';
    bool has = false;
    for (size_t at = is_negated; at <= letters.len;) {
        const uint32_t first = class_next(letters, &at);
        const bool is_range = at < letters.len && letters.data[at] == '-';
        at += is_range;
        const uint32_t last = is_range ? class_next(letters, &at) : first;
        has |= first <= (uint32_t)letter && (uint32_t)letter <= last;
    }
    return has != is_negated;
}

/* choice := '(' letters ')'.  To the reference the letters become part of a regular expression as they stand; when there
 * is a ] in them, what is behind it fits no argument. */
static struct parameter choice(jn_str letters)
{
    static const char all[] = "snbloaf";
    struct parameter p = { .symbol = letters, .is_hopeless = memchr(letters.data, ']', letters.len) != NULL };
    for (const char *letter = all; *letter && !p.is_hopeless; letter++)
        p.accepts |= class_has(letters, *letter) ? types_of(*letter) : 0;
    p.accepts |= !p.is_hopeless && class_has(letters, 'm') ? NOTHING : 0;
    return p;
}

/* type-parameter := '<' letters '>', after `a` or `f` only; that of `f` says nothing about the argument */
static void set_member(struct parameter *p, jn_str letters)
{
    if (!p->is_array)
        return;
    p->has_member = true;               // of no letter: no member is of that type
    p->member_letter = letters.len ? letters.data[0] : '\0';
    p->member = letters.len ? types_of(letters.data[0]) : 0;
    p->is_member_single = letters.len == 1;
}

static void modify(struct jsonata_signature *s, char modifier)
{
    struct parameter *p = &s->parameter[s->len - 1];
    if (p->is_hopeless)
        return;
    if (modifier == '-')
        p->context = p->optional ? ANY_CONTEXT : FITTING_CONTEXT;   // a pattern that may be nothing is found in all
    p->lazy |= (p->optional || p->repeated) && modifier != '+';     // x+? and x?? of a regular expression
    p->optional |= modifier != '+' && !p->repeated;
    p->repeated |= modifier == '+';
    s->has_repeated |= modifier == '+';
}

/* The text up to and including the bracket that closes the one at `*at`, without both; moves *at onto it. */
static jn_str bracketed(jn_str text, size_t *at, char open, char close)
{
    const size_t from = *at + 1, to = closing(text, *at, open, close);
    *at = to;
    return jn_str_sub(text, from, to);
}

/* `before`: what stands before the place of the mistake. */
static bool fail(struct jsonata_fault *fault, const char *code, jn_str before, jn_str value)
{
    *fault = (struct jsonata_fault){ .code = code, .position = (int64_t)jn_utf16_count(before),
                                     .value = value.len ? jn_make_string(value) : jn_undefined() };
    return false;
}

/* To the reference it is a modifier of the parameter to come, which has no pattern yet: that is found in all, and what
 * it becomes by a modifier in none. */
static void modify_nothing(struct jsonata_signature *s, char modifier)
{
    if (modifier == '-')
        s->leading = s->has_leading ? IMPOSSIBLE_CONTEXT : ANY_CONTEXT;
    s->has_leading = true;
}

static void add_parameter(struct jsonata_signature *s, struct parameter p)
{
    p.context = s->len == 0 ? s->leading : NO_CONTEXT;
    s->parameter[s->len++] = p;
}

/* One symbol at text.data[*at], which is left at its last character. */
static bool symbol(struct jsonata_signature *s, jn_str text, size_t *at, struct jsonata_fault *fault)
{
    const char c = text.data[*at];
    struct parameter *last = s->len ? &s->parameter[s->len - 1] : NULL;
    if (strchr("snblofjxa", c) && c) {
        add_parameter(s, (struct parameter){ .symbol = { text.data + *at, 1 }, .accepts = accepted_by(c),
                                             .is_array = c == 'a' });
    } else if (strchr("-?+", c) && c) {
        (last ? modify : modify_nothing)(s, c);
    } else if (c == '(') {
        const size_t from = *at;
        const jn_str letters = bracketed(text, at, '(', ')');
        if (memchr(letters.data, '<', letters.len))
            return fail(fault, "S0402", jn_str_sub(text, 0, from), letters);
        struct parameter p = choice(letters);
        p.symbol = jn_str_sub(text, from, *at + 1);
        add_parameter(s, p);
    } else if (c == '<') {
        if (!last || !(last->is_array || last->accepts == 1 << JN_FUNCTION))
            return fail(fault, "S0401", jn_str_sub(text, 0, *at), last ? last->symbol : (jn_str){ 0 });
        set_member(last, bracketed(text, at, '<', '>'));
    }
    return true;                // anything else means nothing, as in the reference
}

/* At most so many parameters: every one starts with a letter or a parenthesis. */
static size_t most_parameters(jn_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.data[i] != '\0' && strchr("snblofjxa(", text.data[i]) != NULL;
    return n;
}

struct jsonata_signature *jsonata_signature_compile(struct jn_arena *a, jn_str text, struct jsonata_fault *fault)
{
    struct jsonata_signature *s = jn_arena_zalloc(a, sizeof *s + most_parameters(text) * sizeof s->parameter[0]);
    if (!s) {
        *fault = (struct jsonata_fault){ 0 };
        return NULL;
    }
    for (size_t at = 1; at < text.len && text.data[at] != ':'; at++)    // the first is the '<' around all
        if (!symbol(s, text, &at, fault))
            return NULL;
    for (uint32_t i = 0; i < s->len && s->needed != UINT32_MAX; i++) {
        const struct parameter *p = &s->parameter[i];
        if (!p->optional || p->context)
            s->needed = i + 1;
        if (p->repeated || p->lazy)
            s->needed = UINT32_MAX;
    }
    return s;
}

/* ---- matching ------------------------------------------------------------------------------------------------ */

/* What is to be matched, and `rest`: a table with a row of count + 1 places per parameter, and one row more for the
 * end. */
struct matching {
    const struct parameter *parameter;
    uint32_t len;                   /* parameters that take part */
    const jn_value *args;
    uint32_t count;
    bool *rest;                     /* rest[p * (count + 1) + i]: parameters from p on can match arguments from i on */
};

static bool fits(const struct parameter *p, jn_value v)
{
    return p->accepts >> v.type & 1;
}

static bool *place(const struct matching *m, uint32_t p, uint32_t i)
{
    return &m->rest[(size_t)p * (m->count + 1) + i];
}

/* Fills the table.  `whole`: all arguments must be used up; otherwise a prefix will do. */
static void fill_rest(const struct matching *m, bool whole)
{
    for (uint32_t i = 0; i <= m->count; i++)
        *place(m, m->len, i) = !whole || i == m->count;
    for (uint32_t p = m->len; p-- > 0;) {
        const struct parameter *x = &m->parameter[p];
        for (uint32_t i = m->count + 1; i-- > 0;) {
            const bool takes = i < m->count && fits(x, m->args[i]);
            *place(m, p, i) = (takes && *place(m, p + 1, i + 1)) || (takes && x->repeated && *place(m, p, i + 1)) ||
                              (x->optional && *place(m, p + 1, i));
        }
    }
}

/* How many arguments parameter `p` takes from `i` on: as many as leave a rest that can be matched. */
static uint32_t run_of(const struct matching *m, uint32_t p, uint32_t i)
{
    const uint32_t most = m->parameter[p].repeated ? m->count - i : 1;
    uint32_t run = 0;
    if (m->parameter[p].lazy && m->parameter[p].optional && *place(m, p + 1, i))
        return 0;
    for (uint32_t k = 1; k <= most && i + k <= m->count && fits(&m->parameter[p], m->args[i + k - 1]); k++)
        if (*place(m, p + 1, i + k) && (!run || !m->parameter[p].lazy))
            run = k;
    return run;
}

/* Raises T0410 for the first argument that no prefix of the parameters gets beyond. */
static void raise_mismatch(struct jsonata_eval *e, struct matching *m, uint32_t parameters)
{
    uint32_t good = 0;
    for (m->len = 1; m->len <= parameters; m->len++) {
        fill_rest(m, false);
        if (!*place(m, 0, 0))
            break;
        good = 0;
        for (uint32_t p = 0; p < m->len; p++)
            good += run_of(m, p, good);
    }
    jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = (int64_t)good + 1,
                                             .value = good < m->count ? m->args[good] : jn_undefined() });
}

/* ---- converting ---------------------------------------------------------------------------------------------- */

static const char *plural_of(const struct parameter *p)
{
    if (!p->is_member_single)
        return NULL;
    switch (p->member_letter) {
    case 'a': return "arrays";
    case 'b': return "booleans";
    case 'f': return "functions";
    case 'n': return "numbers";
    case 'o': return "objects";
    case 's': return "strings";
    default: return NULL;
    }
}

/* An array's members are all of the type of a<...>.  Of several letters only the first counts. */
static bool members_fit(const struct parameter *p, jn_value v)
{
    const struct jn_array *x = v.as.array;
    for (uint32_t i = 0; i < x->len; i++)
        if (!(p->member >> x->items[i].type & 1))
            return false;
    return true;
}

/* The argument for an `a` parameter that took `run` arguments: an array as it is, a single value wrapped.  `matched` is
 * the argument that the parameter took, which is another one after put_missing() has moved on. */
static jn_value to_array(struct jsonata_eval *e, const struct parameter *p, jn_value v, jn_value matched, uint32_t run,
                         uint32_t index)
{
    if (jn_is_undefined(matched))
        return matched;
    const bool is_array = jn_is(matched, JN_ARRAY);
    if (p->has_member && !(is_array ? jn_is(v, JN_ARRAY) && members_fit(p, v)
                                    : run == 1 && p->is_member_single && p->member >> matched.type & 1))
        return jsonata_raise(e, (struct jsonata_fault){ .code = "T0412", .value = v, .index = index,
                                                        .type = plural_of(p) });
    if (is_array)
        return v;
    const jn_value wrapped = jsonata_array(e, 1, 0);
    if (!jn_is_undefined(wrapped))
        jsonata_push_item(e, wrapped, v);
    return wrapped;
}

static inline jn_value convert(struct jsonata_eval *e, const struct parameter *p, jn_value v, jn_value matched,
                               uint32_t run, uint32_t index)
{
    return p->is_array ? to_array(e, p, v, matched, run, index) : v;
}

/* Where converted arguments go; what does not fit is nothing anyhow. */
struct output {
    jn_value *at;
    uint32_t len, cap;
};

static void put(struct output *o, jn_value v)
{
    if (o->len < o->cap)
        o->at[o->len++] = v;
}

static bool takes_context(const struct parameter *p, jn_value context)
{
    return p->context == ANY_CONTEXT || (p->context == FITTING_CONTEXT && fits(p, context));
}

/* A parameter that took no argument.  One without `-` takes what stands there all the same: the reference moves on by
 * one argument here, which shows in <s?n?> called with a number. */
static void put_missing(struct jsonata_eval *e, const struct matching *m, const struct parameter *p, jn_value context,
                        uint32_t *i, struct output *o)
{
    if (!p->context) {
        put(o, *i < m->count ? m->args[*i] : jn_undefined());
        ++*i;
    } else if (takes_context(p, context) && o->len < o->cap) {
        put(o, context);
    } else {
        jsonata_raise(e, (struct jsonata_fault){ .code = "T0411", .value = context, .index = (int64_t)*i + 1 });
    }
}

static void put_all(struct jsonata_eval *e, const struct matching *m, jn_value context, struct output *o)
{
    uint32_t i = 0, taken = 0;          // `taken` follows the match, `i` the reference's count of arguments
    for (uint32_t p = 0; p < m->len && !jsonata_failed(e); p++) {
        const struct parameter *x = &m->parameter[p];
        const uint32_t run = run_of(m, p, taken), from = taken;
        taken += run;
        if (!run)
            put_missing(e, m, x, context, &i, o);
        for (uint32_t k = 0; k < run && !jsonata_failed(e); k++, i++)
            put(o, convert(e, x, i < m->count ? m->args[i] : jn_undefined(), m->args[from + k], run, i + 1));
    }
}

enum { PLACES_AT_HAND = 64 };       // x.$uppercase() comes here for every x: no memory for the usual call

static uint32_t apply_general(struct jsonata_eval *e, const struct jsonata_signature *s, jn_value context,
                              const jn_value *args, uint32_t count, jn_value *out)
{
    bool at_hand[PLACES_AT_HAND];
    const size_t places = (s->len + (size_t)1) * (count + (size_t)1);
    struct matching m = { .parameter = s->parameter, .len = s->len, .args = args, .count = count };
    m.rest = places <= PLACES_AT_HAND ? at_hand : jn_arena_alloc(e->arena, places);
    if (!m.rest) {
        jsonata_raise_memory(e);
        return 0;
    }
    struct output o = { .at = out, .cap = count + JSONATA_MAX_ARITY };
    fill_rest(&m, true);
    if (*place(&m, 0, 0))
        put_all(e, &m, context, &o);
    else
        raise_mismatch(e, &m, s->len);
    return o.len;
}

uint32_t jsonata_signature_apply(struct jsonata_eval *e, const struct jsonata_signature *s, jn_value context,
                                 const jn_value *args, uint32_t count, jn_value *out)
{
    if (count > s->len || count < s->needed || s->len > count + JSONATA_MAX_ARITY)
        return apply_general(e, s, context, args, count, out);
    for (uint32_t i = 0; i < count; i++)
        if (!fits(&s->parameter[i], args[i]))
            return apply_general(e, s, context, args, count, out);
    for (uint32_t i = 0; i < count && !jsonata_failed(e); i++)
        out[i] = convert(e, &s->parameter[i], args[i], args[i], 1, i + 1);
    for (uint32_t i = count; i < s->len; i++)
        out[i] = jn_undefined();
    return s->len;
}

uint32_t jsonata_signature_fits(const struct jsonata_signature *s, jn_value *args, uint32_t count)
{
    if (count > s->len || count < s->needed || s->len > count + JSONATA_MAX_ARITY)
        return UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const struct parameter *p = &s->parameter[i];
        if (!fits(p, args[i]) || (p->is_array && (args[i].type != JN_ARRAY || p->has_member)))
            return UINT32_MAX;
    }
    for (uint32_t i = count; i < s->len; i++)
        args[i] = jn_undefined();
    return s->len;
}

uint32_t jsonata_signature_most(const struct jsonata_signature *s)
{
    return !s ? 0 : s->has_repeated ? UINT32_MAX : s->len;
}
