/* cred_profile.c */ typedef int placeholder_t;
