/* loop.c */ typedef int placeholder_t;
