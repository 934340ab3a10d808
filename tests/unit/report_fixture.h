/* A small result made by hand for the tests of the reports: two messages, an emoji cut into three tokens, markup in
 * the texts, numbers that are missing, a set of two units that work together. */
#ifndef REPORT_FIXTURE_H
#define REPORT_FIXTURE_H

#include "result/result.h"

/* One explanation; free with jopa_result_free. */
jopa_result *fixture_result(void);
/* The same by two methods, "jopa" and "random". */
jopa_result *fixture_comparison(void);
/* The first with every other member filled too: options, recalled sets, stability, operators, levels, audit,
 * compression. */
jopa_result *fixture_everything(void);
/* The same of the command "cite", whose reports show the answer with its sources. */
jopa_result *fixture_citing(void);
/* `format` of r as a malloc'd string; fails the test when it cannot be made. */
char *fixture_render(const jopa_result *r, const char *format, int width, bool color, bool scores);

/* The texts of the fixture. */
extern const char fixture_system[], fixture_user[], fixture_response[], fixture_masked[];

#endif
