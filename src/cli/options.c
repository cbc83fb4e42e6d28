/* options.c */ typedef int placeholder_t;
