#!/bin/sh
# Builds the wheel, installs it into a clean environment and tests it away from the checkout.
# Usage: tools/test_wheel.sh PYTHON, from the root of the checkout.
set -eu
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m build --wheel --outdir "$work/dist" "$root" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps "$work"/dist/*.whl
cp -r tests pyproject.toml "$work/"
cd "$work"
# The checkout must not be what is tested.
"$work/venv/bin/python" -c "import connectors, sys; sys.exit('$root' in connectors.__file__)"
# What needs the installed files most: command line, data files, entry points, the real runners.
"$work/venv/bin/python" -m pytest -q tests/test_packaging.py tests/test_command_line.py tests/connectors/log \
	tests/pipelines/text tests/pipelines/rules tests/pipelines/stories tests/end_to_end/test_pipelines.py
