/* regex_translate.c - a tree of ECMAScript's written in PCRE2's dialect: every construct in a form that means one thing
 * to PCRE2.  Not here: parsing (regex_parse.c), PCRE2 itself (regex_pcre2.c).
 *
 * Where PCRE2 cannot follow, and our own matcher takes over:
 *
 *      (?:(a)|b)*      captures inside a repeated group keep the value of an earlier round
 *      (a*)*           an empty round of a loop counts as a round
 *      /\1/i           a back-reference folds ASCII only
 *      (?<=a+)         each alternative of a look-behind must have a fixed length; and ECMAScript matches it from right
 *                      to left, which a back-reference inside can tell
 *      a{70000}        repetitions end at 65,535 */
#include "jsonata/regex_translate.h"

enum { MAX_REPEAT = 65535 };

struct writer {
    struct jn_buf *out;
    bool wide, ignore_case;
};

/* ---- what PCRE2 cannot do ------------------------------------------------------------------------------------ */

static bool is_beyond_as_repeat(const struct regex_node *n)
{
    const struct regex_node *child = n->first;
    return (n->max > 1 && (child->has_unsure_group || (child->has_group && child->has_reference)))
           || (child->least == 0 && n->max > n->min) || n->min > MAX_REPEAT
           || (n->max > MAX_REPEAT && n->max < REGEX_ENDLESS);
}

/* Alternatives of different lengths will do, if each has one. */
static bool is_beyond_as_look_behind(const struct regex_node *n)
{
    const struct regex_node *body = n->first;
    bool is_fixed = true;
    for (const struct regex_node *child = body->kind == REGEX_CHOICE ? body->first : body; child; child = child->next)
        is_fixed &= child->least == child->most;
    return !is_fixed || body->has_reference;
}

static bool is_beyond(const struct writer *w, const struct regex_node *n)
{
    if (n->kind == REGEX_REFERENCE && w->wide && w->ignore_case)
        return true;
    if (n->kind == REGEX_REPEAT && is_beyond_as_repeat(n))
        return true;
    if (n->kind == REGEX_LOOK && n->is_behind && is_beyond_as_look_behind(n))
        return true;
    for (const struct regex_node *child = n->first; child; child = child->next)
        if (is_beyond(w, child))
            return true;
    return false;
}

bool jsonata_regex_is_beyond_pcre2(const struct jsonata_regex_tree *tree, bool wide)
{
    return is_beyond(&(struct writer){ .wide = wide, .ignore_case = tree->ignore_case }, tree->root);
}

/* ---- what its steps cost ------------------------------------------------------------------------------------- */

/* More rounds than one can overlook. */
static bool is_long_loop(const struct regex_node *n)
{
    enum { SHORT = 16 };
    return n->kind == REGEX_REPEAT && n->max > SHORT;
}

static bool is_single(const struct regex_node *n)
{
    return n->kind == REGEX_UNIT || n->kind == REGEX_SET;
}

static bool has_long_loop(const struct regex_node *n)
{
    if (is_long_loop(n))
        return true;
    for (const struct regex_node *child = n->first; child; child = child->next)
        if (has_long_loop(child))
            return true;
    return false;
}

/* The units that a single node matches. */
static struct jsonata_ranges units_of(const struct regex_node *n, struct jsonata_range *room)
{
    *room = (struct jsonata_range){ n->unit, n->unit };
    return n->kind == REGEX_SET ? n->set : (struct jsonata_ranges){ room, 1 };
}

static bool may_be_same(const struct regex_node *a, const struct regex_node *b)
{
    struct jsonata_range one, other;
    const struct jsonata_ranges x = units_of(a, &one), y = units_of(b, &other);
    for (uint32_t i = 0, k = 0; i < x.count && k < y.count;) {
        if (x.at[i].first <= y.at[k].last && y.at[k].first <= x.at[i].last)
            return true;
        if (x.at[i].last < y.at[k].last)
            i++;
        else
            k++;
    }
    return false;
}

/* The loop that may give up units to what stands at hand: what it repeats; NULL: none. */
struct giver {
    const struct regex_node *body;
};

static bool hides_loop(const struct regex_node *n, struct giver *g);

static bool loop_hides_loop(const struct regex_node *n, struct giver *g)
{
    const struct regex_node *body = n->first;
    const bool is_apart = is_single(body) && g->body && is_single(g->body) && !may_be_same(g->body, body);
    if (is_long_loop(n) && g->body && !is_apart)
        return true;
    if (!is_single(body) && hides_loop(body, &(struct giver){ NULL }))
        return true;
    if (is_long_loop(n) && (!g->body || n->min))
        g->body = body;
    else if (is_apart && n->min)
        g->body = NULL;
    return false;
}

static bool children_hide_loop(const struct regex_node *n, struct giver *g)
{
    const struct giver before = *g;
    for (const struct regex_node *child = n->first; child; child = child->next) {
        struct giver own = before;
        if (hides_loop(child, n->kind == REGEX_CHOICE ? &own : g))
            return true;
        g->body = own.body && n->kind == REGEX_CHOICE ? own.body : g->body;
    }
    return false;
}

/* Whether a loop below `n` may start wherever another gives up. */
static bool hides_loop(const struct regex_node *n, struct giver *g)
{
    if (n->kind == REGEX_REPEAT)
        return loop_hides_loop(n, g);
    if (n->kind == REGEX_LOOK)
        return (g->body && has_long_loop(n)) || hides_loop(n->first, &(struct giver){ NULL });
    if (is_single(n) && g->body && is_single(g->body) && !may_be_same(g->body, n))
        g->body = NULL;
    return children_hide_loop(n, g);
}

static enum jsonata_regex_weight weight_of(const struct regex_node *n, bool in_loop)
{
    if (n->kind == REGEX_REFERENCE || (in_loop && (n->kind == REGEX_LOOK || is_long_loop(n))))
        return JSONATA_REGEX_HEAVY;
    return n->kind == REGEX_REPEAT && n->max > 1 && !is_single(n->first) ? JSONATA_REGEX_LOOPING
                                                                        : JSONATA_REGEX_LIGHT;
}

static enum jsonata_regex_weight weigh(const struct regex_node *n, bool in_loop)
{
    enum jsonata_regex_weight most = weight_of(n, in_loop);
    in_loop |= n->kind == REGEX_REPEAT && n->max > 1;
    for (const struct regex_node *child = n->first; child; child = child->next) {
        const enum jsonata_regex_weight weight = weigh(child, in_loop);
        most = weight > most ? weight : most;
    }
    return most;
}

enum jsonata_regex_weight jsonata_regex_weigh(const struct jsonata_regex_tree *tree)
{
    struct giver none = { NULL };
    return hides_loop(tree->root, &none) ? JSONATA_REGEX_HEAVY : weigh(tree->root, false);
}

/* ---- characters ---------------------------------------------------------------------------------------------- */

static bool is_plain(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void put(const struct writer *w, const char *text)
{
    jn_buf_append_z(w->out, text);
}

static void put_char(const struct writer *w, uint32_t c)
{
    if (is_plain(c))
        jn_buf_append_char(w->out, (char)c);
    else
        jn_buf_append_fmt(w->out, "\\x{%x}", (unsigned)c);
}

static void put_range(const struct writer *w, uint32_t first, uint32_t last)
{
    put_char(w, first);
    if (last > first + 1)
        jn_buf_append_char(w->out, '-');
    if (last > first)
        put_char(w, last);
}

/* The set as a class.  One that reaches the end of the alphabet is most likely a negation: [^,] rather than two ranges.
 * Units beyond the alphabet never occur in the subject. */
static void put_set(const struct writer *w, struct jsonata_ranges set)
{
    const uint32_t end = w->wide ? 0xFFFF : 0x7F;
    const bool is_negated = jsonata_ranges_have(set.at, set.count, (uint16_t)end);
    uint32_t i = 0, gap = 0;
    put(w, is_negated ? "[^" : "[");
    for (; i < set.count && set.at[i].first <= end; i++) {
        const uint32_t first = set.at[i].first, last = set.at[i].last < end ? set.at[i].last : end;
        if (!is_negated)
            put_range(w, first, last);
        else if (first > gap)
            put_range(w, gap, first - 1);
        gap = last + 1;
    }
    // Not [], which PCRE2 takes as (*FAIL) without regard to a quantifier behind it: [a]* may match nothing.
    if (!is_negated && i == 0)
        put(w, w->wide ? "^\\x{0}-\\x{ffff}" : "\\x{ff}");
    put(w, "]");
}

/* One unit.  PCRE2 folds ASCII on its own; other letters become the class of all that fold to the same. */
static void put_unit(const struct writer *w, uint16_t c)
{
    if (c < 0x80 || (w->wide && !w->ignore_case)) {
        put_char(w, c);
        return;
    }
    uint16_t peers[JSONATA_FOLD_MOST] = { c };
    const uint32_t count = !w->wide ? 0 : jsonata_fold_peers(c, peers);
    put(w, count ? "[" : "[\\x{ff}");         // in ASCII subjects it cannot match
    for (uint32_t i = 0; i < count; i++)
        put_char(w, peers[i]);
    put(w, "]");
}

/* ---- nodes --------------------------------------------------------------------------------------------------- */

static void put_node(const struct writer *w, const struct regex_node *n);

/* In brackets when what is around would tear it apart. */
static void put_closed(const struct writer *w, const struct regex_node *n, bool is_open)
{
    if (is_open)
        put(w, "(?:");
    put_node(w, n);
    if (is_open)
        put(w, ")");
}

static void put_quantifier(const struct writer *w, const struct regex_node *n)
{
    if (n->max == REGEX_ENDLESS && n->min <= 1)
        put(w, n->min ? "+" : "*");
    else if (n->min == 0 && n->max == 1)
        put(w, "?");
    else if (n->max == REGEX_ENDLESS)
        jn_buf_append_fmt(w->out, "{%u,}", (unsigned)n->min);
    else
        jn_buf_append_fmt(w->out, "{%u,%u}", (unsigned)n->min, (unsigned)n->max);
    if (n->is_lazy)
        put(w, "?");
}

static void put_repeat(const struct writer *w, const struct regex_node *n)
{
    const enum regex_kind kind = n->first->kind;
    put_closed(w, n->first, kind != REGEX_UNIT && kind != REGEX_SET && kind != REGEX_GROUP);
    put_quantifier(w, n);
}

static void put_look(const struct writer *w, const struct regex_node *n)
{
    put(w, n->is_behind ? (n->is_negative ? "(?<!" : "(?<=") : n->is_negative ? "(?!" : "(?=");
    put_node(w, n->first);
    put(w, ")");
}

static void put_children(const struct writer *w, const struct regex_node *n)
{
    for (const struct regex_node *child = n->first; child; child = child->next) {
        if (n->kind == REGEX_CHOICE && child != n->first)
            put(w, "|");
        put_closed(w, child, n->kind == REGEX_SEQUENCE && child->kind == REGEX_CHOICE);
    }
}

/* Line terminators are LF, CR, LS and PS: none of PCRE2's newline conventions.  A reference is in a group of its own
 * because PCRE2 10.42 takes a quantified one to an unset group as a failure. */
static void put_node(const struct writer *w, const struct regex_node *n)
{
    switch (n->kind) {
    case REGEX_SEQUENCE:
    case REGEX_CHOICE: put_children(w, n); break;
    case REGEX_UNIT: put_unit(w, n->unit); break;
    case REGEX_SET: put_set(w, n->set); break;
    case REGEX_START: put(w, "^"); break;
    case REGEX_END: put(w, "\\z"); break;
    case REGEX_LINE_START: put(w, w->wide ? "(?<![^\\n\\r\\x{2028}\\x{2029}])" : "(?<![^\\n\\r])"); break;
    case REGEX_LINE_END: put(w, w->wide ? "(?![^\\n\\r\\x{2028}\\x{2029}])" : "(?![^\\n\\r])"); break;
    case REGEX_EDGE: put(w, "\\b"); break;
    case REGEX_NO_EDGE: put(w, "\\B"); break;
    case REGEX_REFERENCE: jn_buf_append_fmt(w->out, "(?:\\g{%u})", (unsigned)n->number); break;
    case REGEX_LOOK: put_look(w, n); break;
    case REGEX_REPEAT: put_repeat(w, n); break;
    case REGEX_GROUP:
        put(w, "(");
        put_node(w, n->first);
        put(w, ")");
        break;
    }
}

void jsonata_regex_translate(const struct jsonata_regex_tree *tree, bool wide, struct jn_buf *out)
{
    put_node(&(struct writer){ out, wide, tree->ignore_case }, tree->root);
}

/* ---- literals ------------------------------------------------------------------------------------------------ */

bool jsonata_regex_literal(const struct jsonata_regex_tree *tree, struct jn_buf *out)
{
    const struct regex_node *n = tree->root;
    const size_t before = out->len;
    bool is_literal = !tree->ignore_case && n->least > 0;
    for (n = n->kind == REGEX_SEQUENCE ? n->first : n; n && is_literal; n = n->next) {
        is_literal = n->kind == REGEX_UNIT && n->unit < 0x80;
        jn_buf_append_char(out, (char)n->unit);
    }
    if (!is_literal)
        jn_buf_truncate(out, before);
    return is_literal;
}
