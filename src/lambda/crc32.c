/* crc32.c - CRC-32, eight bytes at a time ("slicing by 8": M. E. Kounavis and F. L. Berry, "A Systematic Approach to
 * Building High Performance, Software-based, CRC Generators", 2005).
 *
 * slices[k][i] is what the byte i does to the checksum when k bytes follow it.  A CRC is linear: what a byte does is
 * the exclusive or of what its bits do, so that eight words per slice are all that has to be written down; the compiler
 * makes the tables of them. */
#include "lambda/crc32.h"

#define BIT(i, bit, word) ((i) & (1U << (bit)) ? (word) : 0U)

/* The word for byte i, of the words for its bits, the lowest first. */
#define ENTRY(i, w0, w1, w2, w3, w4, w5, w6, w7)                                                                       \
    (BIT(i, 0, w0) ^ BIT(i, 1, w1) ^ BIT(i, 2, w2) ^ BIT(i, 3, w3) ^ BIT(i, 4, w4) ^ BIT(i, 5, w5) ^ BIT(i, 6, w6) ^   \
     BIT(i, 7, w7))

#define ENTRIES_4(i, ...)                                                                                              \
    ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__), ENTRY((i) + 2, __VA_ARGS__), ENTRY((i) + 3, __VA_ARGS__)
#define ENTRIES_16(i, ...)                                                                                             \
    ENTRIES_4(i, __VA_ARGS__), ENTRIES_4((i) + 4, __VA_ARGS__), ENTRIES_4((i) + 8, __VA_ARGS__),                       \
        ENTRIES_4((i) + 12, __VA_ARGS__)
#define ENTRIES_64(i, ...)                                                                                             \
    ENTRIES_16(i, __VA_ARGS__), ENTRIES_16((i) + 16, __VA_ARGS__), ENTRIES_16((i) + 32, __VA_ARGS__),                  \
        ENTRIES_16((i) + 48, __VA_ARGS__)
#define SLICE(...)                                                                                                     \
    {                                                                                                                  \
        ENTRIES_64(0U, __VA_ARGS__), ENTRIES_64(64U, __VA_ARGS__), ENTRIES_64(128U, __VA_ARGS__),                      \
            ENTRIES_64(192U, __VA_ARGS__)                                                                              \
    }

// NOLINTBEGIN(misc-redundant-expression): of a byte's number most bits are constants in each entry, 0 among them
static const uint32_t slices[8][256] = {
    SLICE(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    SLICE(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    SLICE(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    SLICE(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
    SLICE(0x3d6029b0, 0x7ac05360, 0xf580a6c0, 0x30704bc1, 0x60e09782, 0xc1c12f04, 0x58f35849, 0xb1e6b092),
    SLICE(0xcb5cd3a5, 0x4dc8a10b, 0x9b914216, 0xec53826d, 0x03d6029b, 0x07ac0536, 0x0f580a6c, 0x1eb014d8),
    SLICE(0xa6770bb4, 0x979f1129, 0xf44f2413, 0x33ef4e67, 0x67de9cce, 0xcfbd399c, 0x440b7579, 0x8816eaf2),
    SLICE(0xccaa009e, 0x4225077d, 0x844a0efa, 0xd3e51bb5, 0x7cbb312b, 0xf9766256, 0x299dc2ed, 0x533b85da),
};
// NOLINTEND(misc-redundant-expression)

static uint32_t step(uint32_t crc, unsigned char byte)
{
    return crc >> 8 ^ slices[0][(crc ^ byte) & 0xff];
}

static uint32_t step_8(uint32_t crc, const char *p)
{
    const uint32_t low = jn_low_first4(jn_load4(p)) ^ crc, high = jn_low_first4(jn_load4(p + 4));
    return slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^ slices[5][low >> 16 & 0xff] ^ slices[4][low >> 24] ^
           slices[3][high & 0xff] ^ slices[2][high >> 8 & 0xff] ^ slices[1][high >> 16 & 0xff] ^ slices[0][high >> 24];
}

uint32_t lambda_crc32(jn_str bytes)
{
    uint32_t crc = 0xffffffff;
    size_t i = 0;
    for (; bytes.len - i >= 8; i += 8)
        crc = step_8(crc, bytes.data + i);
    for (; i < bytes.len; i++)
        crc = step(crc, (unsigned char)bytes.data[i]);
    return ~crc;
}
