#!/usr/bin/env bash
# bench.sh [--quick|--full] [OPTION...]: the tables of docs/results.md on the default model. What follows --quick or
# --full goes to `jopa bench`. Results, tables and a page with plots: the folder bench beside the command. A run that
# was stopped goes on where it was; one that has ended starts anew. All but --full end after 57 minutes at the latest,
# with the prompts that were done by then.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
jopa=${JOPA:-$root/build/jopa}
out=$(dirname "$jopa")/bench

# Equal cost: no method may spend more than two evaluations for each unit of the prompt; random is one random set.
mode=sample prompts=15 minutes=57 metrics=prob,words,meaning,sparsity,curves
methods=jopa,jopa@0.08,random/2,ablation,gradient,attention,lime,kernelshap,greedy,self,jopa-nograd,jopa-noprob
case ${1:-} in
--quick) shift; mode=quick prompts=2 minutes=4 metrics=prob,words,sparsity methods=jopa,random/2,ablation,gradient ;;
--full) shift; mode=full prompts=0 minutes=6000 ;;
esac

mkdir -p "$out"
python3 "$root/bench/sample.py" "$prompts" "$root"/bench/data/{summarization,qa,instruction}.jsonl > "$out/$mode-data.jsonl"
if [[ $metrics == *meaning* ]]; then
    set -- --encoder "$("$root/scripts/fetch-encoder.sh")" "$@"
fi
started=$SECONDS code=0
timeout --foreground --signal=INT $((minutes * 60)) "$jopa" bench "$out/$mode-data.jsonl" --results "$out/$mode-running.jsonl" \
    --methods "$methods" --metrics "$metrics" --sparsity 0.1 --budget-per-unit 2 --max-tokens 12 --progress -F text -O "$out/$mode.txt" "$@" || code=$?
seconds=$((SECONDS - started))
[ "$code" = 0 ] || [ "$code" = 124 ] || exit "$code"
[ "$code" = 0 ] || echo "stopped after $minutes minutes: the tables hold what was done by then" >&2
mv "$out/$mode-running.jsonl" "$out/$mode.jsonl"
for format in markdown csv json html; do
    "$jopa" bench --results "$out/$mode.jsonl" -F "$format" -O "$out/$mode.${format/markdown/md}"
done
cat "$out/$mode.txt"
echo "$seconds seconds; tables and plots: $out/$mode.{txt,md,csv,json,html}" >&2
[ "$mode" = quick ] || python3 "$root/bench/results.py" "$out/$mode" "$root/docs/results.md" "$seconds"
