/* The table of options, for callers. */
#include <string.h>

#include "question/option.h"

/* Whether an earlier row has that name. */
static bool is_first(int index) {
    for (int i = 0; i < index; i++)
        if (!strcmp(jp_option_row(i)->info.name, jp_option_row(index)->info.name)) return false;
    return true;
}

const jopa_option_info *jopa_option_at(const char *command, int index) {
    unsigned bit = command ? jp_command_bit(command) : 0;
    if (index < 0 || (command && !bit)) return NULL;
    for (int i = 0; jp_option_row(i); i++) {
        bool counts = command ? (jp_option_row(i)->commands & bit) != 0 : is_first(i);
        if (counts && index-- == 0) return &jp_option_row(i)->info;
    }
    return NULL;
}
