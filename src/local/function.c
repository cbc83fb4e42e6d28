/* function.c */ typedef int placeholder_t;
