/* The formats that table.c lists; each is defined in the file of its name. */
#ifndef JP_FORMATS_H
#define JP_FORMATS_H

#include "report/report.h"

extern const jp_format jp_format_text, jp_format_json, jp_format_html, jp_format_svg, jp_format_csv, jp_format_markdown,
    jp_format_prompt;

#endif
