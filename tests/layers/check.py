"""The source tree keeps its shape: one-way includes, foreign headers in one place, short files and functions;
and documents name files that are there."""
import os
import re
import sys
from pathlib import Path

ROOT = Path(os.environ.get("JOPA_SOURCE_DIR", Path(__file__).parents[2]))
LAYERS = ["base", "prompt", "engine", "score", "search", "method", "levels", "result", "metric", "report", "question",
          "explain", "use", "bench", "api"]
MAX_FILE_LINES, MAX_FUNCTION_LINES, MAX_COLUMNS = 450, 40, 120
# Which files may include a foreign header.
FOREIGN = [
    (r"llama(-cpp)?\.h", r"src/engine/llama/.*"),
    (r"(ggml|gguf)[\w-]*\.h", r"src/engine/(llama|gradient|accel)/.*"),
    (r"oneapi/.*", r"src/engine/accel/.*"),
    (r"curl/.*", r"src/engine/remote/.*"),
    (r"microhttpd\.h", r"serve/.*"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CODE = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def include_errors(name, kind, header):
    """What is wrong with file `name` (a path below ROOT) including `header`."""
    for pattern, allowed in FOREIGN:
        if re.fullmatch(pattern, header) and not re.fullmatch(allowed, name):
            yield f"includes {header}, which only {allowed} may"
    if kind == "<":
        return
    if name.startswith(("cli/", "serve/")):
        top = name.split("/")[0]
        if header != "jopa.h" and not (ROOT / top / header).exists():
            yield f"includes {header}: {top}/ sees only jopa.h"
        return
    if name.startswith("include/"):
        if header != "jopa_engine.h":
            yield f"includes {header}"
        return
    if header.startswith("cli/"):
        yield f"includes {header}"
    here, there = name.split("/")[1], header.split("/")[0]
    if here in LAYERS and header != "jopa.h":
        if there not in LAYERS:
            if (ROOT / "src" / header).exists():
                yield f"includes {header}, which is above it"
        elif LAYERS.index(there) > LAYERS.index(here):
            yield f"includes {header}: {there} comes after {here}"


def long_functions(text):
    """(line, lines) of each function that is too long: from its first line to the brace that closes it in column 0."""
    bare = CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text).split("\n")
    start = None
    for number, line in enumerate(bare, 1):
        opens = re.match(r"[A-Za-z_].*\)\s*\{?\s*$|[A-Za-z_][^=;]*\([^;]*$", line)
        if start is None and opens and not line.startswith(("typedef", "struct", "enum", "extern")):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > MAX_FUNCTION_LINES:
                yield start, number - start + 1
            start = None
        elif start is not None and line.endswith(";") and not line.startswith((" ", "\t")):
            start = None


def check(path):
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{name}: {lines} lines, more than {MAX_FILE_LINES}"
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns, more than {MAX_COLUMNS}"
    for line, length in long_functions(text):
        yield f"{name}:{line}: a function of {length} lines, more than {MAX_FUNCTION_LINES}"
    if name.startswith(("src/", "cli/", "serve/", "include/")):
        for kind, header in INCLUDE.findall(text):
            for error in include_errors(name, kind, header):
                yield f"{name}: {error}"


def same_names(files):
    """File names are unique below src/, cli/ and serve/, but for the tables that each folder has."""
    seen = {}
    for path in files:
        name = path.relative_to(ROOT)
        key = (name.parts[0], name.name)
        if name.parts[0] in ("src", "cli", "serve") and name.stem != "table" and key in seen:
            yield f"{name} and {seen[key]} have the same name"
        seen[key] = name


def includes(path):
    """The headers of ours that a file includes."""
    for kind, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
        for folder in (path.parent, ROOT / "src", ROOT / "include", ROOT / "serve", ROOT / "tests/unit"):
            if kind == '"' and (folder / header).exists():
                yield (folder / header).resolve()
                break


def cycles(files):
    """No file takes anything from a file that takes from it."""
    graph = {p.resolve(): list(includes(p)) for p in files}
    done, path = set(), []

    def visit(p):
        if p in path:
            yield "a cycle of includes: " + " -> ".join(str(q.relative_to(ROOT)) for q in [*path[path.index(p):], p])
        elif p not in done:
            path.append(p)
            for q in graph.get(p, []):
                yield from visit(q)
            path.pop()
            done.add(p)

    for p in graph:
        yield from visit(p)


def same_functions(files):
    """A function's name is enough to set a breakpoint: no two files of src/, cli/ or serve/ define one of the same name."""
    seen = {}
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(("src/", "cli/", "serve/")) and path.suffix == ".c":
            bare = CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), path.read_text(encoding="utf-8"))
            for function in set(re.findall(r"^(?!typedef|#|\s|return|else)[A-Za-z_][\w \*]*?[ \*](\w+)\([^;{]*?\)\s*\{", bare, re.M)):
                seen.setdefault(function, []).append(name)
    return [f"{name}() is defined in {', '.join(where)}" for name, where in sorted(seen.items()) if len(where) > 1]


def unused_by_us(files):
    """What of src/ only tests use belongs to tests/: each header is included by another file of src/ than its own."""
    users = {}
    for path in files:
        for header in includes(path):
            users.setdefault(header, []).append(path)
    for path in files:
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("src/") and path.suffix == ".h":
            others = [u for u in users.get(path.resolve(), []) if (ROOT / "src") in u.parents and u.stem != path.stem]
            if not others:
                yield f"{name}: nothing of src/ includes it"


def not_executable():
    """A script that says what runs it can be run: `make bench-NAME` calls bench/NAME.py."""
    for top in ("scripts", "bench", "tests"):
        for path in sorted((ROOT / top).rglob("*.*")):
            if path.suffix in (".py", ".sh") and path.read_bytes()[:2] == b"#!" and not os.access(path, os.X_OK):
                yield f"{path.relative_to(ROOT)}: begins with #! and is not executable"


def missing_files(document):
    """Files of the project that a document names and that are not there; NAME stands for any."""
    named = re.findall(r"(?<![\w/$.{}-])((?:src|cli|serve|scripts|tests|bench|cmake|docs|include|fuzz|python)/[\w./-]+\.\w+)\b",
                       document.read_text(encoding="utf-8"))
    return [f"{document.name} names {name}, which does not exist" for name in dict.fromkeys(named)
            if not ("NAME" in name or (ROOT / name).exists())]


def main():
    files = sorted(p for top in ("include", "src", "cli", "serve", "tests", "bench", "fuzz")
                   for p in (ROOT / top).rglob("*.[ch]"))
    folders = {p.relative_to(ROOT).parts[1] for p in files if len(p.relative_to(ROOT).parts) == 3
               and p.is_relative_to(ROOT / "src")}
    errors = [f"src/{f}: its place is missing in LAYERS" for f in sorted(folders - set(LAYERS))]
    errors += [e for p in files for e in check(p)] + list(same_names(files))
    errors += [*cycles(files), *same_functions(files), *unused_by_us(files), *not_executable()]
    errors += [e for d in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]) for e in missing_files(d)]
    print("\n".join(errors) or f"{len(files)} files keep the layers")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main())
