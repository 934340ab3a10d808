"""Methods over data sets."""

from __future__ import annotations

import html
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional, Sequence, Union

from ._lib import ffi, from_c, lib, new_error, taken, to_c
from .options import Options, describe, keywords, refuse_unknown
from .result import PathLike
from .running import Listener, ProgressLike, run

if TYPE_CHECKING:
    import pandas

    from .model import Model

Case = Union[str, Mapping[str, Any]]


def _tables(results: str, format: str) -> str:
    size, e = ffi.new("size_t *"), new_error()
    return taken(lib.jopa_bench_tables(to_c(results, "results"), to_c(format, "format"), size, e), size, e)


class Bench:
    """Tables of a file of results: means, their 95 % intervals, and how often a method beats `jopa`."""

    path: Path
    """The file of results, which jopa.bench goes on with."""

    def __init__(self, results: PathLike) -> None:
        self.path = Path(results)

    @staticmethod
    def formats() -> tuple[str, ...]:
        """What `render` knows."""
        made: list[str] = []
        while True:
            name = lib.jopa_bench_format(len(made))
            if not name:
                return tuple(made)
            made.append(from_c(name))

    def render(self, format: str = "text") -> str:
        return _tables(os.fspath(self.path), format)

    def to_html(self, path: Optional[PathLike] = None) -> str:
        """A page with plots; also into a file."""
        page = self.render("html")
        if path is not None:
            Path(path).write_text(page, encoding="utf-8")
        return page

    def to_dict(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(self.render("json"))
        return made

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each measure, task and method."""
        import pandas

        rows = [{"measure": t["measure"], **row} for t in self.to_dict()["tables"] for row in t["rows"]]
        made: pandas.DataFrame = pandas.DataFrame(rows)
        return made

    def __str__(self) -> str:
        return self.render("text").rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _write_cases(folder: str, cases: Iterable[Case]) -> str:
    path = os.path.join(folder, "data.jsonl")
    with open(path, "w", encoding="utf-8") as f:
        for case in cases:
            f.write(json.dumps({"prompt": case} if isinstance(case, str) else dict(case), ensure_ascii=False) + "\n")
    return path


def _files(data: Any, folder: str) -> list[str]:
    """Paths stay; prompts go into a file."""
    if isinstance(data, (str, os.PathLike)):
        return [os.fspath(data)]
    listed = list(data)
    if listed and all(isinstance(one, os.PathLike) or (isinstance(one, str) and os.path.exists(one)) for one in listed):
        return [os.fspath(one) for one in listed]
    return [_write_cases(folder, listed)]


def bench(
    model: Model,
    data: Union[PathLike, Sequence[PathLike], Iterable[Case]],
    *,
    progress: ProgressLike = None,
    **options: Any,
) -> Bench:
    """Methods over prompts, and tables of them. `data`: files of JSON Lines, or prompts, each a text or a dictionary
    with `prompt` and what else such a line may have. A run that was ended goes on where it was."""
    refuse_unknown("bench", options)
    if isinstance(options.get("results"), os.PathLike):
        options["results"] = os.fspath(options["results"])
    with tempfile.TemporaryDirectory() as folder:
        asked, listener = Options("bench"), Listener()
        for name, value in {**model._given, **options}.items():
            if name in asked.table:
                asked.set(name, value)
        asked.set("data", _files(data, folder))
        model._defaults(asked, None)
        listener.listen(asked.handle)
        with model._handle.busy():
            run(
                listener, progress, lambda e: lib.jopa_bench(model._handle.pointer, asked.handle, e), model._handle.keep
            )
        return Bench(asked.get("results") or "")


describe(bench, keywords("bench"))
