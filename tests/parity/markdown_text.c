/* Reads texts from standard input, a line "SIZE\n" before each, and prints each the same way as a quotation of the
 * format "markdown". */
#include <stdio.h>
#include <stdlib.h>

#include "report/plain.h"

int main(void) {
    size_t size;
    while (scanf("%zu", &size) == 1 && getchar() == '\n') {
        char     *text = malloc(size + 1);
        jp_buffer out = {0};
        if (!text || fread(text, 1, size, stdin) != size) return 1;
        jp_buffer_text(&out, "**Prompt**\n\n> ");
        jp_put_markdown(&out, text, size, true);
        jp_buffer_text(&out, "\n\n");
        if (out.failed) return 1;
        printf("%zu\n", out.size);
        fwrite(out.data, 1, out.size, stdout);
        jp_buffer_free(&out);
        free(text);
    }
    return ferror(stdin) ? 1 : 0;
}
