/* settled.c - see settled.h.  A list, searched from its front: it is empty but for the time after a lost connection. */
#include "sailor/settled.h"

#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

/* Both halves of a product with a secret number: without knowing it nobody can tell what two texts make the same. */
static uint64_t mix(uint64_t h, uint64_t word, uint64_t secret)
{
    const wide product = (wide)(h ^ word) * (secret | 1);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t last_word(const char *p, size_t n)
{
    uint64_t word = 0;
    memcpy(&word, p, n);
    return word;
}

static struct sailor_print feed(struct sailor_print key, struct sailor_print h, jn_str s)
{
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        const uint64_t word = jn_load8(s.data + i);
        h.high = mix(h.high, word, key.high);
        h.low = mix(h.low, word, key.low);
    }
    const uint64_t rest = s.len > i ? last_word(s.data + i, s.len - i) : 0;
    return (struct sailor_print){ mix(mix(h.high, rest, key.high), s.len, key.high),
                                  mix(mix(h.low, rest, key.low), s.len, key.low) };
}

struct sailor_print sailor_print_of(struct sailor_print key, jn_str message_id, jn_str body)
{
    const struct sailor_print start = { key.low, key.high };
    return feed(key, feed(key, start, message_id), body);
}

static void drop_front(struct sailor_settled *s, size_t n)
{
    memmove(s->at, s->at + n, (s->count - n) * sizeof *s->at);
    s->count -= n;
}

static bool make_room(struct sailor_settled *s)
{
    if (s->count < s->cap)
        return true;
    const size_t cap = s->cap ? s->cap * 2 : 128;
    void *at = cap <= 2 * SAILOR_SETTLED_MAX ? realloc(s->at, cap * sizeof *s->at) : NULL;
    if (!at)
        return false;
    s->at = at;
    s->cap = cap;
    return true;
}

void sailor_settled_add(struct sailor_settled *s, const struct sailor_settled_entry *e)
{
    if (s->count == SAILOR_SETTLED_MAX || !make_room(s)) {
        if (s->count == 0)
            return;
        drop_front(s, 1);
    }
    s->at[s->count++] = *e;
}

static void forget_old(struct sailor_settled *s, int64_t now_ms)
{
    size_t n = 0;
    while (n < s->count && s->at[n].at_ms + SAILOR_SETTLED_MS < now_ms)
        n++;
    if (n)
        drop_front(s, n);
}

bool sailor_settled_take(struct sailor_settled *s, struct sailor_print print, bool is_redelivered, int64_t now_ms,
                         uint8_t *verdict)
{
    forget_old(s, now_ms);
    for (size_t i = 0; i < s->count; i++) {
        if (!sailor_print_eq(s->at[i].print, print) || !(is_redelivered || s->at[i].is_certain))
            continue;
        *verdict = s->at[i].verdict;
        memmove(&s->at[i], &s->at[i + 1], (s->count - i - 1) * sizeof *s->at);
        s->count--;
        return true;
    }
    return false;
}

void sailor_settled_clear(struct sailor_settled *s)
{
    free(s->at);
    *s = (struct sailor_settled){ 0 };
}
