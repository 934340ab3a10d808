"""The chats that templates are compared on: (name, messages, tools, other variables)."""

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather at a place. \"Now\" or later.",
    "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "description": "a town, such as Köln"},
        "days": {"type": "integer", "description": "how many"}}, "required": ["place"]}}}


def said(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments, id="call0001x"):
    return {"type": "function", "id": id, "function": {"name": name, "arguments": arguments}}


USED = [said("user", "Is it warm in Köln?"),
        said("assistant", "", tool_calls=[call("get_weather", {"place": "Köln", "days": 2})]),
        said("tool", "{\"temperature\": 21.5, \"sky\": \"clear\"}", name="get_weather", tool_call_id="call0001x")]

CHATS = [
    ("plain", [said("user", "What is the capital of France?")], None, {}),
    ("system", [said("system", "Answer briefly."), said("user", "Name a colour.")], None, {}),
    ("blank system", [said("system", " \n "), said("user", "Name a colour.")], None, {}),
    ("turns", [said("user", "Hi!"), said("assistant", "Hello. What is it?"), said("user", " Tell me a joke.\n"),
               said("assistant", "A horse walks into a bar."), said("user", "And then?")], None, {}),
    ("system and turns", [said("system", "You are a pirate."), said("user", "Hi!"), said("assistant", "Arr!"),
                          said("user", "Where is the gold?")], None, {}),
    ("unicode", [said("user", "Übersetze: 日本語 – 👩‍👩‍👧 naïve\n\n\t\"quoted\" \\ back </s>")], None, {}),
    ("empty", [said("user", "")], None, {}),
    ("empty answer", [said("user", "Hi!"), said("assistant", ""), said("user", "Hello?")], None, {}),
    ("lines", [said("system", "Rules:\n- one\n- two\n"), said("user", "  indented\nsecond line  \n\n")], None, {}),
    ("tools", [said("user", "Is it warm in Köln?")], [WEATHER], {}),
    ("tools and system", [said("system", "Be kind."), said("user", "Is it warm in Köln?")], [WEATHER], {}),
    ("tool call", USED, [WEATHER], {}),
    ("tool answered", [said("system", "Be kind."), *USED, said("assistant", "Yes, 21.5 degrees."),
                       said("user", "Thanks! And in Bonn?")], [WEATHER], {}),
    ("two calls", [said("user", "Köln and Bonn?"),
                   said("assistant", "Let me look.", tool_calls=[call("get_weather", {"place": "Köln"}, "call0001x"),
                                                                call("get_weather", {"place": "Bonn"}, "call0002y")]),
                   said("tool", "21.5", name="get_weather", tool_call_id="call0001x"),
                   said("tool", "It says: \"19\"\n", name="get_weather", tool_call_id="call0002y")], [WEATHER], {}),
    ("thinking", [said("user", "What is 2+2?"),
                  said("assistant", "4", reasoning_content="Two and two make four."), said("user", "Times 3?")], None, {}),
    ("think tags", [said("user", "What is 2+2?"), said("assistant", "<think>\nTwo and two.\n</think>\n\n4"),
                    said("user", "Times 3?")], None, {}),
    ("no thinking", [said("user", "What is 2+2?")], None, {"enable_thinking": False}),
]
