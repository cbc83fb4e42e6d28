/* json_read.c */ typedef int placeholder_t;
