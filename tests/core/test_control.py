"""Stories about people at the levers: pause, resume, skip, roll back, cancel."""

import pytest

from app.core.commands import CancelWorkflowRun, WriteCheck
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.rules import Decision
from tests.kit import build
from tests.kit.build import (
    HEAD,
    accepted,
    after,
    asked,
    begun,
    cancelled,
    elapsed,
    ended,
    keys,
    later,
    plan,
    running,
)
from tests.kit.said import paused, resumed, retried, rolled_back, skipped

L = LegStatus
SKIPPED = TaskStatus.SKIPPED
UNDO = {"compensate": {"dispatch": "acme/ops/.github/workflows/undo.yml@main"}}


# Pausing.


def test_while_paused_nothing_new_begins() -> None:
    """What runs goes on to its end, what waits for it waits on, until somebody resumes."""
    held = begun(plan("build; test: build"), paused(why="lunch"), ended("build"))
    goes = after(held, resumed())

    assert held.commands == ()
    assert build.statuses(held.state)["test"] is TaskStatus.WAITING
    assert held.state.paused is not None
    assert held.state.paused.message == "paused by mona: lunch"
    assert keys(goes.commands) == ["dispatch/test/1"]


def test_while_paused_no_leg_begins_either() -> None:
    """A place among `max-parallel` that is free stays free."""
    test = {"strategy": {"matrix": {"n": [1, 2]}, "max-parallel": 1}}
    held = begun(plan("test", test=test), paused(), ended("test/1"))

    assert build.legs(held.state, "test")["2"] is L.PENDING
    assert keys(after(held, resumed()).commands) == ["dispatch/test/2/1"]


def test_while_paused_no_rest_ends() -> None:
    """The next attempt begins when somebody resumes, if its pause is over by then."""
    retry = {"retry": {"max-attempts": 2, "backoff": {"initial": "30s", "jitter": "none"}}}
    held = begun(plan("build", build=retry), paused(), ended("build", "failure"))
    early = after(held, resumed())
    late = after(held, resumed(at=later(hours=1)))

    assert build.legs(held.state, "build") == {"": L.RESTING}
    assert early.state.tasks[build.attempt("build").task].timer == later(seconds=30)
    assert keys(late.commands) == ["dispatch/build/2"]


def test_pausing_twice_is_pausing_once() -> None:
    """So is resuming what is not paused, and pausing what has ended."""
    going = begun(plan("build"))
    held = after(going, paused())
    over = after(going, ended("build"))

    assert after(held, paused(why="again")) == Decision(state=held.state)
    assert after(going, resumed()) == Decision(state=going.state)
    assert after(over, paused()) == Decision(state=over.state)


def test_what_is_paused_can_end() -> None:
    """The end of the last task is the end of the whole, paused or not."""
    over = begun(plan("build"), paused(), ended("build"))

    assert over.state.status is OrchestrationStatus.SUCCEEDED
    assert over.state.paused is None


def test_what_is_paused_still_runs_out_of_time() -> None:
    """Nobody can forget a paused orchestration for ever."""
    held = begun(plan("build; test: build"), ended("build"), paused())
    late = begun(plan("build; test: build"), paused(), ended("build"))
    over = after(late, elapsed(None, later(days=7)))

    assert not held.state.has_ended
    assert build.code(over.state) == "timed-out"


def test_people_see_that_it_is_paused() -> None:
    """The check is written when somebody pauses."""
    assert asked(begun(plan("build", sha=HEAD), paused()), WriteCheck) == [WriteCheck()]


# Skipping.


def test_what_waits_is_skipped_at_once() -> None:
    """Whatever it needs; and what needs it takes it for passed."""
    decision = begun(plan("build; test: build; ship: test"), skipped("test"))

    assert build.code(decision.state, "test") == "skipped"
    assert keys(decision.commands) == ["dispatch/ship/1"]


def test_what_runs_is_stopped_and_then_skipped() -> None:
    """Its end is heard before anything goes on without it."""
    stops = begun(plan("build; test: build"), accepted("build"), skipped("build"))
    over = after(stops, ended("build", "cancelled"))

    assert keys(stops.commands) == ["cancel/build/1"]
    assert build.statuses(over.state)["build"] is SKIPPED
    assert keys(over.commands) == ["dispatch/test/1"]


def test_what_failed_is_skipped_after_all() -> None:
    """What was skipped because of it waits for it no longer."""
    failed = begun(plan("build; lint; test: build"), ended("build", "failure"))
    decision = after(failed, skipped("build", "known flake"))

    assert build.statuses(failed.state)["test"] is SKIPPED
    assert keys(decision.commands) == ["dispatch/test/1"]


@pytest.mark.parametrize("name", ["nothing", "lint", "skips"])
def test_some_things_cannot_be_skipped(name: str) -> None:
    """What is not there, what has succeeded, and what is skipped already."""
    going = begun(plan("build; lint; skips", skips={"if": "false"}), ended("lint"))

    assert after(going, skipped(name)) == Decision(state=going.state)


def test_a_reason_is_needed_to_skip() -> None:
    """So is an orchestration that goes on; and once is enough."""
    going = begun(plan("build; test"), accepted("build"))
    stops = after(going, skipped("build"))
    over = begun(plan("build"), ended("build", "failure"))

    assert after(going, skipped("build", "")) == Decision(state=going.state)
    assert after(stops, skipped("build", "really")) == Decision(state=stops.state)
    assert after(over, skipped("build")) == Decision(state=over.state)
    assert (
        after(stops, cancelled(), skipped("test")).state.tasks[build.attempt("test").task].skip
        is None
    )


def test_what_needs_a_place_can_be_skipped_before_it_has_it() -> None:
    """Even if nothing is left then, the whole ends only when it has had its place."""
    decision = begun(plan("build", whole={"concurrency": "lab"}), skipped("build"))

    assert build.statuses(decision.state) == {"build": SKIPPED}
    assert decision.state.status is OrchestrationStatus.BLOCKED


# Rolling back.


def test_rolling_back_stops_what_runs_and_undoes_what_succeeded() -> None:
    """The whole counts as cancelled, and says by whom and why."""
    going = begun(plan("build; test: build", build=UNDO), ended("build"), accepted("test"))
    stops = after(going, rolled_back(why="wrong train"))
    undoes = after(stops, ended("test", "cancelled"))
    over = after(undoes, ended("build~undo"))

    assert keys(stops.commands) == ["cancel/test/1"]
    assert keys(undoes.commands) == ["dispatch/build~undo/1"]
    assert over.state.status is OrchestrationStatus.CANCELLED
    assert over.state.reason is not None
    assert over.state.reason.message == "rolled back by mona: wrong train"


def test_rolling_back_undoes_also_what_still_succeeded() -> None:
    """However well the last task has ended: somebody wants it undone."""
    going = begun(plan("build", build=UNDO), accepted("build"), rolled_back())
    undoes = after(going, ended("build"))

    assert keys(undoes.commands) == ["dispatch/build~undo/1"]
    assert after(undoes, ended("build~undo")).state.status is OrchestrationStatus.CANCELLED


def test_what_has_ended_can_be_rolled_back() -> None:
    """As long as there is anything to undo."""
    over = begun(plan("build", build=UNDO), ended("build"))
    undoes = after(over, rolled_back())
    undone = after(undoes, ended("build~undo"))

    assert over.state.status is OrchestrationStatus.SUCCEEDED
    assert undoes.state.status is OrchestrationStatus.COMPENSATING
    assert undone.state.status is OrchestrationStatus.CANCELLED
    assert after(undone, rolled_back()) == Decision(state=undone.state)
    assert after(undoes, rolled_back()) == Decision(state=undoes.state)


def test_undoing_ends_a_pause() -> None:
    """It is what brings a paused orchestration to its end."""
    going = begun(plan("build; test: build", build=UNDO), ended("build"), paused())
    undoes = after(going, ended("test", "failure"))

    assert keys(undoes.commands) == ["dispatch/build~undo/1"]
    assert undoes.state.paused is None


# Cancelling.


def test_undoing_is_not_cancelled() -> None:
    """Whoever cancels wants a clean end, and this is the way to it."""
    going = begun(plan("build; test: build", build=UNDO), ended("build"))
    undoes = after(going, ended("test", "failure"))

    assert after(undoes, cancelled()) == Decision(state=undoes.state)
    assert after(undoes, retried()) == Decision(state=undoes.state)
    assert after(undoes, paused()) == Decision(state=undoes.state)


def test_what_waits_for_its_place_can_be_cancelled() -> None:
    """Nothing has begun, and it stops waiting."""
    waits = begun(plan("build", whole={"concurrency": "lab"}))
    over = after(waits, cancelled())

    assert over.state.status is OrchestrationStatus.CANCELLED
    assert [each for each in keys(over.commands) if each.startswith("leave-seat/")]


def test_what_is_stopped_twice_is_asked_once() -> None:
    """A leg that is being stopped for one reason keeps it."""
    stops = begun(
        plan("build", build={"timeout-minutes": 5}),
        running("build"),
        elapsed("build", later(minutes=5)),
    )
    both = after(stops, cancelled(at=later(minutes=6)))

    assert len(asked(stops, CancelWorkflowRun)) == 1
    assert asked(both, CancelWorkflowRun) == []
    assert build.code(both.state, "build/") == "timed-out"
