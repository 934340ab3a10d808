// jopa.h as C++ reads it: first and alone, compiled with warnings as errors, linked as C.
#include <jopa.h>

#include <cstdio>
#include <cstring>

int main() {
    jopa_options *options = nullptr;
    jopa_model   *model = nullptr;
    jopa_error    error = {};
    int           code = jopa_options_new(&options, "explain", &error);
    if (!code) code = jopa_options_set(options, "model", "no/such/model.gguf", &error);
    if (!code) code = jopa_model_open(&model, options, &error);
    jopa_options_free(options);
    bool fine = code == JOPA_ERROR_IO && error.code == code && !model && !std::strcmp(jopa_version(), JOPA_VERSION);
    if (!fine) std::printf("code %d, \"%s\", version %s\n", code, error.message, jopa_version());
    return fine ? 0 : 1;
}
