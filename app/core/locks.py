"""A concurrency group: who has a place, who waits for one, and who is next.

A lock is a small state of its own with its own pure decision. It hears that places are asked
for and left, and answers with events for the orchestrations concerned. Being asked twice, or
left twice, is as good as once.

Whoever waits is served by priority, the higher first, and among equals by arrival. `limit`,
like everything that definitions sharing a group may say differently, is that of the newest
asker: who has a place keeps it, and nobody gets one while there are more holders than that.
An orchestration never takes a place away from itself: its own tasks queue up.
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from app.core.events import SeatGranted, SeatLost, SeatQueued
from app.core.values import Holder, LockKey, OrchestrationId

TOLD_MAX = 10
"""How many at the head of a queue are told when their place changes.

Those further back learn it when they come nearer: an end must not touch all who wait.
"""
NAMED_MAX = 3
"""How many holders are named to those who wait; one line has room for few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place asked for, and had once `granted_at` is there.

    `number` counts all who ever asked. `position` and `ahead` are what was told last.
    `is_leaving`: somebody newer takes it, and its holder was asked to go.
    """

    orchestration: OrchestrationId
    holder: Holder
    who: str
    priority: int
    number: int
    asked_at: datetime
    is_latest: bool = False
    granted_at: datetime | None = None
    is_leaving: bool = False
    position: int = 0
    ahead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One concurrency group; `waiting` is in the order in which it will be served."""

    key: LockKey
    limit: int = 1
    count: int = 0
    holding: tuple[Place, ...] = ()
    waiting: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatAsked:
    """Somebody asks for a place; the fields are those of `AskSeat`."""

    at: datetime
    orchestration: OrchestrationId
    holder: Holder
    who: str
    limit: int = 1
    priority: int = 0
    is_latest: bool = False
    cancel_in_progress: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLeft:
    """Somebody gives a place back, or waits no longer."""

    at: datetime
    orchestration: OrchestrationId
    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class AllSeatsLeft:
    """An orchestration ended: whatever it still has or waits for is free."""

    at: datetime
    orchestration: OrchestrationId


LockEvent: TypeAlias = SeatAsked | SeatLeft | AllSeatsLeft
Answer: TypeAlias = tuple[OrchestrationId, SeatGranted | SeatQueued | SeatLost]


def decide_lock(lock: Lock, event: LockEvent) -> tuple[Lock, tuple[Answer, ...]]:
    """Take in one event, and say what is to be told to whom."""
    match event:
        case SeatAsked():
            return _ask(lock, event)
        case SeatLeft():
            lock = _without(lock, lambda place: _is(place, event))
        case AllSeatsLeft():
            lock = _without(lock, lambda place: place.orchestration == event.orchestration)
        case _:
            assert_never(event)
    lock, granted = _grant(lock, event.at)
    lock, queued = _tell(lock, event.at)
    return lock, (*granted, *queued)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceReport:
    """What can be asked about one place; `position` is 0 for those who have one."""

    who: str
    orchestration: OrchestrationId
    holder: Holder
    position: int
    since: datetime
    why: str


def places(lock: Lock) -> tuple[PlaceReport, ...]:
    """Say who has a place and who waits at which, since when, and why."""
    held = [
        PlaceReport(
            who=place.who,
            orchestration=place.orchestration,
            holder=place.holder,
            position=0,
            since=place.granted_at or place.asked_at,
            why="asked to leave for somebody newer" if place.is_leaving else "has a place",
        )
        for place in lock.holding
    ]
    full = f"all {lock.limit} places are" if lock.limit > 1 else "the only place is"
    waits = [
        PlaceReport(
            who=place.who,
            orchestration=place.orchestration,
            holder=place.holder,
            position=position,
            since=place.asked_at,
            why=f"{full} taken by {_ahead(lock)}"
            + (f"; {position - 1} before it in the queue" if position > 1 else ""),
        )
        for position, place in enumerate(lock.waiting, 1)
    ]
    return (*held, *waits)


def members(lock: Lock) -> frozenset[OrchestrationId]:
    """Return the orchestrations that have a place or wait for one."""
    return frozenset(place.orchestration for place in (*lock.holding, *lock.waiting))


def _ask(lock: Lock, event: SeatAsked) -> tuple[Lock, tuple[Answer, ...]]:
    for place in lock.holding:
        if _is(place, event):
            if place.is_leaving:
                return lock, (_lost(lock, place, event),)
            return lock, (_granted(lock, place, event.at),)
    for position, place in enumerate(lock.waiting, 1):
        if _is(place, event):
            return lock, (_queued(lock, place, position, event.at),)
    new = Place(
        orchestration=event.orchestration,
        holder=event.holder,
        who=event.who,
        priority=event.priority,
        number=lock.count + 1,
        asked_at=event.at,
        is_latest=event.is_latest,
    )
    waiting = list(lock.waiting)
    insort(waiting, new, key=lambda place: (-place.priority, place.number))
    lock = replace(
        lock, limit=max(event.limit, 1), count=lock.count + 1, waiting=tuple(waiting)
    )
    lock, granted = _grant(lock, event.at)
    lost: tuple[Answer, ...] = ()
    if any(_is(place, event) for place in lock.waiting):
        lock, lost = _take_away(lock, event)
    lock, queued = _tell(lock, event.at, event)
    return lock, (*lost, *granted, *queued)


def _take_away(lock: Lock, event: SeatAsked) -> tuple[Lock, tuple[Answer, ...]]:
    """Let those make room whom the newest replaces.

    With `cancel_in_progress` that is all who wait, and of the holders, the longest there
    first, as many as it takes. Else it is those who wait, if they and the newest both want
    only the latest to be kept: a group may be shared with somebody who does not.
    """

    def gives_up(place: Place) -> bool:
        if place.orchestration == event.orchestration:
            return False
        return event.cancel_in_progress or (event.is_latest and place.is_latest)

    lost = [_lost(lock, place, event) for place in lock.waiting if gives_up(place)]
    lock = replace(lock, waiting=tuple(place for place in lock.waiting if not gives_up(place)))
    if not event.cancel_in_progress:
        return lock, tuple(lost)
    holding = list(lock.holding)
    staying = sum(not place.is_leaving for place in holding)
    for index, place in enumerate(holding):
        is_own = place.orchestration == event.orchestration
        if staying >= lock.limit and not is_own and not place.is_leaving:
            holding[index] = replace(place, is_leaving=True)
            staying -= 1
            lost.append(_lost(lock, place, event))
    return replace(lock, holding=tuple(holding)), tuple(lost)


def _grant(lock: Lock, at: datetime) -> tuple[Lock, tuple[Answer, ...]]:
    """Give free places to those who are next."""
    free = max(lock.limit - len(lock.holding), 0)
    served = tuple(
        replace(place, granted_at=at, position=0, ahead="") for place in lock.waiting[:free]
    )
    if not served:
        return lock, ()
    lock = replace(lock, holding=(*lock.holding, *served), waiting=lock.waiting[free:])
    return lock, tuple(_granted(lock, place, at) for place in served)


def _tell(
    lock: Lock, at: datetime, asker: SeatAsked | None = None
) -> tuple[Lock, tuple[Answer, ...]]:
    """Tell the asker its place, and those at the head of the queue if theirs changed."""
    ahead = _ahead(lock)
    answers: list[Answer] = []
    waiting = list(lock.waiting)
    told = list(enumerate(waiting[:TOLD_MAX]))
    if asker is not None:
        told += [
            (index, place)
            for index, place in enumerate(waiting)
            if index >= TOLD_MAX and _is(place, asker)
        ]
    for index, place in told:
        is_asker = asker is not None and _is(place, asker)
        if is_asker or (place.position, place.ahead) != (index + 1, ahead):
            waiting[index] = replace(place, position=index + 1, ahead=ahead)
            answers.append(_queued(lock, place, index + 1, at))
    if not answers:
        return lock, ()
    return replace(lock, waiting=tuple(waiting)), tuple(answers)


def _without(lock: Lock, is_gone: Callable[[Place], bool]) -> Lock:
    if not any(is_gone(place) for place in (*lock.holding, *lock.waiting)):
        return lock
    return replace(
        lock,
        holding=tuple(place for place in lock.holding if not is_gone(place)),
        waiting=tuple(place for place in lock.waiting if not is_gone(place)),
    )


def _is(place: Place, event: SeatAsked | SeatLeft) -> bool:
    return place.holder == event.holder and place.orchestration == event.orchestration


def _ahead(lock: Lock) -> str:
    names = [place.who for place in lock.holding]
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return ", ".join(names[:NAMED_MAX]) + more


def _granted(lock: Lock, place: Place, at: datetime) -> Answer:
    return place.orchestration, SeatGranted(at=at, holder=place.holder, lock=lock.key)


def _queued(lock: Lock, place: Place, position: int, at: datetime) -> Answer:
    event = SeatQueued(
        at=at, holder=place.holder, lock=lock.key, position=position, ahead=_ahead(lock)
    )
    return place.orchestration, event


def _lost(lock: Lock, place: Place, by: SeatAsked) -> Answer:
    event = SeatLost(at=by.at, holder=place.holder, lock=lock.key, by=by.who)
    return place.orchestration, event
