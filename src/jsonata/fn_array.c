/* fn_array.c */ typedef int placeholder_t;
