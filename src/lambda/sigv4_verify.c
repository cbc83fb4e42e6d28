/* sigv4_verify.c */ typedef int placeholder_t;
