#!/bin/sh
# Makes .venv with the first Python 3.11 or newer that can; PYTHON=... chooses one.
set -eu

lame=""
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    # Debian splits these two off into a package of their own.
    if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Making .venv with $("$name" --version)"
        rm -rf .venv
        exec "$name" -m venv .venv
    fi
    lame="$name"
done

if [ -n "$lame" ]; then
    echo "$lame cannot make virtual environments: it lacks the module ensurepip." >&2
    echo "On Debian or Ubuntu: apt-get install python3-venv; then run make again." >&2
else
    echo "Signalbox needs Python 3.11 or newer; none of ${PYTHON:-python3, python3.11 to python3.14} is." >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12 setup" >&2
fi
exit 1
