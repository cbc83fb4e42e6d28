/* clock.c */ typedef int placeholder_t;
