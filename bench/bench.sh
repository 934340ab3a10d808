#!/usr/bin/env bash
# bench.sh [--quick|--full] [OPTION...]: the tables of docs/results.md on the default model. What is not --quick or
# --full goes to `jopa bench`. Results, tables and a page with plots: the folder bench beside the command. A run that
# was stopped goes on where it was; one that has ended starts anew.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
jopa=${JOPA:-$root/build/jopa}
out=$(dirname "$jopa")/bench

peers=jopa,jopa@0.08,random,ablation,gradient,attention,lime,kernelshap,greedy,self
ablations=jopa-nograd,jopa-noprob
mode=sample words=60 per_task=15 tokens=32 methods=$peers,$ablations metrics=prob,words,meaning,sparsity,curves
case ${1:-} in
--quick) shift; mode=quick words=40 per_task=2 tokens=16 methods=jopa,jopa@0.08,random,ablation,gradient metrics=prob,words,sparsity ;;
--full) shift; mode=full words=1000 per_task=0 ;;
esac

# The sample: prompts of at most so many words, spread evenly over each file.
data=$out/$mode-data
mkdir -p "$data"
for file in summarization qa instruction; do
    python3 - "$words" "$root/bench/data/$file.jsonl" > "$data/$file.jsonl" <<'PYTHON'
import json, sys
for line in open(sys.argv[2], encoding="utf-8"):
    if len(json.loads(line)["prompt"].split()) <= int(sys.argv[1]):
        sys.stdout.write(line)
PYTHON
done

[[ $metrics == *meaning* ]] && set -- --encoder "$("$root/scripts/fetch-encoder.sh")" "$@"
started=$SECONDS
"$jopa" bench "$data"/{summarization,qa,instruction}.jsonl --results "$out/$mode-running.jsonl" --methods "$methods" \
    --metrics "$metrics" --sparsity 0.1 --max-tokens "$tokens" --per-task "$per_task" --progress -F text -O "$out/$mode.txt" "$@"
mv "$out/$mode-running.jsonl" "$out/$mode.jsonl"
for format in markdown csv json html; do
    "$jopa" bench --results "$out/$mode.jsonl" -F "$format" -O "$out/$mode.${format/markdown/md}"
done
cat "$out/$mode.txt"
echo "$((SECONDS - started)) seconds; tables and plots: $out/$mode.{txt,md,csv,json,html}" >&2
[ "$mode" = quick ] || python3 "$root/bench/results.py" "$out/$mode" "$root/docs/results.md" "$((SECONDS - started))"
