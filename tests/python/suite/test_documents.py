"""What the documents show in Python, and the notebooks: they run. UPDATE=1 writes the notebooks' outputs anew."""

import os
import re
import sys
from pathlib import Path

import pytest

DOCS = Path(os.environ["JOPA_SOURCE_DIR"]) / "docs"
BLOCK = re.compile(r"^(<!-- not run: .+ -->\n)?```python\n(.*?)^```", re.M | re.S)
NOTEBOOKS = sorted(DOCS.glob("notebooks/*.ipynb"))


@pytest.mark.parametrize("name", ["../README.md", "python.md", "coming-from.md"])
@pytest.mark.filterwarnings("default")
def test_blocks(name, tmp_path, monkeypatch):
    """In order, in one namespace, in an empty folder."""
    pytest.importorskip("captum")
    monkeypatch.chdir(tmp_path)
    blocks = [code for skipped, code in BLOCK.findall((DOCS / name).read_text(encoding="utf-8")) if not skipped]
    assert blocks
    space = {}
    for block in blocks:
        exec(compile(block, name, "exec"), space)


def shown(cell):
    """What people are to see: not the progress of loading."""
    return [o for o in cell.get("outputs", []) if o.get("name") != "stderr" and "widget" not in str(o.get("data", {}))]


def kinds(cell):
    return sorted({(o.output_type, *sorted(o.get("data", {}))) for o in shown(cell)})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
@pytest.mark.filterwarnings("default")
def test_notebooks(path, tmp_path):
    """Executed anew, each cell has outputs where the kept ones have, of the same kinds."""
    import nbformat
    from nbclient import NotebookClient

    kept = nbformat.read(path, as_version=4)
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    if os.environ.get("UPDATE"):
        for cell in book.cells:
            cell.metadata.clear()
            if cell.cell_type == "code":
                cell.outputs = shown(cell)
        book.metadata.pop("widgets", None)
        book.metadata.get("language_info", {}).pop("version", None)
        nbformat.write(book, path)
        return
    assert len(kept.cells) == len(book.cells)
    for old, new in zip(kept.cells, book.cells):
        assert kinds(old) == kinds(new), old.source
    assert any(cell.get("outputs") for cell in kept.cells)


def test_there_are_three():
    assert len(NOTEBOOKS) == 3 and sys.version_info >= (3, 9)
