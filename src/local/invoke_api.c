/* invoke_api.c */ typedef int placeholder_t;
