"""Prompts as Python programs have them: a text, or messages as OpenAI's interface takes them."""

from __future__ import annotations

from typing import Any, Mapping, Sequence, Union

from . import errors
from .options import Options

Message = Mapping[str, Any]
Prompt = Union[str, Sequence[Message]]


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    kind = part.get("type", "?") if isinstance(part, Mapping) else type(part).__name__
    raise errors.InputError(f"a message has a part of type '{kind}': only text can be explained")


def content_text(content: Any) -> str:
    """The text of a message: a string, or a list of parts that are text."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if isinstance(content, Sequence):
        return "".join(_part_text(part) for part in content)
    raise errors.InputError(f"a message's content is {type(content).__name__}: a text is needed")


def _add_message(options: Options, message: Any) -> None:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise errors.InputError("a chat is a list of messages, each with `role` and `content`")
    if set(message) == {"role", "content"} and isinstance(message["content"], str):
        options.add_message(message["role"], message["content"])
        return
    if options.add_message_json(message):
        return
    for name in ("tool_calls", "function_call"):
        if message.get(name):
            raise errors.InputError(f"a message has `{name}`: write what was called into its `content`")
    options.add_message(message["role"], content_text(message.get("content")))


def set_prompt(options: Options, prompt: Any) -> None:
    """The prompt of a question."""
    if isinstance(prompt, str):
        options.set("prompt", prompt)
    elif isinstance(prompt, Sequence) and not isinstance(prompt, (bytes, bytearray)):
        if not prompt:
            raise errors.InputError("the chat is empty: give at least one message")
        for message in prompt:
            _add_message(options, message)
    elif prompt is not None:
        raise errors.InputError(f"a prompt is a text or a list of messages, not {type(prompt).__name__}")
