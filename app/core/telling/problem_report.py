"""The problems of definitions as people read them, on the check of the commit with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.preflight import Concern
from app.core.problems import Problem
from app.core.telling.headline import count
from app.core.telling.markdown import code, fit, one_line, prose, size
from app.core.telling.masking import mask_text

# https://docs.github.com/en/rest/checks/runs#create-a-check-run
SUMMARY_MAX = 65_535
TITLE_MAX = 255
MESSAGE_MAX = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One mark beside a line of a file; all of it is plain text."""

    path: str
    start_line: int
    start_column: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemsText:
    """The check of a commit that changes definitions, as it should stand."""

    conclusion: Literal["success", "failure"]
    title: str
    summary: str
    annotations: tuple[Annotation, ...]


def summarise_problems(files: Mapping[str, Sequence[Problem | Concern]]) -> ProblemsText:
    """Say what is wrong with definitions, by file, or that nothing is.

    A concern is about what a definition dispatches; one that is only a notice fails nothing.
    There may be more annotations than GitHub takes in one call.
    """
    number = sum(_count(problems) for problems in files.values())
    faulty = [path for path, problems in files.items() if _count(problems)]
    lines = [line for path in files for line in _lines(path, files[path])]
    if number:
        title = f"{count(number, 'problem')} in {_files(len(faulty), len(files))}"
        head = (
            "What is wrong stands beside the lines, too. What was in force before stays so.\n"
        )
    else:
        title = f"{count(len(files), 'definition')} fine" if files else "no definitions"
        head = "Nothing is wrong with what this commit changes.\n" if files else ""
    rows = fit(lines, SUMMARY_MAX - size(head) - 1, _more)
    return ProblemsText(
        conclusion="failure" if number else "success",
        title=title,
        summary="\n".join([head, *rows]).strip() or "This commit changes no definition.",
        annotations=tuple(
            _annotation(path, problem) for path in files for problem in files[path]
        ),
    )


def _count(problems: Sequence[Problem | Concern]) -> int:
    return sum(_level(each) == "failure" for each in problems)


def _level(problem: Problem | Concern) -> Literal["notice", "failure"]:
    return problem.level if isinstance(problem, Concern) else "failure"


def _files(faulty: int, all_of_them: int) -> str:
    if all_of_them == 1:
        return "1 definition"
    return f"{faulty} of {count(all_of_them, 'definition')}"


def _lines(path: str, problems: Sequence[Problem | Concern]) -> list[str]:
    number = _count(problems)
    if not number:
        return [f"- ✅ {code(path)} is fine", *map(_line, problems)]
    return [f"- ❌ {code(path)} has {count(number, 'problem')}", *map(_line, problems)]


def _line(problem: Problem | Concern) -> str:
    said = f"  - line {problem.line}, column {problem.column}: {prose(problem.message, 1_000)}"
    hint = f" — {prose(problem.hint, 1_000)}" if problem.hint else ""
    return f"{said}{hint} ({code(problem.code)})"


def _more(left: int) -> str:
    return f"\n{count(left, 'more line')} did not fit here; the annotations have them all."


def _annotation(path: str, problem: Problem | Concern) -> Annotation:
    message = "\n".join(each for each in (problem.message, problem.hint) if each)
    return Annotation(
        path=path,
        start_line=problem.line,
        start_column=problem.column,
        level=_level(problem),
        title=one_line(problem.code, TITLE_MAX),
        message=_cut(mask_text(message)),
    )


def _cut(text: str) -> str:
    clean = text.encode(errors="replace").decode()
    return clean if len(clean) <= MESSAGE_MAX else f"{clean[: MESSAGE_MAX - 1]}…"
