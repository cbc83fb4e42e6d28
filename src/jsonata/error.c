/* error.c - every error code with its sentence, and how a sentence is filled.
 *
 * The codes and what they mean are the reference's (spec, section 14); the sentences are ours, and say what is wrong
 * and, where it is not plain, what to do.  Two codes carry the user's own text, and D3140 has the reference's wording,
 * which its conformance data compares.
 *
 * In a template, {{x}} is the JSON text of a member of the fault, cut when it is long, and {{{x}}} the bare text.
 * [[...]] is left out when a member in it is absent.  A code of our own shade of meaning has a suffix ("S0201/depth")
 * that the reader of the error never sees.
 *
 * Nothing here allocates: an error must also be told when memory is out. */
#include "jsonata/error.h"

#include <stdio.h>

#include "core/number.h"
#include "core/utf8.h"

static const struct {
    const char *code, *text;
} templates[] = {
    /* lexer */
    { "S0101", "the text in quotes is not closed: add the same quote at its end" },
    { "S0102", "the number {{{token}}} is too large for a double" },
    { "S0103", "{{{token}}} after a backslash is no escape: there are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX" },
    { "S0104", "\\u must be followed by four hexadecimal digits" },
    { "S0105", "the name in backquotes is not closed: add a ` at its end" },
    { "S0106", "the comment is not closed: add */ at its end" },
    { "S0301", "a regular expression must not be empty: // is neither a pattern nor a division" },
    { "S0302", "the regular expression is not closed or not valid[[: {{{value}}}]]; brackets in it must be balanced" },
    { "S0302/pattern", "the regular expression is not valid: {{{value}}}[[, at character {{index}} of it]]" },
    /* parser */
    { "S0201", "{{token}} does not belong here: the expression was complete before it" },
    { "S0201/depth", "the expression is nested more than {{value}} levels deep" },
    { "S0201/long", "the expression is longer than 2 GiB" },
    { "S0201/shared", "too many ?: and ?? inside the left side of one another: keep the value in a variable" },
    { "S0201/utf8", "the expression is not valid UTF-8 from here on" },
    { "S0201/parents", "the expression has too many % for its size" },
    { "S0202", "expected {{value}} here, but found {{token}}" },
    { "S0203", "expected {{value}}, but the expression ends here" },
    { "S0204", "{{token}} is not an operator: \"not equal\" is !=, \"not\" is the function $not, chaining is ~>" },
    { "S0205", "{{token}} is not expected here" },
    { "S0206", "{{token}} is not an expression" },
    { "S0207", "something is missing at the end of the expression" },
    { "S0208", "parameter {{value}} of a function must be a variable such as $x[[, not {{token}}]]" },
    { "S0209", "a filter [...] cannot follow a grouping {...} in the same step: put it before, or use parentheses" },
    { "S0210", "a step can have only one grouping {...}" },
    { "S0211", "{{token}} cannot stand where a value begins" },
    { "S0212", "only a variable can be assigned to: the left side of := must be a name such as $x[[, not {{token}}]]" },
    { "S0213", "{{value}} cannot be a step of a path: after a dot, put a name, in backquotes if need be" },
    { "S0214", "the right side of {{{token}}} must be a variable such as $x" },
    { "S0215", "@ cannot follow a filter [...] in the same step: bind first, then filter" },
    { "S0216", "@ cannot follow an order-by ^(...) in the same step" },
    { "S0217", "% has no parent here: it looks for a step before it in the path, and cannot look into a {{{token}}}" },
    { "S0217/top", "% has no parent here: it asks for more levels than there are steps before it in the path" },
    { "S0401", "in the signature, <...> can follow only `a` (array) and `f` (function)[[, not {{value}}]]" },
    { "S0402", "in the signature, a choice (...) cannot hold types with <...>[[: {{value}}]]" },
    { "S0500", "the expression has syntax errors and cannot be evaluated" },
    /* calls */
    { "T0410", "argument {{index}}[[ of ${{{token}}}]] does not match the function's signature[[: got {{value}}]]" },
    { "T0410/zone", "[[${{{token}}}: ]]the time zone must be an offset from UTC such as +0100, not {{value}}" },
    { "T0411", "[[${{{token}}}: ]]the context, as argument {{index}}, does not fit the signature[[: got {{value}}]]" },
    { "T0412", "argument {{index}}[[ of ${{{token}}}]] must be an array of {{{type}}}[[, got {{value}}]]" },
    { "T1005", "{{token}} is not a function: did you mean ${{{token}}}?" },
    { "T1006", "this is not a function and cannot be called[[: {{token}}]]" },
    { "T1007", "{{token}} is not a function and cannot be partially applied: did you mean ${{{token}}}?" },
    { "T1008", "this is not a function and cannot be partially applied[[: {{token}}]]" },
    { "T1010", "a matcher must return an object with match, start, end, groups and next" },
    /* numbers and operators */
    { "D1001", "the number is out of range[[: {{value}}]]" },
    { "D1001/date", "{{value}} is not an instant: dates reach 8,640,000,000,000,000 ms to either side of 1970" },
    { "D1002", "only a number can be negated[[, not {{value}}]]" },
    { "D1004", "the regular expression matches the empty text" },
    { "T2001", "the left side of {{token}} must be a number[[, not {{value}}]]" },
    { "T2002", "the right side of {{token}} must be a number[[, not {{value}}]]" },
    { "T2003", "the left side of .. must be an integer[[, not {{value}}]]" },
    { "T2004", "the right side of .. must be an integer[[, not {{value}}]]" },
    { "T2006", "the right side of ~> must be a function[[, not {{value}}]]" },
    { "T2007", "order-by cannot compare values of different types[[: {{value}} and {{value2}}]]" },
    { "T2008", "order-by can compare only numbers or only strings[[, not {{value}}]]" },
    { "T2009", "[[{{value}} and {{value2}} are of different types: ]]{{token}} compares two numbers or two strings" },
    { "T2010", "{{token}} compares only numbers and strings[[, not {{value}}]]" },
    { "D2014", "the range has more than 10 million members[[: {{value}}]]" },
    { "D2015", "the sequence grows beyond the limit[[ of {{value}} members]]" },
    { "D2015/size", "the sequence would grow beyond the limit of members[[: it would have {{value}}]]" },
    /* objects, transforms */
    { "T1003", "a key of an object must be a string[[, not {{value}}]]" },
    { "D1009", "two expressions give the same key[[: {{value}}]]" },
    { "D1013", "the key {{value}} is reserved" },
    { "T2011", "the update of a transform must be an object[[, not {{value}}]]" },
    { "T2012", "the delete part of a transform must be a string or an array of strings[[, not {{value}}]]" },
    { "T2013", "the transform needs $clone, which is bound to something that is no function" },
    /* guardrails */
    { "D1011", "the evaluation is nested deeper than the limit[[ of {{value}}]]: is there a recursion without end?" },
    { "D1011/stack", "the evaluation is nested too deep for its memory[[: {{value}} levels]]: is there a recursion "
                     "without end?" },
    { "D1012/steps", "the evaluation needs more than its limit of {{value}} steps" },
    { "D1012", "the evaluation took longer than the limit[[ of {{value}} ms]]" },
    { "D1012/regex", "the regular expression {{{token}}} needs more than its limit of {{{value}}} on this text" },
    { "U1001", "the evaluation went beyond its limit of depth or time" },
    /* built-in functions */
    { "D3001", "a number that is not finite has no text" },
    { "D3010", "$replace: the pattern must not be empty" },
    { "D3011", "$replace: the limit must not be negative[[: {{value}}]]" },
    { "D3012", "$replace: the replacement must be a string, or a function that returns one[[; got {{value}}]]" },
    { "D3020", "$split: the limit must not be negative[[: {{value}}]]" },
    { "D3030", "{{value}} cannot be made a number" },
    { "D3040", "$match: the limit must not be negative[[: {{value}}]]" },
    { "D3050", "$reduce: the function must take at least two arguments" },
    { "D3060", "$sqrt: {{value}} is negative and has no real root" },
    { "D3061", "$power: the result of {{value}}[[ to the {{value2}}]] is not a finite number" },
    { "D3070", "$sort: without a function, all members must be numbers or all strings" },
    { "D3080", "$formatNumber: the picture has more than two parts separated by the pattern separator" },
    { "D3081", "$formatNumber: the picture has more than one decimal separator" },
    { "D3082", "$formatNumber: the picture has more than one percent sign" },
    { "D3083", "$formatNumber: the picture has more than one per-mille sign" },
    { "D3084", "$formatNumber: the picture has both a percent and a per-mille sign" },
    { "D3085", "$formatNumber: the picture has no digit: write 0 or # where one may stand" },
    { "D3086", "$formatNumber: the picture has another character between its digits" },
    { "D3087", "$formatNumber: a grouping separator stands next to the decimal separator" },
    { "D3088", "$formatNumber: a grouping separator stands at the end of the integer part" },
    { "D3089", "$formatNumber: two grouping separators stand side by side" },
    { "D3090", "$formatNumber: in the integer part, # must not follow a digit" },
    { "D3091", "$formatNumber: in the fraction, a digit must not follow #" },
    { "D3092", "$formatNumber: a picture with an exponent cannot have a percent or per-mille sign" },
    { "D3093", "$formatNumber: the exponent must consist of digits" },
    { "D3100", "$formatBase: the radix must be between 2 and 36[[, not {{value}}]]" },
    { "D3110", "$toMillis: {{value}} is not an ISO 8601 date; give a picture for other forms" },
    { "D3120", "$eval: the expression has a syntax error[[: {{{value}}}]]" },
    { "D3121", "$eval: the expression failed[[: {{{value}}}]]" },
    { "D3130", "{{value}} is not a numbering that can be written or read" },
    { "D3131", "the picture mixes digits of different scripts" },
    { "D3132", "the picture has an unknown component[[: {{value}}]]" },
    { "D3133", "only months, weekdays and am/pm have names[[; {{value}} has none]]" },
    { "D3134", "the picture of a time zone can have at most four digits" },
    { "D3135", "a [ in the picture has no ]" },
    { "D3136", "the picture does not say enough of the date, or leaves a gap between its components" },
    { "D3137", "{{{value}}}" },
    { "D3138", "$single: more than one member matches" },
    { "D3139", "$single: no member matches" },
    { "D3140", "Malformed URL passed to ${{{function}}}(): {{value}}" },
    { "D3141", "{{{value}}}" },
};

const char *jsonata_error_template(const char *code)
{
    for (size_t i = 0; code && i < sizeof templates / sizeof *templates; i++)
        if (strcmp(templates[i].code, code) == 0)
            return templates[i].text;
    return NULL;
}

/* ---- a sentence in a fixed place ------------------------------------------------------------------------------ */

enum {
    MAX_SHOWN = 80,             /* bytes of a value's text in a sentence */
    MAX_SHOWN_DEPTH = 4,        /* containers in containers */
};

/* Text of limited length: what does not fit is dropped, at a boundary between characters. */
struct sentence {
    char *out;
    size_t len, cap;            /* cap: without the NUL */
    bool is_cut;
};

static void add(struct sentence *s, jn_str text)
{
    const size_t room = s->is_cut ? 0 : s->cap - s->len;
    size_t n = text.len;
    if (n > room) {
        s->is_cut = true;
        for (n = room; n > 0 && ((unsigned char)text.data[n] & 0xC0) == 0x80; n--)
            ;
    }
    memcpy(s->out + s->len, text.data, n);
    s->len += n;
    s->out[s->len] = '\0';
}

static void add_z(struct sentence *s, const char *z)
{
    add(s, jn_str_of(z));
}

static void add_number(struct sentence *s, double d)
{
    char digits[JN_NUMBER_MAX];
    add(s, (jn_str){ digits, jn_number_format(digits, d) });
}

static bool is_surrogate(uint32_t c)
{
    return c >= 0xD800 && c <= 0xDFFF;
}

/* One character as JSON writes it inside quotes. */
static void add_escaped(struct sentence *s, jn_str c, uint32_t code)
{
    static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *name = code < 0x80 && code ? strchr(names, (int)code) : NULL;
    char escape[8];
    if (name)
        add(s, (jn_str){ (char[]){ '\\', letters[name - names] }, 2 });
    else if (code < 0x20 || is_surrogate(code))
        add(s, (jn_str){ escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)code) });
    else
        add(s, c);
}

static void add_quoted(struct sentence *s, jn_str text)
{
    add_z(s, "\"");
    for (size_t i = 0, from = 0; i < text.len && !s->is_cut; from = i) {
        const uint32_t code = jn_utf8_next(text, &i);
        add_escaped(s, jn_str_sub(text, from, i), code);
    }
    add_z(s, "\"");
}

/* Text as it is; what would break a sentence (NUL, lone surrogates) becomes U+FFFD. */
static void add_bare(struct sentence *s, jn_str text)
{
    for (size_t i = 0, from = 0; i < text.len && !s->is_cut; from = i) {
        const uint32_t c = jn_utf8_next(text, &i);
        add(s, c == 0 || is_surrogate(c) ? JN_STR("\xEF\xBF\xBD") : jn_str_sub(text, from, i));
    }
}

static void add_json(struct sentence *s, jn_value v, int depth);

static void add_members(struct sentence *s, jn_value v, int depth)
{
    const bool is_object = v.type == JN_OBJECT;
    add_z(s, is_object ? "{" : "[");
    for (size_t i = 0; i < jn_length(v) && !s->is_cut; i++) {
        add_z(s, i ? "," : "");
        if (depth >= MAX_SHOWN_DEPTH) {
            add_z(s, "...");
            break;
        }
        if (is_object) {
            add_quoted(s, jn_key_at(v, i));
            add_z(s, ":");
        }
        add_json(s, jn_at(v, i), depth + 1);
    }
    add_z(s, is_object ? "}" : "]");
}

static void add_json(struct sentence *s, jn_value v, int depth)
{
    switch (v.type) {
    case JN_UNDEFINED:
        add_z(s, "nothing");
        break;
    case JN_NULL:
        add_z(s, "null");
        break;
    case JN_BOOLEAN:
        add_z(s, jn_bool(v) ? "true" : "false");
        break;
    case JN_NUMBER:
        add_number(s, jn_num(v));
        break;
    case JN_STRING:
        add_quoted(s, jn_text(v));
        break;
    case JN_FUNCTION:
        add_z(s, "a function");
        break;
    default:
        add_members(s, v, depth);
    }
}

/* The value's JSON text, or its beginning and three dots. */
static void add_shown(struct sentence *s, jn_value v)
{
    char text[MAX_SHOWN + 1] = "";
    struct sentence shown = { .out = text, .cap = MAX_SHOWN };
    add_json(&shown, v, 0);
    add(s, (jn_str){ text, shown.len });
    add_z(s, shown.is_cut ? "..." : "");
}

/* ---- filling --------------------------------------------------------------------------------------------------- */

/* The function that a signature's error is about: what is called by no name has the token "(". */
static bool is_nameless(const struct jsonata_fault *f)
{
    return f->code && f->code[0] == 'T' && f->code[1] == '0' && jn_str_eq(f->token, JN_STR("("));
}

/* The member of the fault that a template names; undefined when it is absent. */
static jn_value member(const struct jsonata_fault *f, jn_str name)
{
    if (jn_str_eq(name, JN_STR("token")))
        return f->token.data && !is_nameless(f) ? jn_string(f->token, 0) : jn_undefined();
    if (jn_str_eq(name, JN_STR("value")))
        return f->value;
    if (jn_str_eq(name, JN_STR("value2")))
        return f->value2;
    if (jn_str_eq(name, JN_STR("index")))
        return f->index ? jn_number((double)f->index) : jn_undefined();
    const char *text = jn_str_eq(name, JN_STR("type")) ? f->type : f->function;
    return text ? jn_string(jn_str_of(text), JN_STR_ASCII) : jn_undefined();
}

/* Expands one {{name}} or {{{name}}} at the start of `t`; returns what follows it. */
static jn_str fill_member(struct sentence *s, jn_str t, const struct jsonata_fault *f, bool *absent)
{
    const bool is_bare = jn_str_starts(t, JN_STR("{{{"));
    const size_t open = is_bare ? 3 : 2, close = jn_str_find(t, is_bare ? JN_STR("}}}") : JN_STR("}}"), open);
    const jn_value v = member(f, jn_str_sub(t, open, close));
    *absent |= jn_is_undefined(v);
    if (is_bare && v.type == JN_STRING)
        add_bare(s, jn_text(v));
    else
        add_shown(s, v);
    return jn_str_sub(t, close + open, t.len);
}

static void fill_text(struct sentence *s, jn_str t, const struct jsonata_fault *f, bool *absent)
{
    while (t.len) {
        const size_t open = jn_str_find(t, JN_STR("{{"), 0);
        add(s, jn_str_sub(t, 0, open));
        t = jn_str_sub(t, open, t.len);
        if (t.len)
            t = fill_member(s, t, f, absent);
    }
}

/* text ('[[' text ']]' text)* */
static void fill(struct sentence *s, jn_str t, const struct jsonata_fault *f)
{
    bool absent = false;
    while (t.len) {
        const size_t open = jn_str_find(t, JN_STR("[["), 0);
        fill_text(s, jn_str_sub(t, 0, open), f, &absent);
        if (open == SIZE_MAX)
            return;
        const size_t close = jn_str_find(t, JN_STR("]]"), open);
        const struct sentence before = *s;
        absent = false;
        fill_text(s, jn_str_sub(t, open + 2, close), f, &absent);
        if (absent) {
            *s = before;
            s->out[s->len] = '\0';
        }
        t = jn_str_sub(t, close + 2, t.len);
    }
}

/* Syntax errors always have a place, which may be 0; for the others 0 means none. */
static int64_t position_of(const struct jsonata_fault *f)
{
    const bool is_syntax = f->code && f->code[0] == 'S';
    return is_syntax || f->position ? f->position : -1;
}

void jsonata_error_fill(struct jsonata_error *err, const struct jsonata_fault *fault)
{
    *err = (struct jsonata_error){ .position = position_of(fault), .index = fault->index, .value = fault->value,
                                   .value2 = fault->value2 };
    struct sentence code = { .out = err->code, .cap = sizeof err->code - 1 };
    const jn_str whole = jn_str_of(fault->code);
    add(&code, jn_str_sub(whole, 0, jn_str_find(whole, JN_STR("/"), 0)));
    struct sentence function = { .out = err->function, .cap = sizeof err->function - 1 };
    add_z(&function, fault->function);
    struct sentence type = { .out = err->type, .cap = sizeof err->type - 1 };
    add_z(&type, fault->type);
    if (fault->token.data) {
        struct sentence token = { .out = err->text, .cap = sizeof err->text - 1 };
        add(&token, fault->token);
        err->token = jn_string((jn_str){ err->text, token.len }, 0);
        if (!jn_is_undefined(fault->literal))
            err->token = fault->literal;
    }
    const char *template = jsonata_error_template(fault->code);
    struct sentence message = { .out = err->message, .cap = sizeof err->message - 1 };
    if (fault->message)
        add_bare(&message, jn_str_of(fault->message));
    else
        fill(&message, template ? jn_str_of(template) : JN_STR("the evaluation failed[[: {{value}}]]"), fault);
}

size_t jsonata_byte_offset(jn_str text, int64_t position)
{
    size_t at = 0;
    for (int64_t units = 0; at < text.len && units < position; at++) {
        const unsigned char byte = (unsigned char)text.data[at];
        units += byte >= 0xF0 ? 2 : (byte & 0xC0) != 0x80;
        while (at + 1 < text.len && ((unsigned char)text.data[at + 1] & 0xC0) == 0x80)
            at++;               // the rest of the character
    }
    return at;
}
