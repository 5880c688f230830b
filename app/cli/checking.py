"""`signalbox check`: the problems of definitions, as a compiler says them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.text import Text

from app.cli.saying import Refused, console, folder_named, print_json, printable
from app.core.definition import Definition
from app.core.parse import FILE_BYTES_MAX, parse, templates_of
from app.core.problems import Code, Problem

FOLDER: Final = Path(".github/orchestrations")
LINE_MAX: Final = 160
"""Letters of a line that are shown with a problem in it."""


def check_files(files: Sequence[Path], templates: Path | None = None, *, as_json: bool) -> int:
    """Check each file, or those of the repository, and print what is wrong.

    Return 1 if anything is.
    """
    found = [(file, *read_definition(file, templates)) for file in _each(files)]
    count = sum(len(problems) for _, _, _, problems in found)
    if as_json:
        print_json(
            [_as_json(file, each) for file, _, _, problems in found for each in problems]
        )
        return 1 if count else 0
    out = console()
    for file, text, definition, problems in found:
        for problem in problems:
            out.print(explained(file, text, problem), soft_wrap=True)
        if definition is not None:
            note = f"{file}: good, {_size(definition)}"
            out.print(printable(note), soft_wrap=True)
    if count:
        files_wrong = sum(1 for _, _, _, problems in found if problems)
        told = f"{_count(count, 'problem')} in {_count(files_wrong, 'file')}"
        out.print(told, style="bold red")
    return 1 if count else 0


def read_definition(
    file: Path, templates: Path | None = None
) -> tuple[str, Definition | None, tuple[Problem, ...]]:
    """Read a file: its text, and the definition in it or its problems."""
    try:
        with file.open("rb") as opened:
            content = opened.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refused(
            f"{file} cannot be read: {error.strerror}", "name a file that there is"
        ) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        problem = Problem(
            code=Code.YAML_SYNTAX,
            message="the file is not UTF-8",
            hint="save it as UTF-8",
            line=before.count(b"\n") + 1,
            column=1,
        )
        return content.decode("utf-8", "replace"), None, (problem,)
    return text, *parse(text, file.as_posix(), _templates(file, text, templates))


def _templates(file: Path, text: str, folder: Path | None) -> dict[str, str]:
    """Read the template that stands beside the file, or by its file's name in a folder."""
    found: dict[str, str] = {}
    folder = folder_named(folder)
    for name in templates_of(text):
        if name.startswith("./"):
            place = file.parent / name
        elif folder is not None:
            place = folder / name.partition("@")[0].rpartition("/")[2]
        else:
            # Others are on GitHub, and nobody is asked there.
            continue
        if place.is_file():
            found[name] = place.read_bytes()[: FILE_BYTES_MAX + 1].decode("utf-8", "replace")
    return found


def explained(file: Path, text: str, problem: Problem) -> Text:
    """Say one problem with its place, the line in question and the remedy."""
    lines = text.splitlines()
    whole = lines[problem.line - 1] if problem.line <= len(lines) else ""
    line, column = _around(whole, problem.column)
    number = str(problem.line)
    # A tab before the place moves the caret as far as it moves the text.
    before = "".join("\t" if each == "\t" else " " for each in line[: column - 1])
    margin = " " * len(number)
    said = Text()
    said.append(f"{printable(str(file))}:{problem.line}:{problem.column}: ", "bold")
    said.append(f"error[{problem.code}]", "bold red")
    said.append(f": {printable(problem.message)}\n")
    if line.strip():
        said.append(f"  {number} | {printable(line)}\n")
        said.append(f"  {margin} | ")
        said.append(f"{before}^\n", "bold red")
    said.append(f"  {margin} = hint: {printable(problem.hint)}\n", "cyan")
    return said


def _around(line: str, column: int) -> tuple[str, int]:
    """Return what is shown of a line that may be long, and the column of the problem in it."""
    if len(line) <= LINE_MAX:
        return line, column
    start = max(0, column - 1 - LINE_MAX // 2)
    end = start + LINE_MAX
    shown = f"{'…' if start else ''}{line[start:end]}{'…' if end < len(line) else ''}"
    return shown, column - start + (1 if start else 0)


def _each(files: Sequence[Path]) -> Iterator[Path]:
    if not files and not FOLDER.is_dir():
        message = f"no file is named, and there is no folder {FOLDER} here"
        raise Refused(message, "name the files, or call it where a repository begins")
    for file in files or (FOLDER,):
        if not file.is_dir():
            yield file
            continue
        # A whole repository holds many other files that end like definitions.
        folder = file / FOLDER if (file / FOLDER).is_dir() else file
        inside = sorted(each for each in folder.iterdir() if each.suffix in (".yml", ".yaml"))
        if not inside:
            raise Refused(f"there is no definition in {folder}", "definitions end in .yml")
        yield from inside


def _as_json(file: Path, problem: Problem) -> dict[str, object]:
    return {
        "file": str(file),
        "line": problem.line,
        "column": problem.column,
        "code": str(problem.code),
        "message": problem.message,
        "hint": problem.hint,
    }


def _size(definition: Definition) -> str:
    if definition.machine is not None:
        return _count(len(definition.machine.states), "state")
    return _count(len(definition.tasks), "task")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
