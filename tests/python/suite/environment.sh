# Sourced by the tests: $python has what the suite needs, that of the other PyTorch tests with it, and the package,
# built as a wheel as `pip install .` builds it.
set -euo pipefail
suite=$JOPA_SOURCE_DIR/tests/python/suite
python=$("$JOPA_SOURCE_DIR/scripts/venv.sh" python "$suite/requirements.txt") || exit 77
site() { "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'; }
if [ "${PARITY:-}" != 0 ]; then # without PyTorch the suite skips what needs it
    torch=$("$JOPA_SOURCE_DIR/scripts/venv.sh" torch "$JOPA_SOURCE_DIR/tests/parity/torch.txt") || exit 77
    joined=$(site "$python")/torch.pth # after its own, so that PyTorch is there once
    if [ "$(cat "$joined" 2> /dev/null)" != "$(site "$torch")" ]; then
        site "$torch" > "$joined.$$" # another test may be reading it
        mv "$joined.$$" "$joined"
    fi
fi
# The local engine's weights in F16 whatever the processor has: bfloat16 is too coarse for a comparison with F32.
export ONEDNN_MAX_CPU_ISA=AVX512_CORE_VNNI
export GOMP_SPINCOUNT=1000 # PyTorch's threads, too
export PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error

# build_package: the wheel in BUILD/python/wheel, unpacked in BUILD/python/site.
build_package() {
    local folder=$JOPA_BUILD_DIR/python
    rm -rf "$folder/wheel" "$folder/site"
    "$python" -m pip --disable-pip-version-check wheel --quiet --no-build-isolation --no-deps -w "$folder/wheel" \
        --config-settings=build-dir="$folder/build" "$JOPA_SOURCE_DIR"
    "$python" -m pip --disable-pip-version-check install --quiet --no-deps --target "$folder/site" "$folder"/wheel/*.whl
}

# check_manylinux: the wheel with all libraries that it needs in it, which another machine can run; it is imported.
# LAPACK's own library instead of OpenBLAS, where both are there: it is a quarter as large.
check_manylinux() {
    local folder=$JOPA_BUILD_DIR/python lib
    lib=/usr/lib/$(cc -dumpmachine)
    [ "$(uname -s)" = Linux ] || return 0
    rm -rf "$folder/manylinux" "$folder/repaired"
    LD_LIBRARY_PATH=$lib/lapack:$lib/blas PATH=$(dirname "$python"):$PATH \
        "$python" -m auditwheel repair --strip -w "$folder/manylinux" "$folder"/wheel/*.whl 2> "$folder/log" ||
        { cat "$folder/log" >&2; return 1; }
    "$python" "$suite/check_wheel.py" "$folder"/manylinux/*.whl
    "$python" -m pip --disable-pip-version-check install --quiet --no-deps --target "$folder/repaired" \
        "$folder"/manylinux/*.whl
    PYTHONPATH=$folder/repaired "$python" "$suite/check_libraries.py"
    rm -rf "$folder/repaired"
}

# run_suite ARGUMENTS...: pytest on the package in BUILD/python/site.
run_suite() {
    cd "$JOPA_BUILD_DIR/python"
    PYTHONPATH=$JOPA_BUILD_DIR/python/site "$python" -m pytest -q -p no:cacheprovider --durations=8 -c "$suite/pytest.ini" \
        --rootdir "$suite" "$@"
}
