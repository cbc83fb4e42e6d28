/* local.c */ typedef int placeholder_t;
