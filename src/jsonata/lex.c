/* lex.c */ typedef int placeholder_t;
