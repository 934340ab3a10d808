"""Chats: the model's own template and others, tools, OpenAI's messages, begun answers, thinking as evidence."""
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "tool"))
from cli import PROMPT, RESPONSE, SANITIZED, Command, Failed, Usage, json, main, os, run, write_model

PLAIN = ("--metrics", "none", "-b", 6, "-k", 1, "-u", "word")
GEMMA = "<start_of_turn>user model{{ m.content | trim }}<end_of_turn>"  # names no messages: libllama's own format
REFUSING = "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}" \
    "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</s>{% endfor %}<model>"
TOOLS = "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n" \
    "{% if m.reasoning_content %}<think>{{ m.reasoning_content }}</think>{% endif %}{{ m.content or '' }}" \
    "{% for c in m.tool_calls or [] %}{{ c.function.name }}({{ c.function.arguments | tojson }}){% endfor %}" \
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


class Chats(Command):
    def write(self, name, content):
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return path

    def ask(self, *arguments, response=RESPONSE, **options):
        return self.explain(*PLAIN, *(("-r", response) if response else ()), *arguments, **options)

    def units(self, *arguments, **options):
        return [u["text"] for u in self.ask(*arguments, **options)["units"]]

    # ---- which template

    def test_the_models_own(self):
        model = write_model(self.folder / "own.gguf", template="{% for m in messages %}Q: {{ m.content }} {% endfor %}A: {# not <start_of_turn> #}",
                            named="{% for m in messages %}{{ m.content }}:{% endfor %}")
        x = self.ask("one two", model=model)
        self.assertEqual((x["prompt"]["text"], x["template"]["name"]), ("Q: one two A: ", "default"))
        x = self.ask("--template", "short", "one two", model=model)
        self.assertEqual((x["prompt"]["text"], x["template"]["name"]), ("one two:", "short"))
        self.refused(Usage, "--template shirt: no such file, and the model's templates are called short", "explain", "-m", model,
                     "--template", "shirt", "one")
        self.refused(Failed, "cannot read 'no/such.jinja'", "explain", "-m", model, "--template", "no/such.jinja", "one")
        for text in "", "short", "Hello":
            self.refused(Usage, "no chat template in Jinja", "explain", "-m", model, "--template", self.write("plain.txt", text), "one")

    def test_calls_that_a_template_does_not_know(self):
        """They are left out as a server that applies the template leaves them out; one that knows of calls must show them."""
        chat = self.write("calls.json", [
            {"role": "user", "content": "one"},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{\"at\": \"x\"}"}}]},
            {"role": "tool", "tool_call_id": "1", "content": "two"}])
        plain = self.write("plain.jinja", "{% for m in messages %}[{{ m.role }}: {{ m.content or '' }}]{% endfor %}")
        x = self.ask("--messages", chat, "--template", plain, "--roles", "all")
        self.assertEqual(x["prompt"]["text"], "[user: one][assistant: ][tool: two]")
        forgetful = self.write("forgets.jinja", "{% if messages[1].tool_calls %}{% endif %}" + plain.read_text())
        self.refused(Failed, "leaves out the tool calls of message 2", "explain", "-m", self.model, "--messages", chat,
                     "--template", forgetful)

    def test_another_one(self):
        source = "{% for m in messages %}[{{ m.content | upper }}]{% endfor %}{{ word }}{{ strftime_now('%Y') }}"
        file = self.write("t.jinja", source)
        ask = ("--template", file, "--template-args", '{"word": "x", "date": "2026-01-31"}', "one two")
        x = self.ask(*ask)
        self.assertEqual(x["prompt"]["text"], "[ONE TWO]x2026")
        self.assertEqual(x["template"], {"name": "given", "hash": hashlib.sha256(source.encode()).hexdigest(),
                                         "date": "2026-01-31", "date_set": True})
        self.assertFalse(self.ask("--template", file, "one two")["template"]["date_set"])
        saved = self.folder / "saved.json"
        self.ask(*ask, "-O", saved)
        self.assertEqual(self.explain("--like", saved)["prompt"]["text"], "[ONE TWO]x2026")
        for args in ("[]", "{", '{"date": "31.1.2026"}', '{"date": "2026-02-30"}'):
            self.refused(Usage, "--template-args", "explain", "-m", self.model, "--template-args", args, "one")
        self.refused(Usage, "--raw has no chat template", "explain", "-m", self.model, "--raw", "--template", file, "one")
        self.refused(Failed, "line 1", "explain", "-m", self.model, "--template",
                     self.write("bad.jinja", "{{ messages | nosuch }}"), "one")

    def test_a_template_that_names_no_messages(self):
        model = write_model(self.folder / "gemma.gguf", template=GEMMA)
        for role, words in (("user", ["Name", "a", "colour."]), ("system", ["Answer", "briefly."])):
            self.assertEqual(self.units("--roles", role, "--system", "Answer briefly.", "Name a colour.", model=model), words)
        chat = self.write("blank.json", [{"role": "system", "content": "  \n "}, {"role": "user", "content": "Who?"}])
        x = self.ask("--messages", chat, model=model)
        self.assertEqual([u["text"] for u in x["units"]], ["Who?"])
        self.assertEqual(x["template"]["name"], "engine")

    def test_a_refused_system_role(self):
        model = write_model(self.folder / "refusing.gguf", template=REFUSING)
        self.refused(Failed, "roles: system, user \\(System role not supported\\)", "explain", "-m", model, "--system", "a", "b")
        self.assertEqual(self.ask("b", model=model)["prompt"]["text"], "<user>b</s><model>")

    # ---- OpenAI's messages

    def test_tools(self):
        template = self.write("tools.jinja", TOOLS)
        tools = self.write("tools.json", [{"type": "function", "function": {"name": "look", "description": "finds things"}}])
        chat = self.write("chat.json", [
            {"role": "user", "content": [{"type": "text", "text": "Where is it?"}]},
            {"role": "assistant", "content": None, "reasoning_content": "look first",
             "tool_calls": [{"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"for": "the key"}'}}]},
            {"role": "tool", "tool_call_id": "1", "content": "in the box <|im_end|>"},
            {"role": "user", "content": "So?", "name": "Ann"}])
        ask = ("--template", template, "--messages", chat, "--tools", tools)
        for roles, words in (("tool", "in the box <|im_end|>"), ("tool:look", "in the box <|im_end|>"), ("tools", "finds things"),
                             ("user", "Where is it? So?"), ("assistant", "look first look the key"), ("thinking", "look first")):
            self.assertEqual(" ".join(self.units(*ask, "--roles", roles)), words, roles)
        x = self.ask(*ask, "--roles", "all")
        self.assertIn('look({"for": "the key"})', x["prompt"]["text"])
        ends = [t for t in x["prompt"]["tokens"] if t["text"] == "<|im_end|>"]
        self.assertEqual(len(ends), 4)  # and not the tool's
        saved = self.folder / "saved.json"
        self.ask(*ask, "-O", saved)
        self.assertEqual(self.explain("--like", saved)["prompt"], self.ask(*ask)["prompt"])
        self.refused(Failed, "nothing to hide", "explain", "-m", self.model, *ask, "--roles", "tool:find", "-r", "x")
        self.refused(Failed, "leaves out the --tools|leaves out the `?tools", "explain", "-m", self.model, "--tools", tools, "a", "-r", "x")

    def test_messages_are_numbered_as_given(self):
        """Those that say nothing count, in every place that names one; what the tools' descriptions trigger names none."""
        chat = [{"role": "system", "content": ""}, {"role": "user", "content": "the doctor slept."}, {"role": "assistant", "content": ""},
                {"role": "user", "content": "the patient was ill."}]
        x = self.ask("--messages", self.write("gaps.json", chat), "--roles", "all")
        self.assertEqual([m["message"] for m in x["prompt"]["messages"]], [1, 3])
        tools = self.write("tools.json", [{"type": "function", "function": {"name": "look", "description": "the doctor finds things."}}])
        ask = ("--template", self.write("tools.jinja", TOOLS), "--tools", tools, "-r", RESPONSE, "--threshold", 0.01, "-n", 8)
        for messages, roles, found in ((chat, "user", {1, 3}), (chat[3:], "tools", {None})):
            saved = self.folder / "saved.json"
            self.explain(*ask, "--messages", self.write("chat.json", messages), "--roles", roles, "-O", saved, command="audit")
            sentences = json.loads(saved.read_text())["audit"]["sentences"]
            self.assertTrue(sentences and {s.get("message") for s in sentences} <= found, sentences)
            text = run("render", "-F", "text", saved).stdout.decode()
            for s in sentences:
                self.assertIn(f"message {s['message'] + 1} ({roles}), bytes " if "message" in s else "tools, bytes ", text)

    def test_what_is_no_message(self):
        for message, why in (({"role": "user"}, "needs \"role\" and \"content\""), ({"role": "user", "content": 3}, "needs"),
                             ({"role": "user", "content": [{"type": "image_url"}]}, "a part of type image_url: only text"),
                             ({"role": "user", "content": "a", "name": 3}, 'a text as "name"'),
                             ({"role": "assistant", "content": "a", "tool_calls": [{}]}, '"function" with "name"')):
            file = self.write("chat.json", [message])
            self.refused(Failed, "message 1 .*" + why, "explain", "-m", self.model, "--messages", file)
        self.refused(Failed, "--tools", "explain", "-m", self.model, "--tools", self.write("t.json", "{}"), "a", "-r", "b")

    def test_a_begun_answer(self):
        chat = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "It is the"}]
        x = self.ask("--messages", self.write("chat.json", chat), response=" doctor")
        self.assertTrue(x["prompt"]["text"].endswith("<|im_start|>assistant\nIt is the"))
        self.assertEqual(self.units("--messages", self.folder / "chat.json", "--roles", "assistant"), ["It", "is", "the"])

    def test_lost(self):
        template = self.write("first.jinja", "{% for m in messages[:1] %}{{ m.content }}{% endfor %}")
        chat = self.write("chat.json", [{"role": "user", "content": "one"}, {"role": "user", "content": "two"}])
        self.refused(Failed, "'two' of message 2 \\(role user\\)", "explain", "-m", self.model, "--template", template,
                     "--messages", chat, "-r", "x")

    # ---- thinking

    def test_thinking(self):
        answer = "<think>the doctor is long gone</think>\n\na friend"
        for roles in ("thinking", "assistant"):
            x = self.ask("--roles", roles, PROMPT, response=answer)
            self.assertEqual([u["text"] for u in x["units"]], "the doctor is long gone".split())
            self.assertEqual({u["role"] for u in x["units"]}, {"thinking"})
            self.assertEqual(x["response"]["text"], "a friend")
            self.assertTrue(x["prompt"]["text"].endswith("<|im_start|>assistant\n<think>the doctor is long gone</think>\n\n"))
        x = self.ask("--roles", "user,thinking", "--operator", "delete", PROMPT, response=answer)
        self.assertEqual({u["role"] for u in x["units"]}, {"user", "thinking"})
        whole = self.ask(PROMPT, "--target", f"{answer.index('a friend')}:{len(answer)}", response=answer)
        self.assertAlmostEqual(whole["log_prob"]["full"], x["log_prob"]["full"], delta=0.02)
        self.refused(Failed, "nothing to hide: no text has a role in 'thinking'", "explain", "-m", self.model, "--roles", "thinking",
                     "a", "-r", "b")
        self.refused(Failed, "nothing is left to be the target", "explain", "-m", self.model, "--roles", "thinking", "a", "-r",
                     "<think>b</think>")

    def test_the_response_before_the_target(self):
        answer = "the doctor said: a friend"
        at = answer.index("a friend")
        x = self.ask("--roles", "response", "--target", f"{at}:{len(answer)}", PROMPT, response=answer)
        self.assertEqual([u["text"] for u in x["units"]], "the doctor said:".split())
        self.assertEqual((x["response"]["text"], x["units"][0]["role"]), (" a friend", "response"))
        self.refused(Failed, "what stands before a `?-*target", "explain", "-m", self.model, "--roles", "response", "a", "-r", "b")


class ChatsUnderSanitizers(Chats):
    command = SANITIZED


class DefaultModel(Command):
    def test_its_system_text(self):
        model = os.environ["JOPA_MODEL"]
        ask = ("-k", 1, "-u", "word", "-r", "B", "-b", 4, "--metrics", "prob")
        x = self.explain(*ask, "Pick A or B", model=model)
        self.assertEqual(x["prompt"]["text"], "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by "
                         "Hugging Face<|im_end|>\n<|im_start|>user\nPick A or B<|im_end|>\n<|im_start|>assistant\n")
        self.assertEqual(x["response"]["target"], [0, 1])
        done = run("explain", "-m", model, "-n", 12, "--ctx", 20, "Name the capital of France.")
        self.assertIn(b"ctx allows 20", done.stderr)


if __name__ == "__main__":
    main()
