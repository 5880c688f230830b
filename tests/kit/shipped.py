"""Lints what Signalbox ships beside its Python: workflows, the Action, Dockerfile and Compose.

Each linter is asked only about files that are there; which must be there is not its matter.
"""

import shlex
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_BIN = Path(sys.executable).parent


def commands() -> list[list[str]]:
    """Return the command lines that judge the files at hand."""
    workflows = [*_found(".github/workflows/*.yml"), *_found("app/workflow-templates/*.yml")]
    actions = _found("action.yml")
    dockerfiles = _found("Dockerfile")
    wanted: list[list[str]] = []
    if workflows:
        wanted.append(_schema("vendor.github-workflows", workflows))
    if actions:
        wanted.append(_schema("vendor.github-actions", actions))
    if workflows or actions:
        # Offline: the verdict must not depend on what the network says today.
        zizmor = ["zizmor", "--offline", "--quiet", "--strict-collection"]
        wanted.append([*zizmor, *actions, *workflows])
    if composed := _found("compose.yaml"):
        wanted.append(_schema("vendor.compose-spec", composed))
    if dockerfiles:
        wanted.append(["hadolint", *dockerfiles])
    return wanted


def main() -> int:
    """Run every linter, and return 1 if any of them objects."""
    failed = False
    for name, *rest in commands():
        print(shlex.join([name, *rest]), flush=True)
        done = subprocess.run([str(_BIN / name), *rest], cwd=_ROOT, stdin=subprocess.DEVNULL)
        failed = failed or done.returncode != 0
    return int(failed)


def _found(pattern: str) -> list[str]:
    return sorted(path.relative_to(_ROOT).as_posix() for path in _ROOT.glob(pattern))


def _schema(name: str, files: list[str]) -> list[str]:
    return ["check-jsonschema", "--builtin-schema", name, *files]


if __name__ == "__main__":
    sys.exit(main())
