#include <string.h>

#include "report/formats.h"

static const jp_format *const formats[] = {
    &jp_format_text, &jp_format_json,     &jp_format_html,   &jp_format_svg,
    &jp_format_csv,  &jp_format_markdown, &jp_format_prompt,
};

const jp_format *jp_format_at(int index) {
    return index >= 0 && index < (int)(sizeof formats / sizeof *formats) ? formats[index] : NULL;
}

const jp_format *jp_format_find(const char *name) {
    for (int i = 0; jp_format_at(i); i++)
        if (!strcmp(formats[i]->name, name)) return formats[i];
    return NULL;
}
