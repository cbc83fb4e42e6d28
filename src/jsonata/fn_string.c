/* fn_string.c */ typedef int placeholder_t;
