/* region_table.c */ typedef int placeholder_t;
