"""What an orchestration shares with others: concurrency groups, a calendar, its children.

The groups are the real ones (`app.core.locks`), with rivals who come and go. What is said to
neighbours is delivered with the decision that says it, and so are their answers.
"""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.core.commands import (
    AskCalendar,
    AskSeat,
    CancelChild,
    LeaveSeat,
    MakeReport,
    Message,
    StartChild,
    TellEnd,
)
from app.core.events import (
    CalendarTold,
    ChildEnded,
    ChildStarted,
    Conclusion,
    DispatchRefused,
    Event,
    OperationPerformed,
)
from app.core.limits import PASSAGE_FRESH
from app.core.locks import AllSeatsLeft, Lock, SeatAsked, SeatLeft, decide_lock, members
from app.core.values import AttemptId, Holder, LockKey, OrchestrationId
from tests.kit.world import World

ENDS: Final = (*(["success"] * 3), "failure", "cancelled", "neutral")


@dataclass(slots=True)
class Child:
    """A child orchestration, which ends by itself or because it is told to."""

    id: OrchestrationId
    attempt: AttemptId
    conclusion: Conclusion | None = None
    is_deaf: bool = False


class Neighbours:
    """All that lives beside one orchestration; `told` is what they say to it."""

    def __init__(self, dice: random.Random, world: World, me: OrchestrationId) -> None:
        self.dice, self.world, self.me = dice, world, me
        self.told: list[Event] = []
        self.locks: dict[LockKey, Lock] = {}
        self.children: dict[OrchestrationId, Child] = {}
        self.ends_told: Counter[int] = Counter()
        self._is_open = dice.random() < 0.6
        self._open_until = world.now
        self._waiting: dict[Holder, str] = {}
        self._rivals = 0

    def say(self, message: Message) -> None:
        """Deliver one message."""
        match message:
            case AskSeat():
                self._ask_seat(message)
            case LeaveSeat():
                left = SeatLeft(at=self.now, orchestration=self.me, holder=message.holder)
                self._lock(message.lock, left)
            case AskCalendar():
                self._ask_calendar(message)
            case StartChild():
                self._start_child(message)
            case CancelChild():
                child = self.children[message.child]
                self.world.later(9, lambda: self._end_child(child, Conclusion.CANCELLED))
            case MakeReport():
                self.told.append(
                    OperationPerformed(at=self.now, attempt=message.attempt, outputs={}, url="")
                )
            case TellEnd():
                self.ends_told[message.count] += 1

    @property
    def now(self) -> datetime:
        return self.world.now

    def has_place(self, lock: LockKey, holder: Holder) -> bool:
        """Tell whether a group has granted a place."""
        return any(
            place.holder == holder and place.orchestration == self.me
            for place in self.locks[lock].holding
        )

    def was_open(self) -> bool:
        """Tell whether the calendar is open, or was so a moment ago."""
        return self._is_open or self.now - self._open_until <= PASSAGE_FRESH

    def held(self) -> list[LockKey]:
        """Return the groups that this orchestration has or waits for a place in."""
        return [key for key, lock in self.locks.items() if self.me in members(lock)]

    # Concurrency groups.

    def _ask_seat(self, message: AskSeat) -> None:
        if self.dice.random() < 0.3:
            self._rival(message)
        ask = SeatAsked(
            at=self.now,
            orchestration=self.me,
            holder=message.holder,
            who=message.who,
            limit=message.limit,
            priority=message.priority,
            is_latest=message.queue == "latest",
            cancel_in_progress=message.cancel_in_progress,
        )
        self._lock(message.lock, ask)
        if self.dice.random() < 0.15:
            self.world.later(self.dice.choice((5, 400)), lambda: self._rival(message))

    def _rival(self, message: AskSeat) -> None:
        self._rivals += 1
        rival = OrchestrationId(f"rival-{self._rivals}")
        ask = SeatAsked(
            at=self.now,
            orchestration=rival,
            holder=Holder(""),
            who=f"rival #{self._rivals}",
            limit=message.limit,
            is_latest=self.dice.random() < 0.5,
            cancel_in_progress=self.dice.random() < 0.2,
        )
        self._lock(message.lock, ask)
        leave = lambda: self._lock(  # noqa: E731 - it is handed on and has no name of its own
            message.lock, AllSeatsLeft(at=self.now, orchestration=rival)
        )
        self.world.later(self.dice.choice((20, 600, 9_000)), leave)

    def _lock(self, key: LockKey, event: SeatAsked | SeatLeft | AllSeatsLeft) -> None:
        lock, answers = decide_lock(self.locks.get(key, Lock(key=key)), event)
        self.locks[key] = lock
        self.told += [answer for whom, answer in answers if whom == self.me]

    # The calendar.

    def _ask_calendar(self, message: AskCalendar) -> None:
        self._tell_calendar(message.holder, message.calendar)
        if not self._is_open:
            self._waiting[message.holder] = message.calendar
            self.world.later(self.dice.choice((30, 900, 5_000)), self._open)
        elif self.dice.random() < 0.3:
            self.world.later(self.dice.choice((30, 900)), self._close)

    def _open(self) -> None:
        self._is_open = True
        waiting, self._waiting = self._waiting, {}
        for holder, calendar in waiting.items():
            self._tell_calendar(holder, calendar)

    def _close(self) -> None:
        if self._is_open:
            self._is_open, self._open_until = False, self.now

    def _tell_calendar(self, holder: Holder, calendar: str) -> None:
        self.told.append(
            CalendarTold(
                at=self.now,
                holder=holder,
                calendar=calendar,
                is_open=self._is_open,
                opens_at=None,
                why="" if self._is_open else "it is frozen",
            )
        )

    # Children.

    def _start_child(self, message: StartChild) -> None:
        name = hashlib.sha256(message.marker.encode()).hexdigest()[:16]
        child = Child(OrchestrationId(name), message.attempt)
        assert child.id not in self.children, "a child is started once"
        if self.dice.random() < 0.1:
            refused = DispatchRefused(
                at=self.now, attempt=message.attempt, code="not-found", message="no such file"
            )
            self.told.append(refused)
            return
        self.children[child.id] = child
        self.told.append(
            ChildStarted(at=self.now, attempt=child.attempt, child=child.id, title="other #1")
        )
        conclusion = Conclusion(self.dice.choice(ENDS))
        takes = self.dice.choice((0, 50, 2_000, 30_000))
        self.world.later(takes, lambda: self._end_child(child, conclusion))

    def _end_child(self, child: Child, conclusion: Conclusion) -> None:
        if child.conclusion is not None:
            return
        child.conclusion = conclusion
        self.told.append(
            ChildEnded(
                at=self.now,
                attempt=child.attempt,
                child=child.id,
                conclusion=conclusion,
                outputs={},
            )
        )
