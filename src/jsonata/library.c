/* library.c */ typedef int placeholder_t;
