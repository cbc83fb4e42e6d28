/* random.c - chance: getrandom(2), or a sequence that a seed determines.
 *
 * A message needs two UUIDs, and a system call costs more than all else about them: octets are taken from a stock that
 * the kernel fills, and each is wiped as it is taken, so that none is given twice and none that was given can be found.
 * A process that is forked would have the same stock; the only fork here (spawn.c) draws nothing before it executes
 * another program.
 *
 * The scripted sequence is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): one
 * addition per step and a mixer, so any seed is as good as another.  It is for tests only, never for secrets. */
#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

static uint64_t next_scripted(struct base_random *r)
{
    r->seed += 0x9e3779b97f4a7c15u;
    if (r->seed == 0)               // 0 means the kernel: step over it
        r->seed = 0x9e3779b97f4a7c15u;
    uint64_t x = r->seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void fill_scripted(struct base_random *r, unsigned char *out, size_t len)
{
    while (len > 0) {
        const uint64_t x = next_scripted(r);
        const size_t n = len < sizeof x ? len : sizeof x;
        memcpy(out, &x, n);
        out += n;
        len -= n;
    }
}

static void fill_from_kernel(unsigned char *out, size_t len)
{
    while (len > 0) {
        const ssize_t n = getrandom(out, len, 0);
        if (n < 0) {
            assert(errno == EINTR);
            continue;
        }
        out += n;
        len -= (size_t)n;
    }
}

static void take_from_stock(struct base_random *r, unsigned char *out, size_t len)
{
    if (r->left < len) {
        fill_from_kernel(r->stock, sizeof r->stock);
        r->left = sizeof r->stock;
    }
    unsigned char *from = r->stock + sizeof r->stock - r->left;
    memcpy(out, from, len);
    memset(from, 0, len);
    r->left -= len;
}

void base_random_bytes(struct base_random *r, void *out, size_t len)
{
    if (r->seed)
        fill_scripted(r, out, len);
    else if (len <= sizeof r->stock / 8)
        take_from_stock(r, out, len);
    else
        fill_from_kernel(out, len);
}

/* 8-4-4-4-12 hex digits; the version in the high half of byte 6, the variant in the two high bits of byte 8. */
void base_random_uuid(struct base_random *r, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char b[16];
    base_random_bytes(r, b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);

    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[b[i] >> 4];
        *out++ = digits[b[i] & 15];
    }
    *out = '\0';
}

double base_random_unit(struct base_random *r)
{
    uint64_t x;
    base_random_bytes(r, &x, sizeof x);
    return (double)(x >> 11) * 0x1p-53;     // 53 bits: every value is a double, and 1 is none of them
}
