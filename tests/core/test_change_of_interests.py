"""What becomes of what an orchestration listens to: told where it changes, and only there."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.decide import decide
from app.core.events import (
    CancelRequested,
    Event,
    OrchestrationRequested,
    PauseRequested,
    ResumeRequested,
)
from app.core.listening import change_of_interests, may_differ, topics
from app.core.plan import Plan
from app.core.state import Orchestration, new_orchestration
from app.store.journals import read_journal
from tests.core.test_properties import PAUSES
from tests.journals.recorded import RECORDED, file_of
from tests.kit import build
from tests.kit.build import START
from tests.kit.chance import any_event
from tests.kit.graphs import random_plan
from tests.kit.machines import random_machine

STEPS = 30


def hear(state: Orchestration, event: Event) -> Orchestration:
    """Decide, and see that nobody listens to something else without its being told."""
    after = decide(state, event).state
    assert may_differ(state, after) or topics(state) == topics(after)
    changed = change_of_interests(state, after)
    assert (changed if changed is not None else topics(state)) == topics(after)
    return after


@settings(max_examples=60)
@given(data=st.data())
def test_no_change_is_missed(data: st.DataObject) -> None:
    """Of any definition, whatever is heard."""

    def pick(low: int, high: int) -> int:
        return data.draw(st.integers(low, high))

    plan = random_machine(pick) if pick(0, 2) == 0 else random_plan(pick)
    state, now = new_orchestration(plan), START
    event: Event = OrchestrationRequested(at=now, by="mona")
    for _ in range(pick(1, STEPS)):
        state = hear(state, event)
        now += timedelta(seconds=PAUSES[pick(0, len(PAUSES) - 1)])
        event = any_event(state, now, pick)


@pytest.mark.parametrize("name", RECORDED)
def test_nor_is_one_on_the_way_of_an_example(name: str) -> None:
    """The examples wait, ask, and report to an issue."""
    journal = read_journal(file_of(name).read_text(encoding="utf-8"))
    state = new_orchestration(journal.plan)

    for event in journal.events:
        state = hear(state, event)


def test_what_is_new_tells_all_that_it_listens_to() -> None:
    """There is nothing to compare it with."""
    state = new_orchestration(build.plan("build"))

    assert change_of_interests(None, state) == topics(state)


def test_an_attempt_that_goes_on_changes_nothing() -> None:
    """Where no task waits, asks, or makes the issue, it is not even looked for."""
    state = build.begun(plan := build.plan("build")).state
    going = build.after(plan, build.REQUESTED, build.accepted("build")).state

    assert going.tasks != state.tasks
    assert not may_differ(state, going)


@pytest.mark.parametrize(
    "event",
    [
        CancelRequested(at=START, by="mona", reason=""),
        PauseRequested(at=START, by="mona", reason=""),
    ],
)
def test_what_befalls_the_whole_is_looked_at(event: Event) -> None:
    """It may have ended, or be away for a while."""
    state = build.begun(build.plan("build")).state
    after = decide(state, event).state
    back = decide(after, ResumeRequested(at=START, by="mona")).state

    assert may_differ(state, after)
    assert not may_differ(after, after)
    assert may_differ(after, back) is (after.paused is not None)


@pytest.mark.parametrize(
    ("task", "is_looked_at"),
    [
        ({"approval": {"rules": [{"require": [{"users": ["mona"]}]}]}}, True),
        ({"wait": {"event": "push", "for": "1h"}}, True),
        ({"wait": {"for": "1h"}}, False),
    ],
)
def test_tasks_are_looked_at_where_they_may_listen(
    task: dict[str, Any], is_looked_at: bool
) -> None:
    """A gate is about votes and a wait about an event; time passes without being told."""
    plan: Plan = build.plan("build; last: build", last=task)
    before = build.after(plan, build.REQUESTED).state
    after = build.after(plan, build.REQUESTED, build.ended("build")).state

    assert may_differ(before, after) is is_looked_at
