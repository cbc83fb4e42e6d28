/* date_match.c - the search that the reference leaves to a regular expression made of the picture:
 *
 *      literal             its characters                      [1] [001]       [0-9]+, exactly so many before a number
 *      [Mn] [P]            [a-z]+                              [1o]            ... and th, st, nd or rd
 *      [A] [I]             [a-z]+  [mdclxvi]+                  [w]             (?:zero|one|...|and|[-, ])+
 *      [Z]                 [-+][0-9]+(separator[0-9]+)?        [f]             [0-9]+
 *
 * one after the other, anchored, in any case; digits are ASCII's whatever the picture's script.  As there, a part takes
 * as much as it can and gives back when what follows does not match.  That a part failed at a place is remembered, and
 * a run that gave back in vain does not do so again from further left: so the search takes parts x length steps. */
#include "jsonata/date_match.h"

#include <math.h>

#include "jsonata/regex_class.h"

/* Where the search is: in `part`, which began at `from`, with something still to try. */
struct frame {
    uint32_t part;
    bool is_inside;             /* behind a word of a number in words */
    size_t from, at;
    size_t next;                /* the end, or the word, to be tried next; SIZE_MAX: not begun */
    size_t least;               /* a run ends here at least */
};

/* A run of characters of a kind. */
struct run {
    size_t start, end;
};

/* What a part tried last: the run, its end, and how far down from there. */
struct tried {
    struct run run;
    size_t end, least;
};

struct search {
    struct jsonata_eval *e;
    const struct jsonata_date_picture *picture;
    jn_str text;
    uint8_t *failed;            /* two bits per part and offset: it was tried there in vain, outside and inside */
    struct tried *tried;
    struct frame *frames;
    size_t depth, cap;
};

/* ---- runs ---------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_roman(char c)
{
    return c && strchr("MDCLXVImdclxvi", c);
}

/* Where the run of such characters ends that begins at `at`; `known` is one that was seen before, so that a run that is
 * come upon from ever further left is not walked through again and again. */
static size_t skip_run(jn_str s, size_t at, bool (*is_in)(char), struct run *known)
{
    size_t end = at;
    while (end < s.len && is_in(s.data[end]) && end != known->start)
        end++;
    if (end == known->start)
        end = known->end;
    if (end > at)
        *known = (struct run){ at, end };
    return end;
}

static size_t skip_digits(jn_str s, size_t at)
{
    while (at < s.len && is_digit(s.data[at]))
        at++;
    return at;
}

/* Ends that a part may have: from `most` down to `least`, one byte apart. */
struct ends {
    size_t least, most;
};

static const struct ends no_ends = { 1, 0 };

static struct ends ends_of_run(size_t from, size_t end)
{
    return (struct ends){ from + 1, end };
}

static struct ends one_end(size_t end)
{
    return (struct ends){ end, end };
}

static uint32_t fold(jn_str s, size_t *at)
{
    const uint32_t c = jn_utf8_next(s, at);
    return c <= 0xFFFF ? jsonata_fold_unit((uint16_t)c) : c;
}

static struct ends literal_ends(jn_str text, size_t from, jn_str literal)
{
    size_t at = from;
    for (size_t i = 0; i < literal.len;)
        if (at >= text.len || fold(literal, &i) != fold(text, &at))
            return no_ends;
    return one_end(at);
}

static bool has_suffix(jn_str s, size_t at)
{
    static const char *const suffixes[] = { "th", "st", "nd", "rd" };
    for (size_t i = 0; s.len - at >= 2 && i < 4; i++)
        if ((s.data[at] | 0x20) == suffixes[i][0] && (s.data[at + 1] | 0x20) == suffixes[i][1])
            return true;
    return false;
}

static struct ends decimal_ends(jn_str text, size_t from, const struct jsonata_date_part *part, struct run *known)
{
    size_t end = skip_run(text, from, is_digit, known);
    if (part->digits && end - from < part->digits)
        return no_ends;
    if (part->digits)
        end = from + part->digits;
    if (part->integer->is_ordinal)
        return end > from && has_suffix(text, end) ? one_end(end + 2) : no_ends;
    return part->digits ? one_end(end) : ends_of_run(from, end);
}

/* ---- zones --------------------------------------------------------------------------------------------------- */

uint32_t date_zone_separator(const struct jsonata_date_part *part)
{
    return part->integer->regular ? part->integer->separators[0].character : 0;
}

/* The separator stands in the reference's expression as it is: a dot is any character, even a digit, a bar an alternative,
 * a question mark changes nothing, [ begins a class with the digits behind it, ^ $ \ match nothing, and these make it
 * unreadable. */
static bool is_special(uint32_t separator)
{
    return separator && separator < 0x80 && strchr("*+()", (int)separator);
}

static bool raise_separator(struct jsonata_eval *e, uint32_t separator)
{
    char *text = jsonata_string_begin(e, 1);
    if (!text)
        return false;
    *text = (char)separator;
    jsonata_raise(e, (struct jsonata_fault){ .code = "T0410", .index = 2, .value = jsonata_string_end(e, text, 1, 1) });
    return false;
}

static size_t skip_digits_and_bracket(jn_str s, size_t at)
{
    while (at < s.len && (is_digit(s.data[at]) || s.data[at] == '['))
        at++;
    return at;
}

static struct ends zone_ends(jn_str text, size_t from, const struct jsonata_date_part *part)
{
    const uint32_t separator = date_zone_separator(part);
    const jn_str gmt = part->component == 'z' ? JN_STR("GMT") : JN_STR("");
    const struct ends sign = literal_ends(text, from, gmt);
    size_t at = sign.most;
    if (sign.most < sign.least || at >= text.len || (text.data[at] != '+' && text.data[at] != '-'))
        return separator == '|' ? ends_of_run(from, skip_digits(text, from)) : no_ends;
    const size_t hours = at + 1, minutes = skip_digits(text, hours);
    if (!separator || separator == '|')
        return ends_of_run(hours, minutes);
    if (separator == '[')
        return minutes == hours ? no_ends : ends_of_run(hours + 1, skip_digits_and_bracket(text, minutes));
    if (separator == '?')
        return ends_of_run(hours + 1, minutes);
    if (minutes == hours || separator == '^' || separator == '$' || separator == '\\')
        return no_ends;
    size_t next = minutes;
    const uint32_t c = minutes < text.len ? jn_utf8_next(text, &next) : 0;
    const bool is_there = c == separator || (separator == '.' && c <= 0xFFFF && !jsonata_is_line_end((uint16_t)c));
    if (minutes < text.len && is_there && next < text.len && is_digit(text.data[next]))
        return ends_of_run(next, skip_digits(text, next));
    return separator == '.' ? ends_of_run(hours + 2, minutes) : no_ends;
}

/* ---- parts --------------------------------------------------------------------------------------------------- */

static bool is_in_words(const struct jsonata_date_part *part)
{
    return part->form == PART_INTEGER && part->component != 'f' && part->integer->numbering == NUMBERING_WORDS;
}

static struct ends integer_ends(jn_str text, size_t from, const struct jsonata_date_part *part, struct run *known)
{
    switch (part->integer->numbering) {
    case NUMBERING_LETTERS: return ends_of_run(from, skip_run(text, from, is_letter, known));
    case NUMBERING_ROMAN: return ends_of_run(from, skip_run(text, from, is_roman, known));
    default: return decimal_ends(text, from, part, known);
    }
}

static struct ends part_ends(jn_str text, size_t from, const struct jsonata_date_part *part, struct run *known)
{
    if (part->component == 'f')                 // a fraction: digits, whatever the picture
        return ends_of_run(from, skip_run(text, from, is_digit, known));
    switch (part->form) {
    case PART_LITERAL: return literal_ends(text, from, part->text);
    case PART_INTEGER: return integer_ends(text, from, part, known);
    case PART_ZONE: return zone_ends(text, from, part);
    default: return ends_of_run(from, skip_run(text, from, is_letter, known));
    }
}

/* ---- the search ---------------------------------------------------------------------------------------------- */

static size_t memory_of(const struct search *s, uint32_t part, size_t at, bool is_inside)
{
    return 2 * ((size_t)part * (s->text.len + 1) + at) + is_inside;
}

/* Goes on with `part` at `at`, unless it is known that this is in vain.  False when memory is out. */
static bool enter(struct search *s, uint32_t part, size_t from, size_t at, bool is_inside)
{
    const size_t bit = memory_of(s, part, at, is_inside);
    if (part < s->picture->count && s->failed[bit / 8] >> bit % 8 & 1)
        return true;
    if (s->depth == s->cap) {
        struct frame *grown = jn_arena_grow(s->e->arena, s->frames, s->cap * sizeof *grown,
                                            2 * s->cap * sizeof *grown);
        if (!grown) {
            jsonata_raise_memory(s->e);
            return false;
        }
        s->frames = grown;
        s->cap *= 2;
    }
    s->frames[s->depth++] = (struct frame){ .part = part, .is_inside = is_inside, .from = from, .at = at,
                                            .next = SIZE_MAX };
    return true;
}

static void leave(struct search *s)
{
    const struct frame *f = &s->frames[--s->depth];
    const size_t bit = memory_of(s, f->part, f->at, f->is_inside);
    if (f->part < s->picture->count)
        s->failed[bit / 8] |= (uint8_t)(1 << bit % 8);
}

/* The next shorter run.  A run with the same end was tried down to some place already when the part began further
 * right. */
static bool try_run(struct search *s, struct frame *f)
{
    struct tried *tried = &s->tried[f->part];
    if (f->next == SIZE_MAX) {
        const struct ends ends = part_ends(s->text, f->at, &s->picture->parts[f->part], &tried->run);
        if (tried->end != ends.most)
            *tried = (struct tried){ tried->run, ends.most, ends.most + 1 };
        f->least = ends.least;
        f->next = tried->least - 1;
    }
    if (f->next < f->least) {
        leave(s);
        return true;
    }
    const size_t end = f->next--;
    tried->least = end;
    return enter(s, f->part + 1, end, end, false);
}

/* One more word, in the order of the table; then, behind at least one, the part that follows. */
static bool try_words(struct search *s, struct frame *f)
{
    size_t len;
    const size_t from = f->from, at = f->at;
    const uint32_t part = f->part;
    f->next = f->next == SIZE_MAX ? 0 : f->next + 1;
    if (f->next < jsonata_word_count()) {
        len = jsonata_word_length(jn_str_sub(s->text, at, s->text.len), f->next);
        return !len || enter(s, part, from, at + len, true);
    }
    if (f->next == jsonata_word_count() && f->is_inside)
        return enter(s, part + 1, at, at, false);
    leave(s);
    return true;
}

static void read_spans(const struct search *s, struct date_span *spans)
{
    for (size_t i = 0; i + 1 < s->depth; i++)
        spans[s->frames[i].part] = (struct date_span){ s->frames[i].from, s->frames[i + 1].at };
}

static bool run(struct search *s)
{
    while (s->depth && jsonata_step(s->e)) {
        struct frame *f = &s->frames[s->depth - 1];
        if (f->part == s->picture->count && f->at == s->text.len)
            return true;
        if (f->part == s->picture->count)
            leave(s);
        else if (!(is_in_words(&s->picture->parts[f->part]) ? try_words(s, f) : try_run(s, f)))
            return false;
    }
    return false;
}

/* False after raising. */
static bool prepare(struct search *s)
{
    const uint32_t count = s->picture->count;
    s->cap = count + 2;
    s->frames = jn_arena_alloc(s->e->arena, s->cap * sizeof *s->frames);
    s->tried = jn_arena_alloc(s->e->arena, count * sizeof *s->tried);
    s->failed = jn_arena_zalloc(s->e->arena, (size_t)count * (s->text.len + 1) / 4 + 1);
    for (uint32_t i = 0; s->tried && i < count; i++)
        s->tried[i] = (struct tried){ { SIZE_MAX, SIZE_MAX }, SIZE_MAX, 0 };
    if (s->frames && s->tried && s->failed)
        return true;
    jsonata_raise_memory(s->e);
    return false;
}

bool date_match(struct jsonata_eval *e, const struct jsonata_date_picture *picture, jn_str text,
                struct date_span *spans)
{
    struct search s = { .e = e, .picture = picture, .text = text };
    for (uint32_t i = 0; i < picture->count; i++)
        if (picture->parts[i].form == PART_ZONE && is_special(date_zone_separator(&picture->parts[i])))
            return raise_separator(e, date_zone_separator(&picture->parts[i]));
    if (!prepare(&s) || !enter(&s, 0, 0, 0, false) || !run(&s))
        return false;
    read_spans(&s, spans);
    return true;
}
