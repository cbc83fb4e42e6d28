/* picture_integer.c */ typedef int placeholder_t;
