"""Stories about replay: a journal leads to what it led to, or the first difference is said."""

from dataclasses import replace

import pytest

from app.core.events import OrchestrationRequested
from app.core.moves import OrchestrationStatus
from app.core.replay import first_difference, gap_in, replay
from app.core.state import Reason
from tests.kit import build

ASKED = OrchestrationRequested(at=build.START, by="mona")


def test_a_journal_leads_to_its_state_and_its_commands() -> None:
    """Event by event, as it was decided."""
    plan = build.plan("build; test: build")
    events = (ASKED, build.accepted("build"), build.ended("build"))
    replayed = replay(plan, events)

    assert replayed.state == build.after(plan, *events).state
    keys = [command.key for command in replayed.commands]
    assert [key for key in keys if key.startswith("dispatch/")] == [
        "dispatch/build/1",
        "dispatch/test/1",
    ]


@pytest.mark.parametrize(
    ("numbers", "gap"), [((1, 2, 3), None), ((), None), ((2, 3), 1), ((1, 2, 4), 3)]
)
def test_a_missing_event_is_noticed(numbers: tuple[int, ...], gap: int | None) -> None:
    """They count from 1 without gaps."""
    assert gap_in(numbers) == gap


def test_the_first_difference_is_said_with_its_path() -> None:
    """So that somebody can look there."""
    state = build.after(build.plan("build; test: build"), ASKED).state
    other = replace(state, status=OrchestrationStatus.FAILED)
    task = replace(state.tasks["build"], is_stale=True)  # type: ignore[index] - a name
    changed = state.with_task(next(iter(state.tasks)), task)

    assert first_difference(state, state) is None
    assert first_difference(state, other) == "status: running, not failed"
    assert first_difference(changed, state) == "tasks.build.is_stale: True, not False"


def test_better_words_are_no_difference() -> None:
    """Of a reason the code is compared: a later version may say the same otherwise."""
    one, other = (
        Reason(code="failure", message="it failed"),
        Reason(code="failure", message="x"),
    )
    another = Reason(code="timed-out", message="x")

    assert first_difference({"why": one}, {"why": other}) is None
    assert first_difference({"why": one}, {"why": another}) == (
        ".why.code: failure, not timed-out"
    )


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"a": 1}, {}, ".a: there, and should not be"),
        ({}, {"a": 1}, ".a: missing"),
        ({"a": (1, 2)}, {"a": (1, 2)}, None),
        ((1, 2), (1, 3), "[2]: 2, not 3"),
        ((1, 2), (1,), ": 2 of them, not 1"),
        (1, "1", ": 1, not 1"),
    ],
)
def test_any_values_are_compared(one: object, other: object, said: str | None) -> None:
    """Mappings by key, lists by place."""
    assert first_difference(one, other) == said
