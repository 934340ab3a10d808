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

static bool check_stability(const jp_explanation *x, char *problem, size_t room) {
    if (!x->stability.present || x->stability.n_frequency == x->n_units) return true;
    snprintf(problem, room, "\"stability\" has %d frequencies for %d units", x->stability.n_frequency, x->n_units);
    return false;
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
    for (int i = 0, last = -1; i < t->n_selected; last = t->selected[i++])
        fine = fine && t->selected[i] > last && t->selected[i] < x->n_units;
    return fine;
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
    return s->document_index >= 0 && s->document_index < x->n_documents && is_unit(x, s->unit) &&
           s->start_char <= s->end_char;
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
           check_triggers(x->audit.sentences, x->audit.n_sentences, size, problem, room) &&
           check_triggers(x->audit.words, x->audit.n_words, size, problem, room) && check_target(x, problem, room) &&
           check_targets(x, problem, room) && check_citations(x, size, problem, room);
}
