// consumer MODEL.gguf: explains a prompt and prints what was selected.
#include <cstdio>
#include <jopa.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace {
using Options = std::unique_ptr<jopa_options, decltype(&jopa_options_free)>;
using Model = std::unique_ptr<jopa_model, decltype(&jopa_model_free)>;
using Result = std::unique_ptr<jopa_result, decltype(&jopa_result_free)>;

void check(int code, const jopa_error &e) {
    if (code) throw std::runtime_error(e.message);
}

Options ask(const std::string &file) {
    jopa_error    e{};
    jopa_options *options = nullptr;
    check(jopa_options_new(&options, "explain", &e), e);
    Options                                     made{options, jopa_options_free};
    const std::pair<const char *, const char *> pairs[] = {
        {"model", file.c_str()}, {"threads", "1"},   {"prompt", "one two three four"}, {"raw", "true"}, {"k", "1"},
        {"max_tokens", "2"},     {"metrics", "none"}};
    for (const auto &[name, value] : pairs) check(jopa_options_set(options, name, value, &e), e);
    return made;
}

Model open_model(const Options &options) {
    jopa_error  e{};
    jopa_model *model = nullptr;
    check(jopa_model_open(&model, options.get(), &e), e);
    return {model, jopa_model_free};
}

Result explain(const Model &model, const Options &options) {
    jopa_error   e{};
    jopa_result *result = nullptr;
    check(jopa_explain(&result, model.get(), options.get(), &e), e);
    return {result, jopa_result_free};
}
} // namespace

int main(int argc, char **argv) try {
    const Options options = ask(argc > 1 ? argv[1] : "");
    const Model   model = open_model(options);
    const Result  result = explain(model, options);
    int           n = 0;
    const int    *selected = jopa_result_selected(result.get(), 0, &n);
    std::printf("%d selected, unit %d, drop %.3f\n", n, n ? selected[0] : -1, jopa_result_drop(result.get(), 0));
    return 0;
} catch (const std::exception &e) {
    std::fprintf(stderr, "consumer: %s\n", e.what());
    return 1;
}
