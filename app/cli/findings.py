"""What `signalbox doctor` finds: how each thing is that it looked at, and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Mark(StrEnum):
    """How things are."""

    OK = "ok"
    NOTE = "note"
    """Something to know: nothing needs to be done."""
    WARNING = "warning"
    """Something may be amiss, or is for part of what there is."""
    PROBLEM = "problem"
    """Something does not work."""
    NOT_ASKED = "not asked"
    """Nobody knows, since something that it takes to ask is amiss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found by one check, and the remedy where something is amiss.

    `is_unanswered` tells a problem with what does not answer from one with what it answered.
    """

    check: str
    mark: Mark
    found: str
    remedy: str = ""
    is_unanswered: bool = False


ALL_WELL: Final = 0
A_PROBLEM: Final = 1
NO_ANSWER: Final = 3


def ok(check: str, found: str) -> Finding:
    """Return that something is well."""
    return Finding(check=check, mark=Mark.OK, found=found)


def note(check: str, found: str) -> Finding:
    """Return something to know."""
    return Finding(check=check, mark=Mark.NOTE, found=found)


def warning(check: str, found: str, remedy: str) -> Finding:
    """Return that something may be amiss."""
    return Finding(check=check, mark=Mark.WARNING, found=found, remedy=remedy)


def problem(check: str, found: str, remedy: str) -> Finding:
    """Return that something is amiss."""
    return Finding(check=check, mark=Mark.PROBLEM, found=found, remedy=remedy)


def unanswered(check: str, found: str, remedy: str) -> Finding:
    """Return that what there is to ask does not answer."""
    mark = Mark.PROBLEM
    return Finding(check=check, mark=mark, found=found, remedy=remedy, is_unanswered=True)


def not_asked(check: str, why: str) -> Finding:
    """Return that something could not be asked."""
    return Finding(check=check, mark=Mark.NOT_ASKED, found=why)


def exit_code(findings: Sequence[Finding]) -> int:
    """Return the exit code: what did not answer comes before what is wrong."""
    if any(each.is_unanswered for each in findings):
        return NO_ANSWER
    return A_PROBLEM if any(each.mark is Mark.PROBLEM for each in findings) else ALL_WELL


def count_of(findings: Sequence[Finding]) -> str:
    """Say in a line how many of which kind there are."""
    marks = [each.mark for each in findings]
    problems, warnings = marks.count(Mark.PROBLEM), marks.count(Mark.WARNING)
    parts = [
        _counted(problems, "problem"),
        _counted(warnings, "warning"),
        f"{marks.count(Mark.NOT_ASKED)} not asked" if Mark.NOT_ASKED in marks else "",
    ]
    return ", ".join(part for part in parts if part) or "all is well"


def _counted(count: int, what: str) -> str:
    return "" if count == 0 else f"{count} {what}{'' if count == 1 else 's'}"
