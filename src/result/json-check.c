#include "result/json-check.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static bool inside(size_t start, size_t end, size_t size) { return start <= end && end <= size; }

static bool check_tokens(const jp_explanation *x, size_t size, char *problem, size_t room) {
    for (int i = 0; i < x->n_prompt_tokens; i++) {
        const jp_result_token *t = &x->prompt_tokens[i];
        if (inside(t->start, t->end, size) && t->unit >= -1 && t->unit < x->n_units) continue;
        snprintf(problem, room, "prompt token %d lies outside the prompt or its units", i);
        return false;
    }
    return true;
}

static bool check_messages(const jp_explanation *x, size_t size, char *problem, size_t room) {
    size_t from = 0;
    for (int i = 0; i < x->n_messages; i++) {
        const jp_result_message *m = &x->messages[i];
        bool                     cut =
            !jp_utf8_is_boundary(x->prompt_text, size, m->start) || !jp_utf8_is_boundary(x->prompt_text, size, m->end);
        if (m->start < from || !inside(m->start, m->end, size) || cut) {
            snprintf(problem, room, "message %d lies outside the prompt", i);
            return false;
        }
        from = m->end;
    }
    return true;
}

static bool check_units(const jp_explanation *x, size_t size, char *problem, size_t room) {
    size_t from = 0;
    for (int i = 0; i < x->n_units; i++) {
        const jp_result_unit *u = &x->units[i];
        if (u->start < from || !inside(u->start, u->end, size)) {
            snprintf(problem, room, "unit %d lies outside the prompt or overlaps the one before", i);
            return false;
        }
        from = u->end;
    }
    return true;
}

static bool check_selected(jp_explanation *x, char *problem, size_t room) {
    for (int i = 0; i < x->n_units; i++) x->units[i].selected = false;
    for (int i = 0, last = -1; i < x->n_selected; i++) {
        int unit = x->selected[i];
        if (unit <= last || unit >= x->n_units) {
            snprintf(problem, room, "\"selected\" should name units in ascending order");
            return false;
        }
        x->units[unit].selected = true;
        last = unit;
    }
    return true;
}

static bool is_unit(const jp_explanation *x, int unit) { return unit >= 0 && unit < x->n_units; }

static bool check_joint(const jp_explanation *x, char *problem, size_t room) {
    bool fine = true;
    for (int i = 0; i < x->joint.n_necessary; i++) fine = fine && is_unit(x, x->joint.necessary[i].unit);
    for (int i = 0; i < x->joint.n_pairs; i++)
        fine = fine && is_unit(x, x->joint.pairs[i].first) && is_unit(x, x->joint.pairs[i].second);
    if (!fine) snprintf(problem, room, "\"joint\" names a unit that is not there");
    return fine;
}

/* Whether these are units in ascending order. */
static bool are_units(const jp_explanation *x, const int *units, int n) {
    for (int i = 0, last = -1; i < n; last = units[i++])
        if (units[i] <= last || units[i] >= x->n_units) return false;
    return true;
}

static bool check_near(jp_explanation *x, char *problem, size_t room) {
    bool fine = true;
    for (int i = 0; i < x->stability.near.n_sets; i++)
        fine = fine && are_units(x, x->stability.near.sets[i].units, x->stability.near.sets[i].n_units);
    x->stability.near.unique = !x->stability.near.others;
    if (!fine) snprintf(problem, room, "\"stability.near\" names a unit that is not there, or twice");
    return fine;
}

static bool check_stability(jp_explanation *x, char *problem, size_t room) {
    const int numbers[] = {x->stability.n_frequency, x->stability.n_low, x->stability.n_high};
    if (!x->stability.present) return true;
    for (int i = 0; i < 3; i++) {
        if (numbers[i] == x->n_units || (i && !numbers[i])) continue;
        snprintf(problem, room, "\"stability\" has %d frequencies for %d units", numbers[i], x->n_units);
        return false;
    }
    return check_near(x, problem, room);
}

static bool fits_matrix(const jp_explanation *x, const jp_result_loss *l) {
    return are_units(x, l->units, l->n_units) && l->n_tokens == x->n_response_tokens &&
           l->n_sentences == x->matrix.n_sentences;
}

static bool check_matrix(const jp_explanation *x, char *problem, size_t room) {
    bool fine = !x->matrix.present || x->matrix.n_rows == x->n_units;
    int  from = 0;
    for (int i = 0; i < x->matrix.n_rows && fine; i++) {
        const jp_result_loss *row = &x->matrix.rows[i];
        fine = fits_matrix(x, row) && row->n_units == 1 && row->units[0] == i;
    }
    for (int i = 0; i < x->matrix.n_sets && fine; i++) fine = fits_matrix(x, &x->matrix.sets[i]);
    for (int i = 0; i < x->matrix.n_sentences && fine; from = x->matrix.sentences[i++].last)
        fine = x->matrix.sentences[i].first >= from && x->matrix.sentences[i].first <= x->matrix.sentences[i].last &&
               x->matrix.sentences[i].last <= x->n_response_tokens;
    if (!fine) snprintf(problem, room, "\"matrix\" does not fit the units and the response");
    return fine;
}

static bool check_triggers(const jp_result_trigger *t, int n, size_t size, char *problem, size_t room) {
    for (int i = 0; i < n; i++) {
        if (inside(t[i].start, t[i].end, size)) continue;
        snprintf(problem, room, "\"audit\" names a trigger outside the prompt");
        return false;
    }
    return true;
}

static bool check_levels(const jp_explanation *x, size_t size, char *problem, size_t room) {
    for (int i = 0; i < x->n_levels; i++)
        for (int j = 0; j < x->levels[i].n_selected; j++) {
            if (inside(x->levels[i].selected[j].start, x->levels[i].selected[j].end, size)) continue;
            snprintf(problem, room, "\"levels\" selects bytes outside the prompt");
            return false;
        }
    return true;
}

static bool check_target(const jp_explanation *x, char *problem, size_t room) {
    if (x->target_first >= 0 && x->target_first <= x->target_last && x->target_last <= x->n_response_tokens)
        return true;
    snprintf(problem, room, "\"target\" lies outside the response");
    return false;
}

static bool check_a_target(const jp_explanation *x, const jp_result_target *t) {
    int  width = t->last - t->first;
    bool fine = t->first >= 0 && t->first < t->last && t->last <= x->n_response_tokens;
    fine = fine && t->n_log_probs == width && t->n_masked_log_probs == width;
    return fine && are_units(x, t->selected, t->n_selected);
}

static bool check_targets(const jp_explanation *x, char *problem, size_t room) {
    for (int i = 0; i < x->n_targets; i++) {
        if (check_a_target(x, &x->targets[i])) continue;
        snprintf(problem, room, "\"targets\": number %d does not fit the response or its units", i);
        return false;
    }
    return true;
}

static bool check_source(const jp_explanation *x, const jp_result_source *s) {
    return s->document_index >= 0 && s->document_index < x->n_documents && is_unit(x, s->unit);
}

static bool check_citations(const jp_explanation *x, size_t size, char *problem, size_t room) {
    size_t written = strlen(x->response_text);
    bool   fine = true;
    for (int i = 0; i < x->n_documents; i++) fine &= inside(x->documents[i].start, x->documents[i].end, size);
    for (int i = 0; i < x->n_citations; i++) {
        const jp_result_citation *c = &x->citations[i];
        fine &= inside(c->start, c->end, written) && c->first >= 0 && c->first <= c->last &&
                c->last <= x->n_response_tokens;
        for (int j = 0; j < c->n_sources; j++) fine &= check_source(x, &c->sources[j]);
    }
    if (!fine) snprintf(problem, room, "\"citations\" do not fit the prompt, the response, or \"documents\"");
    return fine;
}

bool jp_json_check(jp_explanation *x, char *problem, size_t room) {
    size_t size = strlen(x->prompt_text);
    return check_tokens(x, size, problem, room) && check_messages(x, size, problem, room) &&
           check_units(x, size, problem, room) && check_selected(x, problem, room) && check_joint(x, problem, room) &&
           check_levels(x, size, problem, room) && check_stability(x, problem, room) &&
           check_matrix(x, problem, room) &&
           check_triggers(x->audit.sentences, x->audit.n_sentences, size, problem, room) &&
           check_triggers(x->audit.words, x->audit.n_words, size, problem, room) && check_target(x, problem, room) &&
           check_targets(x, problem, room) && check_citations(x, size, problem, room);
}
