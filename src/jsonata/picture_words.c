/* picture_words.c - numbers in English words, British style: "one thousand, two hundred and thirty-fourth".
 * The largest unit is the trillion; what is beyond is counted in trillions, "ten billion trillion". */
#include "jsonata/picture.h"

#include <math.h>

static const char *const few[20] = {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
};
static const char *const few_ordinal[20] = {
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth",
};
static const char *const tens[8] = { "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety" };
static const char *const tens_ordinal[8] = {
    "twentieth", "thirtieth", "fortieth", "fiftieth", "sixtieth", "seventieth", "eightieth", "ninetieth",
};
static const char *const units[5] = { "hundred", "thousand", "million", "billion", "trillion" };
static const char *const units_ordinal[5] = { "hundredth", "thousandth", "millionth", "billionth", "trillionth" };
static const double unit_values[5] = { 1e2, 1e3, 1e6, 1e9, 1e12 };

/* ---- writing ------------------------------------------------------------------------------------------------- */

struct writer {
    struct jsonata_output *out;
    enum jsonata_letter_case letter_case;
};

static void put(struct writer *w, const char *word)
{
    for (size_t i = 0; word[i]; i++) {
        const bool upper = w->letter_case == CASE_UPPER || (w->letter_case == CASE_TITLE && i == 0);
        const bool is_letter = word[i] >= 'a' && word[i] <= 'z';
        jsonata_output_char(w->out, (uint32_t)(upper && is_letter ? word[i] - 'a' + 'A' : word[i]));
    }
}

static void put_below_hundred(struct writer *w, int n, bool is_ordinal)
{
    if (n < 20) {
        put(w, is_ordinal ? few_ordinal[n] : few[n]);
    } else if (n % 10 == 0) {
        put(w, is_ordinal ? tens_ordinal[n / 10 - 2] : tens[n / 10 - 2]);
    } else {
        put(w, tens[n / 10 - 2]);
        put(w, "-");
        put(w, is_ordinal ? few_ordinal[n % 10] : few[n % 10]);
    }
}

/* number := number unit (', ' number | ' and ' number below a hundred)?
 * Recursion is bounded by the digits of a double: each level takes twelve of them off. */
static void put_number(struct writer *w, double n, bool is_ordinal)
{
    if (n < 100) {
        put_below_hundred(w, (int)n, is_ordinal);
        return;
    }
    size_t unit = 4;
    while (n < unit_values[unit])
        unit--;
    const double count = floor(n / unit_values[unit]), rest = n - count * unit_values[unit];
    put_number(w, count, false);
    put(w, " ");
    put(w, is_ordinal && !(rest > 0) ? units_ordinal[unit] : units[unit]);
    if (!(rest > 0))
        return;
    put(w, rest < 100 ? " and " : ", ");
    put_number(w, rest, is_ordinal);
}

void jsonata_put_words(struct jsonata_output *out, double value, enum jsonata_letter_case letter_case, bool is_ordinal)
{
    put_number(&(struct writer){ out, letter_case }, value, is_ordinal);
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Length of `word` when `s` starts with it, in any case, else 0. */
static size_t starts_with(jn_str s, const char *word)
{
    size_t i = 0;
    while (i < s.len && word[i] && lower(s.data[i]) == word[i])
        i++;
    return word[i] ? 0 : i;
}

static bool is_word(jn_str s, const char *word)
{
    return s.len && starts_with(s, word) == s.len;
}

static double word_value(jn_str s)
{
    for (int i = 0; i < 20; i++)
        if (is_word(s, few[i]) || is_word(s, few_ordinal[i]))
            return i;
    for (int i = 0; i < 8; i++)
        if (is_word(s, tens[i]) || is_word(s, tens_ordinal[i]))
            return (i + 2) * 10;
    for (int i = 0; i < 5; i++)
        if (is_word(s, units[i]) || is_word(s, units_ordinal[i]))
            return unit_values[i];
    return is_word(s, "hundreieth") ? 100 : NAN;
}

/* Bytes of the blank, of ECMAScript's, that `s` starts with; 0 when it is none. */
static size_t blank(jn_str s)
{
    size_t at = 0;
    if (!s.len)
        return 0;
    const uint32_t c = jn_utf8_next(s, &at);
    return jsonata_is_blank(c) ? at : 0;
}

/* Length of what stands between two words at the start of `s`: ", " or " and " or one blank, hyphen or backslash. */
static size_t gap(jn_str s)
{
    const size_t first = blank(s);
    const jn_str rest = jn_str_sub(s, first ? first : 1, s.len);
    if (s.len && s.data[0] == ',')
        return blank(rest) ? 1 + blank(rest) : 0;
    if (first && starts_with(rest, "and") && blank(jn_str_sub(rest, 3, rest.len)))
        return first + 3 + blank(jn_str_sub(rest, 3, rest.len));
    return first ? first : s.len && (s.data[0] == '-' || s.data[0] == '\\');
}

double jsonata_parse_words(jn_str text)
{
    double total = 0, part = 0;             // part: what the next unit multiplies
    for (size_t from = 0;;) {
        size_t to = from;
        while (to < text.len && !gap(jn_str_sub(text, to, text.len)))
            to++;
        const double value = word_value(jn_str_sub(text, from, to));
        if (!(value < 100)) {
            part *= value;
        } else if (part >= 1000) {
            total += part;
            part = value;
        } else {
            part += value;
        }
        if (to >= text.len)
            return total + part;
        from = to + gap(jn_str_sub(text, to, text.len));
    }
}

/* ---- words in dates ------------------------------------------------------------------------------------------ */

/* The order in which the reference's expression tries them; "six" comes before "sixty" and "sixth". */
enum { FEW = 20, DECADES = 9, MAGNITUDES = 4 };
enum { DECADE_WORDS = FEW + FEW, HUNDREDTH = DECADE_WORDS + 2 * DECADES, MAGNITUDE_WORDS,
       AND = MAGNITUDE_WORDS + 2 * MAGNITUDES, PUNCTUATION, WORDS };

size_t jsonata_word_count(void)
{
    return WORDS;
}

/* "hundred" is among the decades there, so that it has the ordinal "hundreieth" as well. */
static const char *word_at(size_t i)
{
    if (i < FEW)
        return few[i];
    if (i < DECADE_WORDS)
        return few_ordinal[i - FEW];
    if (i < HUNDREDTH) {
        const size_t decade = (i - DECADE_WORDS) / 2, is_ordinal = (i - DECADE_WORDS) % 2;
        if (decade == DECADES - 1)
            return is_ordinal ? "hundreieth" : "hundred";
        return is_ordinal ? tens_ordinal[decade] : tens[decade];
    }
    if (i == HUNDREDTH)
        return "hundredth";
    if (i == AND)
        return "and";
    return (i - MAGNITUDE_WORDS) % 2 ? units_ordinal[(i - MAGNITUDE_WORDS) / 2 + 1]
                                     : units[(i - MAGNITUDE_WORDS) / 2 + 1];
}

size_t jsonata_word_length(jn_str s, size_t i)
{
    if (i == PUNCTUATION)
        return s.len && (s.data[0] == '-' || s.data[0] == ',' || s.data[0] == ' ');
    return starts_with(s, word_at(i));
}
