/* number_exact.c - integers of a fixed, sufficient size.
 *
 * digits x 10^e is compared with m x 2^k by making both integers: 10^e is 5^e x 2^e, a negative power of 5 goes to the
 * other side, and the side with the larger power of 2 is shifted by the difference.  The largest number that arises has
 * 769 digits (2,555 bits) or is 2^56 x 5^1169 (2,771 bits), shifted by at most 1,500 bits; LIMBS has room for 5,120. */
#include "core/number_exact.h"

#include <assert.h>
#include <float.h>

enum { LIMBS = 160 };

struct integer {
    uint32_t limb[LIMBS];       /* least significant first */
    int len;
};

/* x = x * factor + add */
static void multiply_add(struct integer *x, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (int i = 0; i < x->len; i++) {
        carry += x->limb[i] * (uint64_t)factor;
        x->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) {
        assert(x->len < LIMBS);
        x->limb[x->len++] = (uint32_t)carry;
    }
}

static void multiply_by_power_of_5(struct integer *x, int n)
{
    enum { STEP = 13 };         // 5^13 is the largest that fits 32 bits
    for (; n >= STEP; n -= STEP)
        multiply_add(x, 1220703125, 0);
    uint32_t rest = 1;
    while (n-- > 0)
        rest *= 5;
    multiply_add(x, rest, 0);
}

static void shift_left(struct integer *x, int bits)
{
    const int limbs = bits / 32;
    assert(x->len + limbs < LIMBS);
    if (x->len == 0)
        return;
    memmove(x->limb + limbs, x->limb, (size_t)x->len * sizeof *x->limb);
    memset(x->limb, 0, (size_t)limbs * sizeof *x->limb);
    x->len += limbs;
    multiply_add(x, UINT32_C(1) << (bits % 32), 0);
}

static int compare(const struct integer *x, const struct integer *y)
{
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    for (int i = x->len - 1; i >= 0; i--)
        if (x->limb[i] != y->limb[i])
            return x->limb[i] < y->limb[i] ? -1 : 1;
    return 0;
}

/* Nine digits at a time, since each step walks the whole number. */
static void from_digits(struct integer *x, struct jn_decimal d)
{
    uint32_t factor = 1, part = 0;
    x->len = 0;
    for (size_t i = 0; i < d.len; i++) {
        if (d.digits[i] == '.')
            continue;
        part = part * 10 + (uint32_t)(d.digits[i] - '0');
        factor *= 10;
        if (factor == 1000000000) {
            multiply_add(x, factor, part);
            factor = 1;
            part = 0;
        }
    }
    multiply_add(x, factor, part);
    if (d.more)                 // any further digit does, since nothing with so many digits is a midpoint
        multiply_add(x, 10, 1);
}

int jn_exact_compare(struct jn_decimal d, uint64_t m, int k)
{
    struct integer left, right = { .limb = { (uint32_t)m, (uint32_t)(m >> 32) }, .len = m >> 32 ? 2 : 1 };
    const int e = d.exponent - d.more;
    from_digits(&left, d);
    if (e >= 0)
        multiply_by_power_of_5(&left, e);
    else
        multiply_by_power_of_5(&right, -e);
    if (e > k)
        shift_left(&left, e - k);
    else
        shift_left(&right, k - e);
    return compare(&left, &right);
}

/* Compares d with the middle between the double of these bits and the next larger one. */
static int compare_with_middle(struct jn_decimal d, uint64_t bits)
{
    const int biased = (int)(bits >> 52);
    const uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    const uint64_t m = biased ? fraction | UINT64_C(1) << 52 : fraction;
    return jn_exact_compare(d, 2 * m + 1, (biased ? biased : 1) - 1075 - 1);
}

double jn_exact_nearest(struct jn_decimal d, double guess)
{
    uint64_t bits;
    if (!(guess <= DBL_MAX))
        guess = DBL_MAX;
    memcpy(&bits, &guess, sizeof bits);
    for (;;) {
        const int above = compare_with_middle(d, bits);
        if (above < 0 || (above == 0 && bits % 2 == 0))
            break;
        bits++;                 // from the largest double this gives infinity, which is right
        if (above == 0 || bits >> 52 == 0x7ff)
            goto out;
    }
    while (bits > 0) {
        const int below = compare_with_middle(d, bits - 1);
        if (below > 0 || (below == 0 && bits % 2 == 0))
            break;
        bits--;
    }
out:
    memcpy(&guess, &bits, sizeof guess);
    return guess;
}
