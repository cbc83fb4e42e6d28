/* log.c */ typedef int placeholder_t;
