/* tail.c */ typedef int placeholder_t;
