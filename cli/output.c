#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "say.h"

static bool to_terminal(const options *o) {
    const char *output = options_text(o, "output");
    return (!output || !strcmp(output, "-")) && isatty(STDOUT_FILENO);
}

static const char *format_of_output(const options *o) {
    return options_given(o, "format") ? options_text(o, "format") : to_terminal(o) ? "text" : "json";
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* NO_COLOR: https://no-color.org */
static bool colored(const options *o) {
    const char *no_color = getenv("NO_COLOR"), *color = options_text(o, "color");
    if (strcmp(color, "auto")) return !strcmp(color, "always");
    return to_terminal(o) && !(no_color && *no_color);
}

int output_check(const options *o) {
    jopa_name name;
    bool      known = false;
    for (int i = 0; jopa_list("formats", i, &name); i++) known |= !strcmp(name.name, format_of_output(o));
    if (!known) return say(EXIT_USAGE, "unknown format '%s': see `jopa list formats`", format_of_output(o));
    if (!strcmp(format_of_output(o), "prompt") && strcmp(o->command, "compress") && strcmp(o->command, "render"))
        return say(
            EXIT_USAGE,
            "-F prompt: that is what `jopa compress` leaves; `jopa %s` has the other formats of `jopa list formats`",
            o->command);
    return file_writable(options_text(o, "output")) ? -1 : EXIT_FAILED;
}

/* How the report looks, by what was asked for and where it goes. */
static int make_looks(const options *o, jopa_options **out) {
    jopa_error e = {0};
    char       width[16];
    int        asked = atoi(options_text(o, "width"));
    snprintf(width, sizeof width, "%d", asked > 0 ? asked : to_terminal(o) ? terminal_width() : 80);
    int status = jopa_options_new(out, "render", &e);
    if (!status) status = jopa_options_set(*out, "width", width, &e);
    if (!status) status = jopa_options_set(*out, "color", colored(o) ? "always" : "never", &e);
    if (!status) status = jopa_options_set(*out, "scores", options_on(o, "scores") ? "true" : "false", &e);
    return status ? say_error(&e) : -1;
}

bool output_marked(const options *o, const char *format) { return options_on(o, "bom") && !strcmp(format, "csv"); }

int output_result(const options *o, const jopa_result *r) {
    jopa_options *looks = NULL;
    jopa_error    e = {0};
    size_t        size = 0;
    int           code = make_looks(o, &looks);
    char         *text = code < 0 ? jopa_result_render(r, format_of_output(o), looks, &size, &e) : NULL;
    if (code < 0 && !text) code = say_error(&e);
    bool mark = output_marked(o, format_of_output(o));
    if (text) code = file_write(options_text(o, "output"), mark, text, size) ? EXIT_DONE : EXIT_FAILED;
    jopa_free(text);
    jopa_options_free(looks);
    return code;
}
