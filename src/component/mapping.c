/* mapping.c */ typedef int placeholder_t;
