#include "engine/remote/pool.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { FIRST_WINDOW = 4, MOST_WINDOW = 256, GIVES_UP = 4 };

jp_pool *jp_pool_new(char **bases, int n) {
    jp_pool *p = calloc(1, sizeof *p);
    if (!p || !(p->at = calloc((size_t)n, sizeof *p->at)) || pthread_mutex_init(&p->lock, NULL)) {
        free(p ? p->at : NULL);
        free(p);
        return NULL;
    }
    p->users = 1;
    p->bases = bases;
    p->n = n;
    jp_random_seed(&p->random, (uint64_t)(jp_seconds() * 1e6));
    for (int i = 0; i < n; i++) {
        p->at[i].server.base = bases[i];
        p->at[i].window = FIRST_WINDOW;
    }
    return p;
}

void jp_pool_free(jp_pool *p) {
    if (!p) return;
    for (int i = 0; i < p->n; i++) {
        free(p->at[i].server.chat_template);
        free(p->bases[i]);
    }
    for (int i = 0; i < p->n_pieces; i++) free(p->pieces[i].bytes);
    if (p->vocabulary) p->vocabulary->ops->destroy(p->vocabulary);
    free(p->vocabulary_file);
    if (p->key) memset(p->key, 0, strlen(p->key));
    free(p->key);
    free(p->pieces);
    free((void *)(uintptr_t)p->probe.row.prompt);
    free((void *)(uintptr_t)p->probe.row.response);
    free(p->probe.scores);
    free(p->bases);
    free(p->at);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

bool jp_probe_agrees(const jp_probe_row *p, const float *scores) {
    static const double VARIES = 0.25; /* nats a token */
    double              here = 0, there = 0;
    int                 n = p->row.last - p->row.first;
    for (int t = 0; t < n; t++) {
        here += (double)scores[t];
        there += (double)p->scores[t];
    }
    return fabs(here - there) <= VARIES * n;
}

/* ---- who gets the next request -------------------------------------------------------------------------------------
 */

static int room_of(const jp_replica *r) {
    int window = r->server.slots > 0 && r->server.slots < r->window ? r->server.slots : r->window;
    return window - r->in_flight;
}

static bool is_lost(const jp_replica *r) {
    return r->state == JP_SERVER_WRONG || (r->state == JP_SERVER_DOWN && r->failures >= GIVES_UP);
}

static int choose_server(jp_pool *p, int other, double now) {
    int best = JP_NO_SERVER, lost = 0;
    for (int i = 0; i < p->n; i++) {
        const jp_replica *r = &p->at[i];
        lost += is_lost(r);
        bool due = r->state == JP_SERVER_DOWN && now >= r->rests && !r->in_flight;
        if (due && i != other) return i;
        if (r->state != JP_SERVER_UP || now < r->rests || room_of(r) <= 0 || i == other) continue;
        if (best < 0 || r->in_flight < p->at[best].in_flight) best = i;
    }
    return best < 0 && lost == p->n ? JP_ALL_LOST : best;
}

int jp_pool_take(jp_pool *p, int other) {
    pthread_mutex_lock(&p->lock);
    int i = choose_server(p, other, jp_seconds());
    if (i >= 0) {
        jp_replica *r = &p->at[i];
        r->in_flight++;
        if (r->state == JP_SERVER_DOWN) {
            r->state = JP_SERVER_PROBED;
            i |= JP_SERVER_TO_PROBE;
        }
    }
    pthread_mutex_unlock(&p->lock);
    return i;
}

int jp_pool_borrow(jp_pool *p, int turn) {
    int best = JP_NO_SERVER, up = 0;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < p->n; i++) {
        if (p->at[i].state != JP_SERVER_UP) continue;
        up++;
        if (room_of(&p->at[i]) > 0 && (best < 0 || room_of(&p->at[i]) > room_of(&p->at[best]))) best = i;
    }
    if (!up) best = turn % p->n;
    if (best >= 0) p->at[best].in_flight++;
    pthread_mutex_unlock(&p->lock);
    return best;
}

/* ---- how it went ---------------------------------------------------------------------------------------------------
 */

/* Twice as wide as long as that gives more rows a second. */
static void widen(jp_replica *r, double now) {
    if (r->since <= 0) r->since = now;
    if (++r->done < 2 * r->window) return;
    double rate = r->done / fmax(now - r->since, 1e-6);
    if (rate > 1.05 * r->best) {
        r->best = rate;
        r->window = r->window * 2 < MOST_WINDOW ? r->window * 2 : MOST_WINDOW;
    }
    r->done = 0;
    r->since = now;
}

static void end_row(jp_replica *r) {
    if (r->in_flight > 0) r->in_flight--;
}

void jp_pool_scored(jp_pool *p, int i, double seconds) {
    pthread_mutex_lock(&p->lock);
    jp_replica *r = &p->at[i];
    end_row(r);
    r->failures = 0;
    widen(r, jp_seconds());
    double step = p->latency * 0.05; /* towards the median: as many above as below */
    p->latency = p->latency <= 0 ? seconds : p->latency + (seconds > p->latency ? step : -step);
    pthread_mutex_unlock(&p->lock);
}

void jp_pool_dropped(jp_pool *p, int i) {
    pthread_mutex_lock(&p->lock);
    end_row(&p->at[i]);
    if (p->at[i].state == JP_SERVER_PROBED) p->at[i].state = JP_SERVER_DOWN;
    pthread_mutex_unlock(&p->lock);
}

void jp_pool_failed(jp_pool *p, int i, const char *problem, double retry_after) {
    enum { LONGEST = 8, MOST_ASKED = 60 };
    pthread_mutex_lock(&p->lock);
    jp_replica *r = &p->at[i];
    end_row(r);
    if (r->state != JP_SERVER_WRONG) {
        double now = jp_seconds(), wait = fmin(0.5 * exp2(r->failures), LONGEST);
        wait *= 1 - 0.25 * jp_random_unit(&p->random);
        if (retry_after > 0) wait = fmin(retry_after, MOST_ASKED);
        /* rows that were in flight together fail together: that is one failure */
        if (r->state != JP_SERVER_DOWN) r->failures++;
        if (r->state != JP_SERVER_DOWN) r->rests = now + wait;
        r->state = JP_SERVER_DOWN;
        snprintf(r->problem, sizeof r->problem, "%.255s", problem);
    }
    pthread_mutex_unlock(&p->lock);
}

void jp_pool_wrong(jp_pool *p, int i, const char *problem) {
    pthread_mutex_lock(&p->lock);
    end_row(&p->at[i]);
    p->at[i].state = JP_SERVER_WRONG;
    snprintf(p->at[i].problem, sizeof p->at[i].problem, "%.255s", problem);
    pthread_mutex_unlock(&p->lock);
}

void jp_pool_probed(jp_pool *p, int i, bool agrees) {
    pthread_mutex_lock(&p->lock);
    jp_replica *r = &p->at[i];
    end_row(r);
    r->state = agrees ? JP_SERVER_UP : JP_SERVER_WRONG;
    if (agrees) r->failures = 0;
    else snprintf(r->problem, sizeof r->problem, "it came back with other scores: another model or other settings");
    pthread_mutex_unlock(&p->lock);
}

void jp_pool_problems(jp_pool *p, char *out, size_t room) {
    size_t size = 0;
    pthread_mutex_lock(&p->lock);
    *out = '\0';
    for (int i = 0; i < p->n && size < room; i++)
        size += (size_t)snprintf(out + size, room - size, "%s%s: %.200s", i ? "; " : "", p->at[i].server.base,
                                 p->at[i].problem);
    pthread_mutex_unlock(&p->lock);
}

int jp_pool_slots(jp_pool *p) {
    int slots = 0;
    pthread_mutex_lock(&p->lock);
    for (int i = 0; i < p->n; i++) slots += p->at[i].server.slots > 0 ? p->at[i].server.slots : 2 * FIRST_WINDOW;
    pthread_mutex_unlock(&p->lock);
    return slots;
}

double jp_pool_latency(jp_pool *p) {
    pthread_mutex_lock(&p->lock);
    double latency = p->latency;
    pthread_mutex_unlock(&p->lock);
    return latency;
}

const char *jp_pool_base(jp_pool *p, int i) {
    const char *base = NULL;
    pthread_mutex_lock(&p->lock);
    for (int up = 1; up >= 0 && !base; up--)
        for (int j = 0; j < p->n && !base; j++)
            if ((p->at[j].state == JP_SERVER_UP) == up && i-- == 0) base = p->at[j].server.base;
    pthread_mutex_unlock(&p->lock);
    return base;
}
