/* sort_keys.c - stable sorting by columns of numbers or strings.
 *
 * Every value gives a number of 64 bits that has its order: a double's bits with the sign turned, a string's first
 * eight bytes behind what all strings have in common.  Short arrays are sorted by insertion and merging, long ones by
 * distribution, byte after byte from the lowest, of which those that are the same everywhere are left out: keys of
 * real data differ in few.  Strings whose numbers are equal are then compared in full.
 *
 * Bytes have the order of UTF-16 code units but for two cases.  U+E000 to U+FFFF (EE, EF) come after the surrogates
 * that make up the higher planes (F0 to F4): they are moved up.  A lone surrogate (ED A0 to ED BF) comes among those:
 * then all numbers are made equal, and full comparison decides. */
#include "jsonata/sort_keys.h"

#include "jsonata/unicode.h"

enum {
    PREFIX = 8,                 /* bytes of a string in a key */
    RUN = 12,                   /* sorted by insertion before merging */
    LONG = 200,                 /* from here on distribution is the faster way */
};

/* ---- numbers that order -------------------------------------------------------------------------------------- */

/* Negative numbers have their bits turned, the others the sign: as unsigned integers they are in order then. */
static uint64_t prefix_of_number(double d)
{
    uint64_t bits;
    d += 0.0;                   // -0 equals 0
    memcpy(&bits, &d, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* Up to eight bytes from `from` on, the first one highest. */
static uint64_t bytes_at(jn_str s, size_t from)
{
    uint64_t word = 0;
    if (from + PREFIX <= s.len) {
        const unsigned char *p = (const unsigned char *)s.data + from;
        return (uint64_t)p[0] << 56 | (uint64_t)p[1] << 48 | (uint64_t)p[2] << 40 | (uint64_t)p[3] << 32 |
               (uint64_t)p[4] << 24 | (uint64_t)p[5] << 16 | (uint64_t)p[6] << 8 | p[7];
    }
    for (size_t i = from; i < from + PREFIX; i++)
        word = word << 8 | (i < s.len ? (unsigned char)s.data[i] : 0U);
    return word;
}

static uint64_t move_up(uint64_t word)
{
    uint64_t moved = 0;
    for (int shift = 56; shift >= 0; shift -= 8) {
        const uint64_t c = word >> shift & 0xff;
        moved = moved << 8 | (c == 0xee || c == 0xef ? c + 7 : c);
    }
    return moved;
}

static bool has_surrogate(jn_str s, size_t from)
{
    for (size_t i = from; i < from + PREFIX && i < s.len; i++)
        if (jsonata_is_surrogate(s, i))
            return true;
    return false;
}

static jn_value value_of(const struct sort_column *c, const struct sort_key *k)
{
    return c->values[k->index * c->stride];
}

static jn_str text_of(const struct sort_column *c, const struct sort_key *k)
{
    return jn_text(value_of(c, k));
}

/* How many bytes all strings begin with. */
static size_t common_length(const struct sort_column *c, const struct sort_key *k, uint32_t n)
{
    const jn_str first = text_of(c, k);
    size_t common = first.len;
    for (uint32_t i = 1; i < n && common; i++) {
        const jn_str s = text_of(c, &k[i]);
        size_t same = 0;
        while (same < common && same < s.len && s.data[same] == first.data[same])
            same++;
        common = same;
    }
    return common;
}

static void set_text_prefixes(const struct sort_column *c, struct sort_key *k, uint32_t n)
{
    const uint64_t not_ascii = UINT64_C(0x8080808080808080);
    const size_t from = common_length(c, k, n);
    bool is_bytewise = true;
    for (uint32_t i = 0; i < n; i++) {
        const jn_str s = text_of(c, &k[i]);
        k[i].prefix = bytes_at(s, from);
        if (k[i].prefix & not_ascii) {
            k[i].prefix = move_up(k[i].prefix);
            is_bytewise = is_bytewise && !has_surrogate(s, from);
        }
    }
    for (uint32_t i = 0; !is_bytewise && i < n; i++)
        k[i].prefix = 0;
}

static void set_prefixes(const struct sort_column *c, struct sort_key *k, uint32_t n)
{
    if (c->is_text)
        set_text_prefixes(c, k, n);
    for (uint32_t i = 0; !c->is_text && i < n; i++)
        k[i].prefix = prefix_of_number(jn_num(value_of(c, &k[i])));
    for (uint32_t i = 0; c->is_descending && i < n; i++)
        k[i].prefix = ~k[i].prefix;
}

/* ---- insertion and merging ----------------------------------------------------------------------------------- */

/* `texts` is NULL while only prefixes count. */
static inline bool goes_before(const struct sort_column *texts, const struct sort_key *a, const struct sort_key *b)
{
    if (a->prefix != b->prefix || !texts)
        return a->prefix < b->prefix;
    const int order = jn_utf16_compare(text_of(texts, a), text_of(texts, b));
    return texts->is_descending ? order > 0 : order < 0;
}

static void insert_run(const struct sort_column *texts, struct sort_key *k, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        const struct sort_key moving = k[i];
        uint32_t at = i;
        for (; at > 0 && goes_before(texts, &moving, &k[at - 1]); at--)
            k[at] = k[at - 1];
        k[at] = moving;
    }
}

static void merge_runs(const struct sort_column *texts, const struct sort_key *from, uint32_t half, uint32_t n,
                       struct sort_key *to)
{
    uint32_t left = 0, right = half;
    if (half < n && goes_before(texts, &from[half], &from[half - 1]))       // else they are in order as they stand
        while (left < half && right < n)
            *to++ = goes_before(texts, &from[right], &from[left]) ? from[right++] : from[left++];
    memcpy(to, from + left, (half - left) * sizeof *to);
    memcpy(to + (half - left), from + right, (n - right) * sizeof *to);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Bottom up; the result is in `k`. */
static void merge_sort(const struct sort_column *texts, struct sort_key *k, struct sort_key *spare, uint32_t n)
{
    struct sort_key *from = k, *to = spare;
    for (uint32_t i = 0; i < n; i += smaller(RUN, n - i))
        insert_run(texts, k + i, smaller(RUN, n - i));
    for (uint32_t run = RUN; run < n; run = run <= n / 2 ? run * 2 : n) {
        for (uint32_t i = 0; i < n;) {
            const uint32_t half = smaller(run, n - i), pair = half + smaller(run, n - i - half);
            merge_runs(texts, from + i, half, pair, to + i);
            i += pair;
        }
        struct sort_key *const sorted = to;
        to = from;
        from = sorted;
    }
    if (from != k)
        memcpy(k, from, n * sizeof *k);
}

/* ---- distribution -------------------------------------------------------------------------------------------- */

static void distribute(const struct sort_key *from, uint32_t n, unsigned shift, struct sort_key *to)
{
    uint32_t place[256] = { 0 }, at = 0;
    for (uint32_t i = 0; i < n; i++)
        place[from[i].prefix >> shift & 0xff]++;
    for (unsigned b = 0; b < 256; b++) {
        const uint32_t count = place[b];
        place[b] = at;
        at += count;
    }
    for (uint32_t i = 0; i < n; i++)
        to[place[from[i].prefix >> shift & 0xff]++] = from[i];
}

static void distribution_sort(struct sort_key *k, struct sort_key *spare, uint32_t n, uint64_t varying)
{
    struct sort_key *from = k, *to = spare;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (!(varying >> shift & 0xff))
            continue;
        distribute(from, n, shift, to);
        struct sort_key *const sorted = to;
        to = from;
        from = sorted;
    }
    if (from != k)
        memcpy(k, from, n * sizeof *k);
}

static void sort_by_prefix(struct sort_key *k, struct sort_key *spare, uint32_t n)
{
    uint64_t varying = 0;
    bool in_order = true;
    for (uint32_t i = 1; i < n; i++) {
        varying |= k[i].prefix ^ k[0].prefix;
        in_order = in_order && k[i - 1].prefix <= k[i].prefix;
    }
    if (in_order)
        return;
    if (n < LONG)
        merge_sort(NULL, k, spare, n);
    else
        distribution_sort(k, spare, n, varying);
}

/* ---- columns ------------------------------------------------------------------------------------------------- */

static uint32_t same_prefix(const struct sort_key *k, uint32_t n)
{
    uint32_t same = 1;
    while (same < n && k[same].prefix == k[0].prefix)
        same++;
    return same;
}

void sort_keys(const struct sort_column *c, struct sort_key *k, struct sort_key *spare, uint32_t n)
{
    if (n < 2)
        return;
    set_prefixes(c, k, n);
    sort_by_prefix(k, spare, n);
    for (uint32_t i = 0, same; c->is_text && i < n; i += same) {
        same = same_prefix(k + i, n - i);
        if (same > 1)
            merge_sort(c, k + i, spare, same);
    }
}

uint32_t sort_keys_equal(const struct sort_column *c, const struct sort_key *k, uint32_t n)
{
    if (n < 2)
        return n;
    const uint32_t same = same_prefix(k, n);
    if (!c->is_text)
        return same;
    uint32_t equal = 1;
    while (equal < same && jn_str_eq(text_of(c, &k[equal]), text_of(c, &k[0])))
        equal++;
    return equal;
}
