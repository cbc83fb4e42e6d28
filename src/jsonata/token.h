/* token.h - the kinds of token and the binding power each has as an infix operator (spec, section 4). */
#ifndef JSONATA_TOKEN_H
#define JSONATA_TOKEN_H

#include <stdint.h>

/* kind, text, left binding power */
#define TOKENS(X)                                                                                          \
    X(TOKEN_END, "(end)", 0)                                                                               \
    X(TOKEN_EXCLAMATION, "!", 0) X(TOKEN_TILDE, "~", 0)     /* no operators by themselves */               \
    X(TOKEN_NAME, "(name)", 0) X(TOKEN_VARIABLE, "(variable)", 0) X(TOKEN_STRING, "(string)", 0)           \
    X(TOKEN_NUMBER, "(number)", 0) X(TOKEN_VALUE, "(value)", 0) X(TOKEN_REGEX, "(regex)", 0)               \
    X(TOKEN_LEFT_BRACKET, "[", 80) X(TOKEN_LEFT_PAREN, "(", 80) X(TOKEN_AT, "@", 80) X(TOKEN_HASH, "#", 80)\
    X(TOKEN_DOT, ".", 75) X(TOKEN_LEFT_BRACE, "{", 70)                                                     \
    X(TOKEN_STAR, "*", 60) X(TOKEN_SLASH, "/", 60) X(TOKEN_PERCENT, "%", 60)                               \
    X(TOKEN_PLUS, "+", 50) X(TOKEN_MINUS, "-", 50) X(TOKEN_AMPERSAND, "&", 50)                             \
    X(TOKEN_EQUAL, "=", 40) X(TOKEN_NOT_EQUAL, "!=", 40) X(TOKEN_LESS, "<", 40)                            \
    X(TOKEN_LESS_EQUAL, "<=", 40) X(TOKEN_GREATER, ">", 40) X(TOKEN_GREATER_EQUAL, ">=", 40)               \
    X(TOKEN_IN, "in", 40) X(TOKEN_CARET, "^", 40) X(TOKEN_CHAIN, "~>", 40)                                 \
    X(TOKEN_ELVIS, "?:", 40) X(TOKEN_COALESCE, "\?\?", 40)                                                 \
    X(TOKEN_AND, "and", 30) X(TOKEN_OR, "or", 25) X(TOKEN_QUESTION, "?", 20) X(TOKEN_BIND, ":=", 10)       \
    X(TOKEN_RIGHT_BRACKET, "]", 0) X(TOKEN_RIGHT_PAREN, ")", 0) X(TOKEN_RIGHT_BRACE, "}", 0)               \
    X(TOKEN_COMMA, ",", 0) X(TOKEN_SEMICOLON, ";", 0) X(TOKEN_COLON, ":", 0) X(TOKEN_BAR, "|", 0)          \
    X(TOKEN_RANGE, "..", 0) X(TOKEN_DESCENDANTS, "**", 0)                                                  \
    X(TOKEN_ERROR, "(error)", 10)       /* stands where recover mode has met an error; never in the text */

enum token_kind {
#define X(kind, text, power) kind,
    TOKENS(X)
#undef X
};

extern const uint8_t token_powers[];

const char *token_text(enum token_kind k);

static inline int token_power(enum token_kind k)
{
    return token_powers[k];
}

#endif
