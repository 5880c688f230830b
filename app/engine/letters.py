"""Letters: what orchestrations, locks, calendars and schedules tell each other in one batch.

A letter is never stored. It is written and read within the transaction that saves all that
comes of it, or it never was.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.core.calendar_state import CalendarAsked, CalendarEvent
from app.core.commands import (
    AskCalendar,
    AskSeat,
    CancelChild,
    FindVotes,
    LeaveSeat,
    MakeReport,
    Message,
    StartChild,
    TellEnd,
    TellQueue,
)
from app.core.events import CancelRequested, Event, GitHubEventHeard
from app.core.hearing.catalogue import Covered
from app.core.hearing.heard import Heard
from app.core.interests import Interest, name_of
from app.core.locks import LockEvent, SeatAsked, SeatLeft
from app.core.plan import Plan
from app.core.planning import cause_of
from app.core.schedules import ScheduleEvent
from app.core.shared import calendar_of, lock_subject
from app.core.state import Orchestration, Vote
from app.core.values import OrchestrationId

SharedEvent: TypeAlias = LockEvent | CalendarEvent | ScheduleEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ToOrchestration:
    """An event for one orchestration."""

    id: OrchestrationId
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """A plan to be begun, unless it was, or unless a live orchestration of its key takes it.

    `name` is what set it off, as transitions and waits name it; `delivery_id` what brought it.
    """

    plan: Plan
    by: str
    name: str
    delivery_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """A delivery that a live orchestration may listen to, by what was known of it before.

    The cause that it would be is made for those that do listen: of most deliveries, nobody.
    """

    id: OrchestrationId
    heard: Heard
    covered: Covered
    delivery_id: str

    def event(self, at: datetime) -> GitHubEventHeard:
        """Say what it is for an orchestration that listens."""
        cause = cause_of(self.heard, self.covered)
        return GitHubEventHeard(at=at, name=name_of(self.heard), cause=cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToGates:
    """A vote without words, for every gate of an orchestration that takes it by that door."""

    id: OrchestrationId
    vote: Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class ToNewcomers:
    """What a delivery says to those that listen since an earlier one of the same batch.

    They did not yet when it was looked up who does; `topics` is by what they are found.
    """

    topics: frozenset[Interest]
    delivery_id: str
    what: Event | Vote | Overheard


@dataclass(frozen=True, slots=True, kw_only=True)
class ToShared:
    """An event for a lock, a calendar or a schedule, by its name."""

    subject: str
    event: SharedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ToEngine:
    """Something that only the whole can do for an orchestration."""

    id: OrchestrationId
    message: StartChild | TellEnd | MakeReport | FindVotes | TellQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """An orchestration ended: whatever it had a share in is to forget it."""

    id: OrchestrationId


Letter: TypeAlias = (
    ToOrchestration | Begin | Overheard | ToGates | ToNewcomers | ToShared | ToEngine | Released
)


def letter_of(state: Orchestration, message: Message, event: Event) -> Letter:
    """Write the letter that a message of an orchestration is; `event` led to it."""
    match message:
        case AskSeat():
            asked = SeatAsked(
                at=event.at,
                orchestration=state.id,
                holder=message.holder,
                who=message.who,
                limit=message.limit,
                priority=message.priority,
                is_latest=message.queue == "latest",
                cancel_in_progress=message.cancel_in_progress,
            )
            return ToShared(subject=lock_subject(message.lock), event=asked)
        case LeaveSeat():
            left = SeatLeft(at=event.at, orchestration=state.id, holder=message.holder)
            return ToShared(subject=lock_subject(message.lock), event=left)
        case AskCalendar():
            wants = CalendarAsked(
                at=event.at,
                orchestration=state.id,
                holder=message.holder,
                called=message.calendar,
            )
            return ToShared(subject=calendar_of(state, message.calendar), event=wants)
        case CancelChild():
            cancel = CancelRequested(at=event.at, by=state.plan.title, reason=message.reason)
            return ToOrchestration(id=message.child, event=cancel)
        case StartChild() | TellEnd() | MakeReport() | FindVotes() | TellQueue():
            return ToEngine(id=state.id, message=message)
