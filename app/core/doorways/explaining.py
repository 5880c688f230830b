"""Why it is not going on: what waits, for whom or what, and how each gate is decided.

The same for `/why`, for the command line and for programs; Markdown, and never longer than a
comment may be.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.core.approvals.reasons import Finding
from app.core.doorways.aiming import task_name
from app.core.legs.asking import approval_at, gates_of
from app.core.moves import TaskStatus
from app.core.outcomes import OUTCOMES
from app.core.rules.judging import verdict_at
from app.core.state import Orchestration, Task
from app.core.telling.differences import differences
from app.core.telling.environments import lines_of_runs
from app.core.telling.headline import headline
from app.core.telling.looks import look_of_leg, look_of_task, name_of
from app.core.telling.markdown import code, fit, plain, prose
from app.core.telling.questions import title_of
from app.core.telling.waiting import CLOSED, why_closed, why_leg, why_whole_waits
from app.core.values import Json, TaskName

EXPLANATION_SIZE_MAX = 18_000


def explain_orchestration(
    state: Orchestration, now: datetime, task: TaskName | None = None
) -> str:
    """Say of an orchestration, or of one task, why it is as it is."""
    parts = [f"**{plain(state.plan.title)}**: {plain(headline(state))}"]
    whole = why_whole_waits(state)
    if whole and task is None:
        parts.append(f"- {whole}")
    names = [task] if task is not None else [*state.tasks]
    found = [line for name in names for line in _lines(state, name, now, is_all=bool(task))]
    if task is None:
        found = [*lines_of_runs(state), *found]
    if any(CLOSED in line for line in found):
        found.append(f"- {code(CLOSED)}: {OUTCOMES[CLOSED].remedy}")
    return "\n".join([*parts, *fit(found, EXPLANATION_SIZE_MAX, _more)])


def _more(left: int) -> str:
    return f"- and {left} more; ask about one task: `/why TASK`"


def _lines(
    state: Orchestration, name: TaskName, now: datetime, *, is_all: bool
) -> Iterator[str]:
    task = state.tasks[name]
    shown = code(task_name(name))
    if task.has_ended or task.status is TaskStatus.ASKING:
        # Of what ended well there is nothing to explain unless it is asked for.
        is_good = task.status in (TaskStatus.SUCCEEDED, TaskStatus.SKIPPED)
        if is_all or not is_good:
            reason = task.reason
            why = f": {plain(reason.message)}" if reason is not None else _chosen(task)
            ways = "; choose `/retry`, `/skip` with a reason, or `/reject`"
            asks = ways if task.status is TaskStatus.ASKING else ""
            yield f"- {shown} {look_of_task(task).word}{why}{asks}"
        return
    if not task.legs:
        needs = _missing(state, name)
        after = f" for {', '.join(map(code, needs))}" if needs else ""
        yield f"- {shown} waits{after}"
    gates = dict(gates_of(state, name))
    for leg in task.legs.values():
        if not leg.has_ended:
            why = why_leg(state, name, leg) or look_of_leg(leg).word
            yield f"- {code(name_of(name, leg.key))} {why}"
    for where, gate in gates.items():
        options = " or ".join(approval_at(state, where).options)
        verdict = verdict_at(state, where, gate, now)
        tree = "\n".join(_tree(verdict.why, 1))
        yield f"- {code(str(where))} asks: {options}\n{tree}"


def _chosen(task: Task) -> str:
    """Say what was chosen at the gates that a task is, and by whom."""
    gates = [leg.gate for leg in task.legs.values() if leg.gate is not None]
    chosen = dict.fromkeys(filter(None, map(why_closed, gates)))
    return f": {'; '.join(chosen)}" if chosen else ""


def _missing(state: Orchestration, name: TaskName) -> Sequence[str]:
    definition = state.plan.definition
    needs = definition.tasks[name].needs if name in definition.tasks else ()
    return [need for need in needs if not state.tasks[need].has_ended]


def _tree(finding: Finding, depth: int) -> Iterator[str]:
    """Write a tree as a list in which people's words are words and nobody is called."""
    mark = "✓" if finding.is_met else "✗"
    text = f"{'  ' * depth}- {mark} {prose(finding.sentence)} (`{finding.code}`)"
    if finding.could and not finding.is_met:
        text += f". Who could: {plain(', '.join(finding.could))}"
    yield text
    for child in finding.children:
        yield from _tree(child, depth + 1)


def tree_as_json(finding: Finding) -> dict[str, Json]:
    """Return a tree of reasons for programs."""
    return {
        "code": str(finding.code),
        "is_met": finding.is_met,
        "sentence": finding.sentence,
        "people": list(finding.people),
        "could": list(finding.could),
        "because": [tree_as_json(each) for each in finding.children],
    }


def gates_as_json(state: Orchestration, now: datetime) -> list[dict[str, Json]]:
    """Return how each open gate stands, for programs."""
    return [
        {
            "gate": str(where),
            "name": task_name(where.task),
            "title": title_of(state, where, gate),
            "options": list(approval_at(state, where).options),
            "changed": list(differences(state, where)),
            "why": tree_as_json(verdict_at(state, where, gate, now).why),
        }
        for task in state.tasks
        for where, gate in gates_of(state, task)
        if not gate.choice
    ]
