/* jopa_list: one door to all the tables. */
#include <string.h>

#include "engine/table.h"
#include "explain/watch.h"
#include "metric/metric.h"
#include "method/method.h"
#include "prompt/mask.h"
#include "prompt/units.h"
#include "report/report.h"

static const char *method(int i, const char **summary) {
    const jp_method *m = jp_method_at(i);
    return m ? (*summary = m->summary, m->name) : NULL;
}
static const char *metric(int i, const char **summary) {
    const jp_metric *m = jp_metric_at(i);
    return m ? (*summary = m->summary, m->name) : NULL;
}
static const char *format(int i, const char **summary) {
    const jp_format *f = jp_format_at(i);
    return f ? (*summary = f->summary, f->name) : NULL;
}

bool jopa_list(const char *what, int index, jopa_name *out) {
    static const struct {
        const char *what;
        const char *(*at)(int, const char **);
    } tables[] = {
        {"methods", method},         {"operators", jp_operator_name}, {"metrics", metric},       {"formats", format},
        {"engines", jp_engine_name}, {"units", jp_unit_kind_name},    {"stages", jp_stage_name},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (strcmp(tables[i].what, what)) continue;
        jopa_name found = {0};
        found.name = tables[i].at(index, &found.summary);
        if (found.name) *out = found;
        return found.name != NULL;
    }
    return false;
}

const char *jopa_version(void) { return JOPA_VERSION; }
