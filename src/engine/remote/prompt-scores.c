#include "engine/remote/prompt-scores.h"

#include <stdio.h>
#include <stdlib.h>

jp_wire_request jp_prompt_scores_request(const char *path, const char *ids_name, const jp_wire_row *row, json_t *more) {
    json_t *ids = jp_wire_ids(row->prompt, row->n_prompt, row->response, row->last);
    if (!more || !ids || json_object_set_new(more, ids_name, ids)) {
        json_decref(more);
        return (jp_wire_request){path, NULL};
    }
    return (jp_wire_request){path, more};
}

bool jp_prompt_scores_read(const jp_wire_row *row, const json_t *list, float *out, char *why, size_t room) {
    size_t all = (size_t)row->n_prompt + (size_t)row->last;
    if (!json_is_array(list) || json_array_size(list) != all) {
        snprintf(why, room, "it answers scores of %zu tokens for %zu", json_array_size(list), all);
        return false;
    }
    for (int t = row->first; t < row->last; t++) {
        char          id[16];
        const json_t *entry = json_array_get(list, (size_t)(row->n_prompt + t)), *found;
        snprintf(id, sizeof id, "%d", (int)row->response[t]);
        if (!(found = json_object_get(entry, id))) {
            snprintf(why, room, "it answers another token than it was asked for");
            return false;
        }
        if (!jp_wire_number(json_object_get(found, "logprob"), out + (t - row->first), why, room)) return false;
    }
    return true;
}

int64_t jp_prompt_scores_cost(const json_t *usage, const jp_wire_row *row) {
    const json_t *all = json_object_get(usage, "prompt_tokens"),
                 *cached = json_object_get(json_object_get(usage, "prompt_tokens_details"), "cached_tokens");
    int64_t cost = json_is_integer(all) ? jp_wire_count(all, INT32_MAX) : row->n_prompt + row->last;
    return cost - jp_wire_count(cached, INT32_MAX);
}
