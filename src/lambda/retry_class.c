/* retry_class.c */ typedef int placeholder_t;
