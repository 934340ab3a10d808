#ifndef CLI_LIST_H
#define CLI_LIST_H

/* What `jopa list` shows: names of tables, NULL past the end. */
const char *list_table(int index);

#endif
