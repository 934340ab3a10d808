/* replay FILE...: the target on each file; its crash is the test's failure. */
#include "fuzz.h"

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        FILE    *f = fopen(argv[i], "rb");
        size_t   most = 1 << 20, size;
        uint8_t *data = malloc(most);
        CHECK(f && data);
        size = fread(data, 1, most, f);
        fclose(f);
        uint8_t *exact = malloc(size ? size : 1); /* so that a read behind the input shows */
        CHECK(exact);
        memcpy(exact, data, size);
        free(data);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    printf("%d inputs\n", argc - 1);
    return argc > 1 ? 0 : 77;
}
