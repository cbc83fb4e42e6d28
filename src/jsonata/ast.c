/* ast.c */ typedef int placeholder_t;
