/* fn_boolean.c */ typedef int placeholder_t;
