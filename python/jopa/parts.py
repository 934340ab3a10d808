"""What results consist of."""

from __future__ import annotations

from typing import NamedTuple, Optional

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Unit(NamedTuple):
    """A piece of the prompt that can be hidden. `start` and `end` are characters of the result's `prompt`."""

    index: int  # type: ignore[assignment]
    text: str
    start: int
    end: int
    role: Optional[str]
    score: Optional[float]  # importance by the method
    probability: Optional[float]  # final masking probability
    selected: bool


class Token(NamedTuple):
    """A token of the prompt. `start` and `end` are characters of the result's `prompt`; `unit` is None where it is
    never hidden."""

    text: str
    id: Optional[int]
    start: int
    end: int
    unit: Optional[int]


class ResponseToken(NamedTuple):
    """A token of the response; natural logs of its probability, with the whole prompt and with the set hidden. None
    outside the target."""

    text: str
    id: Optional[int]
    log_prob: Optional[float]
    masked_log_prob: Optional[float]


class Message(NamedTuple):
    """What a message of the chat says, or a part of it. `start` and `end` are characters of the result's `prompt`,
    `message` is its index in the chat that was given; None: the tools' descriptions, or not known."""

    role: str
    content: str
    start: int
    end: int
    message: Optional[int] = None


class Trigger(NamedTuple):
    """A part of the prompt that an audit found. `offset` is the character of the message where it begins, `start` and
    `end` are characters of the result's `prompt`."""

    text: str
    role: Optional[str]
    message: Optional[int]
    offset: Optional[int]
    start: int
    end: int
    drop: Optional[float]


class Document(NamedTuple):
    """What may be cited. `start` and `end` are characters of the result's `prompt`."""

    index: int  # type: ignore[assignment]
    title: str
    message: Optional[int]
    start: int
    end: int


class Source(NamedTuple):
    """A part of a document. `start_char` and `end_char` are characters of its text as it was given."""

    cited_text: str
    document_index: int
    document_title: str
    start_char: int
    end_char: int
    unit: int


class Citation(NamedTuple):
    """A statement of the response with the sources that carry it; none where it is not from the documents. `start` and
    `end` are characters of the response; drops are nats, of the statement once its sources, or all documents, are
    hidden; `covered` and `shown` are shares of what the documents carry."""

    text: str
    sources: tuple[Source, ...]
    from_documents: bool
    start: int
    end: int
    drop: Optional[float]
    documents_drop: Optional[float]
    covered: Optional[float]
    shown: Optional[float]


class CaptumAttribution(NamedTuple):
    """The arrays of Captum's LLMAttributionResult: `seq_attr` [units], `token_attr` [response tokens, units] or
    None."""

    seq_attr: Array
    token_attr: Optional[Array]
    input_tokens: list[str]
    output_tokens: list[str]
