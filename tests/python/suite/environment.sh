# Sourced by the tests: $python has what the suite needs, that of the other PyTorch tests with it, and the package, built
# as a wheel as `pip install .` builds it.
set -euo pipefail
suite=$JOPA_SOURCE_DIR/tests/python/suite
torch=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$JOPA_SOURCE_DIR/tests/parity/torch.txt") || exit 77
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" python "$suite/requirements.txt") || exit 77
site() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
site "$torch" > "$(site "$python")/torch.pth" # after its own, so that PyTorch is there once
# The local engine's weights in F16 whatever the processor has: bfloat16 is too coarse for a comparison with F32.
export ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI
export PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error

# build_package: the wheel in BUILD/python/wheel, unpacked in BUILD/python/site.
build_package() {
    local folder=$JOPA_BUILD_DIR/python
    rm -rf "$folder/wheel" "$folder/site"
    "$python" -m pip --disable-pip-version-check wheel --quiet --no-build-isolation --no-deps -w "$folder/wheel" \
        --config-settings=build-dir="$folder/build" "$JOPA_SOURCE_DIR"
    "$python" -m pip --disable-pip-version-check install --quiet --no-deps --target "$folder/site" "$folder"/wheel/*.whl
}
