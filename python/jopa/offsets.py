"""Bytes of UTF-8, which the library counts, and characters, which Python counts."""

from __future__ import annotations

import bisect


class Offsets:
    """Both ways between the bytes and the characters of one text. What cuts a character takes all of it."""

    def __init__(self, text: str | bytes) -> None:
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        self._size = len(data)
        # where characters begin; None: each is one byte
        self._starts = None if data.isascii() else [i for i, b in enumerate(data) if b & 0xC0 != 0x80]

    def start(self, byte: int) -> int:
        """The character that has the byte; at the end of the text, how many characters there are."""
        if self._starts is None or byte >= self._size:
            return min(byte, len(self))
        return max(bisect.bisect_right(self._starts, byte) - 1, 0)

    def end(self, byte: int) -> int:
        """One past the character that has the byte before `byte`."""
        return min(byte, self._size) if self._starts is None else bisect.bisect_left(self._starts, byte)

    def byte(self, character: int) -> int:
        """The first byte of a character; at the end, how many bytes there are."""
        if self._starts is None:
            return character
        return self._starts[character] if character < len(self._starts) else self._size

    def __len__(self) -> int:
        """Characters."""
        return self._size if self._starts is None else len(self._starts)
