/* datetime.c */ typedef int placeholder_t;
