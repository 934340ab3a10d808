/* jopa_bench_tables: records -> statistics -> a format. To add a format: write it as one jp_bench_format, list it here.
 */
#include <string.h>

#include "bench/tables.h"

static const jp_bench_format *const FORMATS[] = {&jp_bench_text, &jp_bench_markdown, &jp_bench_csv, &jp_bench_json,
                                                 &jp_bench_html};

const char *jopa_bench_format(int index) {
    return index >= 0 && index < (int)(sizeof FORMATS / sizeof *FORMATS) ? FORMATS[index]->name : NULL;
}

char *jopa_bench_tables(const char *results, const char *format, size_t *size, jopa_error *e) {
    const jp_bench_format *f = NULL;
    jp_records             records = {0};
    jp_tables              tables = {0};
    jp_buffer              out = {0};
    for (int i = 0; jopa_bench_format(i); i++)
        if (!strcmp(FORMATS[i]->name, format)) f = FORMATS[i];
    int status =
        f ? jp_records_read(&records, results, e)
          : jp_fail(e, JOPA_ERROR_USAGE, "tables have no format '%s': text, markdown, csv, json or html", format);
    if (!status && !records.n) status = jp_fail(e, JOPA_ERROR_INPUT, "'%s' holds no results yet", results);
    if (!status) status = jp_tables_make(&tables, &records, e);
    if (!status) status = f->write(&tables, &out, e);
    jp_tables_free(&tables);
    jp_records_free(&records);
    char *text = status ? NULL : jp_buffer_take(&out, size);
    if (!status && !text) jp_fail_memory(e);
    jp_buffer_free(&out);
    return text;
}
