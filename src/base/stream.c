/* stream.c */ typedef int placeholder_t;
