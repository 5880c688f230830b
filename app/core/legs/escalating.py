"""What is escalated about a task: what of it waits, since when, and what is to be told next.

A task is escalated from its beginning while it has not ended. While it asks people, or one of
its waves does, that is what waits: it is escalated from the moment at which it was asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.core.copying import replace
from app.core.definition import Escalation
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.naming import definition_of
from app.core.state import Gate, Orchestration, Task, WaveStatus
from app.core.values import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressing:
    """Something that waits: a task, its question, or the approval of one of its waves.

    `ahead` are the escalations not told yet, the soonest first; `told` counts the others.
    """

    about: str
    since: datetime
    told: int
    ahead: tuple[Escalation, ...]
    wave: str = ""

    @property
    def next_due(self) -> datetime | None:
        """When the next escalation is due."""
        return self.since + self.ahead[0].after if self.ahead else None


def pressing(state: Orchestration, name: TaskName) -> Pressing | None:
    """Return what of a task is to be escalated, if it is not told all already."""
    task = state.tasks[name]
    if state.status is not OrchestrationStatus.RUNNING or task.started_at is None:
        return None
    escalations = in_order(definition_of(state.plan.definition, name).escalate)
    if task.status is TaskStatus.ASKING and task.question is not None:
        return _of_gate(f"{name}/question", task.question, escalations)
    if not escalations or task.status is not TaskStatus.RUNNING:
        return None
    for wave, progress in task.waves.items():
        if progress.status is WaveStatus.ASKING and progress.gate is not None:
            asked = _of_gate(f"{name}/{wave}", progress.gate, escalations)
            return replace(asked, wave=wave)
    return Pressing(
        about=str(name),
        since=task.started_at,
        told=task.escalated,
        ahead=escalations[task.escalated :],
    )


def _of_gate(about: str, gate: Gate, escalations: tuple[Escalation, ...]) -> Pressing:
    ahead = escalations[gate.escalated :]
    return Pressing(about=about, since=gate.opened_at, told=gate.escalated, ahead=ahead)


def in_order(escalations: tuple[Escalation, ...]) -> tuple[Escalation, ...]:
    """Sort escalations by when they are due."""
    # Mostly there are none.
    return tuple(sorted(escalations, key=lambda each: each.after)) if escalations else ()


def with_told(task: Task, waiting: Pressing, told: int) -> Task:
    """Return a task of which so many escalations are told."""
    if task.question is not None and task.status is TaskStatus.ASKING:
        return replace(task, question=replace(task.question, escalated=told))
    if not waiting.wave:
        return replace(task, escalated=told)
    wave = task.waves[waiting.wave]
    assert wave.gate is not None, "its approval is asked for"
    asked = replace(wave, gate=replace(wave.gate, escalated=told))
    return replace(task, waves={**task.waves, waiting.wave: asked})


def moments(state: Orchestration, name: TaskName) -> Iterator[datetime]:
    """Find the moment at which somebody is to be told next about a task."""
    waiting = pressing(state, name)
    if waiting is not None and waiting.next_due is not None:
        yield waiting.next_due
