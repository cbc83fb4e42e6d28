/* path.c */ typedef int placeholder_t;
