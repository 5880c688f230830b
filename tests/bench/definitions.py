"""Definitions to measure with: some tasks one after the other, or many side by side."""

import hashlib
from typing import Final

from app.core.hearing.findings import File
from app.core.values import Sha
from tests.bench.letters import REPOSITORY

_HEAD: Final = "version: 1\nname: {name}\non:\n  push:\n    branches: [main]\ntasks:\n"
_SILENT: Final = "report-to: {check: false, comment: never}\n"


def chain(length: int, name: str = "Chain", *, is_silent: bool = False) -> File:
    """Return a definition of tasks that each need the one before; perhaps a silent one."""
    tasks = [_task(number, [number - 1] if number else []) for number in range(length)]
    return _file(name, tasks + [_SILENT] * is_silent)


def fan(width: int, name: str = "Fan") -> File:
    """Return a definition with one task, and many that need only that one."""
    return _file(name, [_task(number, [0] if number else []) for number in range(width)])


def _task(number: int, needs: list[int]) -> str:
    listed = ", ".join(f"task_{need}" for need in needs)
    return (
        f"  task_{number}:\n"
        + (f"    needs: [{listed}]\n" if needs else "")
        + f"    dispatch: {REPOSITORY}/.github/workflows/build.yml@main\n"
        + "    with:\n      sha: ${{ sha }}\n"
    )


def _file(name: str, tasks: list[str]) -> File:
    text = _HEAD.format(name=name) + "".join(tasks)
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    path = f".github/orchestrations/{name.lower()}.yml"
    return File(path=path, blob_sha=Sha(digest), text=text)
