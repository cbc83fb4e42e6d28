/* map.c */ typedef int placeholder_t;
