// consumer MODEL.gguf: explains a prompt and prints what was selected.
#include <cstdio>
#include <jopa.h>
#include <memory>
#include <stdexcept>
#include <string>

namespace {
using Model = std::unique_ptr<jopa_model, decltype(&jopa_model_free)>;
using Result = std::unique_ptr<jopa_result, decltype(&jopa_result_free)>;

Model open_model(const std::string &file) {
    jopa_model_options o;
    jopa_model_options_init(&o);
    o.file = file.c_str();
    o.threads = 1;
    jopa_error  e{};
    jopa_model *model = nullptr;
    if (jopa_model_open(&model, &o, &e)) throw std::runtime_error(e.message);
    return {model, jopa_model_free};
}

Result explain(const Model &model) {
    jopa_explain_options o;
    jopa_explain_options_init(&o);
    o.prompt = "one two three four";
    o.raw = true;
    o.k = 1;
    o.max_tokens = 2;
    o.metrics = "none";
    jopa_error   e{};
    jopa_result *result = nullptr;
    if (jopa_explain(&result, model.get(), &o, &e)) throw std::runtime_error(e.message);
    return {result, jopa_result_free};
}
} // namespace

int main(int argc, char **argv) try {
    const Model  model = open_model(argc > 1 ? argv[1] : "");
    const Result result = explain(model);
    int          n = 0;
    const int   *selected = jopa_result_selected(result.get(), 0, &n);
    std::printf("%d selected, unit %d, drop %.3f\n", n, n ? selected[0] : -1, jopa_result_drop(result.get(), 0));
    return 0;
} catch (const std::exception &e) {
    std::fprintf(stderr, "consumer: %s\n", e.what());
    return 1;
}
