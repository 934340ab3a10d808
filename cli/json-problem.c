#include "json-problem.h"

const char *json_problem(const json_error_t *e) {
    switch (json_error_code(e)) {
    case json_error_null_character:
    case json_error_null_byte_in_key: return "a text holds the character NUL (\\u0000)";
    case json_error_stack_overflow: return "its arrays and objects are nested too deep";
    case json_error_premature_end_of_input: return "it ends too early";
    default: return e->text;
    }
}
