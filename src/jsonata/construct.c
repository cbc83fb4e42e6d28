/* construct.c */ typedef int placeholder_t;
