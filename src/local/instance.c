/* instance.c */ typedef int placeholder_t;
