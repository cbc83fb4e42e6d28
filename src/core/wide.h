/* wide.h - the 128-bit product of two 64-bit numbers.  Private to core. */
#ifndef JN_WIDE_H
#define JN_WIDE_H

#include <stdint.h>

struct jn_wide {
    uint64_t high, low;
};

#if defined(__SIZEOF_INT128__)
static inline struct jn_wide jn_multiply(uint64_t a, uint64_t b)
{
    const unsigned __int128 p = (unsigned __int128)a * b;
    return (struct jn_wide){ (uint64_t)(p >> 64), (uint64_t)p };
}
#else
static inline struct jn_wide jn_multiply(uint64_t a, uint64_t b)
{
    const uint64_t low = (uint32_t)a * (uint64_t)(uint32_t)b;
    const uint64_t left = (a >> 32) * (uint32_t)b + (low >> 32);
    const uint64_t right = (uint32_t)a * (b >> 32) + (uint32_t)left;
    return (struct jn_wide){ (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32), right << 32 | (uint32_t)low };
}
#endif

#endif
