/* unicode.c */ typedef int placeholder_t;
