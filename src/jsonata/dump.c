/* dump.c */ typedef int placeholder_t;
