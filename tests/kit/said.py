"""Builders, continued: what people, places, children and calls say, in few words.

Names are as in `build`: `test/linux` is one leg, `build#2` the second attempt.
"""

from collections.abc import Mapping
from datetime import datetime

from app.core.commands import AskSeat
from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    ChildEnded,
    ChildStarted,
    Conclusion,
    JobsListed,
    OperationPerformed,
    PauseRequested,
    RerunAccepted,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SeatGranted,
    SeatLost,
    SeatQueued,
    SkipRequested,
)
from app.core.naming import WHOLE, leg_holder
from app.core.rules import Decision
from app.core.values import Holder, Json, LockKey, OrchestrationId, TaskName
from tests.kit.build import START, asked, attempt

CHILD = OrchestrationId("c" * 16)
LOCK = LockKey("repository/1/lab")


def paused(*, at: datetime = START, why: str = "") -> PauseRequested:
    """Somebody paused the whole."""
    return PauseRequested(at=at, by="mona", reason=why)


def resumed(*, at: datetime = START) -> ResumeRequested:
    """Somebody let it go on."""
    return ResumeRequested(at=at, by="mona")


def retried(name: str | None = None, *, at: datetime = START) -> RetryRequested:
    """Somebody wants a task, or all that failed, tried again."""
    return RetryRequested(at=at, task=TaskName(name) if name else None, by="mona")


def skipped(name: str, why: str = "not today", *, at: datetime = START) -> SkipRequested:
    """Somebody wants to go on without a task."""
    return SkipRequested(at=at, task=TaskName(name), by="mona", reason=why)


def rolled_back(*, at: datetime = START, why: str = "") -> RollBackRequested:
    """Somebody wants all of it undone."""
    return RollBackRequested(at=at, by="mona", reason=why)


def decided(name: str, option: str, why: str = "", *, at: datetime = START) -> ApprovalDecided:
    """People have chosen an option at a gate, or of what a task asks."""
    where = attempt(name)
    return ApprovalDecided(
        at=at,
        task=where.task,
        leg=where.leg,
        option=option,
        by="mona",
        reason=why,
        inputs={},
    )


def holder(name: str) -> Holder:
    """Name who holds a place: a leg, or with an empty name the whole."""
    where = attempt(name)
    return leg_holder(where.task, where.leg) if name else WHOLE


def granted(name: str, *, lock: str = LOCK, at: datetime = START) -> SeatGranted:
    """A concurrency group has a place for a leg, or for the whole."""
    return SeatGranted(at=at, holder=holder(name), lock=LockKey(lock))


def queued(name: str, position: int = 1, *, at: datetime = START) -> SeatQueued:
    """A concurrency group is full."""
    return SeatQueued(at=at, holder=holder(name), lock=LOCK, position=position, ahead="a #1")


def lost(name: str, *, at: datetime = START) -> SeatLost:
    """Somebody newer takes the place."""
    return SeatLost(at=at, holder=holder(name), lock=LOCK, by="train #2")


def told(
    name: str, *, is_open: bool, calendar: str = "freeze", at: datetime = START
) -> CalendarTold:
    """A calendar said whether it is open."""
    why = "" if is_open else "it is frozen"
    return CalendarTold(
        at=at,
        holder=holder(name),
        calendar=calendar,
        is_open=is_open,
        opens_at=None,
        why=why,
    )


def child_started(name: str, *, at: datetime = START) -> ChildStarted:
    """The child orchestration of an attempt began."""
    return ChildStarted(at=at, attempt=attempt(name), child=CHILD, title="other #1")


def child_ended(
    name: str,
    conclusion: str = "success",
    *,
    outputs: Mapping[str, Json] | None = None,
    child: OrchestrationId = CHILD,
    at: datetime = START,
) -> ChildEnded:
    """The child orchestration of an attempt ended."""
    return ChildEnded(
        at=at,
        attempt=attempt(name),
        child=child,
        conclusion=Conclusion(conclusion),
        outputs=outputs or {},
    )


def performed(
    name: str, outputs: Mapping[str, Json] | None = None, *, at: datetime = START
) -> OperationPerformed:
    """A call was made."""
    return OperationPerformed(at=at, attempt=attempt(name), outputs=outputs or {}, url="")


def rerun(name: str, *, at: datetime = START) -> RerunAccepted:
    """GitHub runs failed jobs again."""
    return RerunAccepted(at=at, attempt=attempt(name))


def listed(
    name: str, jobs: Mapping[str, str], *, run_attempt: int = 1, at: datetime = START
) -> JobsListed:
    """The jobs of a run attempt, and how each ended."""
    return JobsListed(at=at, attempt=attempt(name), run_attempt=run_attempt, jobs=jobs)


def lock_of(decision: Decision) -> LockKey:
    """Return the group in which a decision asks for its only place."""
    return asked(decision, AskSeat)[0].lock
