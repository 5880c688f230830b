"""Names of what orchestrations share, and what is worth keeping of it."""

from dataclasses import replace

import pytest

from app.core.calendar_state import (
    CalendarAsked,
    CalendarFrozen,
    CalendarState,
    decide_calendar,
)
from app.core.locks import Lock, SeatAsked, decide_lock
from app.core.schedules import Due, ScheduleState
from app.core.shared import (
    Shared,
    calendar_subject,
    is_idle,
    is_shared,
    members_of,
    new_shared,
    subject_of,
)
from app.core.telling.shared_report import calendars_as_json, locks_as_json
from app.core.values import Holder, LockKey, OrchestrationId
from tests.kit.build import START

ONE = OrchestrationId("one")
NEW: tuple[Shared, ...] = (
    Lock(key=LockKey("organization/acme/a/b")),
    CalendarState(organization="acme", name="nights/and days"),
    ScheduleState(repository_id=7, definition="nightly"),
)


def used(shared: Shared) -> Shared:
    """Return a state that somebody has a share in."""
    match shared:
        case Lock():
            asked = SeatAsked(at=START, orchestration=ONE, holder=Holder(""), who="one")
            return decide_lock(shared, asked)[0]
        case CalendarState():
            wanted = CalendarAsked(at=START, orchestration=ONE, holder=Holder("x/"))
            return decide_calendar(shared, "unknown", wanted).state
        case ScheduleState():
            return replace(shared, entries=(Due(cron="* * * * *", timezone="UTC", due=START),))


@pytest.mark.parametrize("shared", NEW)
def test_a_name_leads_back_to_what_it_names(shared: Shared) -> None:
    """Whatever stands in a name, nothing else is meant by it."""
    assert new_shared(subject_of(shared)) == shared
    assert is_shared(subject_of(shared))
    assert not is_shared(ONE)


@pytest.mark.parametrize("shared", NEW)
def test_what_nobody_has_a_share_in_is_not_kept(shared: Shared) -> None:
    """A state is idle until somebody uses it."""
    assert is_idle(shared)
    assert not is_idle(used(shared))


def test_members_are_those_who_have_or_wait() -> None:
    """A schedule starts orchestrations, and has none."""
    assert [members_of(used(shared)) for shared in NEW] == [{ONE}, {ONE}, frozenset()]


def test_owners_are_not_told_apart_by_their_letters() -> None:
    """GitHub does not tell upper from lower case in them."""
    assert calendar_subject("Acme", "Nights") == calendar_subject("acme", "Nights")


def test_only_what_is_asked_for_is_told() -> None:
    """Locks are told as locks, calendars as calendars, each with all who wait."""
    states = [used(shared) for shared in NEW]
    frozen = CalendarFrozen(at=START, until=START.replace(hour=23), by="mona", because="fire")
    assert isinstance(states[1], CalendarState)
    states[1] = decide_calendar(states[1], "unknown", frozen).state
    [lock], [calendar] = locks_as_json(states), calendars_as_json(states)

    assert lock["group"] == "organization/acme/a/b"
    assert calendar["calendar"] == "acme/nights/and days"
    assert calendar["opens_at"] is None
    assert isinstance(calendar["waiting"], list)
    assert isinstance(calendar["freezes"], list)
    assert (len(calendar["waiting"]), len(calendar["freezes"])) == (1, 1)


def test_a_calendar_that_opens_some_day_says_when() -> None:
    """The moment that is waited for is told."""
    state = CalendarState(organization="acme", name="nights", timer=START)

    assert calendars_as_json([state])[0]["opens_at"] == START.isoformat()
