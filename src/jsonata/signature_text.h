/* signature_text.h - the text of a signature, put together from the tokens that the lexer made of it. */
#ifndef JSONATA_SIGNATURE_TEXT_H
#define JSONATA_SIGNATURE_TEXT_H

#include "jsonata/lex.h"

struct signature_text {
    char *data;                 /* in the arena that was handed in */
    size_t len, cap;
};

/* Appends the text that the reference gives `t` there.  False when memory is out. */
bool signature_text_add(struct jn_arena *a, struct signature_text *to, const struct token *t);

#endif
