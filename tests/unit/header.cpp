// jopa.h as C++ reads it: first and alone, compiled with warnings as errors, linked as C.
#include <jopa.h>

#include <cstdio>
#include <cstring>

int main() {
    jopa_model_options model_options;
    jopa_model_options_init(&model_options);
    model_options.file = "no/such/model.gguf";
    jopa_model *model = nullptr;
    jopa_error  error = {};
    int         code = jopa_model_open(&model, &model_options, &error);
    bool        fine = code == JOPA_ERROR_IO && error.code == code && !model && !std::strcmp(jopa_version(), JOPA_VERSION);
    if (!fine) std::printf("code %d, \"%s\", version %s\n", code, error.message, jopa_version());
    return fine ? 0 : 1;
}
