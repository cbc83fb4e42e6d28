/* rewrite.c */ typedef int placeholder_t;
