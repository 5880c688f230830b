"""`signalbox rehearse`: a definition is run in a made-up world, and said how it went.

The exit code is for whoever tests definitions in their CI: 0 all is as expected, 1 it is not,
2 a file has problems.
"""

import asyncio
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from app import logs
from app.cli.checking import explained
from app.cli.saying import (
    Refused,
    console,
    folder_named,
    print_json,
    print_trimmed,
    printable,
    repository_named,
)
from app.core.problems import Problem
from app.core.state import Orchestration
from app.core.summary import summarise_check
from app.core.telling.headline import headline
from app.core.telling.markdown import unmarked
from app.core.telling.task_table import duration, rows_of
from app.scenario import (
    Finding,
    Line,
    Lived,
    Scenario,
    Subject,
    judge,
    live,
    read_scenario,
    subject_of,
    timeline,
)

GOOD, BAD, WRONG = 0, 1, 2
REMEDY = (
    "  nobody decides anything, and files are empty, unless a scenario says otherwise: "
    "`people: [{approve: TASK, by: mona}]`, `runs`, `files`; give it with --scenario"
)
COLOURS = {
    "running": "blue",
    "held": "yellow",
    "succeeded": "green",
    "failed": "red",
    "tolerated": "yellow",
    "cancelled": "magenta",
    "skipped": "bright_black",
    "waiting": "bright_black",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for on the command line."""

    file: Path
    scenario: Path | None
    templates: Path | None
    repository: str
    seed: int
    faults: bool


def rehearse(wanted: Wanted, *, as_json: bool) -> int:
    """Rehearse one definition and print how it went. Return the exit code."""
    text = _read(wanted.file)
    subject, problems = subject_of(wanted.file, text, folder_named(wanted.templates))
    if subject is None:
        return _refuse(wanted.file, text, problems, as_json)
    scenario: Scenario | None = Scenario()
    if wanted.scenario is not None:
        said = _read(wanted.scenario)
        scenario, problems = read_scenario(said, subject)
        if scenario is None:
            return _refuse(wanted.scenario, said, problems, as_json)
    assert scenario is not None, "a scenario without problems is there"
    asked_for = repository_named(wanted.repository)
    repository = scenario.repository or asked_for or subject.repository
    # What a server would log is told by the timeline.
    logs.set_up(io.StringIO())
    lived = asyncio.run(
        live(subject, scenario, repository=repository, seed=wanted.seed, faults=wanted.faults)
    )
    findings = judge(lived, scenario)
    if as_json:
        print_json(_as_json(wanted, lived, findings))
    else:
        _print(wanted, subject, scenario, lived, findings)
    return BAD if findings else GOOD


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise Refused(f"{file} cannot be read: {why}", "name a file that there is") from error


def _refuse(file: Path, text: str, problems: Sequence[Problem], as_json: bool) -> int:
    if as_json:
        told = [
            {
                "line": each.line,
                "column": each.column,
                "code": str(each.code),
                "message": each.message,
                "hint": each.hint,
            }
            for each in problems
        ]
        print_json({"file": str(file), "problems": told})
        return WRONG
    out = console(sys.stderr)
    for problem in problems:
        out.print(explained(file, text, problem), soft_wrap=True)
    return WRONG


# --- for people -----------------------------------------------------------------------


def _print(
    wanted: Wanted,
    subject: Subject,
    scenario: Scenario,
    lived: Lived,
    findings: Sequence[Finding],
) -> None:
    out = console()
    title = f": {scenario.title}" if scenario.title else ""
    out.print(printable(f"{subject.definition.name}{title}"), style="bold")
    lines = timeline(lived)
    start = lines[0].at if lines else None
    for line in lines:
        assert start is not None, "there is a first line"
        out.print(_line(line, duration(line.at - start)), soft_wrap=True)
    if lived.main is not None:
        _print_end(lived.main.state)
    where = wanted.scenario or wanted.file
    for finding in findings:
        place = f"{where}:{finding.line}" if finding.line else str(where)
        out.print(printable(f"✗ {place}: {finding.message}"), style="bold red", soft_wrap=True)
    if not findings:
        out.print("✓ all is as expected", style="bold green")
    elif wanted.scenario is None:
        out.print(REMEDY, soft_wrap=True)


def _line(line: Line, since: str) -> Text:
    said = Text()
    said.append(f"{line.at:%a %H:%M:%S}  +{since:<10}", "bright_black")
    said.append(f" {printable(line.about) or '·':<28} ", "bold")
    said.append(printable(line.what), COLOURS.get(line.style, ""))
    if line.why:
        said.append(f"  {printable(line.why)}", "bright_black")
    return said


def _print_end(state: Orchestration) -> None:
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("TASK", "STATE", "TOOK", "WHY"):
        table.add_column(heading, overflow="fold")
    for row in rows_of(state):
        look = row.look
        style = COLOURS.get(look.style, "") if look is not None else ""
        word = row.told or (look.word if look is not None else "")
        cells = (printable(unmarked(each)) for each in (row.name, row.took, row.why))
        name, took, why = cells
        table.add_row(name, Text(printable(word), style), took, why)
    out.print()
    print_trimmed(out, table)
    out.print()
    out.print(printable(f"The check: {summarise_check(state).title}"), soft_wrap=True)


# --- for programs ---------------------------------------------------------------------


def _as_json(wanted: Wanted, lived: Lived, findings: Sequence[Finding]) -> dict[str, object]:
    state = lived.main.state if lived.main else None
    return {
        "definition": str(wanted.file),
        "seed": wanted.seed,
        "as_expected": not findings,
        "findings": [{"line": each.line, "message": each.message} for each in findings],
        "why_not_started": lived.why or None,
        "end": _end_as_json(state) if state else None,
        "dispatched": [each.sent.names[0] for each in lived.sendings],
        "timeline": [
            {
                "at": line.at.isoformat(),
                "about": line.about,
                "what": line.what,
                "why": line.why,
            }
            for line in timeline(lived)
        ],
    }


def _end_as_json(state: Orchestration) -> dict[str, object]:
    return {
        "status": str(state.status),
        "headline": headline(state),
        "reason": state.reason.code if state.reason else None,
        "state": state.machine.state if state.machine else None,
        "states": list(state.machine.history) if state.machine else [],
        "tasks": {name: str(task.status) for name, task in state.tasks.items()},
        "outputs": dict(state.outputs),
        "started_at": state.started_at.isoformat() if state.started_at else None,
        "ended_at": state.ended_at.isoformat() if state.ended_at else None,
    }
