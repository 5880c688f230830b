"""Builders: a valid plan, event or state from the few words that matter to a story.

`plan("build; test: build")` is a definition of two tasks, of which the second needs the
first. It goes through the parser as YAML does, so a story never builds what a user could not.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zlib import crc32

from app.core.commands import Message, OrchestrationCommand
from app.core.decide import decide
from app.core.definition import Definition
from app.core.events import (
    AttemptId,
    CancelRequested,
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    Event,
    OrchestrationRequested,
    OutputsReported,
    RunStatus,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.moves import LegStatus, TaskStatus
from app.core.parse import parse
from app.core.plan import Cause, Origin, Plan
from app.core.reading.words import TASK_ACTIONS
from app.core.rules import Decision
from app.core.state import Leg, Orchestration, new_orchestration
from app.core.values import (
    ONLY_LEG,
    Json,
    LegKey,
    OrchestrationId,
    RepositoryName,
    Sha,
    TaskName,
)
from tests.kit import laws

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HEAD = Sha("a" * 40)
REQUESTED = OrchestrationRequested(at=START, by="mona")
ACTIONS = frozenset(TASK_ACTIONS)
C = TypeVar("C", bound=OrchestrationCommand | Message)


def document(notation: str, *, whole: Mapping[str, Any], **tasks: Mapping[str, Any]) -> str:
    """Write a definition: `name: need, need; name`, with more keys for tasks and the whole."""
    written: dict[str, dict[str, Any]] = {}
    for part in filter(None, (each.strip() for each in notation.split(";"))):
        name, _, needs = part.partition(":")
        keys = tasks.pop(name, {})
        task: dict[str, Any] = {}
        if not keys.keys() & ACTIONS:
            task["dispatch"] = f"acme/{name}/.github/workflows/run.yml@main"
        if needs.strip():
            task["needs"] = [need.strip() for need in needs.split(",")]
        written[name] = {**task, **keys}
    assert not tasks, f"not among the tasks: {', '.join(tasks)}"
    top = {"version": 1, "name": "Train", "on": {"manual": {}}, "tasks": written, **whole}
    return json.dumps(top, indent=1)


def definition(text: str, stem: str = "train") -> Definition:
    """Parse a definition that must be right."""
    found, problems = parse(text, f".github/orchestrations/{stem}.yml")
    assert found is not None, problems
    return found


def plan(
    notation: str,
    *,
    whole: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Json] | None = None,
    sha: str = "",
    pull_request: int | None = None,
    **tasks: Mapping[str, Any],
) -> Plan:
    """Make a plan. Without `sha` it has no check, so that a story is not about writing."""
    text = document(notation, whole=whole or {}, **tasks)
    return plan_of(text, inputs=inputs, sha=sha, pull_request=pull_request)


def plan_of(
    text: str,
    *,
    inputs: Mapping[str, Json] | None = None,
    sha: str = "",
    pull_request: int | None = None,
) -> Plan:
    """Make a plan of a definition's text."""
    repository = RepositoryName("acme/release")
    path = ".github/orchestrations/train.yml"
    return Plan(
        id=OrchestrationId(hashlib.sha256(text.encode()).hexdigest()[:16]),
        number=1,
        origin=Origin(repository_id=1, repository=repository, installation_id=9, path=path),
        definition=definition(text),
        text=text,
        cause=Cause(
            event_name="manual",
            event={},
            repository_id=1,
            repository=repository,
            installation_id=9,
            actor="mona",
            sha=Sha(sha),
            ref="refs/heads/main",
            pull_request=pull_request,
        ),
        inputs=inputs or {},
    )


def after(known: Plan | Orchestration | Decision, *events: Event) -> Decision:
    """Take events in, one by one, with every law checked at each; return the last decision."""
    if isinstance(known, Plan):
        known = new_orchestration(known)
    decision = known if isinstance(known, Decision) else Decision(state=known)
    for event in events:
        before, decision = decision.state, decide(decision.state, event)
        laws.check(before, event, decision)
    return decision


def begun(known: Plan, *events: Event) -> Decision:
    """Request an orchestration, and take more events in."""
    return after(known, REQUESTED, *events)


# Events. A leg is named behind a slash: `test/linux`.


def attempt(name: str) -> AttemptId:
    """Name an attempt: `build`, `test/linux` for one leg, `build#2` for the second."""
    where, _, number = name.partition("#")
    task, _, leg = where.partition("/")
    return AttemptId(task=TaskName(task), leg=LegKey(leg), number=int(number or "1"))


def run_id(name: str) -> int:
    """Return the id of the workflow run of a task or leg, always the same."""
    return 1_000_000 + crc32(name.encode()) % 1_000_000


def later(**span: float) -> datetime:
    """Return a moment after the start: `later(minutes=5)`."""
    return START + timedelta(**span)


def accepted(name: str, *, at: datetime = START, knows_run: bool = True) -> DispatchAccepted:
    """GitHub took a dispatch."""
    run = run_id(name) if knows_run else None
    return DispatchAccepted(at=at, attempt=attempt(name), workflow_run_id=run, url="")


def refused(name: str, *, code: str = "not-found", at: datetime = START) -> DispatchRefused:
    """GitHub refused a dispatch."""
    return DispatchRefused(at=at, attempt=attempt(name), code=code, message="it said no")


def seen(
    name: str,
    status: str,
    conclusion: str | None = None,
    *,
    at: datetime = START,
    run: int | None = None,
    run_attempt: int = 1,
    sha: str = HEAD,
) -> WorkflowRunObserved:
    """A workflow run was seen in a status."""
    return WorkflowRunObserved(
        at=at,
        attempt=attempt(name),
        workflow_run_id=run_id(name) if run is None else run,
        run_attempt=run_attempt,
        status=RunStatus(status),
        conclusion=Conclusion(conclusion) if conclusion else None,
        head_sha=Sha(sha),
        url=f"https://github.com/acme/{attempt(name).task}/actions/runs/{run_id(name)}",
    )


def running(name: str, *, at: datetime = START) -> WorkflowRunObserved:
    """A workflow run is in progress."""
    return seen(name, "in_progress", at=at)


def ended(
    name: str, conclusion: str = "success", *, at: datetime = START
) -> WorkflowRunObserved:
    """A workflow run ended."""
    return seen(name, "completed", conclusion, at=at)


def missed(name: str, *, at: datetime = START) -> WorkflowRunMissed:
    """A look-up found nothing."""
    return WorkflowRunMissed(at=at, attempt=attempt(name))


def reported(
    name: str,
    outputs: Mapping[str, Json],
    *,
    summary: str = "",
    run_attempt: int = 1,
    at: datetime = START,
) -> OutputsReported:
    """The companion Action reported."""
    return OutputsReported(
        at=at,
        attempt=attempt(name),
        run_attempt=run_attempt,
        outputs=outputs,
        summary=summary,
    )


def elapsed(name: str | None, at: datetime) -> TimerElapsed:
    """A timer elapsed, of a task or of the whole."""
    return TimerElapsed(at=at, task=TaskName(name) if name else None)


def cancelled(*, at: datetime = START, by: str = "mona", why: str = "") -> CancelRequested:
    """Somebody cancelled the whole."""
    return CancelRequested(at=at, by=by, reason=why)


# What can be seen of a decision.


def statuses(state: Orchestration) -> dict[str, TaskStatus]:
    """Return how far each task is."""
    return {name: task.status for name, task in state.tasks.items()}


def legs(state: Orchestration, task: str) -> dict[str, LegStatus]:
    """Return how far each leg of a task is."""
    return {key: leg.status for key, leg in state.tasks[TaskName(task)].legs.items()}


def leg(state: Orchestration, name: str) -> Leg:
    """Return one leg."""
    where = attempt(name)
    return state.tasks[where.task].legs[where.leg or ONLY_LEG]


def code(state: Orchestration, name: str | None = None) -> str | None:
    """Return the reason code of the whole, or of a task or leg."""
    if name is None:
        return state.reason.code if state.reason else None
    task = state.tasks[TaskName(name.partition("/")[0])]
    reason = leg(state, name).reason if "/" in name else task.reason
    return reason.code if reason else None


def asked(decision: Decision, kind: type[C]) -> list[C]:
    """Return the commands of one kind that a decision asks for."""
    return [each for each in decision.commands if isinstance(each, kind)]


def keys(commands: Iterable[OrchestrationCommand | Message]) -> list[str]:
    """Return the keys of commands, timers left out."""
    return [each.key for each in commands if not each.key.startswith("timer/")]


@dataclass(frozen=True, slots=True)
class Walk:
    """Every decision on the way from a plan through events."""

    decisions: tuple[Decision, ...]

    @classmethod
    def through(cls, known: Plan, events: Iterable[Event]) -> "Walk":
        """Take events in, keeping each decision."""
        found: list[Decision] = [Decision(state=new_orchestration(known))]
        for event in events:
            found.append(after(found[-1], event))
        return cls(tuple(found))

    def commands(self, kind: type[C]) -> Iterator[C]:
        """Return all commands of one kind, in the order in which they were asked for."""
        for decision in self.decisions:
            yield from asked(decision, kind)
