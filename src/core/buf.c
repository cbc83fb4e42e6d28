/* buf.c */ typedef int placeholder_t;
