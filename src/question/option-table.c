#include <limits.h>
#include <string.h>

#include "question/option.h"

enum {
    ASKS = JP_EXPLAIN | JP_COMPARE | JP_SCORE | JP_AUDIT | JP_COMPRESS | JP_CITE, /* one prompt and its response */
    SEARCHES = JP_EXPLAIN | JP_COMPARE | JP_BENCH,
    RUNS = ASKS | JP_BENCH,
    WRITES = RUNS | JP_RENDER,
    LIST_MODEL = RUNS | JP_LIST | JP_SERVE
};
#define UNSIGNED_MOST 18446744073709551615.0 /* 2^64 - 1, as near as a double is */
#define NO_BOUND      1.7976931348623157e308

#define ROW(kind, word, n, f, a, h) \
    .type = kind, .info.type = word, .info.name = n, .info.flag = f, .info.argument = a, .info.help = h
#define TEXT(n, f, a, h)  ROW(JP_TYPE_TEXT, "text", n, f, a, h)
#define PATH(n, f, h)     ROW(JP_TYPE_FILE, "file", n, f, "FILE", h)
#define LIST(n, f, a, h)  ROW(JP_TYPE_LIST, "list", n, f, a, h)
#define TEXTS(n, f, a, h) ROW(JP_TYPE_TEXTS, "texts", n, f, a, h)
#define SWITCH(n, f, h)   ROW(JP_TYPE_SWITCH, "switch", n, f, NULL, h), .info.fallback = "false"
#define INTEGER(n, f, from, to, h) \
    ROW(JP_TYPE_INTEGER, "integer", n, f, "N", h), .info.least = (from), .info.most = (to)
#define MEASURE(n, f, a, from, to, h) ROW(JP_TYPE_NUMBER, "number", n, f, a, h), .info.least = (from), .info.most = (to)
#define NUMBER(n, f, from, to, h)     MEASURE(n, f, "F", from, to, h)
#define LETTER(l)                     .info.letter = l
#define DEFAULT(v)                    .info.fallback = v
#define VALUES(v)                     .info.values = v
#define WRONG(w)                      .wrong = w
#define ABOVE                         .above = true
#define COMMAND_ONLY                  .info.command_only = true
#define SECRET                        .secret = true
#define ANSWERS                       .answers = true /* another value may give another answer */

/* In the order of a command's help. Rows of one name belong to different commands. */
static const jp_option rows[] = {
    /* the model */
    {LIST_MODEL, PATH("model", "model", "a GGUF file, or `default`: SmolLM2-135M-Instruct, fetched once"), LETTER('m')},
    {LIST_MODEL, TEXT("engine", "engine", "NAME", "`local`, or addresses of servers with commas: docs/remote.md"),
     VALUES("jopa list engines"), DEFAULT("local")},
    {LIST_MODEL,
     PATH("encoder", "encoder", "a GGUF sentence encoder for the metric `meaning`; `default`: all-MiniLM-L6-v2")},
    {LIST_MODEL, TEXT("key", NULL, "KEY", "the servers' key"), SECRET},
    {LIST_MODEL, PATH("key_file", "key-file", "the servers' key (OPENAI_API_KEY)"), COMMAND_ONLY},
    {LIST_MODEL, PATH("tokenizer", "tokenizer", "a GGUF file with the servers' vocabulary, where they tell none")},
    {LIST_MODEL, NUMBER("timeout", "timeout", 0, 1e6, "seconds that a server may take for an answer (600)"),
     DEFAULT("600"), ABOVE, WRONG("a number of seconds above 0 is needed")},
    {LIST_MODEL, INTEGER("threads", "threads", 0, INT_MAX, "threads (all cores)"), LETTER('t'), DEFAULT("0"),
     WRONG("a number of threads, or 0 for all cores")},
    {LIST_MODEL, INTEGER("ctx", "ctx", 0, INT_MAX, "tokens of prompt and response at most (as needed)"), DEFAULT("0"),
     WRONG("a number of tokens, or 0 for as many as needed")},
    {LIST_MODEL, INTEGER("gpu_layers", "gpu-layers", INT_MIN, INT_MAX, "layers that a GPU computes (0)"), DEFAULT("0"),
     WRONG("a number of layers, or a negative one for all")},
    {LIST_MODEL, LIST("rpc", "rpc", "HOST:PORT,...", "the layers are on these machines, where ggml-rpc-server runs")},
    {LIST_MODEL, SWITCH("precise", "precise", "no method is less exact to be faster: docs/speed.md"), ANSWERS},

    /* the question */
    {ASKS, TEXT("prompt", NULL, "PROMPT", "the user's text"), ANSWERS},
    {ASKS, PATH("prompt_file", "prompt-file", "read the prompt from a file; `-`: standard input"), LETTER('f'),
     COMMAND_ONLY},
    {ASKS, TEXT("system", "system", "TEXT", "the system's text"), ANSWERS},
    {ASKS, PATH("messages", "messages", "a whole chat: a JSON array as OpenAI's interface has it"), COMMAND_ONLY},
    /* the command reads the files: the library takes what is in them */
    {ASKS, PATH("tools", "tools", "what the model may call: a JSON array, as OpenAI's interface has it"), ANSWERS},
    {RUNS, PATH("template", "template", "another chat template: a Jinja file, or a name of the model's"), ANSWERS},
    {RUNS, TEXT("template_args", "template-args", "JSON", "its variables; \"date\" is the day that it is told"),
     ANSWERS},
    {ASKS, SWITCH("raw", "raw", "no chat template: the text is the prompt"), ANSWERS},
    {ASKS, TEXT("response", "response", "TEXT", "explain this response (the model's own, greedy)"), LETTER('r'),
     ANSWERS},
    {ASKS, PATH("response_file", "response-file", "read the response from a file; `-`: standard input"), COMMAND_ONLY},
    {ASKS, INTEGER("max_tokens", "max-tokens", 1, 1 << 24, "tokens generated (64)"), LETTER('n'), DEFAULT("64"),
     WRONG("at most 16777216 tokens, and at least 1"), ANSWERS},
    {ASKS,
     TEXTS("target", "target", "TEXT", "only this of the response: TEXT, A:B (bytes), sentence:N or sentence:all"),
     ANSWERS},
    {JP_EXPLAIN | JP_COMPARE | JP_SCORE,
     TEXT("against", "against", "TEXT", "why this answer and not TEXT; `next`: the model's second choice"), ANSWERS},

    /* of one command */
    {ASKS, PATH("like", "like", "ask what this result was asked, but for what is given here"), COMMAND_ONLY},
    {JP_CITE,
     TEXTS("documents", "documents", "FILE", "what is cited: JSON Lines with title and text, a text, or a folder"),
     ANSWERS},
    {JP_CITE,
     NUMBER("threshold", "threshold", 0, NO_BOUND,
            "from the documents: hiding all of them costs that, nats per token (0.4)"),
     DEFAULT("0.4"), WRONG("a number of nats per token, at least 0, is needed"), ANSWERS},
    {JP_CITE,
     NUMBER("min_drop", "min-drop", 0, 1, "the smallest set with that share of what the documents carry (0.8)"),
     DEFAULT("0.8"), ABOVE, WRONG("a share above 0, at most 1, is needed"), ANSWERS},
    {JP_EXPLAIN,
     INTEGER("repeat", "repeat", 0, 10000, "search with the seeds 1..N too: how often is each unit selected?"),
     DEFAULT("0"), WRONG("a number of runs, at most 10000"), ANSWERS},
    {JP_EXPLAIN, SWITCH("matrix", "matrix", "what each unit, hidden alone, takes from each token of the response, too"),
     ANSWERS},
    {JP_EXPLAIN, LIST("operators", "operators", "LIST", "the set's drop under these operators too, or under `all`"),
     VALUES("jopa list operators"), ANSWERS},
    {JP_SCORE, TEXTS("hide", "hide", "SET", "a set to hide: unit numbers such as 3,5-7, or texts; may be repeated"),
     ANSWERS},
    {JP_EXPLAIN | JP_COMPARE | JP_AUDIT | JP_CITE,
     PATH("data", "data", "ask a file of questions: JSON Lines with prompt or messages, response"), COMMAND_ONLY},
    {JP_EXPLAIN | JP_COMPARE | JP_CITE,
     PATH("results", "results", "with --data: the file of results, appended to and resumed from"), COMMAND_ONLY},
    {JP_EXPLAIN | JP_COMPARE | JP_CITE,
     INTEGER("in_flight", "in-flight", 0, 1024, "with --data: questions at once (as keeps the engine busy)"),
     DEFAULT("0"), WRONG("a number of questions, or 0 for as many as keep the engine busy"), COMMAND_ONLY},
    {JP_EXPLAIN | JP_COMPARE | JP_AUDIT | JP_CITE, TEXT("id", NULL, "NAME", "a name of the question for the report")},
    {JP_AUDIT, SWITCH("refusal", "refusal", "why it refuses: the target is the refusal in the response"), ANSWERS},
    {JP_AUDIT, SWITCH("fail_on_trigger", "fail-on-trigger", "exit code 3 when a trigger was found"), COMMAND_ONLY},
    {JP_AUDIT,
     TEXT("until", "until", "WHAT", "what is enough: `probability` falls, or the `response` turns away (probability)"),
     VALUES("probability,response"), DEFAULT("probability"), WRONG("probability or response"), ANSWERS},
    {JP_AUDIT, NUMBER("threshold", "threshold", 0, NO_BOUND, "drop per token that is enough, nats (1)"), DEFAULT("1"),
     ABOVE, WRONG("a number of nats per token above 0 is needed"), ANSWERS},
    {JP_AUDIT, NUMBER("similarity", "similarity", 0, 1, "ROUGE-L below which a response is turned away (0.5)"),
     DEFAULT("0.5"), ABOVE, WRONG("a number above 0, at most 1, is needed"), ANSWERS},
    {JP_COMPRESS,
     NUMBER("tolerance", "tolerance", 0, NO_BOUND, "drop per token of the response that is allowed, nats (0.1)"),
     DEFAULT("0.1"), WRONG("a number of nats per token, at least 0, is needed"), ANSWERS},
    {JP_COMPRESS, NUMBER("ratio", "ratio", 0, 0.9999999999, "take out that fraction of the tokens instead"),
     DEFAULT("0"), WRONG("a fraction above 0, below 1, is needed"), ANSWERS},
    {JP_COMPRESS, TEXTS("keep", "keep", "TEXT", "text that stays wherever it occurs; may be repeated"), ANSWERS},
    {JP_COMPRESS, SWITCH("marks", "marks", "text between {{ and }} stays, and the marks are left out"), ANSWERS},
    {JP_BENCH, TEXTS("data", NULL, "DATA", "files of prompts: JSON Lines with prompt, or an array as Alpaca's")},
    {JP_BENCH,
     LIST("methods", "methods", "LIST", "NAME[@SPARSITY][/BUDGET], several with commas (jopa,ablation,random)"),
     VALUES("jopa list methods"), DEFAULT("jopa,ablation,random")},
    {JP_BENCH,
     NUMBER("budget_per_unit", "budget-per-unit", 0, NO_BOUND,
            "evaluations at most for each unit of a prompt, instead of a whole budget"),
     DEFAULT("0"), WRONG("a number above 0"), ANSWERS},
    {JP_BENCH, PATH("results", "results", "the file of results, appended to and resumed from (jopa-bench.jsonl)"),
     DEFAULT("jopa-bench.jsonl")},
    {JP_BENCH, INTEGER("per_task", "per-task", 0, INT_MAX, "at most N prompts of each task, spread evenly (all)"),
     DEFAULT("0"), WRONG("a number of prompts, or 0 for all")},
    {JP_BENCH, INTEGER("max_tokens", "max-tokens", 1, 1 << 24, "tokens generated (64)"), LETTER('n'), DEFAULT("64"),
     WRONG("at most 16777216 tokens, and at least 1"), ANSWERS},
    {JP_BENCH, TEXT("system", "system", "TEXT", "the system's text where the data has none"), ANSWERS},

    /* the search */
    {JP_EXPLAIN, TEXT("method", "method", "NAME", "`jopa list methods` (jopa)"), LETTER('M'),
     VALUES("jopa list methods"), DEFAULT("jopa"), ANSWERS},
    {JP_COMPARE, LIST("method", "method", "LIST", "`jopa list methods`, several with commas (jopa,ablation,random)"),
     LETTER('M'), VALUES("jopa list methods"), DEFAULT("jopa,ablation,random"), ANSWERS},
    {JP_BENCH, LIST("method", "method", "LIST", "another name of methods"), LETTER('M'), VALUES("jopa list methods")},
    {JP_COMPRESS, TEXT("method", "method", "NAME", "jopa; to compare: random, ablation, surprisal (jopa)"), LETTER('M'),
     VALUES("jopa,random,ablation,surprisal"), DEFAULT("jopa"),
     WRONG("compress knows jopa, random, ablation and surprisal"), ANSWERS},
    {SEARCHES, INTEGER("k", "units", 0, INT_MAX, "at most N units"), LETTER('k'), DEFAULT("0"),
     WRONG("at least 1 is needed"), ANSWERS},
    {SEARCHES, NUMBER("min_drop", "min-drop", 0, 1, "the smallest set with that share of the largest drop"),
     DEFAULT("0"), WRONG("a share of the largest drop, above 0, at most 1, is needed"), ANSWERS},
    {SEARCHES, NUMBER("sparsity", "sparsity", 0, 1, "at most that fraction of the units (0.1)"), DEFAULT("0.1"), ABOVE,
     WRONG("a number above 0, at most 1, is needed"), ANSWERS},
    {SEARCHES | JP_SCORE, TEXT("unit", "unit", "KIND", "token, word, sentence, line, paragraph or marked (token)"),
     LETTER('u'), VALUES("jopa list units"), DEFAULT("token"), ANSWERS},
    {JP_AUDIT, TEXT("unit", "unit", "KIND", "what is looked for before words: sentence, line, paragraph (sentence)"),
     LETTER('u'), VALUES("jopa list units"), DEFAULT("sentence"), ANSWERS},
    {JP_CITE, TEXT("unit", "unit", "KIND", "what is cited: sentence, line, paragraph (sentence)"), LETTER('u'),
     VALUES("jopa list units"), DEFAULT("sentence"), ANSWERS},
    {JP_COMPRESS,
     TEXT("unit", "unit", "KIND", "what goes or stays as a whole: token, word, sentence, line, paragraph (word)"),
     LETTER('u'), VALUES("jopa list units"), DEFAULT("word"), ANSWERS},
    {SEARCHES | JP_SCORE, LIST("roles", "roles", "LIST", "whose text may be hidden (user)"), DEFAULT("user"), ANSWERS},
    {JP_AUDIT, LIST("roles", "roles", "LIST", "whose text may be hidden (all)"), DEFAULT("all"), ANSWERS},
    {JP_COMPRESS, LIST("roles", "roles", "LIST", "whose text may be shortened (user)"), DEFAULT("user"), ANSWERS},
    {SEARCHES | JP_SCORE,
     TEXT("operator", "operator", "NAME", "how it is hidden: zero, mean, delete, token:TEXT (zero)"), LETTER('o'),
     VALUES("jopa list operators"), DEFAULT("zero"), ANSWERS},
    {JP_AUDIT | JP_CITE,
     TEXT("operator", "operator", "NAME", "how it is hidden: zero, mean, delete, token:TEXT (delete)"), LETTER('o'),
     VALUES("jopa list operators"), DEFAULT("delete"), ANSWERS},
    {SEARCHES,
     LIST("levels", "levels", "LIST", "coarse to fine: auto, none, or kinds such as paragraph,sentence (auto)"),
     DEFAULT("auto"), ANSWERS},
    {RUNS & ~(unsigned)JP_SCORE,
     INTEGER("budget", "budget", 0, INT_MAX, "evaluations at most (the method's own default)"), LETTER('b'),
     DEFAULT("0"), WRONG("a number of evaluations, or 0 for the method's own"), ANSWERS},
    {RUNS & ~(unsigned)JP_SCORE,
     MEASURE("time", "time", "SECONDS", 0, NO_BOUND, "stop after that, with the best so far"), DEFAULT("0"),
     WRONG("a number of seconds, or 0 for no limit"), ANSWERS},
    {RUNS & ~(unsigned)JP_SCORE, INTEGER("seed", "seed", 0, UNSIGNED_MOST, "same seed, same machine, same result (0)"),
     DEFAULT("0"), WRONG("a whole number is needed, from 0 to 18446744073709551615"), ANSWERS},
    {SEARCHES, LIST("metrics", "metrics", "LIST", "`jopa list metrics`, none (prob,words)"),
     VALUES("jopa list metrics"), DEFAULT("prob,words"), ANSWERS},
    {JP_SCORE | JP_CITE, LIST("metrics", "metrics", "LIST", "`words`: what the model then writes, too (none)"),
     VALUES("jopa list metrics"), DEFAULT("none"), ANSWERS},
    {JP_AUDIT | JP_COMPRESS, LIST("metrics", "metrics", "LIST", "`jopa list metrics`, none (words)"),
     VALUES("jopa list metrics"), DEFAULT("words"), ANSWERS},

    /* the server */
    {JP_SERVE, TEXT("host", "host", "ADDRESS", "listen there (127.0.0.1); beyond this machine a token is needed"),
     DEFAULT("127.0.0.1")},
    {JP_SERVE, INTEGER("port", "port", 0, 65535, "and at that port; 0: one that is free (8765)"), DEFAULT("8765"),
     WRONG("a port, from 0 to 65535")},
    {JP_SERVE, TEXT("token", "token", "TEXT", "what clients have to show; made where --host needs one")},
    {JP_SERVE, TEXT("store", "store", "DIR", "keep results there as files that survive a restart")},
    {JP_SERVE, INTEGER("queue", "queue", 1, 100000, "questions that wait at most (64)"), DEFAULT("64"),
     WRONG("a number of questions, at least 1")},
    {JP_SERVE, INTEGER("max_prompt", "max-prompt", 1, 1 << 26, "bytes of a question's texts at most (200000)"),
     DEFAULT("200000"), WRONG("a number of bytes, from 1 to 67108864")},
    {JP_SERVE, MEASURE("time", "time", "SECONDS", 0, NO_BOUND, "that a question may take at most (600)"),
     DEFAULT("600"), ABOVE, WRONG("a number of seconds above 0")},
    {JP_SERVE, NUMBER("keep", "keep", 0, 1e6, "megabytes of results kept in memory (64)"), DEFAULT("64"),
     WRONG("a number of megabytes, at most 1000000")},

    /* the report */
    {WRITES, TEXT("format", "format", "NAME", "`jopa list formats` (text on a terminal, otherwise json)"), LETTER('F'),
     VALUES("jopa list formats"), COMMAND_ONLY},
    {WRITES, PATH("output", "output", "write there, whole or not at all"), LETTER('O'), COMMAND_ONLY},
    {WRITES, SWITCH("bom", "bom", "a CSV report with a byte order mark, which Excel asks for"), COMMAND_ONLY},
    {WRITES, SWITCH("scores", "scores", "show every unit's score"), COMMAND_ONLY},
    {WRITES, INTEGER("width", "width", 0, INT_MAX, "columns of the text report (the terminal's)"), DEFAULT("0"),
     WRONG("a number of columns, or 0 for the terminal's"), COMMAND_ONLY},
    {WRITES, TEXT("color", "color", "WHEN", "always, never, auto (auto)"), VALUES("always,never,auto"), DEFAULT("auto"),
     WRONG("always, never or auto"), COMMAND_ONLY},
    {WRITES | JP_SERVE, SWITCH("quiet", "quiet", "nothing on stderr but errors"), LETTER('q'), COMMAND_ONLY},
    {WRITES | JP_SERVE, SWITCH("progress", "progress", "progress even where stderr is no terminal"), COMMAND_ONLY},
};

static const char *const commands[] = {"explain", "compare", "score", "audit", "compress", "bench",
                                       "render",  "list",    "model", "serve", "cite"};

const jp_option *jp_option_row(int index) {
    return index >= 0 && index < (int)(sizeof rows / sizeof *rows) ? &rows[index] : NULL;
}

const jp_option *jp_option_find(unsigned command, const char *name) {
    for (const jp_option *row = rows; row < rows + sizeof rows / sizeof *rows; row++)
        if ((!command || row->commands & command) && !strcmp(row->info.name, name)) return row;
    return NULL;
}

const char *jp_command_name(int index) {
    return index >= 0 && index < (int)(sizeof commands / sizeof *commands) ? commands[index] : NULL;
}

unsigned jp_command_bit(const char *name) {
    for (int i = 0; name && jp_command_name(i); i++)
        if (!strcmp(commands[i], name)) return 1u << i;
    return 0;
}
