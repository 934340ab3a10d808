#include "engine/stop.h"

#include "base/clock.h"

static const double BETWEEN = 0.1; /* seconds */

jp_ear jp_ear_for(const jopa_stop *stop) {
    return (jp_ear){.stop = stop, .asked = stop ? jp_seconds() : 0, .fraction = -1};
}

bool jp_hears_stop(jp_ear *ear) {
    if (!ear || !ear->stop || !ear->stop->ask) return false;
    double now = jp_seconds();
    if (ear->stopped || now - ear->asked < BETWEEN) return ear->stopped;
    ear->asked = now;
    ear->stopped = ear->stop->ask(ear->stop->user, ear->fraction) != 0;
    return ear->stopped;
}

bool jp_hears_stop_callback(void *ear) { return jp_hears_stop(ear); }

int jp_fail_interrupted(jopa_error *e) { return jp_fail(e, JOPA_ERROR_INTERRUPTED, "interrupted"); }
