/* A locale whose decimal point is a comma, made by hand so that no system has to have one installed. */
#ifndef COMMA_LOCALE_H
#define COMMA_LOCALE_H

/* Make it the process's LC_NUMERIC; fails the test where that does not work. comma_locale_leave goes back to "C". */
void comma_locale_enter(void);
void comma_locale_leave(void);

#endif
