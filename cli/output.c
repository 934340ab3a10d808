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

int output_result(const options *o, const jopa_result *r) {
    jopa_render_options ro;
    jopa_render_options_init(&ro);
    int width = atoi(options_text(o, "width"));
    ro.width = width > 0 ? width : to_terminal(o) ? terminal_width() : 80;
    ro.color = colored(o);
    ro.scores = options_on(o, "scores");
    jopa_error e = {0};
    size_t     size = 0;
    char      *text = jopa_result_render(r, format_of_output(o), &ro, &size, &e);
    if (!text) return say_error(&e);
    bool written = file_write(options_text(o, "output"), text, size);
    jopa_free(text);
    return written ? EXIT_DONE : EXIT_FAILED;
}
