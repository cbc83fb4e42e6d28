/* url.c */ typedef int placeholder_t;
