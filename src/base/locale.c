#include "base/locale.h"

/* glibc and musl hand out a static object for "C": nothing is allocated, nothing fails. */
jp_c_locale jp_c_locale_enter(void) {
    jp_c_locale l = {.made = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (l.made) l.before = uselocale(l.made);
    return l;
}

void jp_c_locale_leave(jp_c_locale l) {
    if (!l.made) return;
    uselocale(l.before);
    freelocale(l.made);
}
