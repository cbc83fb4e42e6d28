/* signature.c */ typedef int placeholder_t;
