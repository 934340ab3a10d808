#!/usr/bin/env python3
"""Scoring speed on the default model: evaluations and tokens a second, achieved FLOP/s against ggml's own matrix product,
memory, and the same masks scored by Captum with transformers.

The two sides take turns in one run; medians. Writes bench/results/speed.json and the tables in docs/speed.md.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LENGTHS = (30, 60, 100, 250, 500, 1000, 2000)
RUNS = {"ablation": "60", "jopa": "60", "ablation 250": "250", "jopa 100": "100"}  # whole ones; the first two always
CAPTUM = (("tokens", "float32"), ("one pass", "float32"), ("one pass", "bfloat16"))
MASKED = "zero"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="rounds, of which medians are taken (5)")
    parser.add_argument("--slow-repeat", type=int, default=1, help="rounds of Captum's default way, minutes each (1)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--masks", type=int, default=16, help="evaluations at each length (16)")
    parser.add_argument("--lengths", type=int, nargs="*", default=LENGTHS, help="tokens of the prompts")
    parser.add_argument("--no-captum", action="store_true")
    parser.add_argument("--no-document", action="store_true", help="leave docs/speed.md and bench/results as they are")
    return parser.parse_args()


class Talker:
    """A process that answers each line of JSON with one."""

    def __init__(self, command, head):
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.head = self.ask(head)

    def ask(self, question):
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("bench/speed: a measuring program ended early")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def script(*command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def jobs(a):
    text, response = ((ROOT / f"bench/speed{n}.txt").read_text(encoding="utf-8").strip() for n in ("", "-response"))
    words = text.split(" ")
    found = []
    for tokens in a.lengths:  # 1.145 tokens a word, 9.5 of the template
        prompt = " ".join(words[:round((tokens - 9.5) / 1.145)])
        found.append({"name": f"{tokens}", "prompt": prompt, "response": response, "tokens": 30, "masks": a.masks})
    prompts = {j["name"]: j for j in found}
    for name, tokens in RUNS.items():
        method, *other = name.split()
        job = prompts.get(tokens, None if other else found[0])
        if job:
            found.append({k: v for k, v in job.items() if k != "masks"} | {"name": name, "method": method, "operator": "token:_"})
    return found


def rank(values):
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    at = 0
    while at < len(order):  # ties share their mean rank
        end = at
        while end < len(order) and values[order[end]] == values[order[at]]:
            end += 1
        for i in order[at:end]:
            ranks[i] = (at + end - 1) / 2
        at = end
    return ranks


def spearman(a, b):
    return statistics.correlation(rank(a), rank(b))


def rates(runs):
    """Medians of what one job's runs say."""
    median = lambda f: statistics.median(f(r) for r in runs)
    first = runs[0]
    return {"prompt_tokens": len(first["ids"]), "evaluations": first["evaluations"], "gradients": first["gradients"],
            "seconds": median(lambda r: r["seconds"]),
            "evaluations_per_second": median(lambda r: r["evaluations"] / r["seconds"]),
            "seconds_per_evaluation": median(lambda r: r["seconds"] / r["evaluations"]),
            "decoded_per_second": median(lambda r: r["decoded_tokens"] / r["seconds"]),
            "naive_per_second": median(lambda r: r["naive_tokens"] / r["seconds"]),
            "sharing": first["naive_tokens"] / first["decoded_tokens"],
            "gflops": median(lambda r: r["flops"] / r["seconds"]) / 1e9,
            "of_peak": median(lambda r: r["flops"] / r["seconds"] / r["peak"]),
            "memory": max(r["memory"] for r in runs)}


def captum_ways(a):
    return [] if a.no_captum else list(CAPTUM)


def measure(a, model):
    ours = Talker([script(ROOT / "bench/build.sh", "speed")], {"model": model, "threads": a.threads, "clock": "wall"})
    asked, runs, theirs, other = jobs(a), {}, {}, None
    for turn in range(max(a.repeat, a.slow_repeat)):
        for job in asked if turn < a.repeat else []:
            runs.setdefault(job["name"], []).append(ours.ask(job))
            print(turn, job["name"], f'{runs[job["name"]][-1]["seconds"]:.2f} s', file=sys.stderr, flush=True)
        other = other or (None if a.no_captum else open_captum(a, model, runs["ablation"][0]))
        for way, kind in captum_ways(a):
            if turn < (a.slow_repeat if way == "tokens" else a.repeat):
                theirs.setdefault(f"{way} {kind}", []).append(other.ask({"way": way, "type": kind}))
                print(turn, "captum", way, kind, f'{theirs[f"{way} {kind}"][-1]["seconds"]:.2f} s', file=sys.stderr, flush=True)
    best = {t: other.ask({"products": t})["rate"] / 1e9 for t in ("float32", "bfloat16")} if other else {}
    ours.close()
    return ours.head, runs, theirs, best


def torch_python():
    return script(ROOT / "scripts/venv.sh", "torch", ROOT / "tests/parity/torch.txt")


def open_captum(a, model, run):
    head = {"model": str(model), "threads": a.threads, "clock": "wall", "shapes": [[576, 576], [576, 1536], [1536, 576]]}
    return Talker([torch_python(), ROOT / "bench/speed-captum.py"], head | {k: run[k] for k in ("ids", "unit_of", "response", "operator_token")})


def compared(ours, theirs, float_drops):
    """Captum's medians over ours, and how far the results agree."""
    mine = statistics.median(r["seconds"] for r in ours)
    table = {}
    for name, runs in theirs.items():
        seconds = statistics.median(r["seconds"] for r in runs)
        table[name] = {"seconds": seconds, "times_slower": seconds / mine, "runs": len(runs),
                       "spearman": spearman(float_drops, runs[0]["drops"])}
    return table


def ablation_in_float32(a, model):
    """The drops of an ablation with the same weights as float32, which is how Captum has them."""
    program = Path(script(ROOT / "bench/build.sh", "speed"))
    full = program.with_name("float.gguf")
    script(torch_python(), ROOT / "bench/float-model.py", model, full)
    speed = Talker([program], {"model": str(full), "threads": a.threads, "clock": "wall"})
    run = speed.ask(next(j for j in jobs(a) if j["name"] == "ablation"))
    speed.close()
    return run


def maskable_drops(run):
    return [d for d in run["drops"] if d is not None]


def report(a, model):
    head, runs, theirs, best = measure(a, model)
    result = {"machine": f"{processor()}, {a.threads} threads", "model": head["file"], "weights": head["weights"],
              "file_bytes": os.path.getsize(model), "products": {t: r / 1e9 for t, r in head["products"].items()}, "best_product": best,
              "rounds": a.repeat, "jobs": {n: rates(r) for n, r in runs.items()}}
    if theirs:
        exact = ablation_in_float32(a, model)
        result["captum"] = compared(runs["ablation"], theirs, maskable_drops(exact))
        result["spearman_of_weights"] = spearman(maskable_drops(exact), maskable_drops(runs["ablation"][0]))
    return result


def processor():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def tables(r):
    out = [f'{r["machine"]}; {r["model"]}, computed in {r["weights"]}; medians of {r["rounds"]} rounds.', "",
           "| prompt, tokens | evaluations/s | decoded tokens/s | naive tokens/s | sharing | GFLOP/s | of ggml's product |",
           "|---|---|---|---|---|---|---|"]
    for name, j in r["jobs"].items():
        title = j["prompt_tokens"] if name.isdigit() else f'{name.split()[0]}, {j["prompt_tokens"]}'
        out.append(f'| {title} | {j["evaluations_per_second"]:.2f} | {j["decoded_per_second"]:.0f} | {j["naive_per_second"]:.0f} | '
                   f'{j["sharing"]:.2f} | {j["gflops"]:.1f} | {j["of_peak"]:.2f} |')
    out += ["", "ggml's matrix product at the model's shapes, 512 columns, GFLOP/s: "
            + ", ".join(f"{t} {v:.0f}" for t, v in r["products"].items())
            + ("; oneDNN's: " + ", ".join(f"{t} {v:.0f}" for t, v in r["best_product"].items()) if r["best_product"] else "") + ".", "",
            f'Peak memory {max(j["memory"] for j in r["jobs"].values()) / 1e6:.0f} MB, the file {r["file_bytes"] / 1e6:.0f} MB.']
    if "captum" in r:
        out += ["", f'Single-token ablation, {r["jobs"]["ablation"]["prompt_tokens"]} tokens, 30 of response: '
                f'{r["jobs"]["ablation"]["seconds"]:.2f} s.', "", "| Captum, transformers | rounds | seconds | times slower | Spearman |", "|---|---|---|---|---|"]
        out += [f'| {n} | {c["runs"]} | {c["seconds"]:.1f} | {c["times_slower"]:.1f} | {c["spearman"]:.4f} |' for n, c in r["captum"].items()]
    return "\n".join(out) + "\n"


def write(r):
    (ROOT / "bench/results/speed.json").write_text(json.dumps(r, indent=1) + "\n", encoding="utf-8")
    document = ROOT / "docs/speed.md"
    begin, end = "<!-- make bench-speed -->\n", "<!-- end -->\n"
    text = document.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    document.write_text(before + begin + tables(r) + end + rest.split(end)[1], encoding="utf-8")


def main():
    a = arguments()
    model = script(ROOT / "scripts/fetch-model.sh")
    result = report(a, model)
    sys.stdout.write(tables(result))
    if not a.no_document:
        write(result)


if __name__ == "__main__":
    main()
