/* client.c */ typedef int placeholder_t;
