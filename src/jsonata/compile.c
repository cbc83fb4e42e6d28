/* compile.c */ typedef int placeholder_t;
