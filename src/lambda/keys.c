/* keys.c */ typedef int placeholder_t;
