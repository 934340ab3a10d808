"""check_sdist.py SOURCE FOLDER: the source distribution has all that a build reads, and is small."""

import os
import sys
import tarfile
from pathlib import Path

from scikit_build_core.build import build_sdist

source, folder = Path(sys.argv[1]), Path(sys.argv[2])
os.chdir(source)
made = folder / build_sdist(str(folder))
names = {name.partition("/")[2] for name in tarfile.open(made).getnames()}
wanted = {"pyproject.toml", "CMakeLists.txt", "LICENSE", "docs/licenses/llama.cpp.txt"}
for top in ("src", "include", "cmake", "scripts", "cli", "python"):
    wanted |= {
        p.relative_to(source).as_posix()
        for p in (source / top).rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }
assert wanted <= names, sorted(wanted - names)
assert made.stat().st_size < 2e6, made.stat().st_size
print(f"{made.name}: {made.stat().st_size / 1e3:.0f} kB")
