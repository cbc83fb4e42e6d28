/* http.c */ typedef int placeholder_t;
