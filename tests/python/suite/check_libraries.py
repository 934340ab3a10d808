"""The imported package has brought its libraries, and only those of the C and C++ runtimes are the system's."""

import os
import re

import jopa

folder = os.path.dirname(os.path.dirname(jopa.__file__))
own = re.compile(r"lib(jansson|icuuc|icudata|lapacke|lapack|blas|gomp|dnnl|gfortran)[.-]")
with open("/proc/self/maps", encoding="utf-8") as f:
    mapped = {line.split(None, 5)[5].strip() for line in f if ".so" in line}
strangers = sorted(p for p in mapped if own.match(os.path.basename(p)) and p.startswith(("/usr/lib", "/lib")))
assert not strangers, strangers
ours = sorted(os.path.basename(p) for p in mapped if p.startswith(folder + "/jopa.libs"))
assert len(ours) >= 4, ours
assert jopa.names("methods") and jopa.options("explain")
print(f"jopa {jopa.__version__} with {', '.join(ours)}")
