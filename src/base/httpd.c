/* httpd.c */ typedef int placeholder_t;
