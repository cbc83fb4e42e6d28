/* transform.c */ typedef int placeholder_t;
