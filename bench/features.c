/* The instructions that ggml's CPU backend uses, as it says itself. */
#include <ggml-backend.h>
#include <stdint.h>
#include <stdio.h>

int main(void) {
    ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
    ggml_backend_reg_t reg = cpu ? ggml_backend_dev_backend_reg(cpu) : NULL;
    if (!reg) return fputs("no CPU backend\n", stderr), 1;
    ggml_backend_get_features_t list =
        (ggml_backend_get_features_t)(uintptr_t)ggml_backend_reg_get_proc_address(reg, "ggml_backend_get_features");
    for (const struct ggml_backend_feature *f = list(reg); f->name; f++) printf("%s=%s ", f->name, f->value);
    puts("");
    return 0;
}
