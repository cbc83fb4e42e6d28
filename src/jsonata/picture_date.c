/* picture_date.c */ typedef int placeholder_t;
