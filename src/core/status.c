/* status.c */ typedef int placeholder_t;
