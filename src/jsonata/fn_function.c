/* fn_function.c */ typedef int placeholder_t;
