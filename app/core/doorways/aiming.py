"""Which orchestrations, gates and tasks are meant by what somebody says.

People name gates and tasks as they read them: by the task, in a machine by the state, with
the cell of a matrix or the wave behind a slash. Where two orchestrations have the same, the
definition stands before it: `release:sign_off`. In doubt none is meant: nothing is guessed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.approvals.requests import OpenGate
from app.core.gate_events import GateId, VoteCast
from app.core.legs.asking import approval_at, gates_of
from app.core.machine.happening import APPROVAL
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.naming import is_following, visit_of, word_of
from app.core.state import Orchestration, Vote
from app.core.values import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedGate:
    """An open gate, and the name by which people call it."""

    name: str
    state: Orchestration
    gate: GateId

    @property
    def as_open(self) -> OpenGate:
        """The gate as `requests.aim` knows it."""
        return OpenGate(task=self.name, options=approval_at(self.state, self.gate).options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An orchestration, and one task of it if one is meant."""

    state: Orchestration
    task: TaskName | None = None


def newest(states: Iterable[Orchestration]) -> tuple[Orchestration, ...]:
    """Return the newest orchestration of each definition: the others have had their time."""
    found: dict[tuple[int, str], Orchestration] = {}
    for state in states:
        plan = state.plan
        place = (plan.origin.repository_id, plan.definition.id)
        if place not in found or found[place].plan.number < plan.number:
            found[place] = state
    return tuple(sorted(found.values(), key=lambda state: state.plan.title))


def gates_in(states: Sequence[Orchestration]) -> tuple[NamedGate, ...]:
    """Find every gate that is open and asks people, with names that tell them apart."""
    found = [
        (state, where) for state in states for task in state.tasks
        for where, gate in gates_of(state, task) if not gate.choice
    ]  # fmt: skip
    times = Counter(_gate_name(where) for _, where in found)
    return tuple(
        NamedGate(
            name=_gate_name(where)
            if times[_gate_name(where)] == 1
            else f"{state.plan.definition.id}:{_gate_name(where)}",
            state=state,
            gate=where,
        )
        for state, where in found
    )


def _gate_name(where: GateId) -> str:
    return "/".join(part for part in (task_name(where.task), where.leg, where.wave) if part)


def task_name(name: TaskName) -> str:
    """Name a task as people do in commands: that of a state by the state."""
    visit = visit_of(name)
    if visit is None:
        return name
    word = word_of(name)
    return visit[0] if word == APPROVAL else f"{visit[0]}.{word}"


def targets_of(word: str, states: Sequence[Orchestration]) -> tuple[Target, ...]:
    """Find what a word means: a definition, or a task of one of these orchestrations."""
    definition, colon, task = word.partition(":")
    if colon:
        chosen = [each for each in states if each.plan.definition.id == definition]
        return tuple(_tasks(task, chosen))
    whole = [Target(state=each) for each in states if each.plan.definition.id == word]
    return tuple(whole or _tasks(word, states))


def _tasks(word: str, states: Sequence[Orchestration]) -> list[Target]:
    found: list[Target] = []
    for state in states:
        names = [name for name in state.tasks if not is_following(name)]
        own = [name for name in names if word in (name, task_name(name))]
        # Of the visits of a state the latest is meant.
        found += [Target(state=state, task=name) for name in own[-1:]]
    return found


def votes_at(state: Orchestration, vote: Vote, now: datetime) -> tuple[VoteCast, ...]:
    """Return a vote without words at each open gate that it may be for.

    By its door, and by its option: a review says yes or no, which not every gate asks.
    """
    return tuple(
        VoteCast(at=now, gate=named.gate, vote=vote)
        for named in gates_in((state,))
        if vote.source in approval_at(state, named.gate).sources
        and vote.option in approval_at(state, named.gate).options
    )


def is_live(state: Orchestration) -> bool:
    """Tell whether an orchestration can still be cancelled."""
    return state.status in (OrchestrationStatus.BLOCKED, OrchestrationStatus.RUNNING)


def has_failed(state: Orchestration) -> bool:
    """Tell whether there is something to try again."""
    bad = (TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.ASKING)
    return any(task.status in bad for task in state.tasks.values())
