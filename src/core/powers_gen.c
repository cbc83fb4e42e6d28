/* powers_gen.c - run while building: prints the table of powers of ten that number.c includes.
 *
 * Line e of the table holds the first 128 bits of 10^e, truncated.  10^e and 5^e differ by a power of two, so these are
 * the first bits of 5^e; and for a negative e, of floor(2^1023 / 5^-e), where dividing by 5 and truncating again and
 * again truncates no more than dividing once.  One fixed-size number of 1,024 bits is all the arithmetic this needs. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LIMBS = 32, LEAST = -342, MOST = 324 };

struct number {
    uint32_t limb[LIMBS];           /* least significant first */
};

static void multiply_by_5(struct number *x)
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += x->limb[i] * UINT64_C(5);
        x->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void divide_by_5(struct number *x)
{
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | x->limb[i];
        x->limb[i] = (uint32_t)(rest / 5);
        rest %= 5;
    }
}

static int bit(const struct number *x, int i)
{
    return i >= 0 && (x->limb[i / 32] >> (i % 32) & 1);
}

static void print_line(const struct number *x, int exponent)
{
    int top = LIMBS * 32 - 1;
    while (!bit(x, top))
        top--;
    uint64_t half[2] = { 0, 0 };
    for (int i = 0; i < 128; i++)
        half[i / 64] = half[i / 64] << 1 | (uint64_t)bit(x, top - i);
    printf("{ UINT64_C(0x%016llx), UINT64_C(0x%016llx) }, /* 1e%d */\n", (unsigned long long)half[0],
           (unsigned long long)half[1], exponent);
}

int main(void)
{
    static struct number negative[-LEAST + 1], x;
    negative[0].limb[LIMBS - 1] = UINT32_C(1) << 31;
    for (int n = 1; n <= -LEAST; n++) {
        negative[n] = negative[n - 1];
        divide_by_5(&negative[n]);
    }
    for (int e = LEAST; e < 0; e++)
        print_line(&negative[-e], e);
    x.limb[0] = 1;
    for (int e = 0; e <= MOST; e++, multiply_by_5(&x))
        print_line(&x, e);
    return fflush(stdout) != 0;
}
