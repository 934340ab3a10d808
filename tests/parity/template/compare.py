"""Rendered texts and token ids beside transformers' apply_chat_template; run by test_template.sh in its environment.

compare.py PROGRAM MODEL TEMPLATES: the templates of a folder, and the model's own."""
import datetime
import json
import pathlib
import subprocess
import sys

import transformers.utils.chat_template_utils as rendering
from chats import CHATS
from tokenizers import pre_tokenizers
from transformers import AutoTokenizer

DAY = datetime.datetime(2026, 1, 31, 12)
# Where the two may differ: by template, the chats (None: all) and why.
EXCEPTIONS = {
    "fireworks-ai-llama-3-firefunction-v2.jinja":
        (None, "jinja2 stops at `functions`, which is undefined; the interpreter takes it for an empty text"),
    "Kimi-K2-Instruct.jinja":
        (["tool call", "tool answered", "two calls"], "transformers' sandbox forbids list.append, which it calls"),
    "Kimi-K2-Thinking.jinja":
        (["tool call", "tool answered", "two calls"], "transformers' sandbox forbids list.append, which it calls"),
    "llama-cpp-deepseek-r1.jinja":
        (["tools", "tools and system", "tool call", "tool answered", "two calls"],
         "jinja2's `map` is a generator, which transformers' tojson cannot write"),
    "meetkai-functionary-medium-v3.1.jinja":
        (["tools", "tools and system", "tool call", "tool answered", "two calls"],
         "it pipes tojson's text into jinja2's own filter, which escapes HTML; models were trained on plain JSON"),
}
LEAST = 1150


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return DAY


def expected(tokenizer, template, messages, tools, more):
    """(text, ids), or (None, why)."""
    ask = {"chat_template": template, "tools": tools, "add_generation_prompt": True, **more}
    try:
        text = tokenizer.apply_chat_template(messages, tokenize=False, **ask)
        return text, tokenizer(text, add_special_tokens=False)["input_ids"]
    except Exception as error:  # whatever a template makes jinja2 raise
        return None, f"{type(error).__name__}: {error}"


def with_text_arguments(messages):
    """Arguments of calls as OpenAI's interface has them, for templates that write them as they are."""
    messages = json.loads(json.dumps(messages))
    for message in messages:
        for one in message.get("tool_calls", []):
            one["function"]["arguments"] = json.dumps(one["function"]["arguments"], ensure_ascii=False)
    return messages


def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"at {at}: {a[max(at - 20, 0):at + 40]!r} and {b[max(at - 20, 0):at + 40]!r}"


def difference(got, wanted):
    """What tells the program's answer from (text, ids); None: nothing."""
    text, ids = wanted
    if text is None:
        return None if "error" in got else f"transformers: {ids[:150]}"
    if "error" in got:
        return f"only here: {got['error'][:200]}"
    if got["text"] != text:
        return "texts " + first_difference(got["text"], text)
    if "ids" in got and got["ids"] != ids:
        return "tokens " + first_difference(got["ids"], ids)
    return None


def load_tokenizer(model):
    """The GGUF's. transformers' conversion leaves out that digits are cut off first, as SmolLM2's tokenizer.json says."""
    path = pathlib.Path(model)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    return tokenizer


def main(program, model, folder):
    rendering.datetime = Fixed
    tokenizer = load_tokenizer(model)
    templates = {p.name: p.read_text(encoding="utf-8") for p in sorted(pathlib.Path(folder).glob("*.jinja"))}
    templates["(the model's own)"] = tokenizer.chat_template
    run = subprocess.Popen([program, model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    agree, refused, wrong, excused = 0, [], [], {}
    for name, template in templates.items():
        for chat, messages, tools, more in CHATS:
            asked = {"template": template, "messages": messages, "tools": tools, "args": {**more, "date": f"{DAY:%Y-%m-%d}"}}
            run.stdin.write(json.dumps(asked) + "\n")
            run.stdin.flush()
            got = json.loads(run.stdout.readline())
            why = difference(got, expected(tokenizer, template, messages, tools, more))
            if why and any("tool_calls" in m for m in messages):
                why = difference(got, expected(tokenizer, template, with_text_arguments(messages), tools, more)) and why
            chats, _ = EXCEPTIONS.get(name, ([], ""))
            if not why:
                agree += 1
                if "refused" in got:
                    refused.append(f"{name}, {chat}: {got['refused']}")
            elif chats is None or chat in chats:
                excused[name] = excused.get(name, 0) + 1
            else:
                wrong.append(f"{name}, {chat}: {why}")
    run.stdin.close()
    print(f"{agree} of {len(templates) * len(CHATS)} agree, over {len(templates)} templates")
    for name, number in excused.items():
        print(f"  {number} do not, {name}: {EXCEPTIONS[name][1]}")
    print(f"{len(refused)} of those that agree are refused, since something that a message says is not in the text:")
    print("\n".join("  " + line for line in refused))
    print("\n".join(wrong))
    return bool(wrong) or agree < LEAST


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
