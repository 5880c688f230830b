"""Events by chance: of every kind that there is, about what is there, or seldom what is not.

Events drawn blindly are ignored nearly always and find nothing. Most of these are drawn from
the state: what could well be heard now, sometimes late, foreign or of an older attempt.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias, TypeVar

from app.core.actions import (
    Approval,
    GitHubOperation,
    Orchestrate,
    Permission,
    Report,
    Wait,
)
from app.core.approvals.carry import Carry, Proof
from app.core.approvals.people import Voter
from app.core.approvals.survey import Survey
from app.core.copying import replace
from app.core.environment_events import EnvironmentAnswered, EnvironmentAsked
from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    CancelRequested,
    ChangeMeasured,
    ChildEnded,
    ChildStarted,
    CommandGiven,
    Conclusion,
    DispatchAccepted,
    DispatchDelayed,
    DispatchRefused,
    Event,
    GitHubEventHeard,
    JobsListed,
    OperationPerformed,
    OrchestrationRequested,
    OutputsReported,
    PauseRequested,
    RerunAccepted,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    RunStatus,
    SeatGranted,
    SeatLost,
    SeatQueued,
    SkipRequested,
    Surface,
    SurfaceRefused,
    SurfaceWritten,
    TimerElapsed,
    WorkflowRunMissed,
    WorkflowRunObserved,
)
from app.core.gate_events import (
    GateId,
    GateSurveyed,
    QueueMoved,
    SubjectGone,
    VoteCast,
    VotesFound,
    VotesWithdrawn,
)
from app.core.naming import definition_of, environment_holder
from app.core.state import Leg, Orchestration, Vote
from app.core.values import (
    AttemptId,
    Holder,
    JsonObject,
    LegKey,
    LockKey,
    OrchestrationId,
    RepositoryName,
    TaskName,
)
from tests.kit.build import HEAD, run_id
from tests.kit.graphs import CALENDAR, Pick

OUTPUTS: tuple[JsonObject, ...] = (
    {"image": "v1"},
    {"image": "v2", "count": "7"},
    {"image": 5},
    {},
)
OPTIONS = ("approve", "reject", "ship", "hold", "retry", "skip", "fail", "nonsense")
T = TypeVar("T")
HEARD = ("pull_request.closed", "pull_request", "issue_comment.created")


Draw: TypeAlias = Callable[["Chance"], Event]


class Chance:
    """Draws events about one place of a state, at one moment."""

    def __init__(self, state: Orchestration, now: datetime, pick: Pick) -> None:
        self.state, self.now, self.pick = state, now, pick
        self.name, self.leg = self._place()
        number = len(self.leg.attempts) if self.leg is not None else 1
        number = max(1, number + self.one_of((0, 0, 0, 0, 0, -1, 1)))
        key = self.leg.key if self.leg is not None else LegKey("")
        self.where = AttemptId(task=self.name, leg=key, number=number)

    def one_of(self, things: Sequence[T]) -> T:
        """Draw one of several."""
        return things[self.pick(0, len(things) - 1)]

    def _place(self) -> tuple[TaskName, Leg | None]:
        """Draw a leg under way if there is any, else another; seldom one that is not there."""
        legs = [(n, leg) for n, task in self.state.tasks.items() for leg in task.legs.values()]
        going = [(name, leg) for name, leg in legs if not leg.has_ended]
        if not legs or self.pick(0, 19) == 0:
            return self.one_of((*self.state.tasks, TaskName("nobody"))), None
        return self.one_of(going if going and self.pick(0, 4) else legs)

    @property
    def run_attempt(self) -> int:
        known = self.leg.attempt.run_attempt if self.leg and self.leg.attempts else 1
        return max(1, known + self.one_of((0, 0, 0, 0, 1, -1)))

    @property
    def run(self) -> int:
        """The workflow run that the attempt has, seldom a foreign one."""
        if self.pick(0, 19) == 0:
            return 4
        attempts = self.leg.attempts if self.leg else ()
        known = attempts[-1].workflow_run_id if attempts else None
        return known or run_id(f"{self.where}")

    @property
    def holder(self) -> Holder:
        holders = (*self.state.seats, *self._held())
        return self.one_of(holders) if holders else Holder("t0/")

    def _held(self) -> tuple[Holder, ...]:
        """Return those who wait for a calendar."""
        runs = enumerate(self.state.environments)
        waiting = (environment_holder(spot) for spot, run in runs if run.passages)
        return (*self.state.passages, *waiting)

    @property
    def lock(self) -> LockKey:
        locks = tuple(seat.lock for seat in self.state.seats.values())
        return self.one_of(locks) if locks else LockKey("repository/1/lab")

    @property
    def child(self) -> OrchestrationId:
        return OrchestrationId(f"{self.where}" if self.pick(0, 9) else "another")

    def likely(self) -> Event:
        """Draw what moves the drawn place on."""
        if self.name not in self.state.tasks:
            return DRAWS[TimerElapsed](self)
        match definition_of(self.state.plan.definition, self.name).action:
            case Orchestrate():
                kinds: tuple[type, ...] = (ChildStarted, ChildEnded, DispatchRefused)
            case GitHubOperation() | Report():
                kinds = (OperationPerformed, OperationPerformed, DispatchRefused)
            case Approval() | Wait():
                kinds = (ApprovalDecided, TimerElapsed, VoteCast, GateSurveyed)
            case _:
                kinds = (*[WorkflowRunObserved] * 4, DispatchAccepted, OutputsReported)
                kinds = (*kinds, RerunAccepted, JobsListed, TimerElapsed, DispatchDelayed)
        if self.state.seats and self.pick(0, 1):
            kinds = (SeatGranted,)
        elif self._held() and self.pick(0, 1):
            kinds = (CalendarTold,)
        return DRAWS[self.one_of(kinds)](self)


def any_event(state: Orchestration, now: datetime, pick: Pick) -> Event:
    """Draw an event: mostly what could well come now, else any of any kind."""
    chance = Chance(state, now, pick)
    if pick(0, 2):
        return chance.likely()
    return DRAWS[chance.one_of(tuple(DRAWS))](chance)


def _observed(chance: Chance) -> WorkflowRunObserved:
    status = chance.one_of(tuple(RunStatus))
    is_over = status is RunStatus.COMPLETED
    return WorkflowRunObserved(
        at=chance.now,
        attempt=chance.where,
        workflow_run_id=chance.run,
        run_attempt=chance.run_attempt,
        status=status,
        conclusion=chance.one_of(tuple(Conclusion)) if is_over else None,
        head_sha=HEAD,
        url="",
    )


def _decided(chance: Chance) -> ApprovalDecided:
    return ApprovalDecided(
        at=chance.now,
        task=chance.name,
        leg=chance.where.leg,
        wave=chance.one_of(("", "", "", "first")),
        option=chance.one_of(OPTIONS),
        by="mona",
        reason=chance.one_of(("", "because")),
        inputs={},
    )


def _vote(chance: Chance) -> VoteCast:
    vote = Vote(
        by="mona",
        option=chance.one_of(OPTIONS),
        at=chance.now,
        source="page",
        reference=chance.one_of(("r1", "r2", "")),
    )
    return VoteCast(at=chance.now, gate=_gate(chance), vote=vote)


def _gate(chance: Chance) -> GateId:
    return GateId(task=chance.name, leg=chance.where.leg)


def _surveyed(chance: Chance) -> GateSurveyed:
    gate = chance.leg.gate if chance.leg is not None else None
    votes = len(gate.votes) if gate is not None else 1
    survey = Survey(
        at=chance.now,
        votes=votes,
        voters=(Voter(login="mona", id=1, permission=chance.one_of((None, Permission.WRITE))),),
        proof=Proof(
            head=HEAD,
            is_held=True,
            is_alone=chance.pick(0, 3) > 0,
            is_first=chance.pick(0, 1) > 0,
        ),
        changed=chance.one_of(((), (), ("r1",))),
    )
    asked = gate.seeking.rounds if gate is not None else 0
    return GateSurveyed(at=chance.now, gate=_gate(chance), survey=survey, round=asked)


def _told(chance: Chance) -> CalendarTold:
    return CalendarTold(
        at=chance.now,
        holder=chance.holder,
        calendar=CALENDAR,
        is_open=chance.pick(0, 2) > 0,
        opens_at=None,
        why="",
    )


def _listed(chance: Chance) -> JobsListed:
    jobs = {"deploy": chance.one_of(("success", "success", "skipped"))}
    return JobsListed(
        at=chance.now, attempt=chance.where, run_attempt=chance.run_attempt, jobs=jobs
    )


DRAWS: Mapping[type, Draw] = {
    OrchestrationRequested: lambda c: OrchestrationRequested(at=c.now, by="mona"),
    DispatchAccepted: lambda c: DispatchAccepted(
        at=c.now, attempt=c.where, workflow_run_id=c.run if c.pick(0, 2) else None, url=""
    ),
    DispatchDelayed: lambda c: DispatchDelayed(
        at=c.now, attempt=c.where, until=c.now, message="GitHub's rate limit"
    ),
    DispatchRefused: lambda c: DispatchRefused(
        at=c.now, attempt=c.where, code="not-found", message=""
    ),
    WorkflowRunObserved: _observed,
    WorkflowRunMissed: lambda c: WorkflowRunMissed(at=c.now, attempt=c.where),
    OutputsReported: lambda c: OutputsReported(
        at=c.now,
        attempt=c.where,
        run_attempt=c.run_attempt,
        outputs=c.one_of(OUTPUTS),
        summary="",
    ),
    TimerElapsed: lambda c: TimerElapsed(at=c.now, task=c.one_of((c.name, c.name, None))),
    CancelRequested: lambda c: CancelRequested(at=c.now, by="mona", reason=""),
    SurfaceWritten: lambda c: SurfaceWritten(
        at=c.now, surface=Surface.CHECK, remote_id=7, digest="d"
    ),
    SurfaceRefused: lambda c: SurfaceRefused(at=c.now, surface=Surface.CHECK, message="no"),
    RerunAccepted: lambda c: RerunAccepted(at=c.now, attempt=c.where),
    JobsListed: _listed,
    ChangeMeasured: lambda c: ChangeMeasured(
        at=c.now, attempt=c.where, files=1, lines=2, paths=("a",)
    ),
    OperationPerformed: lambda c: OperationPerformed(
        at=c.now, attempt=c.where, outputs=c.one_of(OUTPUTS), url=""
    ),
    ChildStarted: lambda c: ChildStarted(
        at=c.now, attempt=c.where, child=c.child, title="other #1"
    ),
    ChildEnded: lambda c: ChildEnded(
        at=c.now,
        attempt=c.where,
        child=c.child,
        conclusion=c.one_of(tuple(Conclusion)),
        outputs={},
    ),
    SeatGranted: lambda c: SeatGranted(at=c.now, holder=c.holder, lock=c.lock),
    SeatQueued: lambda c: SeatQueued(
        at=c.now, holder=c.holder, lock=c.lock, position=c.pick(1, 3), ahead="other #1"
    ),
    SeatLost: lambda c: SeatLost(at=c.now, holder=c.holder, lock=c.lock, by="other #2"),
    CalendarTold: _told,
    ApprovalDecided: _decided,
    PauseRequested: lambda c: PauseRequested(at=c.now, by="mona", reason=""),
    ResumeRequested: lambda c: ResumeRequested(at=c.now, by="mona"),
    RetryRequested: lambda c: RetryRequested(
        at=c.now, task=c.one_of((c.name, None)), by="mona"
    ),
    SkipRequested: lambda c: SkipRequested(
        at=c.now, task=c.name, by="mona", reason=c.one_of(("", "so"))
    ),
    RollBackRequested: lambda c: RollBackRequested(at=c.now, by="mona", reason=""),
    CommandGiven: lambda c: CommandGiven(at=c.now, name="ship", by="mona", arguments={}),
    GitHubEventHeard: lambda c: GitHubEventHeard(
        at=c.now, name=c.one_of(HEARD), cause=c.state.plan.cause
    ),
    VoteCast: _vote,
    VotesWithdrawn: lambda c: VotesWithdrawn(at=c.now, reference=c.one_of(("r1", "r9"))),
    GateSurveyed: _surveyed,
    EnvironmentAsked: lambda c: EnvironmentAsked(
        at=c.now,
        attempt=c.where,
        workflow_run_id=c.run,
        environment="production",
        repository_id=1,
        repository=RepositoryName("acme/api"),
        installation_id=9,
        is_found=c.one_of((False, True)),
    ),
    EnvironmentAnswered: lambda c: EnvironmentAnswered(
        at=c.now,
        workflow_run_id=c.run,
        environment="production",
        outcome=c.one_of(("approved", "rejected", "gone", "refused")),
        calendars=c.one_of(((), (), (CALENDAR,))),
    ),
    SubjectGone: lambda c: SubjectGone(
        at=c.now, code=c.one_of(("closed", "superseded")), message="it was closed"
    ),
    VotesFound: lambda c: VotesFound(
        at=c.now,
        gate=_gate(c),
        carry=Carry(number=7, title="train #1", head=HEAD, ahead=c.one_of(("", "approve"))),
        votes=(replace(_vote(c).vote, carried_from="train-1", sha=HEAD),)
        if c.pick(0, 1)
        else (),
    ),
    QueueMoved: lambda c: QueueMoved(at=c.now),
}
"""How an event of each kind is drawn: a story sees to it that no kind is missing."""
