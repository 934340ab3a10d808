"""Every command in README.md and docs/*.md works. JOPA_MODEL is fetched before this test.

Fenced blocks are read by their language. `sh`: the block is one script. `console`: the lines after "$ ". `c`: a file
that compiles with include/ alone. One document's blocks run in order, in one folder that starts empty, with the command
on PATH as jopa and as build/jopa. `make TARGET` is looked up, not run; `git clone` and `cd` are left out.
A block after the line <!-- not run: REASON --> is left out. Files of the project that a document names have to exist.
What a `console` block of README.md shows under a command is what comes out, but for times, white space and what another
processor's rounding does to a figure; UPDATE=1 writes it anew. (docs/cli.md: tests/cli/test_help.py.)
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "cli/tool"))
from figures import text_difference

SOURCE = Path(os.environ["JOPA_SOURCE_DIR"])
BUILD = Path(os.environ["JOPA_BUILD_DIR"])
BLOCK = re.compile(r"^(<!-- not run: [^\n]+ -->\n)?```(\w+)[^\n]*\n(.*?)^```", re.M | re.S)


def commands(language, text):
    """The block's shell script, continued lines joined."""
    text = text.replace("\\\n", "")
    if language == "console":
        return "\n".join(line[2:] for line in text.splitlines() if line.startswith("$ "))
    return text


def split(script):
    """(targets of make, the rest that is run)"""
    targets, run = [], []
    for line in script.splitlines():
        words = shlex.split(line, comments=True) if re.match(r"\s*(make|git|cd)\b", line) else [""]
        if words[:1] == ["make"]:
            targets += [w for w in words[1:] if re.fullmatch(r"[\w-]+", w)] or ["all"]
        elif words[:2] != ["git", "clone"] and words[:1] != ["cd"]:
            run.append(line.replace("build/jopa", "jopa"))
    return targets, "\n".join(run)


def run(command, folder, **options):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **options)
    return None if done.returncode == 0 else f"exit {done.returncode}: {done.stdout.strip()[-2000:]}"


def run_shell(script, folder):
    targets, rest = split(script)
    for target in targets:
        error = run(["make", "-n", target], SOURCE)
        if error:
            return f"make {target}: {error}"
    path = f"{BUILD}:{os.environ['PATH']}"
    return run(["bash", "-euo", "pipefail", "-c", rest], folder, env={**os.environ, "PATH": path},
               stdin=subprocess.DEVNULL)


def output(command, folder):
    path = f"{BUILD}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=folder, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          text=True, env={**os.environ, "PATH": path}, check=True)
    return done.stdout


def close(a, b):
    """Figures of the default model by another processor's kernels."""
    return abs(a - b) <= 0.05 + 0.02 * max(abs(a), abs(b))


def check_outputs(document, text, folder):
    """Errors of README's console blocks, and the block with the true outputs."""
    errors, true = [], ""
    for command, shown in re.findall(r"^\$ (.*(?:\\\n.*)*)\n((?:(?!\$ ).*\n)*)", text, re.M):
        got = output(command, folder)
        true += f"$ {command}\n{got.rstrip()}\n"
        difference = text_difference(shown, got, close)
        if difference:
            errors.append(f"{document.name}:\n$ {command}\n-> {difference}\n")
    return errors, true


def run_c(text, folder):
    (folder / "sample.c").write_text(text)
    command = ["cc", "-std=c11", "-Wall", "-Werror", f"-I{SOURCE / 'include'}", "-fsyntax-only", "sample.c"]
    return run(command, folder)


def check(document):
    """(blocks run, errors) of one document."""
    count, failures, whole = 0, [], document.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for skipped, language, text in BLOCK.findall(whole):
            if skipped or language not in ("sh", "console", "c"):
                continue
            count += 1
            if document.name == "README.md" and language == "console":
                errors, true = check_outputs(document, text, folder)
                whole = whole.replace(text, true)
                failures += errors
                continue
            error = run_c(text, folder) if language == "c" else run_shell(commands(language, text), folder)
            if error:
                failures.append(f"{document.name}:\n{text.rstrip()}\n-> {error}\n")
    if os.environ.get("UPDATE"):
        document.write_text(whole, encoding="utf-8")
    return count, failures


def main():
    documents = [SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md"))]
    if sys.argv[1:]:  # names of some
        documents = [d for d in documents if d.name in sys.argv[1:]]
    results = [check(document) for document in documents]
    failures = [f for _, errors in results for f in errors]
    print("\n".join(failures) or f"{sum(n for n, _ in results)} blocks work")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
