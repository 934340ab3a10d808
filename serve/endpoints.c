#include "endpoints.h"

#include <string.h>

#define COMMAND(n, s) \
    { "POST", "/v1/" n, n, s, answer_command, n, "result", 200, false, false }

static const endpoint endpoints[] = {
    {"GET", "/", "page", NULL, answer_page, NULL, "text/html", 200, true, false},
    {"GET", "/assets/{id}", "asset", NULL, answer_asset, NULL, "text/css", 200, true, false},
    {"GET", "/healthz", "health", "Whether the server is there, and what its model can do", answer_health, NULL,
     "health", 200, true, false},
    {"GET", "/metrics", "metrics", "Figures for Prometheus", answer_metrics, NULL, "text/plain", 200, false, false},
    {"GET", "/openapi.json", "openapi", "This document", answer_openapi, NULL, "object", 200, true, false},
    COMMAND("explain", "The set of units that jointly causes the response"),
    COMMAND("compare", "Several methods on one prompt, side by side"),
    COMMAND("score", "The drops of sets that you name; without any, the response and its log-probabilities"),
    COMMAND("cite", "For each sentence of the response the smallest set of the documents' sentences that carries it"),
    COMMAND("audit", "Which part of a prompt triggers a response"),
    COMMAND("compress", "A shorter prompt that keeps the response"),
    {"POST", "/v1/runs", "import", "Keep a saved result, and get an id for it", answer_import, "result", "status", 201,
     false, true},
    {"GET", "/v1/runs/{id}", "run", "How a question goes, and its result once there is one", answer_run, NULL, "status",
     200, false, false},
    {"DELETE", "/v1/runs/{id}", "cancel", "End it, with the best so far; or forget it, once it has ended",
     answer_cancel, NULL, "status", 200, false, false},
    {"GET", "/v1/runs/{id}/events", "events", "How it goes, as server-sent events: progress, then result or error",
     answer_events, NULL, "text/event-stream", 200, false, false},
    {"GET", "/v1/runs/{id}/report", "report", "The result in one of the report formats", answer_report, NULL, "report",
     200, false, false},
    {"POST", "/v1/completions", "completions", "Log-probabilities of given tokens, and greedy text, as OpenAI has it",
     answer_completions, "completion_request", "completion", 200, false, false},
    {"GET", "/v1/models", "models", "The model, as OpenAI's interface lists it", answer_models, NULL, "object", 200,
     false, false},
    {"GET", "/tokenizer_info", "tokenizer", "The tokens that begin and end a text", answer_tokenizer, NULL, "object",
     200, false, false},
    {"POST", "/tokenize", "tokenize", "A text as token ids", answer_tokenize, "text", "tokens", 200, false, false},
    {"POST", "/detokenize", "detokenize", "Token ids as a text", answer_detokenize, "ids", "object", 200, false, false},
};

const endpoint *endpoint_at(int index) {
    return index >= 0 && index < (int)(sizeof endpoints / sizeof *endpoints) ? &endpoints[index] : NULL;
}

/* Whether `path` has the pattern; what stands for {id} goes to id[], as far as it can be one. */
static bool path_matches(const char *pattern, const char *path, char id[ID_SIZE]) {
    const char *hole = strchr(pattern, '{');
    size_t      before = hole ? (size_t)(hole - pattern) : strlen(pattern);
    *id = '\0';
    if (!hole) return !strcmp(pattern, path);
    if (strncmp(pattern, path, before)) return false;
    const char *rest = strchr(hole, '}') + 1, *at = path + before;
    size_t      size = strcspn(at, "/");
    if (!size || strcmp(at + size, rest)) return false;
    if (size < ID_SIZE) {
        memcpy(id, at, size);
        id[size] = '\0';
    }
    return true;
}

const endpoint *endpoint_find(const char *method, const char *path, char id[ID_SIZE], const char **allowed) {
    static const char *const both[] = {"GET", "POST", "DELETE", "GET, POST", "GET, DELETE", "POST, DELETE"};
    bool                     has[3] = {false, false, false};
    *allowed = NULL;
    for (const endpoint *at = endpoints; at < endpoints + sizeof endpoints / sizeof *endpoints; at++) {
        if (!path_matches(at->path, path, id)) continue;
        if (!strcmp(at->method, method)) return at;
        for (int i = 0; i < 3; i++) has[i] |= !strcmp(at->method, both[i]);
    }
    int others = has[0] + has[1] + has[2];
    if (others == 1) *allowed = both[has[0] ? 0 : has[1] ? 1 : 2];
    if (others == 2) *allowed = both[!has[2] ? 3 : !has[1] ? 4 : 5];
    return NULL;
}
