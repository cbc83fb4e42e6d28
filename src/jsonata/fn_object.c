/* fn_object.c */ typedef int placeholder_t;
