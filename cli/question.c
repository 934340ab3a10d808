/* The prompt, the chat and the response of a question: texts, files, and what --like asks again. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "documents.h"
#include "file.h"
#include "messages.h"
#include "options.h"
#include "say.h"

static int set_from_file(options *o, const char *name, const char *file) {
    char *text = file_read(file, NULL);
    if (!text) return EXIT_FAILED;
    int code = options_set(o, name, text);
    free(text);
    return code;
}

static int set_prompt(options *o) {
    const char *file = options_text(o, "prompt_file"), *chat = options_text(o, "messages");
    int         sources = (o->positional != NULL) + (file != NULL) + (chat != NULL);
    if (sources == 0 && !options_given(o, "like"))
        return say(EXIT_USAGE, "no prompt: give its text, --prompt-file or --messages");
    if (sources > 1) return say(EXIT_USAGE, "one prompt at a time: its text, --prompt-file or --messages");
    if (chat && options_given(o, "system"))
        return say(EXIT_USAGE, "--messages holds the system's text itself: leave --system out");
    if (chat) return messages_read(chat, o->asked);
    if (file) return set_from_file(o, "prompt", file);
    if (!o->positional) return -1;
    return strcmp(o->positional, "-") ? options_set(o, "prompt", o->positional) : set_from_file(o, "prompt", "-");
}

/* What is in the file that the option names. */
static int read_option(options *o, const char *name) {
    char *file = strdup(options_text(o, name));
    int   code = file ? set_from_file(o, name, file) : say(EXIT_FAILED, "out of memory");
    free(file);
    return code;
}

/* A file, or where there is none the name of one of the model's templates. */
static bool is_template_file(const char *value) {
    return !strcmp(value, "-") || !access(value, F_OK) || strpbrk(value, "/.");
}

int options_files(options *o) {
    int code = options_given(o, "tools") ? read_option(o, "tools") : -1;
    if (code < 0) code = documents_read(o->asked);
    if (code >= 0 || !options_given(o, "template")) return code;
    if (!is_template_file(options_text(o, "template"))) return -1;
    char *file = strdup(options_text(o, "template"));
    code = read_option(o, "template");
    if (code < 0 && !strchr(options_text(o, "template"), '{'))
        code = say(EXIT_USAGE, "--template %s: no chat template in Jinja: it has no '{'", file);
    free(file);
    return code;
}

static int set_response(options *o) {
    const char *file = options_text(o, "response_file");
    if (file && options_given(o, "response")) return say(EXIT_USAGE, "--response and --response-file: one of them");
    return file ? set_from_file(o, "response", file) : -1;
}

/* What the result of an earlier run was asked, where nothing else is given. */
static int set_like(options *o) {
    const char  *file = options_text(o, "like");
    jopa_result *r = NULL;
    jopa_error   e = {0};
    size_t       size = 0;
    if (!file) return -1;
    char *json = file_read(file, &size);
    if (!json) return EXIT_FAILED;
    int code = jopa_result_parse(&r, json, size, &e) || jopa_options_like(o->asked, r, 0, &e)
                   ? say(EXIT_FAILED, "'%s': %s", file, e.message)
                   : -1;
    jopa_result_free(r);
    free(json);
    return code;
}

int options_question(options *o) {
    int code = set_prompt(o);
    if (code < 0) code = options_files(o);
    if (code < 0) code = set_response(o);
    if (code < 0) code = set_like(o);
    return code < 0 ? options_check(o) : code;
}
