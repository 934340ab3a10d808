"""src/, cli/ and serve/ compile without a warning by clang too, with the options that the compiler of the build gets."""
import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCE, BUILD = Path(os.environ["JOPA_SOURCE_DIR"]), Path(os.environ["JOPA_BUILD_DIR"])


def mine(entry):
    path = Path(entry["file"])
    return any(path.is_relative_to(SOURCE / top) for top in ("src", "cli", "serve"))


def warnings(entry):
    words = shlex.split(entry["command"])[1:]
    at = words.index("-o")
    words = [w for i, w in enumerate(words) if i not in (at, at + 1) and w != "-c"]
    done = subprocess.run(["clang", *words, "-fsyntax-only", "-Werror"], cwd=entry["directory"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode else ""


def main():
    entries = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if mine(entry):  # of several targets the first, which is what is installed
            entries.setdefault(entry["file"], entry)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(warnings, entries.values()) if text]
    print("\n".join(found) or f"{len(entries)} files")
    return bool(found) or not entries


if __name__ == "__main__":
    sys.exit(main())
