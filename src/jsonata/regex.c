/* regex.c */ typedef int placeholder_t;
