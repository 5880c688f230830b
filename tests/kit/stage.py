"""A stage: one orchestration played through the core alone, its messages answered at once.

Places are granted, calendars say that they are open unless a story closes them, children and
reports begin and are made, timers elapse when the story lets time pass. A story says only what
people and GitHub do. Every law is checked at each decision.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from app.core.approvals.survey import Survey
from app.core.commands import (
    AskCalendar,
    AskSeat,
    MakeReport,
    SetTimer,
    StartChild,
)
from app.core.decide import decide
from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    ChangeMeasured,
    ChildStarted,
    CommandGiven,
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    Event,
    GitHubEventHeard,
    OperationPerformed,
    OrchestrationRequested,
    OutputsReported,
    RetryRequested,
    RunStatus,
    SeatGranted,
    SeatLost,
    Surface,
    SurfaceRefused,
    TimerElapsed,
    WorkflowRunObserved,
)
from app.core.gate_commands import SurveyGate
from app.core.gate_events import GateSurveyed
from app.core.legs.dispatching import Asked
from app.core.moves import TaskStatus
from app.core.plan import Cause, Plan
from app.core.rules import Decision
from app.core.state import Leg, Orchestration, Task, new_orchestration
from app.core.values import (
    AttemptId,
    Holder,
    Json,
    JsonObject,
    LegKey,
    LockKey,
    OrchestrationId,
    RepositoryName,
    Sha,
    TaskName,
)
from tests.kit import build, laws

EXAMPLES = Path(__file__).parent.parent / "definitions" / "examples"
C = TypeVar("C")
MOMENT = timedelta(seconds=1)


def machine(
    states: Mapping[str, Any],
    *,
    data: Mapping[str, Any] | None = None,
    whole: Mapping[str, Any] | None = None,
) -> Plan:
    """Make the plan of a machine, whose first state is where it begins."""
    top = {"version": 1, "name": "Change", "on": {"pull_request": {"types": ["opened"]}}}
    text = {**top, "initial": next(iter(states)), "data": data or {}, "states": states}
    return caused(
        build.plan_of(json.dumps({**text, **(whole or {})}, indent=1)), pull("opened")
    )


def graph(tasks: Mapping[str, Any], *, cause: Cause | None = None, **whole: Any) -> Plan:
    """Make the plan of a graph, whose tasks are written as in a definition."""
    top = {"version": 1, "name": "Train", "on": {"manual": {}}, "tasks": tasks, **whole}
    return caused(build.plan_of(json.dumps(top, indent=1)), cause or pull("opened"))


def example(name: str, cause: Cause, **inputs: Json) -> Plan:
    """Make the plan of one of the examples."""
    text = (EXAMPLES / f"{name}.yml").read_text(encoding="utf-8")
    return caused(build.plan_of(text, inputs=inputs), cause)


def caused(known: Plan, cause: Cause) -> Plan:
    """Let something else have set a plan off."""
    return replace(known, cause=cause)


def pull(
    action: str, sha: str = "a", *, number: int = 7, facts: JsonObject | None = None
) -> Cause:
    """Say what a delivery about a pull request is; `sha` is one letter of a commit."""
    head = sha * 40
    payload: Json = {"number": number, "head": {"sha": head}, **(facts or {})}
    return happening(
        "pull_request",
        {"action": action, "pull_request": payload},
        sha=head,
        pull_request=number,
    )


def happening(
    name: str,
    payload: Mapping[str, Json],
    *,
    sha: str = "a" * 40,
    repository: str = "acme/infra",
    pull_request: int | None = None,
) -> Cause:
    """Say what any delivery is."""
    return Cause(
        event_name=name,
        event=payload,
        repository_id=1,
        repository=RepositoryName(repository),
        installation_id=9,
        actor="hubot",
        sha=Sha(sha),
        ref="refs/heads/main" if pull_request is None else f"refs/pull/{pull_request}/head",
        pull_request=pull_request,
    )


@dataclass(slots=True, kw_only=True)
class Stage:
    """One orchestration and its time; `closed` are calendars, `busy` groups without a place."""

    state: Orchestration
    now: datetime = build.START
    closed: set[str] = field(default_factory=set)
    busy: set[str] = field(default_factory=set)
    commands: list[Asked] = field(default_factory=list)
    timers: list[tuple[datetime, TaskName | None]] = field(default_factory=list)

    @classmethod
    def of(
        cls, known: Plan, *, closed: set[str] | None = None, busy: set[str] | None = None
    ) -> "Stage":
        """Begin a plan."""
        stage = cls(state=new_orchestration(known), closed=closed or set(), busy=busy or set())
        stage.tell(OrchestrationRequested(at=stage.now, by="mona"))
        return stage

    # What happens.

    def tell(self, event: Event) -> Decision:
        """Take one event in, and answer what it asks for."""
        decision = decide(self.state, event)
        laws.check(self.state, event, decision)
        self.state = decision.state
        self.commands.extend(decision.commands)
        for command in decision.commands:
            self._answer(command)
        return decision

    def _answer(self, command: Asked) -> None:
        match command:
            case SetTimer():
                self.timers.append((command.due, command.task))
            case AskSeat() if not any(each in command.lock for each in self.busy):
                at = self._tick()
                self.tell(SeatGranted(at=at, holder=command.holder, lock=command.lock))
            case AskCalendar():
                self.calendar(command, is_open=command.calendar not in self.closed)
            case StartChild():
                child = OrchestrationId(f"child-{command.marker}")
                at = self._tick()
                began = ChildStarted(
                    at=at, attempt=command.attempt, child=child, title="child #1"
                )
                self.tell(began)
            case MakeReport():
                self._perform(command.attempt, {"digest": "d"})
            case SurveyGate():
                found = Survey(at=self._tick(), votes=command.votes, owned=())
                surveyed = GateSurveyed(
                    at=found.at, gate=command.gate, survey=found, round=command.round
                )
                self.tell(surveyed)
            case _:
                pass

    def calendar(self, command: AskCalendar, *, is_open: bool) -> None:
        """Let a calendar answer."""
        told = CalendarTold(
            at=self._tick(),
            holder=command.holder,
            calendar=command.calendar,
            is_open=is_open,
            opens_at=None,
            why="" if is_open else "nobody deploys on a Friday",
        )
        self.tell(told)

    def open(self, calendar: str) -> None:
        """Let a calendar open, for all who asked it."""
        self.closed.discard(calendar)
        for command in {each.key: each for each in self.asked(AskCalendar)}.values():
            if command.calendar == calendar:
                self.calendar(command, is_open=True)

    def wait(self, **span: float) -> None:
        """Let time pass, and each timer elapse that comes due meanwhile."""
        end = self.now + timedelta(**span)
        while due := sorted(self.timers, key=lambda each: each[0])[:1]:
            (at, task) = due[0]
            if at > end:
                break
            self.timers.remove((at, task))
            self.now = max(self.now, at)
            self.tell(TimerElapsed(at=self.now, task=task))
        self.now = end

    def run(
        self,
        name: str,
        conclusion: str = "success",
        outputs: Mapping[str, Json] | None = None,
    ) -> None:
        """Let the workflow run of a task or leg (`prove/unit`) come to its end."""
        attempt = self.attempt(name)
        known = self.leg(name).attempt
        run_id = known.workflow_run_id or build.run_id(str(attempt))
        if known.accepted_at is None and not known.is_rerun:
            took = DispatchAccepted(
                at=self._tick(), attempt=attempt, workflow_run_id=run_id, url=""
            )
            self.tell(took)
        if outputs is not None:
            said = OutputsReported(
                at=self._tick(),
                attempt=attempt,
                run_attempt=known.run_attempt,
                outputs=outputs,
                summary="",
            )
            self.tell(said)
        sha = known.ref if len(known.ref) == len(build.HEAD) else build.HEAD
        for status, how in (
            (RunStatus.IN_PROGRESS, None),
            (RunStatus.COMPLETED, Conclusion(conclusion)),
        ):
            seen = WorkflowRunObserved(
                at=self._tick(),
                attempt=attempt,
                workflow_run_id=run_id,
                run_attempt=known.run_attempt,
                status=status,
                conclusion=how,
                head_sha=Sha(sha),
                url="",
            )
            self.tell(seen)

    def perform(self, name: str, outputs: Mapping[str, Json] | None = None) -> None:
        """Let a call to GitHub be made."""
        self._perform(self.attempt(name), outputs or {})

    def _perform(self, attempt: AttemptId, outputs: Mapping[str, Json]) -> None:
        self.tell(OperationPerformed(at=self._tick(), attempt=attempt, outputs=outputs, url=""))

    def refuse(self, name: str, code: str = "not-found") -> None:
        """Let GitHub refuse what a task asks for."""
        attempt = self.attempt(name)
        self.tell(
            DispatchRefused(at=self._tick(), attempt=attempt, code=code, message="it said no")
        )

    def measure(self, name: str, *, files: int, lines: int, paths: tuple[str, ...]) -> None:
        """Let the branch of an agent be measured."""
        attempt = self.attempt(name)
        measured = ChangeMeasured(
            at=self._tick(), attempt=attempt, files=files, lines=lines, paths=paths
        )
        self.tell(measured)

    def hear(self, name: str, cause: Cause) -> Decision:
        """Let a delivery be heard."""
        return self.tell(GitHubEventHeard(at=self._tick(), name=name, cause=cause))

    def command(self, name: str, by: str = "mona") -> Decision:
        """Let somebody give a command."""
        return self.tell(CommandGiven(at=self._tick(), name=name, by=by, arguments={}))

    def choose(
        self,
        name: str,
        option: str = "approve",
        *,
        reason: str = "",
        form: JsonObject | None = None,
        wave: str = "",
    ) -> Decision:
        """Let the people asked at a gate, or by a task that asks, choose an option."""
        task, _, leg = self.full(name).partition("/")
        chosen = ApprovalDecided(
            at=self._tick(),
            task=TaskName(task),
            leg=LegKey(leg),
            wave=wave,
            option=option,
            by="mona",
            reason=reason,
            inputs=form or {},
        )
        return self.tell(chosen)

    def retry(self, name: str) -> None:
        """Let somebody have a task tried again."""
        task = TaskName(self.full(name))
        self.tell(RetryRequested(at=self._tick(), task=task, by="mona"))

    def lose(self, holder: str, lock: LockKey) -> None:
        """Let somebody newer take a place."""
        lost = SeatLost(at=self._tick(), holder=Holder(holder), lock=lock, by="change #2")
        self.tell(lost)

    def refuse_surface(self) -> None:
        """Let GitHub refuse the check."""
        refused = SurfaceRefused(at=self._tick(), surface=Surface.CHECK, message="no")
        self.tell(refused)

    def _tick(self) -> datetime:
        # No two things happen at the same moment, so that their order is plain.
        self.now += MOMENT
        return self.now

    # What can be seen.

    def full(self, name: str) -> str:
        """Return the full name of a task; in a machine that of the visit it is at."""
        word, slash, leg = name.partition("/")
        machine = self.state.machine
        if machine is None or "." in word:
            return name
        return f"{machine.state}.{machine.visits[machine.state]}.{word}{slash}{leg}"

    def task(self, name: str) -> Task:
        """Return a task."""
        return self.state.tasks[TaskName(self.full(name).partition("/")[0])]

    def leg(self, name: str) -> Leg:
        """Return a leg."""
        return self.task(name).legs[LegKey(name.partition("/")[2])]

    def attempt(self, name: str) -> AttemptId:
        """Name the last attempt at a leg."""
        return replace(build.attempt(self.full(name)), number=len(self.leg(name).attempts))

    @property
    def where(self) -> str:
        """Name the state that the machine is in."""
        assert self.state.machine is not None, "only a machine is in a state"
        return self.state.machine.state

    @property
    def end(self) -> tuple[str, str]:
        """Return the conclusion, and the code of the reason."""
        return self.state.conclusion, self.state.reason.code if self.state.reason else ""

    def status(self, name: str) -> TaskStatus:
        """Return how far a task is."""
        return self.task(name).status

    def code(self, name: str) -> str:
        """Return the reason code of a task."""
        reason = self.task(name).reason
        return reason.code if reason else ""

    def asked(self, kind: type[C]) -> list[C]:
        """Return all commands of one kind asked for so far, in their order."""
        return [each for each in self.commands if isinstance(each, kind)]
