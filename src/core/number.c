/* number.c */ typedef int placeholder_t;
