/* config.c */ typedef int placeholder_t;
