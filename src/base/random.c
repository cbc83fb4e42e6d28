/* random.c */ typedef int placeholder_t;
