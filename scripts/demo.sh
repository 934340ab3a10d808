#!/usr/bin/env bash
# The demonstration: two words of which either is enough for the model, so that hiding one changes nothing and hiding
# both everything; beside it what one-at-a-time ablation and chance find. bench/demo.py chose the prompt.
. "$(dirname "$0")/lib.sh"

jopa=$(realpath --relative-base="$PWD" "${JOPA:-$scripts/../build/jopa}")
[[ $jopa == */* ]] || jopa=./$jopa
folder=$(dirname "$jopa")
model=$("$scripts/fetch-model.sh")
say "explaining a prompt on SmolLM2-135M-Instruct: which words made it answer \"German\"?"
"$jopa" compare --model "$model" --method jopa,ablation,random --unit word -k 2 --max-tokens 12 --response German \
    --progress --output "$folder/demo.json" "$@" \
    "I moved to Berlin to learn the language of Germany. Which language is it?"
"$jopa" render "$folder/demo.json" --format html --output "$folder/demo.html"
"$jopa" render "$folder/demo.json" --format text
page=$(realpath "$folder/demo.html")
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open > /dev/null; then
    xdg-open "$page" > /dev/null 2>&1 &
fi
say "the same as a page: file://$page"
say "your own prompt: $jopa explain \"...\"; your own model: $jopa explain -m model.gguf \"...\""
