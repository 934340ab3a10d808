#include "explain/fill.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "question/like.h"
#include "search/joint.h"

static int copy_text(char **to, const char *from, jopa_error *e) {
    *to = strdup(from ? from : "");
    return *to ? JP_OK : jp_fail_memory(e);
}

static int repaired(char **to, const char *from, size_t size, jopa_error *e) {
    *to = jp_utf8_repair(from, size);
    return *to ? JP_OK : jp_fail_memory(e);
}

/* ---- the question ---------------------------------------------------------------------------------------------- */

static int fill_names(jp_explanation *x, jopa_model *m, const jp_question *q, const char *method, jopa_error *e) {
    jp_model_info info;
    m->engine->ops->model_info(m->engine, &info);
    x->model.parameters = info.parameters;
    x->seed = q->seed;
    int status = copy_text(&x->version, JOPA_VERSION, e);
    if (!status) status = copy_text(&x->command, q->command_name, e);
    if (!status && q->id) status = copy_text(&x->id, q->id, e);
    if (!status) status = copy_text(&x->model.file, info.file, e);
    if (!status) status = copy_text(&x->model.architecture, info.architecture, e);
    if (!status) status = copy_text(&x->model.quantization, info.quantization, e);
    if (!status && *info.weights && strcmp(info.weights, info.quantization))
        status = copy_text(&x->model.weights, info.weights, e);
    if (!status && *info.devices) status = copy_text(&x->model.devices, info.devices, e);
    if (!status) status = copy_text(&x->engine, m->engine->ops->name, e);
    if (!status) status = copy_text(&x->method, method, e);
    if (!status) status = copy_text(&x->op, q->op.name, e);
    if (!status) status = copy_text(&x->unit, jp_unit_kind_name((int)q->unit, NULL), e);
    return status;
}

static int fill_prompt(jp_explanation *x, const jp_prompt *p, jopa_error *e) {
    x->prompt_tokens = calloc((size_t)p->n_tokens, sizeof *x->prompt_tokens);
    x->messages = calloc((size_t)p->n_spans + 1, sizeof *x->messages);
    if (!x->prompt_tokens || !x->messages) return jp_fail_memory(e);
    int status = repaired(&x->prompt_text, p->text, p->size, e);
    x->chat_template.date_set = p->date_set;
    if (!status && p->template_name) status = copy_text(&x->chat_template.name, p->template_name, e);
    if (!status && p->template_hash) status = copy_text(&x->chat_template.hash, p->template_hash, e);
    if (!status && p->template_date) status = copy_text(&x->chat_template.date, p->template_date, e);
    for (int i = 0; i < p->n_tokens && !status; i++) {
        const jp_token  *from = p->tokens + i;
        jp_result_token *to = x->prompt_tokens + x->n_prompt_tokens++;
        *to = (jp_result_token){.id = from->id, .start = from->start, .end = from->end, .unit = from->unit};
        status = repaired(&to->text, p->text + from->start, from->end - from->start, e);
    }
    for (int i = 0; i < p->n_spans && !status; i++) {
        jp_result_message *to = x->messages + x->n_messages++;
        *to = (jp_result_message){.message = p->spans[i].message, .start = p->spans[i].start, .end = p->spans[i].end};
        status = copy_text(&to->role, p->spans[i].role, e);
    }
    return status;
}

static int fill_units(jp_explanation *x, const jp_prompt *p, jopa_error *e) {
    x->units = calloc((size_t)p->n_units, sizeof *x->units);
    if (!x->units) return jp_fail_memory(e);
    int status = JP_OK;
    for (int i = 0; i < p->n_units && !status; i++) {
        const jp_unit  *from = p->units + i;
        jp_result_unit *to = x->units + x->n_units++;
        *to = (jp_result_unit){.start = from->start, .end = from->end, .score = NAN, .probability = NAN};
        status = repaired(&to->text, p->text + from->start, from->end - from->start, e);
        if (!status) status = copy_text(&to->role, p->spans[from->role].role, e);
    }
    return status;
}

static int fill_response(jp_explanation *x, const jp_explain_problem *p, jopa_error *e) {
    x->response_tokens = calloc((size_t)p->n_response, sizeof *x->response_tokens);
    if (!x->response_tokens) return jp_fail_memory(e);
    x->target_first = p->problem.target_first;
    x->target_last = p->problem.target_last;
    int status = repaired(&x->response_text, p->response_text, strlen(p->response_text), e);
    for (int i = 0; i < p->n_response && !status; i++) {
        jp_result_response_token *to = x->response_tokens + x->n_response_tokens++;
        *to = (jp_result_response_token){.id = p->response[i], .log_prob = NAN, .masked_log_prob = NAN};
        status = repaired(&to->text, p->response_text + p->response_start[i],
                          p->response_start[i + 1] - p->response_start[i], e);
    }
    return status;
}

static int fill_against(jp_explanation *x, const jp_explain_problem *p, const jp_question *q, jopa_error *e) {
    const jp_other *o = &p->problem.other;
    if (!o->tokens) return JP_OK;
    const char *text = p->other_text + p->other_start[o->first];
    x->against.present = true;
    x->against.full = x->against.masked = NAN;
    x->against.tokens = calloc((size_t)(o->last - o->first), sizeof *x->against.tokens);
    int status =
        x->against.tokens ? copy_text(&x->against.name, q->against_next ? "next" : q->against, e) : jp_fail_memory(e);
    if (!status) status = repaired(&x->against.text, text, strlen(text), e);
    for (int t = o->first; t < o->last && !status; t++) {
        jp_result_response_token *to = &x->against.tokens[x->against.n_tokens++];
        *to = (jp_result_response_token){.id = o->tokens[t], .log_prob = NAN, .masked_log_prob = NAN};
        status = repaired(&to->text, p->other_text + p->other_start[t], p->other_start[t + 1] - p->other_start[t], e);
    }
    return status;
}

int jp_fill_question(jp_explanation *x, jopa_model *m, const jp_explain_problem *p, const jp_question *q,
                     const char *method, jopa_error *e) {
    int status = fill_names(x, m, q, method, e);
    if (!status) status = fill_prompt(x, &p->prompt, e);
    if (!status) status = fill_units(x, &p->prompt, e);
    if (!status) status = fill_response(x, p, e);
    if (!status) status = fill_against(x, p, q, e);
    if (!status) status = jp_question_record(q, x, e);
    x->k = p->k;
    return status;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static int fill_log_probs(jp_explanation *x, jp_scorer *s, const jp_explain_problem *p, const jp_bitset *selected,
                          jopa_error *e) {
    int        first = p->problem.target_first, width = p->problem.target_last - first;
    int        others = jp_problem_others(&p->problem);
    jp_bitset *masks = jp_bitset_array_new(2, p->prompt.n_units);
    float     *log_probs = malloc(2 * (size_t)(width + others) * sizeof *log_probs), *other = log_probs + 2 * width;
    int        status = masks && log_probs ? JP_OK : jp_fail_memory(e);
    if (!status) {
        jp_bitset_copy(masks + 1, selected);
        status = jp_scorer_both(s, masks, 2, log_probs, other, e);
    }
    for (int t = 0; t < width && !status; t++) {
        jp_result_response_token *to = x->response_tokens + first + t;
        to->log_prob = (double)log_probs[t];
        to->masked_log_prob = (double)log_probs[width + t];
    }
    if (!status) jp_fill_score(x, other, other + others);
    jp_bitset_array_free(masks);
    free(log_probs);
    return status;
}

void jp_fill_score(jp_explanation *x, const float *other, const float *masked) {
    x->log_prob.full = x->log_prob.masked = 0;
    for (int t = x->target_first; t < x->target_last; t++) {
        x->log_prob.full += x->response_tokens[t].log_prob;
        x->log_prob.masked += x->response_tokens[t].masked_log_prob;
    }
    if (x->against.present) x->against.full = x->against.masked = 0;
    for (int t = 0; t < x->against.n_tokens; t++) {
        jp_result_response_token *to = &x->against.tokens[t];
        x->against.full += to->log_prob = (double)other[t];
        x->against.masked += to->masked_log_prob = (double)masked[t];
    }
    if (x->against.present) {
        x->log_prob.full -= x->against.full;
        x->log_prob.masked -= x->against.masked;
    }
    x->log_prob.drop = x->log_prob.full - x->log_prob.masked;
}

int jp_fill_set(jp_explanation *x, const jp_explain_problem *p, const jp_bitset *set, jopa_error *e) {
    x->selected = malloc((size_t)(p->prompt.n_units + 1) * sizeof *x->selected);
    if (!x->selected) return jp_fail_memory(e);
    x->n_selected = jp_bitset_members(set, x->selected);
    for (int i = 0; i < x->n_selected; i++) x->units[x->selected[i]].selected = true;
    x->sparsity = (double)jp_prompt_hidden_tokens(&p->prompt, set) / jp_prompt_maskable_tokens(&p->prompt);
    return JP_OK;
}

static int fill_selection(jp_explanation *x, const jp_explain_problem *p, const jp_selection *found, jopa_error *e) {
    for (int i = 0; i < x->n_units; i++) {
        x->units[i].score = found->score[i];
        x->units[i].probability = found->probability[i];
    }
    return jp_fill_set(x, p, &found->selected, e);
}

static int fill_trace(jp_explanation *x, const jp_scorer *s, jopa_error *e) {
    const jp_trace_point *trace = jp_scorer_trace(s, &x->n_trace);
    x->trace = malloc((size_t)(x->n_trace + 1) * sizeof *x->trace);
    if (!x->trace) {
        x->n_trace = 0;
        return jp_fail_memory(e);
    }
    for (int i = 0; i < x->n_trace; i++)
        x->trace[i] = (jp_result_trace){trace[i].evaluations, trace[i].seconds, trace[i].drop};
    return JP_OK;
}

int jp_fill_answer(jp_explanation *x, jp_scorer *s, const jp_explain_problem *p, const jp_selection *found,
                   const jp_cost *cost, jopa_error *e) {
    x->cost.evaluations = cost->evaluations;
    x->cost.gradients = cost->gradients;
    x->cost.decoded_tokens = cost->decoded_tokens;
    x->cost.naive_tokens = cost->naive_tokens;
    x->cost.recalled = cost->recalled;
    x->noise = jp_scorer_noise(s);
    x->cost.seconds = cost->seconds;
    x->cost.evaluations_per_second = cost->seconds > 0 ? (double)cost->evaluations / cost->seconds : NAN;
    int status = fill_trace(x, s, e);
    if (!status) status = fill_selection(x, p, found, e);
    if (!status) status = fill_log_probs(x, s, p, &found->selected, e);
    return status;
}

int jp_fill_nothing(jp_explanation *x, const char *why, jopa_error *e) {
    x->log_prob.full = x->log_prob.masked = x->log_prob.drop = x->sparsity = NAN;
    x->cost.evaluations_per_second = NAN;
    x->selected = malloc(sizeof *x->selected);
    int status = x->selected ? copy_text(&x->failed, why, e) : jp_fail_memory(e);
    return status ? status : copy_text(&x->stopped, "failed", e);
}

int jp_fill_levels(jp_explanation *x, const jp_levels_report *levels, jopa_error *e) {
    int status = JP_OK;
    x->levels = calloc((size_t)levels->n + 1, sizeof *x->levels);
    if (!x->levels) return jp_fail_memory(e);
    for (int i = 0; i < levels->n && !status; i++) {
        const jp_level_report *from = levels->levels + i;
        jp_result_level       *to = x->levels + x->n_levels++;
        *to = (jp_result_level){.units = from->units,
                                .candidates = from->candidates,
                                .drop = from->drop,
                                .evaluations = from->evaluations,
                                .decoded_tokens = from->decoded_tokens,
                                .seconds = from->seconds,
                                .returned = from->returned};
        status = copy_text(&to->unit, from->unit, e);
        if (!status && !(to->selected = malloc((size_t)(from->n_selected + 1) * sizeof *to->selected)))
            status = jp_fail_memory(e);
        for (int j = 0; j < from->n_selected && !status; j++)
            to->selected[to->n_selected++] = (jp_result_range){from->selected[j].start, from->selected[j].end};
    }
    return status;
}

int jp_fill_joint(jp_explanation *x, jp_scorer *s, const jp_bitset *selected, jopa_error *e) {
    jp_joint joint = {0};
    int      status = jp_joint_analyse(&joint, s, selected, e);
    if (status > 0) return status;
    x->joint.necessary = malloc((size_t)(joint.n_units + 1) * sizeof *x->joint.necessary);
    x->joint.pairs = malloc((size_t)(joint.n_pairs + 1) * sizeof *x->joint.pairs);
    status = x->joint.necessary && x->joint.pairs ? JP_OK : jp_fail_memory(e);
    for (int i = 0; i < joint.n_units && !status; i++)
        x->joint.necessary[x->joint.n_necessary++] =
            (jp_result_necessary){joint.units[i].unit, joint.units[i].drop_without};
    for (int i = 0; i < joint.n_pairs && !status; i++)
        x->joint.pairs[x->joint.n_pairs++] = (jp_result_pair){joint.pairs[i].first, joint.pairs[i].second,
                                                              joint.pairs[i].drop, joint.pairs[i].interaction};
    x->joint.present = joint.n_units > 0;
    x->joint.sum_of_single_drops = joint.sum_of_single_drops;
    x->joint.synergy = joint.synergy;
    jp_joint_free(&joint);
    return status;
}
