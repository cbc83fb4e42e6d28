/* fn_regex.c */ typedef int placeholder_t;
