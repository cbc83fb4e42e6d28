/* cred_env.c */ typedef int placeholder_t;
