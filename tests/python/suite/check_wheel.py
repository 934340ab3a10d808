"""check_wheel.py WHEEL: its name, size and files."""

import re
import sys
import zipfile
from pathlib import Path

MOST = 48e6  # bytes
KNOWN = re.compile(
    r"jopa\.libs/lib[\w.+-]+|"
    r"jopa/(\w+\.pyi?|py\.typed|_native\.abi3\.so|scripts/[\w-]+\.(sh|py))|"
    r"jopa-[\d.]+\.dist-info/[\w./-]+"
)
NEEDED = {
    "jopa/__init__.py",
    "jopa/_native.abi3.so",
    "jopa/py.typed",
    "jopa/model.pyi",
    "jopa/session.pyi",
    "jopa/scripts/fetch-model.sh",
}


def main():
    wheel = Path(sys.argv[1])
    assert re.fullmatch(r"jopa-[\d.]+-cp39-abi3-\w+\.whl", wheel.name), wheel.name
    assert wheel.stat().st_size < MOST, wheel.stat().st_size
    names = set(zipfile.ZipFile(wheel).namelist())
    strangers = sorted(n for n in names if not n.endswith("/") and not KNOWN.fullmatch(n))
    assert not strangers, strangers
    assert NEEDED <= names, NEEDED - names
    licenses = [n for n in names if "licenses/" in n and not n.endswith("/")]
    assert len(licenses) == 2, licenses  # ours, and llama.cpp's, which is inside
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {len(names)} files")


main()
