"""jopa: which parts of a prompt jointly make a language model say what it said.

    model = jopa.Model.default()
    x = model.explain("Write a story about a doctor.", unit="word", k=2)
    x.selected_texts, x.drop

Offsets are characters. Every keyword of the functions is an option of the library: jopa.options("explain")."""

from __future__ import annotations

from . import defaults, errors
from ._lib import __version__
from .bench import Bench, bench
from .engine import MEAN, ZERO, Engine, Gradient, Score
from .errors import (
    FileError,
    InputError,
    Interrupted,
    JopaError,
    MemoryFull,
    ModelError,
    UnsupportedError,
    UsageError,
)
from .explanation import Explanation
from .many import Answer
from .model import Model
from .options import Option, names, options
from .parts import CaptumAttribution, Citation, Document, Message, ResponseToken, Source, Token, Trigger, Unit
from .result import Result
from .results import Audit, Citations, Compression, Results, join_audits, load, loads
from .running import Progress
from .session import Session, Span

__all__ = [
    "MEAN",
    "ZERO",
    "Answer",
    "Audit",
    "Bench",
    "CaptumAttribution",
    "Citation",
    "Citations",
    "Compression",
    "Document",
    "Engine",
    "Explanation",
    "FileError",
    "Gradient",
    "InputError",
    "Interrupted",
    "JopaError",
    "MemoryFull",
    "Message",
    "Model",
    "ModelError",
    "Option",
    "Progress",
    "ResponseToken",
    "Result",
    "Results",
    "Score",
    "Session",
    "Source",
    "Span",
    "Token",
    "Trigger",
    "Unit",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "bench",
    "defaults",
    "errors",
    "join_audits",
    "load",
    "loads",
    "names",
    "options",
]
