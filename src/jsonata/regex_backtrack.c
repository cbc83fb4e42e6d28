/* regex_backtrack.c - a tree compiled to instructions, and the machine that runs them.
 *
 * The machine is at an instruction and at a place of the subject.  Where there is more than one way to go on, it takes
 * the first and pushes a choice: where to go on when the first turns out wrong.  All else that it remembers is in
 * slots: captures, and per loop and assertion a pair of registers.  A slot is changed only through set(), which notes
 * the old value on a trail; a choice knows how long the trail was, and going back to it undoes what was done since.
 *
 *      X{min,max}              x|y                  (?=X)
 *      INIT  r                 SPLIT  2             LOOK r, 0
 *   1: LOOP  r min max, 2      x                    X
 *      ROUND r, captures       JUMP   3             FOUND r
 *      X                    2: y
 *      NEXT  r, 1           3:                      (?!X)
 *   2:                                              LOOK r, 1
 *                                                   X
 *                                                   REFUSE r
 *                                                1:
 *
 * Loops over one code unit, as in .* or [a-z]+, are one instruction and one choice that stands for all the places in
 * between.  Inside a look-behind the instructions of a sequence stand in reverse order and move to the left. */
#include "jsonata/regex_backtrack.h"

#include <stdlib.h>
#include <string.h>

enum op {
    OP_FAIL,
    OP_UNIT, OP_FOLDED,                 /* the unit a; for OP_FOLDED after folding */
    OP_SET,                             /* one of set a */
    OP_MANY,                            /* the instruction that follows, b to c times */
    OP_START, OP_END, OP_LINE_START, OP_LINE_END, OP_EDGE, OP_NO_EDGE,
    OP_REFERENCE, OP_FOLDED_REFERENCE,  /* what group a has matched */
    OP_SAVE,                            /* slot a: here */
    OP_SPLIT, OP_JUMP,                  /* on, or to `to`; to `to` */
    OP_INIT, OP_LOOP, OP_ROUND, OP_NEXT,    /* see above; a is the register */
    OP_LOOK, OP_FOUND, OP_REFUSE,
    OP_MATCH,
};

struct instruction {
    uint8_t op;
    bool is_back;                       /* moves to the left */
    bool is_lazy;
    bool is_negative;
    uint32_t a, b, c, to;
};

struct set {
    uint64_t ascii[2];
    uint32_t first, count;              /* among the code's ranges */
};

struct jsonata_backtrack_code {
    struct instruction *program;        /* the first is OP_FAIL; it begins with the second */
    struct set *sets;                   /* the first: what a match may begin with */
    struct jsonata_range *ranges;
    struct jn_budget *budget;
    uint32_t length, set_count, range_count;
    uint32_t capture_slots, slots;
    bool may_start_anywhere;            /* the first set says nothing */
};

/* ---- compiling: sets ----------------------------------------------------------------------------------------- */

struct compiler {
    struct jsonata_backtrack_code *code;
    struct jn_arena *scratch;
    size_t program_cap, set_cap, range_cap;
    bool ignore_case;
    bool is_back;
    bool failed;
};

/* The list at `at` with room for `more` behind its `len` elements; where it was when memory is out. */
static void *grow(struct compiler *c, void *at, size_t *cap, size_t len, size_t more, size_t size)
{
    if (*cap - len >= more)
        return at;
    const size_t wanted = (len + more) * 2;
    void *p = jn_budget_realloc(at, wanted * size, c->code->budget);
    c->failed |= !p;
    *cap = p ? wanted : *cap;
    return p ? p : at;
}

static uint32_t add_set(struct compiler *c, struct jsonata_ranges ranges)
{
    struct jsonata_backtrack_code *code = c->code;
    struct set set = { .first = code->range_count, .count = ranges.count };
    code->ranges = grow(c, code->ranges, &c->range_cap, code->range_count, ranges.count, sizeof *code->ranges);
    code->sets = grow(c, code->sets, &c->set_cap, code->set_count, 1, sizeof *code->sets);
    if (c->failed)
        return 0;
    for (uint32_t u = 0; u < 128; u++)
        if (jsonata_ranges_have(ranges.at, ranges.count, (uint16_t)u))
            set.ascii[u / 64] |= (uint64_t)1 << u % 64;
    if (ranges.count)
        memcpy(code->ranges + code->range_count, ranges.at, ranges.count * sizeof *ranges.at);
    code->range_count += ranges.count;
    code->sets[code->set_count] = set;
    return code->set_count++;
}

/* Adds all units that `n` may begin with.  True when it may also match without one. */
static bool add_first_units(const struct compiler *c, struct jsonata_unit_set *set, const struct regex_node *n)
{
    bool may_pass = n->kind == REGEX_SEQUENCE;
    switch (n->kind) {
    case REGEX_UNIT:
        jsonata_set_add(set, n->unit, n->unit);
        if (c->ignore_case)
            jsonata_fold_set(set);
        return false;
    case REGEX_SET:
        for (uint32_t i = 0; i < n->set.count; i++)
            jsonata_set_add(set, n->set.at[i].first, n->set.at[i].last);
        return false;
    case REGEX_REFERENCE:
        jsonata_set_add(set, 0, 0xFFFF);
        return true;
    case REGEX_CHOICE:
        for (const struct regex_node *child = n->first; child; child = child->next)
            may_pass |= add_first_units(c, set, child);
        return may_pass;
    case REGEX_SEQUENCE:
        for (const struct regex_node *child = n->first; child && may_pass; child = child->next)
            may_pass = add_first_units(c, set, child);
        return may_pass;
    case REGEX_GROUP:
        return add_first_units(c, set, n->first);
    case REGEX_REPEAT:
        return add_first_units(c, set, n->first) || n->min == 0;
    default:
        return true;                    // an assertion
    }
}

static void add_start_set(struct compiler *c, const struct regex_node *root)
{
    struct jsonata_unit_set set = { 0 };
    c->code->may_start_anywhere = add_first_units(c, &set, root);
    const struct jsonata_ranges ranges = jsonata_set_ranges(c->scratch, &set);
    c->failed |= !ranges.at;
    add_set(c, ranges);
}

/* ---- compiling: instructions --------------------------------------------------------------------------------- */

/* Gives the instruction's place. */
static uint32_t emit(struct compiler *c, struct instruction i)
{
    struct jsonata_backtrack_code *code = c->code;
    i.is_back = c->is_back;
    code->program = grow(c, code->program, &c->program_cap, code->length, 1, sizeof *code->program);
    if (c->failed)
        return 0;
    code->program[code->length] = i;
    return code->length++;
}

/* What stands at `place` goes on here. */
static void land(struct compiler *c, uint32_t place)
{
    if (!c->failed)
        c->code->program[place].to = c->code->length;
}

/* Two slots of its own for a loop or an assertion. */
static uint32_t new_register(struct compiler *c)
{
    c->code->slots += 2;
    return c->code->slots - 2;
}

static void compile(struct compiler *c, const struct regex_node *n);

/* The children from the last to the first. */
static void compile_backwards(struct compiler *c, const struct regex_node *n)
{
    size_t count = 0;
    for (const struct regex_node *child = n->first; child; child = child->next)
        count++;
    const struct regex_node **list = jn_arena_alloc(c->scratch, count * sizeof(struct regex_node *)), **end = list;
    c->failed |= !list;
    for (const struct regex_node *child = n->first; child && list; child = child->next)
        *end++ = child;
    while (end > list)
        compile(c, *--end);
}

static void compile_sequence(struct compiler *c, const struct regex_node *n)
{
    if (c->is_back)
        compile_backwards(c, n);
    else
        for (const struct regex_node *child = n->first; child; child = child->next)
            compile(c, child);
}

static void compile_choice(struct compiler *c, const struct regex_node *n)
{
    uint32_t last_jump = 0;             // the jumps to the end form a list until it is known
    for (const struct regex_node *child = n->first; child; child = child->next) {
        const uint32_t split = child->next ? emit(c, (struct instruction){ .op = OP_SPLIT }) : 0;
        compile(c, child);
        if (!child->next)
            break;
        last_jump = emit(c, (struct instruction){ .op = OP_JUMP, .to = last_jump });
        land(c, split);
    }
    while (last_jump && !c->failed) {
        const uint32_t before = c->code->program[last_jump].to;
        land(c, last_jump);
        last_jump = before;
    }
}

static void compile_loop(struct compiler *c, const struct regex_node *n)
{
    const uint32_t r = new_register(c);
    emit(c, (struct instruction){ .op = OP_INIT, .a = r });
    const uint32_t loop = emit(c, (struct instruction){
        .op = OP_LOOP, .is_lazy = n->is_lazy, .a = r, .b = n->min, .c = n->max,
    });
    emit(c, (struct instruction){ .op = OP_ROUND, .a = r, .b = 2 * n->groups_from, .c = 2 * n->groups_to });
    compile(c, n->first);
    emit(c, (struct instruction){ .op = OP_NEXT, .a = r, .b = n->min, .to = loop });
    land(c, loop);
}

static void compile_repeat(struct compiler *c, const struct regex_node *n)
{
    const bool is_simple = n->first->kind == REGEX_UNIT || n->first->kind == REGEX_SET;
    if (n->max == 0)
        return;
    if (!is_simple || n->is_lazy) {
        compile_loop(c, n);
        return;
    }
    emit(c, (struct instruction){ .op = OP_MANY, .b = n->min, .c = n->max });
    compile(c, n->first);
}

static void compile_group(struct compiler *c, const struct regex_node *n)
{
    emit(c, (struct instruction){ .op = OP_SAVE, .a = 2 * n->number + c->is_back });
    compile(c, n->first);
    emit(c, (struct instruction){ .op = OP_SAVE, .a = 2 * n->number + !c->is_back });
}

static void compile_look(struct compiler *c, const struct regex_node *n)
{
    const bool outer = c->is_back;
    const uint32_t r = new_register(c);
    const uint32_t look = emit(c, (struct instruction){ .op = OP_LOOK, .a = r, .is_negative = n->is_negative });
    c->is_back = n->is_behind;
    compile(c, n->first);
    c->is_back = outer;
    emit(c, (struct instruction){ .op = n->is_negative ? OP_REFUSE : OP_FOUND, .a = r });
    land(c, look);
}

static void compile(struct compiler *c, const struct regex_node *n)
{
    switch (n->kind) {
    case REGEX_SEQUENCE: compile_sequence(c, n); break;
    case REGEX_CHOICE: compile_choice(c, n); break;
    case REGEX_UNIT: emit(c, (struct instruction){ .op = c->ignore_case ? OP_FOLDED : OP_UNIT, .a = n->unit }); break;
    case REGEX_SET: emit(c, (struct instruction){ .op = OP_SET, .a = add_set(c, n->set) }); break;
    case REGEX_START: emit(c, (struct instruction){ .op = OP_START }); break;
    case REGEX_END: emit(c, (struct instruction){ .op = OP_END }); break;
    case REGEX_LINE_START: emit(c, (struct instruction){ .op = OP_LINE_START }); break;
    case REGEX_LINE_END: emit(c, (struct instruction){ .op = OP_LINE_END }); break;
    case REGEX_EDGE: emit(c, (struct instruction){ .op = OP_EDGE }); break;
    case REGEX_NO_EDGE: emit(c, (struct instruction){ .op = OP_NO_EDGE }); break;
    case REGEX_REFERENCE:
        emit(c, (struct instruction){ .op = c->ignore_case ? OP_FOLDED_REFERENCE : OP_REFERENCE, .a = n->number });
        break;
    case REGEX_GROUP: compile_group(c, n); break;
    case REGEX_LOOK: compile_look(c, n); break;
    case REGEX_REPEAT: compile_repeat(c, n); break;
    }
}

struct jsonata_backtrack_code *jsonata_backtrack_compile(const struct jsonata_regex_tree *tree, struct jn_budget *b)
{
    struct jsonata_backtrack_code *code = jn_budget_alloc(sizeof *code, b);
    if (!code)
        return NULL;
    *code = (struct jsonata_backtrack_code){ .budget = b };
    struct jn_arena scratch;
    struct compiler c = { .code = code, .scratch = &scratch, .ignore_case = tree->ignore_case };
    jn_arena_init(&scratch, 0);
    scratch.budget = b;
    code->slots = code->capture_slots = 2 * (tree->groups + 1);
    add_start_set(&c, tree->root);
    emit(&c, (struct instruction){ .op = OP_FAIL });
    compile(&c, tree->root);
    emit(&c, (struct instruction){ .op = OP_MATCH });
    jn_arena_clear(&scratch);
    if (!c.failed)
        return code;
    jsonata_backtrack_free(code);
    return NULL;
}

void jsonata_backtrack_free(struct jsonata_backtrack_code *code)
{
    if (!code)
        return;
    struct jn_budget *b = code->budget;
    jn_budget_free(code->program, b);
    jn_budget_free(code->sets, b);
    jn_budget_free(code->ranges, b);
    jn_budget_free(code, b);
}

/* ---- running: memory ----------------------------------------------------------------------------------------- */

/* Where to go on, and at all places from `at` to `limit`, one after the other. */
struct jsonata_choice {
    uint32_t pc, at, limit, trail;
};

/* What a slot held before. */
struct jsonata_undo {
    uint32_t slot, value;
};

struct machine {
    const struct jsonata_backtrack_code *code;
    struct jsonata_backtracker *b;
    const struct jsonata_units *subject;
    struct jn_budget *budget;
    uint32_t pc, at, len;
    uint32_t choices, trail;            /* how many there are */
    uint32_t steps;                     /* left */
    enum jsonata_match failure;
};

enum { UNSET = UINT32_MAX };

size_t jsonata_backtracker_size(const struct jsonata_backtracker *b)
{
    return b->slot_cap * sizeof *b->slots + b->choice_cap * sizeof *b->choices + b->trail_cap * sizeof *b->trail;
}

void jsonata_backtracker_clear(struct jsonata_backtracker *b, struct jn_budget *budget)
{
    jn_budget_give(budget, jsonata_backtracker_size(b));
    free(b->slots);
    free(b->choices);
    free(b->trail);
    *b = (struct jsonata_backtracker){ 0 };
}

/* The list at `at`, which is full, with room for twice as many; NULL with m->failure. */
static void *enlarge(struct machine *m, void *at, size_t *cap, size_t size)
{
    enum { LEAST = 64 };
    const size_t wanted = *cap ? *cap * 2 : LEAST;
    if (jsonata_backtracker_size(m->b) + wanted * size > JSONATA_BACKTRACK_SPACE) {
        m->failure = JSONATA_MATCH_SPACE;
        return NULL;
    }
    bool refused;
    void *p = jn_budget_resize(m->budget, at, *cap * size, wanted * size, &refused);
    if (p)
        *cap = wanted;
    else
        m->failure = refused ? JSONATA_MATCH_BUDGET : JSONATA_MATCH_NO_MEMORY;
    return p;
}

static bool has_trail_room(struct machine *m)
{
    struct jsonata_backtracker *b = m->b;
    if (m->trail < b->trail_cap)
        return true;
    struct jsonata_undo *trail = enlarge(m, b->trail, &b->trail_cap, sizeof *trail);
    b->trail = trail ? trail : b->trail;
    return trail;
}

static bool has_choice_room(struct machine *m)
{
    struct jsonata_backtracker *b = m->b;
    if (m->choices < b->choice_cap)
        return true;
    struct jsonata_choice *choices = enlarge(m, b->choices, &b->choice_cap, sizeof *choices);
    b->choices = choices ? choices : b->choices;
    return choices;
}

/* With no choice left there is nothing to go back to. */
static bool set(struct machine *m, uint32_t slot, uint32_t value)
{
    struct jsonata_backtracker *b = m->b;
    if (m->choices) {
        if (!has_trail_room(m))
            return false;
        b->trail[m->trail++] = (struct jsonata_undo){ slot, b->slots[slot] };
    }
    b->slots[slot] = value;
    return true;
}

static bool push(struct machine *m, uint32_t pc, uint32_t at, uint32_t limit)
{
    if (!has_choice_room(m))
        return false;
    m->b->choices[m->choices++] = (struct jsonata_choice){ pc, at, limit, m->trail };
    return true;
}

static bool spend(struct machine *m, uint32_t steps)
{
    if (m->steps > steps) {
        m->steps -= steps;
        return true;
    }
    m->steps = 0;
    m->failure = JSONATA_MATCH_STEPS;
    return false;
}

/* Goes back to the last choice.  False when there is none. */
static bool go_back(struct machine *m)
{
    if (m->failure || !m->choices || !spend(m, 1))
        return false;
    struct jsonata_backtracker *b = m->b;
    struct jsonata_choice *last = &b->choices[m->choices - 1];
    for (; m->trail > last->trail; m->trail--)
        b->slots[b->trail[m->trail - 1].slot] = b->trail[m->trail - 1].value;
    m->pc = last->pc;
    m->at = last->at;
    if (last->at == last->limit)
        m->choices--;
    else
        last->at += last->at < last->limit ? 1u : -1u;
    return true;
}

/* ---- running: characters ------------------------------------------------------------------------------------- */

static uint16_t unit_at(const struct machine *m, uint32_t at)
{
    return m->subject->is_ascii ? (unsigned char)m->subject->text.data[at] : m->subject->wide[at];
}

static bool set_has(const struct jsonata_backtrack_code *code, const struct set *s, uint16_t unit)
{
    return unit < 128 ? s->ascii[unit / 64] >> unit % 64 & 1
                      : jsonata_ranges_have(code->ranges + s->first, s->count, unit);
}

static bool fits(const struct machine *m, const struct instruction *i, uint16_t unit)
{
    switch (i->op) {
    case OP_UNIT: return unit == i->a;
    case OP_FOLDED: return jsonata_fold_unit(unit) == i->a;
    default: return set_has(m->code, &m->code->sets[i->a], unit);
    }
}

/* Matches one unit and moves over it. */
static bool take(struct machine *m, const struct instruction *i)
{
    if (m->at == (i->is_back ? 0 : m->len) || !fits(m, i, unit_at(m, m->at - i->is_back)))
        return false;
    m->at += i->is_back ? -1u : 1u;
    return true;
}

/* As many as there are, with a choice for fewer. */
static bool take_many(struct machine *m, const struct instruction *i)
{
    const uint32_t from = m->at;
    uint32_t n = 0;
    while (n < i->c && take(m, i + 1))
        n++;
    if (!spend(m, n / 8) || n < i->b)
        return false;
    m->pc++;
    const uint32_t least = i->is_back ? from - i->b : from + i->b;
    return n == i->b || push(m, m->pc, i->is_back ? m->at + 1 : m->at - 1, least);
}

static bool is_line_start(const struct machine *m)
{
    return m->at == 0 || jsonata_is_line_end(unit_at(m, m->at - 1));
}

static bool is_line_end(const struct machine *m)
{
    return m->at == m->len || jsonata_is_line_end(unit_at(m, m->at));
}

static bool is_edge(const struct machine *m)
{
    const bool before = m->at > 0 && jsonata_is_word(unit_at(m, m->at - 1));
    const bool after = m->at < m->len && jsonata_is_word(unit_at(m, m->at));
    return before != after;
}

/* The text of the group again; nothing when the group has not matched. */
static bool repeat_group(struct machine *m, const struct instruction *i)
{
    const uint32_t from = m->b->slots[2 * i->a], to = m->b->slots[2 * i->a + 1];
    if (from == UNSET || to == UNSET)
        return true;
    const uint32_t len = to - from;
    if (len > (i->is_back ? m->at : m->len - m->at) || !spend(m, len / 8))
        return false;
    const uint32_t start = i->is_back ? m->at - len : m->at;
    for (uint32_t k = 0; k < len; k++) {
        const uint16_t a = unit_at(m, from + k), b = unit_at(m, start + k);
        if (a != b && (i->op == OP_REFERENCE || jsonata_fold_unit(a) != jsonata_fold_unit(b)))
            return false;
    }
    m->at = i->is_back ? start : start + len;
    return true;
}

/* ---- running: loops and assertions --------------------------------------------------------------------------- */

/* Another round, or on behind the loop. */
static bool decide(struct machine *m, const struct instruction *i)
{
    const uint32_t rounds = m->b->slots[i->a], body = m->pc;
    if (rounds < i->b)
        return true;
    if (rounds < i->c && !i->is_lazy)
        return spend(m, 1) && push(m, i->to, m->at, m->at);
    m->pc = i->to;
    return rounds >= i->c || (spend(m, 1) && push(m, body, m->at, m->at));
}

/* A round begins: its captures are unset. */
static bool begin_round(struct machine *m, const struct instruction *i)
{
    for (uint32_t slot = i->b; slot < i->c; slot++)
        if (m->b->slots[slot] != UNSET && !set(m, slot, UNSET))
            return false;
    return set(m, i->a + 1, m->at);
}

/* A round has ended.  One that matched nothing does not count, unless it was owed. */
static bool end_round(struct machine *m, const struct instruction *i)
{
    const uint32_t rounds = m->b->slots[i->a];
    if (rounds >= i->b && m->at == m->b->slots[i->a + 1])
        return false;
    m->pc = i->to;
    return spend(m, 1) && set(m, i->a, rounds < UINT32_MAX - 1 ? rounds + 1 : rounds);
}

/* The choice pushed here is a wall: what is behind it is out of reach for the assertion's body, and FOUND and REFUSE
 * tear it down together with all choices that the body has left. */
static bool look(struct machine *m, const struct instruction *i)
{
    return set(m, i->a, m->choices) && set(m, i->a + 1, m->at) && push(m, i->is_negative ? i->to : 0, m->at, m->at);
}

static void end_look(struct machine *m, const struct instruction *i)
{
    m->choices = m->b->slots[i->a];
    m->at = m->b->slots[i->a + 1];
}

/* One instruction.  False: it does not match here. */
static bool perform(struct machine *m, const struct instruction *i)
{
    switch ((enum op)i->op) {
    case OP_FAIL: return false;
    case OP_UNIT: case OP_FOLDED: case OP_SET: return take(m, i);
    case OP_MANY: return take_many(m, i);
    case OP_START: return m->at == 0;
    case OP_END: return m->at == m->len;
    case OP_LINE_START: return is_line_start(m);
    case OP_LINE_END: return is_line_end(m);
    case OP_EDGE: return is_edge(m);
    case OP_NO_EDGE: return !is_edge(m);
    case OP_REFERENCE: case OP_FOLDED_REFERENCE: return repeat_group(m, i);
    case OP_SAVE: return set(m, i->a, m->at);
    case OP_SPLIT: return push(m, i->to, m->at, m->at);
    case OP_JUMP: m->pc = i->to; return true;
    case OP_INIT: return set(m, i->a, 0);
    case OP_LOOP: return decide(m, i);
    case OP_ROUND: return begin_round(m, i);
    case OP_NEXT: return end_round(m, i);
    case OP_LOOK: return look(m, i);
    case OP_FOUND: end_look(m, i); return true;
    case OP_REFUSE: end_look(m, i); return false;
    case OP_MATCH: break;
    }
    return true;
}

static bool prepare_slots(struct machine *m)
{
    struct jsonata_backtracker *b = m->b;
    while (b->slot_cap < m->code->slots) {
        uint32_t *slots = enlarge(m, b->slots, &b->slot_cap, sizeof *slots);
        if (!slots)
            return false;
        b->slots = slots;
    }
    for (uint32_t i = 0; i < m->code->capture_slots; i++)
        b->slots[i] = UNSET;
    return true;
}

/* Instructions that make no choice count, too, if little: a pattern may have tens of thousands of them. */
static enum jsonata_match run(struct machine *m)
{
    enum { PER_STEP = 128 };
    for (uint32_t done = 1;; done++) {
        const struct instruction *i = &m->code->program[m->pc++];
        if (i->op == OP_MATCH)
            return JSONATA_MATCH;
        if (!perform(m, i) && !go_back(m))
            return m->failure;
        if (done % PER_STEP == 0 && !spend(m, 1))
            return m->failure;
    }
}

static bool may_start(const struct machine *m)
{
    return m->code->may_start_anywhere
           || (m->at < m->len && set_has(m->code, &m->code->sets[0], unit_at(m, m->at)));
}

enum jsonata_match jsonata_backtrack_at(const struct jsonata_backtrack_code *code, struct jsonata_backtracker *b,
                                        const struct jsonata_units *subject, size_t start, uint32_t *steps,
                                        struct jn_budget *budget)
{
    struct machine m = {
        .code = code, .b = b, .subject = subject, .budget = budget, .pc = 1, .at = (uint32_t)start,
        .len = (uint32_t)subject->len,
        .steps = *steps,
    };
    if (!may_start(&m))
        return JSONATA_NO_MATCH;
    const enum jsonata_match result = prepare_slots(&m) ? run(&m) : m.failure;
    *steps = m.steps;
    if (result == JSONATA_MATCH) {
        b->slots[0] = (uint32_t)start;
        b->slots[1] = m.at;
    }
    return result;
}
