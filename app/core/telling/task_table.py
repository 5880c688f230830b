"""The table of tasks: how far each is, where to look, how long it took, and why.

Times are those of the state: what runs says since when, so that the table changes only when
the state does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.definition import Handling
from app.core.legs.gates import UNDECIDED
from app.core.legs.refs import is_sha
from app.core.moves import LegStatus, TaskStatus
from app.core.naming import definition_of, sibling, visit_holder, visit_of
from app.core.state import Attempt, Leg, Orchestration, Reason, Task
from app.core.telling.drawing import target_of
from app.core.telling.looks import Look, count_of_legs, look_of_leg, look_of_task, name_of
from app.core.telling.markdown import code, link, plain, prose, row, table
from app.core.telling.waiting import (
    moment,
    why_blocked,
    why_closed,
    why_leg,
    why_whole_waits,
)
from app.core.values import LegKey, TaskName

HEAD = table(("Task", "State", "Workflow run", "Took", "Why"))

LEGS_SHOWN_MAX = 30
"""Legs of a matrix that get rows of their own; of a larger one only those that need a look."""

LEGS_NAMED_MAX = 10
"""Legs of a larger matrix that are shown because they failed or wait for a person."""

ROWS_IN_ORDER_MAX = 50
PRESSING = frozenset({"held", "failed"})

NAME_MAX = 120
WHY_MAX = 400

TARGET = re.compile(r"([\w.-]+/[\w.-]+)/\.github/workflows/([\w.-]+)(?:@(\S+))?")

REMEDIES: Mapping[str, str] = {
    "failure": "its log says where",
    "skipped": "look at the `if` of its jobs",
    "startup-failure": "GitHub says what is wrong with it on the page of the workflow run",
    "timed-out": "raise the limit, or find what hangs",
    "never-started": "see whether a runner with the right labels is online",
    "bad-outputs": "compare what the workflow reports with the task's `outputs`",
    "expression-failed": "correct the definition and start again",
    "wrong-commit": "see whether somebody moved the ref meanwhile, and start again",
    "workflow-run-lost": "start again",
    "cancelled-on-github": "ask who cancelled it there, or start again",
}
"""What to do about a reason whose own sentence does not say it."""

BETWEEN = frozenset({LegStatus.RESTING, LegStatus.PENDING, LegStatus.BLOCKED})
"""Another attempt follows: the reason of the last one stands beside what that waits for."""

ATTENTION = frozenset({LegStatus.FAILED, LegStatus.HELD, LegStatus.AWAITING})


STALE = "what it needs was tried again since: run it again to follow"
WARNED = "it ended neutral, which is a warning"
BORNE = "; tolerated by `continue-on-error`"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One row, for a task or for one leg of it; what people read of it is Markdown."""

    task: TaskName
    name: str
    look: Look | None = None
    workflow_run: str = ""
    took: str = ""
    why: str = ""
    told: str = ""
    leg: LegKey | None = None

    def __str__(self) -> str:
        state = f"{self.look.sign} {self.told or self.look.word}" if self.look else ""
        return row((self.name, state, self.workflow_run, self.took, self.why))


def rows_of(state: Orchestration, legs_max: int = LEGS_SHOWN_MAX) -> Iterator[TaskRow]:
    """Return the rows of all tasks, in the order of the file.

    Where they are many those come first that failed or wait for people: nobody finds them
    among hundreds, and what does not fit is cut off at the end.
    """
    rows = list(_rows(state, legs_max))
    if len(rows) > ROWS_IN_ORDER_MAX:
        rows.sort(key=lambda each: each.look is None or each.look.style not in PRESSING)
    yield from rows


def _rows(state: Orchestration, legs_max: int) -> Iterator[TaskRow]:
    for name, task in state.tasks.items():
        if not task.legs:
            yield TaskRow(
                name=plain(name_of(name), NAME_MAX),
                look=look_of_task(task),
                workflow_run=target_shown(state, name),
                why=why_of_task(state, name),
                task=name,
            )
        elif not task.is_matrix and _is_the_tasks_own(task):
            yield _task_row(state, name, next(iter(task.legs.values())))
        elif len(task.legs) <= legs_max:
            if task.status is TaskStatus.ASKING:
                yield _task_row(state, name, None)
            for leg in task.legs.values():
                yield _leg_row(state, name, leg)
        else:
            yield from _large(state, name, task)


def target_shown(state: Orchestration, name: TaskName) -> str:
    """Return the target of a task that has no workflow run yet, where it is known already."""
    target = target_of(definition_of(state.plan.definition, name))
    found = TARGET.fullmatch(target)
    return _run_name(found[1], found[2]) if found else code(target, NAME_MAX)


def why_of_task(state: Orchestration, name: TaskName) -> str:
    """Say why a task is as it is, or what it waits for; empty where nothing is to be said."""
    task = state.tasks[name]
    if task.status is TaskStatus.ASKING:
        about = why(task.reason) if task.reason is not None else WARNED
        return f"{about}; choose between retry, skip with a reason, and fail"
    if task.is_stale:
        return STALE
    if task.reason is not None:
        return why(task.reason, borne(state, name))
    if task.status is not TaskStatus.WAITING:
        return WARNED if task.is_warned else ""
    needs = definition_of(state.plan.definition, name).needs
    awaited = [
        plain(need, NAME_MAX)
        for need in needs
        if not state.tasks[sibling(name, need)].has_ended
    ]
    if awaited:
        return f"waits for {', '.join(awaited[:10])}"
    visit = visit_of(name)
    return why_whole_waits(state) or (
        why_blocked(state, visit_holder(*visit)) if visit is not None else ""
    )


def borne(state: Orchestration, name: TaskName) -> str:
    """Say by whom or what a failure is borne, or was left as it is."""
    task = state.tasks[name]
    question = task.question
    if task.status is TaskStatus.FAILED and question is not None and question.choice:
        because = f": {prose(question.reason, WHY_MAX)}" if question.reason else ""
        return f"; {plain(question.by, NAME_MAX)} chose to let it fail{because}"
    if task.status is not TaskStatus.FAILED or not task.is_tolerated:
        return ""
    failed = [leg for leg in task.legs.values() if leg.status is LegStatus.FAILED]
    if failed and all(leg.is_tolerated for leg in failed):
        return BORNE
    return f"; tolerated by {code(_bearing(state, name))}"


def _bearing(state: Orchestration, name: TaskName) -> str:
    continues = definition_of(state.plan.definition, name).on_failure is Handling.CONTINUE
    return "on-failure: continue" if continues else "max-failures"


def why(reason: Reason, rest: str = "") -> str:
    """Say a reason with its remedy and its code, by which people search for it."""
    parts = [prose(reason.message, WHY_MAX)]
    remedy = _remedy(reason)
    parts.append(f"; {remedy}" if remedy else "")
    parts.append(rest)
    parts.append(f" ({code(reason.code, NAME_MAX)})" if reason.code else "")
    return "".join(parts)


def _remedy(reason: Reason) -> str:
    # People skip things, too, and have said why.
    if reason.message.startswith("skipped by"):
        return ""
    if reason.message.startswith(UNDECIDED):
        return "ask those whom it waits for, and try it again"
    return REMEDIES.get(reason.code, "")


def why_of_leg(state: Orchestration, name: TaskName, leg: Leg) -> str:
    """Say why a leg is as it is, or what it waits for."""
    if leg.status in BETWEEN and leg.reason is not None:
        return f"{why(leg.reason)}; {why_leg(state, name, leg)}"
    if leg.status is LegStatus.SUCCEEDED and leg.gate is not None:
        return why_closed(leg.gate)
    if leg.reason is not None:
        return why(leg.reason, BORNE if leg.is_tolerated else "")
    return why_leg(state, name, leg)


def duration(span: timedelta) -> str:
    """Write a duration with its two largest units: `1 h 5 min`."""
    minutes, seconds = divmod(max(0, round(span.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s"))
    largest = next((at for at, (number, _) in enumerate(parts) if number), 3)
    shown = parts[largest : largest + 2]
    return " ".join(f"{number} {unit}" for number, unit in shown if number) or "0 s"


def _leg_row(state: Orchestration, name: TaskName, leg: Leg) -> TaskRow:
    return TaskRow(
        name=plain(name_of(name, leg.key), NAME_MAX),
        look=look_of_leg(leg),
        workflow_run=_workflow_run(leg.attempt) if leg.attempts else target_shown(state, name),
        took=_took(leg.attempt) if leg.attempts else _waited(state.tasks[name], leg),
        why="; ".join(_whys(state, name, leg)),
        task=name,
        leg=leg.key,
    )


def _whys(state: Orchestration, name: TaskName, leg: Leg) -> Iterator[str]:
    if told := why_of_leg(state, name, leg):
        yield told
    if state.tasks[name].is_stale and leg.has_ended:
        yield STALE


def _is_the_tasks_own(task: Task) -> bool:
    """Tell whether a task of one leg ended otherwise than the leg did, or asks about it."""
    leg = next(iter(task.legs.values()))
    if not task.has_ended:
        return task.status is TaskStatus.ASKING
    is_answered = task.question is not None and bool(task.question.choice)
    return is_answered or look_of_task(task) != look_of_leg(leg)


def _task_row(state: Orchestration, name: TaskName, leg: Leg | None) -> TaskRow:
    """Return the row of a task as a whole, with its workflow run if it has just one."""
    attempt = leg.attempt if leg is not None and leg.attempts else None
    has_ended = state.tasks[name].has_ended
    return TaskRow(
        name=plain(name_of(name), NAME_MAX),
        look=look_of_task(state.tasks[name]),
        workflow_run=_workflow_run(attempt) if attempt is not None else "",
        took=_took(attempt) if attempt is not None and has_ended else "",
        why=why_of_task(state, name),
        task=name,
        leg=leg.key if leg is not None else None,
    )


def _large(state: Orchestration, name: TaskName, task: Task) -> Iterator[TaskRow]:
    yield TaskRow(
        name=f"{plain(name_of(name), NAME_MAX)}, {len(task.legs)} legs",
        look=look_of_task(task),
        told=count_of_legs(task),
        workflow_run=target_shown(state, name),
        took=_spent(task.started_at, task.ended_at),
        why=why_of_task(state, name),
        task=name,
    )
    striking = [leg for leg in task.legs.values() if leg.status in ATTENTION]
    for leg in striking[:LEGS_NAMED_MAX]:
        yield _leg_row(state, name, leg)
    if len(striking) > LEGS_NAMED_MAX:
        more = f"{len(striking) - LEGS_NAMED_MAX} more that failed or wait for people"
        yield TaskRow(name=f"{plain(name_of(name), NAME_MAX)}, {more}", task=name)


def _workflow_run(attempt: Attempt) -> str:
    shown = link(_run_name(attempt.repository, attempt.workflow), attempt.url)
    ref = attempt.ref[:12] if is_sha(attempt.ref) else attempt.ref
    if ref:
        shown += f" at {code(ref, NAME_MAX)}"
    tries = attempt.number
    return shown if tries < 2 else f"{shown}, attempt {tries}"


def _run_name(repository: str, workflow: str) -> str:
    if not repository:
        return code(workflow, NAME_MAX)
    return f"{plain(repository, NAME_MAX)} · {plain(workflow, NAME_MAX)}"


def _took(attempt: Attempt) -> str:
    return _spent(attempt.running_since or attempt.asked_at, attempt.ended_at)


def _waited(task: Task, leg: Leg) -> str:
    """Say how long a gate was open; of several nobody knows when each was closed."""
    if leg.gate is None or task.is_matrix:
        return ""
    return _spent(leg.gate.opened_at, task.ended_at)


def _spent(start: datetime | None, end: datetime | None) -> str:
    if start is None:
        return ""
    return duration(end - start) if end is not None else f"since {moment(start)}"
