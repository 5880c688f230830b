"""The files of this checkout, as the tests about the checkout itself see them."""

import ast
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

# What .gitignore keeps out; needed only where git cannot be asked.
_IGNORED = {".git", ".venv", ".cache", "__pycache__", "build", "dist", ".hypothesis"}


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is tracked or would be, by path."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return tuple(sorted(_walk()))
    names = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
    return tuple(sorted(ROOT / name for name in names if (ROOT / name).is_file()))


def python(*rooms: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of each Python file, of these rooms only if any are named."""
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".py" and (not rooms or name.startswith(rooms)):
            yield name, path.read_text(encoding="utf-8")


def text() -> Iterator[tuple[str, str]]:
    """Yield path and text of each file that is text."""
    for path in files():
        data = path.read_bytes()
        if b"\0" not in data:
            yield path.relative_to(ROOT).as_posix(), data.decode("utf-8", errors="replace")


def functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module, at any depth."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def imported(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the top-level name of each import of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, (node.module or "").split(".")[0]


def _walk() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name for name in folders if name not in _IGNORED and not name.endswith("_cache")
        ]
        yield from (
            Path(folder, name)
            for name in names
            if not name.endswith((".pyc", ".db", ".db-wal", ".db-shm"))
        )
