/* operator.c */ typedef int placeholder_t;
