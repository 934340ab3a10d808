"""Results of runs on a tiny model against the schema. Run by test_explain_schema.sh."""
import jsonschema
from cli import PROMPT, RESPONSE, SOURCE, Command, json, main

RUNS = [
    ("explain", PROMPT, "-r", RESPONSE),
    ("explain", PROMPT, "-n", 6, "-M", "ablation", "--metrics", "prob,words,sparsity,curves,lds,top_k_drop", "--seed", 2**64 - 1),
    ("explain", PROMPT, "-r", RESPONSE, "-M", "self", "--target", "1:11", "--raw", "-u", "word"),
    ("explain", "naïve 🙂 Ärzte", "-r", "größer 🙂", "-o", "delete", "-b", 5, "--system", "ok", "--roles", "user,system"),
    ("explain", PROMPT, "-r", RESPONSE, "-M", "random", "-u", "word", "--matrix", "--repeat", 3, "--target", "sentence:1"),
    ("compare", PROMPT, "-r", RESPONSE, "-M", "greedy,exhaustive,lime", "-u", "word", "-k", 2),
]


class Schema(Command):
    def test_runs(self):
        validator = jsonschema.Draft202012Validator(json.loads((SOURCE / "docs/result.schema.json").read_text(encoding="utf-8")))
        for command, *arguments in RUNS:
            with self.subTest(arguments):
                result = self.explain(*arguments, command=command)
                validator.validate(result)
                self.known(validator.schema["$defs"]["explanation"], result["results"][0] if command == "compare" else result)

    def known(self, schema, value, where="result"):
        """Every member is in the schema, which lets unknown ones pass for later versions' sake."""
        if isinstance(value, list):
            for one in value:
                self.known(schema.get("items", {}), one, where)
        elif isinstance(value, dict) and "properties" in schema:
            self.assertLessEqual(set(value), set(schema["properties"]), where)
            for name, one in value.items():
                self.known(schema["properties"][name], one, f"{where}.{name}")


main()
