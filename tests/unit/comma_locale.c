#include "comma_locale.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* glibc's compiled LC_NUMERIC: a magic number, how many members there are and where; then decimal point, thousands
 * separator, grouping, the first two as wide characters, and the name of the character set. */
static void write_numeric(const char *path) {
    static const uint32_t head[] = {0x20031115 ^ LC_NUMERIC, 6, 32, 34, 35, 36, 40, 44}, wide[] = {',', 0};
    FILE                 *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(head, sizeof head, 1, f), 1);
    assert_int_equal(fwrite(",\0\0", 4, 1, f), 1);
    assert_int_equal(fwrite(wide, sizeof wide, 1, f), 1);
    assert_int_equal(fwrite("UTF-8", 6, 1, f), 1);
    assert_int_equal(fclose(f), 0);
}

void comma_locale_enter(void) {
    char folder[] = "/tmp/comma-locale-XXXXXX", inner[64], path[96], half[8];
    assert_non_null(mkdtemp(folder));
    snprintf(inner, sizeof inner, "%s/comma", folder);
    snprintf(path, sizeof path, "%s/LC_NUMERIC", inner);
    assert_int_equal(mkdir(inner, 0700), 0);
    write_numeric(path);
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    const char *set = setlocale(LC_NUMERIC, "comma");
    unlink(path);
    rmdir(inner);
    rmdir(folder);
    snprintf(half, sizeof half, "%.1f", 0.5);
    if (!set || strcmp(half, "0,5") || strtod("0,5", NULL) != 0.5) fail_msg("no comma locale: 0.5 is %s", half);
}

void comma_locale_leave(void) { setlocale(LC_NUMERIC, "C"); }
