#include "result/json-fields.h"

#include <math.h>

#include "result/member.h"

#define AT(type, member) offsetof(type, member)
_Static_assert(AT(jp_explanation, target_last) == AT(jp_explanation, target_first) + sizeof(int), "RANGE: neighbours");
#define SCALAR(name, kind, required, type, member) \
    { name, kind, required, AT(type, member), 0, 0, NULL, JP_PRESENT_ALWAYS }
#define ROWS(name, required, type, rows, number, row, table) \
    { name, JP_FIELD_ROWS, required, AT(type, rows), AT(type, number), sizeof(row), table, JP_PRESENT_ALWAYS }
#define OBJECT(name, required, table) \
    { name, JP_FIELD_OBJECT, required, 0, 0, 0, table, JP_PRESENT_ALWAYS }
#define NUMBERS(name, kind, type, numbers, number) \
    { name, kind, true, AT(type, numbers), AT(type, number), 0, NULL, JP_PRESENT_ALWAYS }
#define END \
    { NULL, JP_FIELD_TEXT, false, 0, 0, 0, NULL, JP_PRESENT_ALWAYS }

static const jp_field model[] = {
    SCALAR("file", JP_FIELD_TEXT, false, jp_explanation, model.file),
    SCALAR("architecture", JP_FIELD_TEXT, false, jp_explanation, model.architecture),
    SCALAR("parameters", JP_FIELD_I64, false, jp_explanation, model.parameters),
    SCALAR("quantization", JP_FIELD_TEXT, false, jp_explanation, model.quantization),
    SCALAR("weights", JP_FIELD_TEXT, false, jp_explanation, model.weights),
    SCALAR("devices", JP_FIELD_TEXT, false, jp_explanation, model.devices),
    END,
};

static const jp_field prompt_token[] = {
    SCALAR("id", JP_FIELD_I32, false, jp_result_token, id),
    SCALAR("text", JP_FIELD_TEXT, true, jp_result_token, text),
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_token, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_token, end),
    SCALAR("unit", JP_FIELD_UNIT, false, jp_result_token, unit),
    END,
};

static const jp_field message[] = {
    SCALAR("role", JP_FIELD_TEXT, true, jp_result_message, role),
    {"message", JP_FIELD_UNIT, false, AT(jp_result_message, message), 0, 0, NULL, JP_PRESENT_SOME},
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_message, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_message, end),
    END,
};

static const jp_field prompt[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_explanation, prompt_text),
    ROWS("messages", false, jp_explanation, messages, n_messages, jp_result_message, message),
    ROWS("tokens", false, jp_explanation, prompt_tokens, n_prompt_tokens, jp_result_token, prompt_token),
    END,
};

static const jp_field chat_template[] = {
    SCALAR("name", JP_FIELD_TEXT, true, jp_explanation, chat_template.name),
    SCALAR("hash", JP_FIELD_TEXT, false, jp_explanation, chat_template.hash),
    SCALAR("date", JP_FIELD_TEXT, false, jp_explanation, chat_template.date),
    SCALAR("date_set", JP_FIELD_BOOL, false, jp_explanation, chat_template.date_set),
    END,
};

static const jp_field response_token[] = {
    SCALAR("id", JP_FIELD_I32, false, jp_result_response_token, id),
    SCALAR("text", JP_FIELD_TEXT, true, jp_result_response_token, text),
    SCALAR("log_prob", JP_FIELD_REAL, false, jp_result_response_token, log_prob),
    SCALAR("masked_log_prob", JP_FIELD_REAL, false, jp_result_response_token, masked_log_prob),
    END,
};

static const jp_field response[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_explanation, response_text),
    SCALAR("target", JP_FIELD_RANGE, false, jp_explanation, target_first),
    ROWS("tokens", false, jp_explanation, response_tokens, n_response_tokens, jp_result_response_token, response_token),
    END,
};

static const jp_field against_log_prob[] = {
    SCALAR("full", JP_FIELD_REAL, false, jp_explanation, against.full),
    SCALAR("masked", JP_FIELD_REAL, false, jp_explanation, against.masked),
    END,
};

static const jp_field against[] = {
    SCALAR("name", JP_FIELD_TEXT, false, jp_explanation, against.name),
    SCALAR("text", JP_FIELD_TEXT, true, jp_explanation, against.text),
    OBJECT("log_prob", false, against_log_prob),
    ROWS("tokens", true, jp_explanation, against.tokens, against.n_tokens, jp_result_response_token, response_token),
    END,
};

static const jp_field target_log_prob[] = {
    SCALAR("full", JP_FIELD_REAL, false, jp_result_target, full),
    SCALAR("masked", JP_FIELD_REAL, false, jp_result_target, masked),
    END,
};

static const jp_field target[] = {
    SCALAR("name", JP_FIELD_TEXT, false, jp_result_target, name),
    SCALAR("text", JP_FIELD_TEXT, true, jp_result_target, text),
    SCALAR("first", JP_FIELD_INT, true, jp_result_target, first),
    SCALAR("last", JP_FIELD_INT, true, jp_result_target, last),
    OBJECT("log_prob", false, target_log_prob),
    SCALAR("drop", JP_FIELD_REAL, true, jp_result_target, drop),
    NUMBERS("log_probs", JP_FIELD_REALS, jp_result_target, log_probs, n_log_probs),
    NUMBERS("masked_log_probs", JP_FIELD_REALS, jp_result_target, masked_log_probs, n_masked_log_probs),
    NUMBERS("selected", JP_FIELD_INTS, jp_result_target, selected, n_selected),
    SCALAR("evaluations", JP_FIELD_I64, false, jp_result_target, evaluations),
    SCALAR("decoded_tokens", JP_FIELD_I64, false, jp_result_target, decoded_tokens),
    SCALAR("stopped", JP_FIELD_TEXT, false, jp_result_target, stopped),
    END,
};

static const jp_field unit[] = {
    {"index", JP_FIELD_ROW, false, 0, 0, 0, NULL, JP_PRESENT_ALWAYS},
    SCALAR("text", JP_FIELD_TEXT, true, jp_result_unit, text),
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_unit, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_unit, end),
    SCALAR("role", JP_FIELD_TEXT, false, jp_result_unit, role),
    SCALAR("score", JP_FIELD_REAL, false, jp_result_unit, score),
    SCALAR("probability", JP_FIELD_REAL, false, jp_result_unit, probability),
    SCALAR("selected", JP_FIELD_BOOL, false, jp_result_unit, selected),
    END,
};

static const jp_field log_prob[] = {
    SCALAR("full", JP_FIELD_REAL, false, jp_explanation, log_prob.full),
    SCALAR("masked", JP_FIELD_REAL, false, jp_explanation, log_prob.masked),
    SCALAR("drop", JP_FIELD_REAL, true, jp_explanation, log_prob.drop),
    END,
};

static const jp_field necessary[] = {
    SCALAR("unit", JP_FIELD_INT, true, jp_result_necessary, unit),
    SCALAR("drop_without", JP_FIELD_REAL, false, jp_result_necessary, drop_without),
    END,
};

static const jp_field pair[] = {
    SCALAR("first", JP_FIELD_INT, true, jp_result_pair, first),
    SCALAR("second", JP_FIELD_INT, true, jp_result_pair, second),
    SCALAR("drop", JP_FIELD_REAL, false, jp_result_pair, drop),
    SCALAR("interaction", JP_FIELD_REAL, false, jp_result_pair, interaction),
    END,
};

static const jp_field joint[] = {
    SCALAR("sum_of_single_drops", JP_FIELD_REAL, false, jp_explanation, joint.sum_of_single_drops),
    SCALAR("synergy", JP_FIELD_REAL, false, jp_explanation, joint.synergy),
    ROWS("necessary", false, jp_explanation, joint.necessary, joint.n_necessary, jp_result_necessary, necessary),
    ROWS("pairs", false, jp_explanation, joint.pairs, joint.n_pairs, jp_result_pair, pair),
    END,
};

#define LOSS                                                                 \
    NUMBERS("units", JP_FIELD_INTS, jp_result_loss, units, n_units),         \
        SCALAR("drop", JP_FIELD_REAL, true, jp_result_loss, drop),           \
        NUMBERS("tokens", JP_FIELD_REALS, jp_result_loss, tokens, n_tokens), \
        NUMBERS("sentences", JP_FIELD_REALS, jp_result_loss, sentences, n_sentences)

static const jp_field unit_loss[] = {LOSS, END};
static const jp_field set_loss[] = {SCALAR("target", JP_FIELD_TEXT, false, jp_result_loss, target), LOSS, END};

static const jp_field sentence[] = {
    SCALAR("first", JP_FIELD_INT, true, jp_result_sentence, first),
    SCALAR("last", JP_FIELD_INT, true, jp_result_sentence, last),
    END,
};

static const jp_field matrix[] = {
    ROWS("sentences", true, jp_explanation, matrix.sentences, matrix.n_sentences, jp_result_sentence, sentence),
    ROWS("rows", true, jp_explanation, matrix.rows, matrix.n_rows, jp_result_loss, unit_loss),
    ROWS("sets", true, jp_explanation, matrix.sets, matrix.n_sets, jp_result_loss, set_loss),
    END,
};

static const jp_field scored_set[] = {
    NUMBERS("units", JP_FIELD_INTS, jp_result_set, units, n_units),
    SCALAR("drop", JP_FIELD_REAL, true, jp_result_set, drop),
    END,
};

static const jp_field near[] = {
    SCALAR("within", JP_FIELD_REAL, true, jp_explanation, stability.near.within),
    SCALAR("best", JP_FIELD_REAL, true, jp_explanation, stability.near.best),
    SCALAR("unique", JP_FIELD_BOOL, false, jp_explanation, stability.near.unique),
    SCALAR("others", JP_FIELD_INT, true, jp_explanation, stability.near.others),
    ROWS("sets", true, jp_explanation, stability.near.sets, stability.near.n_sets, jp_result_set, scored_set),
    END,
};

static const jp_field stability[] = {
    SCALAR("runs", JP_FIELD_INT, true, jp_explanation, stability.runs),
    SCALAR("mean", JP_FIELD_REAL, false, jp_explanation, stability.mean),
    SCALAR("deviation", JP_FIELD_REAL, false, jp_explanation, stability.deviation),
    SCALAR("evaluations", JP_FIELD_I64, false, jp_explanation, stability.evaluations),
    {"frequency", JP_FIELD_REALS, true, AT(jp_explanation, stability.frequency),
     AT(jp_explanation, stability.n_frequency), 0, NULL, JP_PRESENT_ALWAYS},
    {"low", JP_FIELD_REALS, false, AT(jp_explanation, stability.low), AT(jp_explanation, stability.n_low), 0, NULL,
     JP_PRESENT_SOME},
    {"high", JP_FIELD_REALS, false, AT(jp_explanation, stability.high), AT(jp_explanation, stability.n_high), 0, NULL,
     JP_PRESENT_SOME},
    {"near", JP_FIELD_OBJECT, false, AT(jp_explanation, stability.near.present), 0, 0, near, JP_PRESENT_BOOL},
    END,
};

static const jp_field operator_drop[] = {
    SCALAR("name", JP_FIELD_TEXT, true, jp_result_operator, name),
    SCALAR("drop", JP_FIELD_REAL, false, jp_result_operator, drop),
    END,
};

static const jp_field masked_response[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_explanation, masked_response),
    END,
};

static const jp_field trace[] = {
    SCALAR("evaluations", JP_FIELD_INT, true, jp_result_trace, evaluations),
    SCALAR("seconds", JP_FIELD_REAL, false, jp_result_trace, seconds),
    SCALAR("drop", JP_FIELD_REAL, false, jp_result_trace, drop),
    END,
};

static const jp_field range[] = {
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_range, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_range, end),
    END,
};

static const jp_field level[] = {
    SCALAR("unit", JP_FIELD_TEXT, true, jp_result_level, unit),
    SCALAR("units", JP_FIELD_INT, false, jp_result_level, units),
    SCALAR("candidates", JP_FIELD_INT, false, jp_result_level, candidates),
    ROWS("selected", true, jp_result_level, selected, n_selected, jp_result_range, range),
    SCALAR("drop", JP_FIELD_REAL, false, jp_result_level, drop),
    SCALAR("evaluations", JP_FIELD_I64, false, jp_result_level, evaluations),
    SCALAR("decoded_tokens", JP_FIELD_I64, false, jp_result_level, decoded_tokens),
    SCALAR("seconds", JP_FIELD_REAL, false, jp_result_level, seconds),
    SCALAR("returned", JP_FIELD_INT, false, jp_result_level, returned),
    END,
};

static const jp_field cost[] = {
    SCALAR("evaluations", JP_FIELD_I64, false, jp_explanation, cost.evaluations),
    SCALAR("gradients", JP_FIELD_I64, false, jp_explanation, cost.gradients),
    SCALAR("decoded_tokens", JP_FIELD_I64, false, jp_explanation, cost.decoded_tokens),
    SCALAR("naive_tokens", JP_FIELD_I64, false, jp_explanation, cost.naive_tokens),
    {"recalled", JP_FIELD_I64, false, AT(jp_explanation, cost.recalled), 0, 0, NULL, JP_PRESENT_SOME},
    SCALAR("seconds", JP_FIELD_REAL, false, jp_explanation, cost.seconds),
    SCALAR("evaluations_per_second", JP_FIELD_REAL, false, jp_explanation, cost.evaluations_per_second),
    END,
};

static const jp_field trigger[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_result_trigger, text),
    SCALAR("role", JP_FIELD_TEXT, false, jp_result_trigger, role),
    {"message", JP_FIELD_UNIT, false, AT(jp_result_trigger, message), 0, 0, NULL, JP_PRESENT_SOME},
    SCALAR("offset", JP_FIELD_SIZE, false, jp_result_trigger, offset),
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_trigger, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_trigger, end),
    SCALAR("drop", JP_FIELD_REAL, false, jp_result_trigger, drop),
    END,
};

static const jp_field audit[] = {
    SCALAR("reached", JP_FIELD_BOOL, true, jp_explanation, audit.reached),
    SCALAR("until", JP_FIELD_TEXT, false, jp_explanation, audit.until),
    SCALAR("threshold", JP_FIELD_REAL, false, jp_explanation, audit.threshold),
    SCALAR("refusal", JP_FIELD_BOOL, false, jp_explanation, audit.refusal),
    SCALAR("drop_per_token", JP_FIELD_REAL, false, jp_explanation, audit.drop_per_token),
    SCALAR("similarity", JP_FIELD_REAL, false, jp_explanation, audit.similarity),
    SCALAR("turned_away", JP_FIELD_BOOL, false, jp_explanation, audit.turned_away),
    SCALAR("unmasked_response", JP_FIELD_TEXT, false, jp_explanation, audit.unmasked_response),
    ROWS("sentences", true, jp_explanation, audit.sentences, audit.n_sentences, jp_result_trigger, trigger),
    ROWS("words", false, jp_explanation, audit.words, audit.n_words, jp_result_trigger, trigger),
    SCALAR("words_reached", JP_FIELD_BOOL, false, jp_explanation, audit.words_reached),
    SCALAR("words_drop_per_token", JP_FIELD_REAL, false, jp_explanation, audit.words_drop_per_token),
    SCALAR("words_response", JP_FIELD_TEXT, false, jp_explanation, audit.words_response),
    END,
};

static const jp_field turn[] = {
    SCALAR("role", JP_FIELD_TEXT, true, jp_result_turn, role),
    SCALAR("content", JP_FIELD_TEXT, true, jp_result_turn, content),
    END,
};

static const jp_field compression[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_explanation, compression.text),
    ROWS("messages", false, jp_explanation, compression.turns, compression.n_turns, jp_result_turn, turn),
    SCALAR("tokens", JP_FIELD_INT, false, jp_explanation, compression.tokens),
    SCALAR("tokens_left", JP_FIELD_INT, false, jp_explanation, compression.tokens_left),
    SCALAR("ratio", JP_FIELD_REAL, false, jp_explanation, compression.ratio),
    SCALAR("tolerance", JP_FIELD_REAL, false, jp_explanation, compression.tolerance),
    SCALAR("drop", JP_FIELD_REAL, false, jp_explanation, compression.drop),
    SCALAR("drop_per_token", JP_FIELD_REAL, false, jp_explanation, compression.drop_per_token),
    SCALAR("reached", JP_FIELD_BOOL, false, jp_explanation, compression.reached),
    END,
};

static const jp_field document[] = {
    {"index", JP_FIELD_ROW, false, 0, 0, 0, NULL, JP_PRESENT_ALWAYS},
    SCALAR("title", JP_FIELD_TEXT, true, jp_result_document, title),
    SCALAR("message", JP_FIELD_INT, false, jp_result_document, message),
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_document, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_document, end),
    END,
};

static const jp_field source[] = {
    SCALAR("type", JP_FIELD_TEXT, true, jp_result_source, type),
    SCALAR("cited_text", JP_FIELD_TEXT, true, jp_result_source, cited_text),
    SCALAR("document_index", JP_FIELD_INT, true, jp_result_source, document_index),
    SCALAR("document_title", JP_FIELD_TEXT, false, jp_result_source, document_title),
    SCALAR("start_char_index", JP_FIELD_I64, true, jp_result_source, start_char),
    SCALAR("end_char_index", JP_FIELD_I64, true, jp_result_source, end_char),
    SCALAR("unit", JP_FIELD_INT, true, jp_result_source, unit),
    END,
};

static const jp_field citation[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_result_citation, text),
    ROWS("citations", true, jp_result_citation, sources, n_sources, jp_result_source, source),
    SCALAR("from_documents", JP_FIELD_BOOL, true, jp_result_citation, from_documents),
    SCALAR("start", JP_FIELD_SIZE, true, jp_result_citation, start),
    SCALAR("end", JP_FIELD_SIZE, true, jp_result_citation, end),
    SCALAR("first", JP_FIELD_INT, true, jp_result_citation, first),
    SCALAR("last", JP_FIELD_INT, true, jp_result_citation, last),
    SCALAR("drop", JP_FIELD_REAL, false, jp_result_citation, drop),
    SCALAR("documents_drop", JP_FIELD_REAL, false, jp_result_citation, documents_drop),
    SCALAR("covered", JP_FIELD_REAL, false, jp_result_citation, covered),
    SCALAR("shown", JP_FIELD_REAL, false, jp_result_citation, shown),
    END,
};

#define SCHEMA \
    { "schema", JP_FIELD_SCHEMA, false, 0, 0, 0, NULL, JP_PRESENT_ALWAYS }

const jp_field jp_json_explanation[] = {
    SCHEMA,
    SCALAR("id", JP_FIELD_TEXT, false, jp_explanation, id),
    SCALAR("version", JP_FIELD_TEXT, false, jp_explanation, version),
    SCALAR("command", JP_FIELD_TEXT, true, jp_explanation, command),
    OBJECT("model", false, model),
    SCALAR("engine", JP_FIELD_TEXT, false, jp_explanation, engine),
    SCALAR("method", JP_FIELD_TEXT, true, jp_explanation, method),
    SCALAR("operator", JP_FIELD_TEXT, false, jp_explanation, op),
    SCALAR("unit", JP_FIELD_TEXT, false, jp_explanation, unit),
    SCALAR("seed", JP_FIELD_SEED, false, jp_explanation, seed),
    {"options", JP_FIELD_OPTIONS, false, AT(jp_explanation, options), AT(jp_explanation, n_options), 0, NULL,
     JP_PRESENT_SOME},
    {"template", JP_FIELD_OBJECT, false, AT(jp_explanation, chat_template.name), 0, 0, chat_template,
     JP_PRESENT_POINTER},
    OBJECT("prompt", true, prompt),
    OBJECT("response", true, response),
    {"against", JP_FIELD_OBJECT, false, AT(jp_explanation, against.present), 0, 0, against, JP_PRESENT_BOOL},
    {"targets", JP_FIELD_ROWS, false, AT(jp_explanation, targets), AT(jp_explanation, n_targets),
     sizeof(jp_result_target), target, JP_PRESENT_SOME},
    ROWS("units", true, jp_explanation, units, n_units, jp_result_unit, unit),
    {"selected", JP_FIELD_INTS, true, AT(jp_explanation, selected), AT(jp_explanation, n_selected), 0, NULL,
     JP_PRESENT_ALWAYS},
    SCALAR("k", JP_FIELD_INT, false, jp_explanation, k),
    SCALAR("sparsity", JP_FIELD_REAL, false, jp_explanation, sparsity),
    OBJECT("log_prob", true, log_prob),
    {"noise", JP_FIELD_REAL, false, AT(jp_explanation, noise), 0, 0, NULL, JP_PRESENT_SOME},
    {"joint", JP_FIELD_OBJECT, false, AT(jp_explanation, joint.present), 0, 0, joint, JP_PRESENT_BOOL},
    {"matrix", JP_FIELD_OBJECT, false, AT(jp_explanation, matrix.present), 0, 0, matrix, JP_PRESENT_BOOL},
    {"stability", JP_FIELD_OBJECT, false, AT(jp_explanation, stability.present), 0, 0, stability, JP_PRESENT_BOOL},
    {"operators", JP_FIELD_ROWS, false, AT(jp_explanation, operators), AT(jp_explanation, n_operators),
     sizeof(jp_result_operator), operator_drop, JP_PRESENT_SOME},
    {"masked_response", JP_FIELD_OBJECT, false, AT(jp_explanation, masked_response), 0, 0, masked_response,
     JP_PRESENT_POINTER},
    {"metrics", JP_FIELD_METRICS, false, AT(jp_explanation, metrics), AT(jp_explanation, n_metrics), 0, NULL,
     JP_PRESENT_ALWAYS},
    ROWS("trace", false, jp_explanation, trace, n_trace, jp_result_trace, trace),
    OBJECT("cost", false, cost),
    {"levels", JP_FIELD_ROWS, false, AT(jp_explanation, levels), AT(jp_explanation, n_levels), sizeof(jp_result_level),
     level, JP_PRESENT_SOME},
    SCALAR("stopped", JP_FIELD_TEXT, false, jp_explanation, stopped),
    SCALAR("failed", JP_FIELD_TEXT, false, jp_explanation, failed),
    {"audit", JP_FIELD_OBJECT, false, AT(jp_explanation, audit.present), 0, 0, audit, JP_PRESENT_BOOL},
    {"compression", JP_FIELD_OBJECT, false, AT(jp_explanation, compression.present), 0, 0, compression,
     JP_PRESENT_BOOL},
    {"documents", JP_FIELD_ROWS, false, AT(jp_explanation, documents), AT(jp_explanation, n_documents),
     sizeof(jp_result_document), document, JP_PRESENT_SOME},
    {"citations", JP_FIELD_ROWS, false, AT(jp_explanation, citations), AT(jp_explanation, n_citations),
     sizeof(jp_result_citation), citation, JP_PRESENT_SOME},
    END,
};

static const jp_field trigger_count[] = {
    SCALAR("text", JP_FIELD_TEXT, true, jp_trigger_count, text),
    SCALAR("unit", JP_FIELD_TEXT, false, jp_trigger_count, unit),
    SCALAR("questions", JP_FIELD_INT, true, jp_trigger_count, questions),
    END,
};

const jp_field jp_json_list[] = {
    SCHEMA,
    SCALAR("command", JP_FIELD_TEXT, true, struct jopa_result, command),
    {"triggers", JP_FIELD_ROWS, false, AT(struct jopa_result, triggers), AT(struct jopa_result, n_triggers),
     sizeof(jp_trigger_count), trigger_count, JP_PRESENT_POINTER},
    ROWS("results", true, struct jopa_result, items, n_items, jp_explanation, jp_json_explanation),
    END,
};

bool jp_field_absent(const jp_field *f, const void *base) {
    switch (f->present) {
    case JP_PRESENT_BOOL: return !jp_load_bool(base, f->offset);
    case JP_PRESENT_POINTER: return !jp_load_array(base, f->offset);
    case JP_PRESENT_SOME:
        if (f->kind == JP_FIELD_REAL) return !isfinite(jp_load_real(base, f->offset));
        if (f->kind == JP_FIELD_UNIT) return jp_load_int(base, f->offset) < 0;
        return f->kind == JP_FIELD_I64 ? !jp_load_i64(base, f->offset) : !jp_load_int(base, f->count);
    case JP_PRESENT_ALWAYS: break;
    }
    return f->kind == JP_FIELD_TEXT && !jp_load_text(base, f->offset);
}
