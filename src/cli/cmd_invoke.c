/* cmd_invoke.c */ typedef int placeholder_t;
