/* xml.c */ typedef int placeholder_t;
