/* action_publish.c */ typedef int placeholder_t;
