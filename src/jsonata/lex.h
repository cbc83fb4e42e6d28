/* lex.h - text to tokens (spec, section 3).  Positions count UTF-16 code units; a token's position is just after it. */
#ifndef JSONATA_LEX_H
#define JSONATA_LEX_H

#include "jsonata/error.h"
#include "jsonata/token.h"

struct lexer {
    struct jn_arena *arena;     /* decoded strings */
    jn_str text;
    size_t at;                  /* bytes */
    int64_t surplus;            /* bytes before `at` that are no UTF-16 code units of their own */
    bool is_ascii;              /* the whole text: then there are none */
    struct jsonata_fault fault; /* code != NULL: the first error; the lexer then only gives TOKEN_END */
};

struct token {
    jn_str text;                /* name, variable without $, operator, regex body; the source for numbers */
    jn_value value;             /* decoded string, number, true, false, null; else anything */
    int32_t position;
    enum token_kind kind;
    bool ignore_case, multiline;    /* regex flags */
};

void lexer_init(struct lexer *l, struct jn_arena *a, jn_str text);

/* Puts the next token at `t`.  `infix`: an operand has just ended, so '/' is division and no regex. */
void lexer_next(struct lexer *l, bool infix, struct token *t);

#endif
