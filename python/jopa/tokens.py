"""Tokenizers of `transformers`: text to ids, and ids to the bytes that stand in the text."""

from __future__ import annotations

import functools
import json
import re
from typing import Any, Iterator, Optional

from . import errors
from .caching import cached

LOWER_BLOCK = "\u2581"  # what SentencePiece writes for a space


@cached
def byte_of_character() -> dict[str, int]:
    """Byte-level BPE writes every byte as a character that can be seen: itself where it can be, or one from U+0100
    on."""
    seen = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in seen]
    return {**{chr(b): b for b in seen}, **{chr(0x100 + i): b for i, b in enumerate(others)}}


def _decoder_types(decoder: Any) -> Iterator[str]:
    """Of a tokenizer.json: the types of its decoders."""
    if isinstance(decoder, dict):
        yield str(decoder.get("type"))
        for one in decoder.get("decoders", ()):
            yield from _decoder_types(one)
        if decoder.get("type") == "Replace" and decoder.get("content") == " ":
            yield "Metaspace"


def kind_of(tokenizer: Any) -> str:
    """How a token of the vocabulary is written: "bytes", "metaspace", "wordpiece", or "text" where only the tokenizer
    itself knows."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        types = set(_decoder_types(json.loads(backend.to_str()).get("decoder")))
        for kind, decoder in (("bytes", "ByteLevel"), ("metaspace", "Metaspace"), ("wordpiece", "WordPiece")):
            if decoder in types:
                return kind
    if hasattr(tokenizer, "byte_decoder"):
        return "bytes"
    return "metaspace" if hasattr(tokenizer, "sp_model") else "text"


class Tokens:
    """A tokenizer as the library asks for it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._kind = kind_of(tokenizer)
        added = dict(getattr(tokenizer, "added_tokens_decoder", None) or {})
        self._added = {int(i): str(t) for i, t in added.items()}
        self._special = {int(i) for i, t in added.items() if getattr(t, "special", False)}
        self._special |= {int(i) for i in tokenizer.all_special_ids}
        self._first = self._added_in_front()
        self.piece = functools.lru_cache(maxsize=1 << 16)(self._piece)

    def _plain(self, text: str, split: bool) -> list[int]:
        try:
            made = self._tokenizer(text, add_special_tokens=False, split_special_tokens=split)["input_ids"]
        except TypeError:  # a tokenizer that does not know the parameter
            made = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return [int(i) for i in made]

    def _added_in_front(self) -> list[int]:
        """What the tokenizer puts before a text: its BOS, or nothing."""
        plain = self._plain("a", False)
        whole = [int(i) for i in self._tokenizer("a", add_special_tokens=True)["input_ids"]]
        for at in range(len(whole) - len(plain) + 1):
            if whole[at : at + len(plain)] == plain:
                return whole[:at]
        return []

    @property
    def beginning(self) -> list[int]:
        """What a text begins with: the BOS, or what stands for it; empty: the vocabulary has none."""
        if self._first:
            return self._first
        for name in ("bos_token_id", "eos_token_id"):
            value = getattr(self._tokenizer, name, None)
            if value is not None:
                return [int(value)]
        return []

    def encode(self, text: str, special: bool) -> list[int]:
        """`special`: special tokens in the text are parsed, and the first token is there once."""
        made = self._plain(text, not special)
        if not special or made[: len(self._first)] == self._first:
            return made
        return [*self._first, *made]

    def _piece(self, token: int, special: bool) -> bytes:
        """The bytes of a token as it stands in a text; control tokens are empty unless `special`."""
        if token in self._special:
            return self._text(token).encode("utf-8") if special else b""
        if token in self._added:
            return self._added[token].encode("utf-8")
        text = self._text(token)
        if self._kind == "bytes":
            table = byte_of_character()
            return bytes(table[c] for c in text) if all(c in table for c in text) else text.encode("utf-8")
        if self._kind == "metaspace":
            byte = re.fullmatch(r"<0x([0-9A-Fa-f]{2})>", text)
            return bytes([int(byte[1], 16)]) if byte else text.replace(LOWER_BLOCK, " ").encode("utf-8")
        if self._kind == "wordpiece":
            return (text[2:] if text.startswith("##") else " " + text).encode("utf-8")
        return self._decoded(token).encode("utf-8")

    def _text(self, token: int) -> str:
        text: Optional[str] = self._tokenizer.convert_ids_to_tokens(token) if token >= 0 else None
        return text.decode("latin-1") if isinstance(text, bytes) else (text or "")

    def _decoded(self, token: int) -> str:
        """By the tokenizer: what the token adds to a text."""
        anchor = self._plain("a", True)
        before = str(self._tokenizer.decode(anchor))
        after = str(self._tokenizer.decode([*anchor, token]))
        return after[len(before) :] if after.startswith(before) else str(self._tokenizer.decode([token]))

    # ---- chats -------------------------------------------------------------------------------------------------------

    @property
    def has_template(self) -> bool:
        return bool(getattr(self._tokenizer, "chat_template", None))

    def chat(self, messages: list[dict[str, str]], add_assistant: bool) -> str:
        try:
            made = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=add_assistant)
        except Exception as e:  # Jinja's, of the template: what it refuses
            raise errors.InputError(f"the tokenizer's chat template refuses the chat: {e}") from e
        return str(made)
