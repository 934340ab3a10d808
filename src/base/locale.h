/* The "C" locale for one thread and a few lines: printf and strtod otherwise take the decimal point of the process's
 * locale, which belongs to the program that uses the library. */
#ifndef JP_LOCALE_H
#define JP_LOCALE_H

#include <locale.h>

typedef struct {
    locale_t made, before;
} jp_c_locale;

/* Until jp_c_locale_leave this thread formats and parses as in the "C" locale. */
jp_c_locale jp_c_locale_enter(void);
void        jp_c_locale_leave(jp_c_locale l);

#endif
