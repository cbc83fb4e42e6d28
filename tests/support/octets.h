/* octets.h - AMQP's frames in a notation for people: octets in hexadecimal; text between quotes stands for itself, and
 * parentheses for a length of four octets before what they enclose. */
#ifndef OCTETS_H
#define OCTETS_H

#include "sailor/amqp_frame.h"

static inline int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* Appends what `text` describes: "01 'abc' ff (00)". */
static inline void octets(struct jn_buf *out, const char *text)
{
    size_t open[8] = { 0 }, depth = 0;
    while (*text) {
        if (*text == ' ') {
            text++;
        } else if (*text == '(') {
            jn_buf_append(out, (jn_str){ "\0\0\0\0", 4 });
            open[depth++] = out->len;
            text++;
        } else if (*text == ')') {
            const size_t begin = open[--depth];
            sailor_put_uint(out->data + begin - 4, 4, out->len - begin);
            text++;
        } else if (*text == '\'') {
            for (text++; *text != '\''; text++)
                jn_buf_append_char(out, *text);
            text++;
        } else {
            jn_buf_append_char(out, (char)(hex_digit(text[0]) * 16 + hex_digit(text[1])));
            text += 2;
        }
    }
}

static inline void frame(struct jn_buf *out, int type, int channel, jn_str payload)
{
    if (!jn_buf_reserve(out, payload.len + SAILOR_FRAME_OVERHEAD))
        fail();
    if (payload.len)
        memcpy(out->data + out->len + SAILOR_FRAME_HEAD, payload.data, payload.len);
    sailor_frame_finish(out, type, channel, payload.len);
}

static inline void frame_of(struct jn_buf *out, int type, int channel, const char *text)
{
    struct jn_buf payload;
    jn_buf_init(&payload, 0);
    octets(&payload, text);
    frame(out, type, channel, jn_buf_str(&payload));
    jn_buf_clear(&payload);
}

static inline void method(struct jn_buf *out, int channel, const char *text)
{
    frame_of(out, SAILOR_FRAME_METHOD, channel, text);
}

#endif
