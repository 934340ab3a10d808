"""What the benchmarks contrast.py, targets.py, cite.py and agentdojo.py share: the command, saved rows, intervals, where and
when it was measured, and tables in docs/."""
import datetime
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA, RESULTS = ROOT / "bench/data", ROOT / "bench/results"
JOPA = os.environ.get("JOPA", str(ROOT / "build/jopa"))


def default_model():
    return fetched("model")


def fetched(name):
    """The file that scripts/fetch-NAME.sh fetches once."""
    done = subprocess.run([str(ROOT / f"scripts/fetch-{name}.sh")], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()[-1]


def jopa(command, *options, text=None):
    """One result of the command; ends the benchmark where it fails."""
    done = subprocess.run([JOPA, command, "--quiet", "--format", "json", *map(str, options)], input=text or "", capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"jopa {command}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def json_lines(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


class Rows:
    """Rows of a benchmark, one a line of a file, appended as they come: a run that was cut off goes on. What was measured in
    another setting is set aside."""

    def __init__(self, path, setting, again=False):
        self.path, self.setting, self.all = Path(path), setting, {}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = self._whole_lines() if self.path.exists() and not again else []
        if lines and json.loads(lines[0]) == {"setting": setting}:
            self.all = {tuple(row["key"]): row for row in map(json.loads, lines[1:])}
        self.path.write_text("".join(json.dumps(x) + "\n" for x in [{"setting": setting}, *self.all.values()]), encoding="utf-8")

    def _whole_lines(self):
        text = self.path.read_text(encoding="utf-8")
        return text[:text.rfind("\n") + 1].splitlines()

    def get(self, *key, measure):
        """The row by that key; where it is not known, what `measure` returns."""
        if key not in self.all:
            self.all[key] = {"key": list(key), **measure()}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(self.all[key]) + "\n")
        return self.all[key]


def interval(groups, value=statistics.fmean, rounds=2000):
    """(value, low, high): `value` of all members of the groups, and its 95 % bootstrap interval by groups (percentiles)."""
    groups = [g for g in groups if g]
    r = random.Random(0)
    drawn = sorted(value([x for g in r.choices(groups, k=len(groups)) for x in g]) for _ in range(rounds))
    return value([x for g in groups for x in g]), drawn[int(0.025 * rounds)], drawn[int(0.975 * rounds) - 1]


def percent(groups):
    """Share in per cent with its interval: "95.0 [90.1, 98.2]"."""
    if not any(groups):
        return ""
    return "{:.1f} [{:.1f}, {:.1f}]".format(*(100 * x for x in interval(groups)))


def mean(groups, digits=1):
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(*interval(groups), d=digits) if any(groups) else ""


def processor():
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def circumstances(model):
    commit = subprocess.run(["git", "-C", str(ROOT), "log", "-1", "--format=%h"], capture_output=True, text=True).stdout.strip()
    return {"model": Path(model).name, "processor": processor(), "cores": len(os.sched_getaffinity(0)), "load": round(os.getloadavg()[0], 1),
            "date": datetime.date.today().isoformat(), "commit": commit or "unknown"}


def in_words(c):
    return f"{c['model']}; {c['processor']}, {c['cores']} cores; {c['date']}, commit {c['commit']}."


def write_results(name, found):
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_document(document, name, text):
    """Replaces what stands between <!-- make bench-NAME --> and <!-- end of make bench-NAME --> in docs/DOCUMENT."""
    path = ROOT / "docs" / document
    begin, end = f"<!-- make bench-{name} -->\n", f"<!-- end of make bench-{name} -->"
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    before, found, rest = old.partition(begin)
    if found:
        path.write_text(f"{before}{begin}{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def tell(held):
    """The checks, one a line; the exit status."""
    for name, fine in held.items():
        print(f"{'held' if fine else 'MISSED'}: {name}")
    return 0 if all(held.values()) else 1
