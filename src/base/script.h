/* What sets scripts apart. */
#ifndef JP_SCRIPT_H
#define JP_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the letter belongs to a script that writes no space between words: Chinese, Japanese, Thai, Lao, Khmer,
 * Burmese, Yi. */
bool jp_script_without_spaces(int32_t letter);

#endif
