"""A calendar as orchestrations know it: who waits for it, and who closed it by hand.

A small state of its own with its own pure decision, one for each calendar of an
organization. When it is open and when not is said by the organization's policy
(`app.core.calendars`) and by freezes that people declare. Whoever asks is answered at once;
while it is closed they are remembered, one timer is set for the next opening, and all are
told again when it opens. It fails shut: a calendar that nobody has defined is closed, and
says how to define it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from app.core.calendars import Calendar, next_opening, why_closed
from app.core.events import CalendarTold
from app.core.policy import Policy
from app.core.problems import Problem
from app.core.values import Holder, OrchestrationId

FREEZES_MAX = 100
"""Freezes of one calendar that are kept; beyond that the ones that end first give way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Somebody closed a calendar by hand, until a moment and for a reason."""

    since: datetime
    until: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """Who waits for a calendar to open, and by which name, where that is not its own."""

    orchestration: OrchestrationId
    holder: Holder
    asked_at: datetime
    called: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarState:
    """One calendar of one organization; `timer` is the opening that is waited for."""

    organization: str
    name: str
    waiting: tuple[Waiter, ...] = ()
    freezes: tuple[Freeze, ...] = ()
    timer: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarAsked:
    """Somebody wants to know whether it is open, and when it opens if it is not."""

    at: datetime
    orchestration: OrchestrationId
    holder: Holder
    called: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarLeft:
    """An orchestration ended, and waits no longer."""

    at: datetime
    orchestration: OrchestrationId


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFrozen:
    """Somebody closes it until a moment; a moment that has passed ends all freezes."""

    at: datetime
    until: datetime
    by: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReviewed:
    """A moment came that was waited for, or the policy may say something else now."""

    at: datetime


CalendarEvent: TypeAlias = CalendarAsked | CalendarLeft | CalendarFrozen | CalendarReviewed


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarDecision:
    """What is so now, who is to be told what, and when to look again."""

    state: CalendarState
    told: tuple[tuple[OrchestrationId, CalendarTold], ...] = ()
    timer: datetime | None = None


def decide_calendar(
    state: CalendarState, calendar: Calendar | str, event: CalendarEvent
) -> CalendarDecision:
    """Take in one event; `calendar` is what the policy says, or why it says nothing."""
    at = event.at
    state = replace(state, freezes=tuple(it for it in state.freezes if it.until > at))
    opens_at = opening(state, calendar, at)
    match event:
        case CalendarAsked():
            asker = Waiter(
                orchestration=event.orchestration,
                holder=event.holder,
                asked_at=at,
                called="" if event.called == state.name else event.called,
            )
            others = tuple(it for it in state.waiting if not _is(it, event))
            state = replace(state, waiting=(*others, asker))
            if opens_at != at:
                told = _told(state, calendar, (asker,), at, opens_at)
                return _with_timer(state, told, opens_at)
        case CalendarLeft():
            left = tuple(it for it in state.waiting if it.orchestration != event.orchestration)
            return CalendarDecision(state=replace(state, waiting=left))
        case CalendarFrozen():
            state = replace(state, freezes=_freezes(state, event))
            opens_at = opening(state, calendar, at)
        case CalendarReviewed():
            pass
        case _:
            assert_never(event)
    if opens_at != at:
        # That it opens at another moment than they were told is news to those who wait.
        is_news = state.timer != opens_at
        told = _told(state, calendar, state.waiting if is_news else (), at, opens_at)
        return _with_timer(state, told, opens_at)
    told = _told(state, calendar, state.waiting, at, opens_at)
    return CalendarDecision(state=replace(state, waiting=(), timer=None), told=told)


def opening(state: CalendarState, calendar: Calendar | str, at: datetime) -> datetime | None:
    """Return when it opens: `at` itself if it is open, `None` if that cannot be told."""
    if isinstance(calendar, str):
        return None
    # Whoever freezes does so from now on: what is past every freeze is past all of them.
    thawed = max((it.until for it in state.freezes), default=at)
    return next_opening(calendar, max(at, thawed))


Read: TypeAlias = tuple[Policy | None, tuple[Problem, ...]]


def find_calendar(
    policies: Sequence[tuple[str, Read]], organization: str, name: str
) -> Calendar | str:
    """Find a calendar among an organization's policies, or say why there is none.

    `policies` are the files that there are, each with its repository, in the order in which
    they count. One that cannot be read may hold a closing that nobody would see.
    """
    for repository, (policy, problems) in policies:
        if policy is None:
            first = problems[0]
            return (
                f"the policy of {repository} cannot be read, so every calendar is closed: "
                f"line {first.line}: {first.message}; {first.hint}"
            )
        found = policy.organization.calendars if policy.organization is not None else {}
        if name in found:
            return found[name]
    return (
        f"{organization} has no calendar {name}: add it under `organization: calendars:` in "
        f"orchestration-policy.yml of {organization}/.github-private or {organization}/.github"
    )


def why(state: CalendarState, calendar: Calendar | str, at: datetime) -> str:
    """Say for people why a calendar is closed; nothing where it is open."""
    frozen = [it for it in state.freezes if it.until > at]
    if frozen:
        last = max(frozen, key=lambda it: it.until)
        until = f"{last.until:%Y-%m-%d %H:%M} UTC"
        because = f": {last.because}" if last.because else ""
        return f"{last.by} closed {state.name} until {until}{because}"
    return calendar if isinstance(calendar, str) else why_closed(calendar, at)


def members(state: CalendarState) -> frozenset[OrchestrationId]:
    """Return the orchestrations that wait for a calendar."""
    return frozenset(it.orchestration for it in state.waiting)


def _is(waiter: Waiter, event: CalendarAsked) -> bool:
    return waiter.holder == event.holder and waiter.orchestration == event.orchestration


def _freezes(state: CalendarState, event: CalendarFrozen) -> tuple[Freeze, ...]:
    if event.until <= event.at:
        return ()
    new = Freeze(since=event.at, until=event.until, by=event.by, because=event.because)
    kept = sorted((*state.freezes, new), key=lambda it: it.until)
    return tuple(kept[-FREEZES_MAX:])


def _told(
    state: CalendarState,
    calendar: Calendar | str,
    whom: tuple[Waiter, ...],
    at: datetime,
    opens_at: datetime | None,
) -> tuple[tuple[OrchestrationId, CalendarTold], ...]:
    is_now = opens_at == at
    because = "" if is_now else why(state, calendar, at)
    return tuple(
        (
            it.orchestration,
            CalendarTold(
                at=at,
                holder=it.holder,
                calendar=it.called or state.name,
                is_open=is_now,
                opens_at=None if is_now else opens_at,
                why=because,
            ),
        )
        for it in whom
    )


def _with_timer(
    state: CalendarState,
    told: tuple[tuple[OrchestrationId, CalendarTold], ...],
    opens_at: datetime | None,
) -> CalendarDecision:
    """Set a timer for the opening, unless it is set already or nobody waits."""
    if not state.waiting or opens_at == state.timer:
        return CalendarDecision(state=state, told=told)
    return CalendarDecision(state=replace(state, timer=opens_at), told=told, timer=opens_at)
