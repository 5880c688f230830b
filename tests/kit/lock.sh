#!/bin/sh
# Writes requirements.lock and requirements-test.lock: versions only, no address of any index.
set -eu

tools=.cache/lock
.venv/bin/python -m venv "$tools"
"$tools/bin/python" -m pip install -qq pip-tools
compile="$tools/bin/python -m piptools compile -q --upgrade --strip-extras --allow-unsafe
    --no-header --no-annotate --no-emit-options --no-emit-index-url --no-emit-find-links"
$compile --extra test -o requirements-test.lock pyproject.toml
$compile -c requirements-test.lock -o requirements.lock pyproject.toml
rm -rf "$tools"
echo "Wrote requirements.lock and requirements-test.lock"
