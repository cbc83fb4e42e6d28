/* picture_number.c */ typedef int placeholder_t;
