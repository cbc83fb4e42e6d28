/* fn_encode.c */ typedef int placeholder_t;
