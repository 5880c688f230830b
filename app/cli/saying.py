"""How the command line says things: in colour to people, plainly to programs."""

import getpass
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from app.core.values import Json
from app.settings import SettingsError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


class Refused(Exception):
    """The command cannot be done; `code` is the exit code."""

    def __init__(self, message: str, remedy: str, *, code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code


def refusal_of(error: SettingsError) -> Refused:
    """Say each fault of the settings but the last, and return that as the refusal."""
    for fault in error.faults[:-1]:
        complain(f"{fault.name} {fault.message}", fault.remedy)
    last = error.faults[-1]
    return Refused(f"{last.name} {last.message}", last.remedy)


def console(stream: IO[str] | None = None) -> "Console":
    """Return where people read; nothing in what is printed is taken for markup."""
    from rich.console import Console

    stream = stream or sys.stdout
    # Into a file or a pipe every line goes whole.
    width = None if stream.isatty() else 240
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


def print_trimmed(out: "Console", shown: "RenderableType") -> None:
    """Print a table or the like without the blanks that fill its lines up."""
    with out.capture() as captured:
        out.print(shown)
    lines = captured.get().splitlines()
    out.file.write("".join(f"{line.rstrip()}\n" for line in lines))


def complain(message: str, remedy: str) -> None:
    """Say on standard error what is wrong, and what to do about it."""
    out = console(sys.stderr)
    out.print("error: ", style="bold red", end="")
    out.print(printable(message), soft_wrap=True)
    if remedy:
        out.print(f"  {printable(remedy)}", soft_wrap=True)


def print_json(value: Json | Mapping[str, object] | Sequence[object]) -> None:
    """Print one JSON value."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def printable(text: str) -> str:
    """Return a text without what would make a terminal do things."""
    return "".join(
        each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}"
        for each in text
    )


def pairs(given: Sequence[str]) -> dict[str, str]:
    """Read `key=value` arguments."""
    found: dict[str, str] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator or not name:
            raise Refused(f"{each!r} is not an input", "write key=value")
        if name in found:
            raise Refused(f"the input {name} is given twice", "leave one of them out")
        found[name] = value
    return found


def operator() -> str:
    """Name whoever is at the keyboard; in a container that may be a number alone."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"


def repository_named(text: str) -> str:
    """Return the name of a repository as it was given. Raises `Refused` for anything else."""
    if text and not REPOSITORY.fullmatch(text):
        raise Refused(f"{text!r} is no repository", "write --repository owner/name")
    return text


def folder_named(folder: Path | None) -> Path | None:
    """Return a folder that is there, or none. Raises `Refused`."""
    if folder is not None and not folder.is_dir():
        raise Refused(f"{folder} is no folder", "name one that there is with --templates")
    return folder
