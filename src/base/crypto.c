/* crypto.c */ typedef int placeholder_t;
