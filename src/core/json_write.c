/* json_write.c */ typedef int placeholder_t;
