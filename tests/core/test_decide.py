"""Stories about whole orchestrations: how they begin, go on, and end."""

from datetime import timedelta

import pytest

from app.core.commands import DispatchWorkflow, SetTimer, TellEnd, WriteCheck, WriteComment
from app.core.decide import decide
from app.core.events import Surface, SurfaceRefused, SurfaceWritten
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.rules import Decision
from app.core.state import Written, new_orchestration
from tests.kit import build
from tests.kit.build import (
    HEAD,
    REQUESTED,
    START,
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
    refused,
    running,
)

DONE, FAILED = TaskStatus.SUCCEEDED, TaskStatus.FAILED
SKIPPED, RUNNING = TaskStatus.SKIPPED, TaskStatus.RUNNING


def test_what_needs_nothing_is_dispatched_at_once() -> None:
    """A request dispatches every task without needs, and no other."""
    decision = begun(plan("build; lint; test: build"))

    assert keys(decision.commands) == ["dispatch/build/1", "dispatch/lint/1"]
    assert decision.state.status is OrchestrationStatus.RUNNING
    assert decision.state.started_at == START
    assert decision.state.requested_by == "mona"


def test_success_dispatches_what_waited_for_it() -> None:
    """A task is dispatched when the last of its needs has succeeded."""
    one = begun(plan("build; lint; test: build, lint"), ended("build"))
    both = after(one, ended("lint"))

    assert asked(one, DispatchWorkflow) == []
    assert keys(both.commands) == ["dispatch/test/1"]


def test_the_whole_succeeds_with_its_last_task() -> None:
    """When every task has ended well, so has the orchestration."""
    decision = begun(plan("build; test: build"), ended("build"), ended("test", "neutral"))

    assert decision.state.status is OrchestrationStatus.SUCCEEDED
    assert decision.state.ended_at == START
    assert build.code(decision.state) is None


def test_a_failure_skips_everything_downstream() -> None:
    """What needs a failed task is skipped, and so is what needs a skipped one."""
    decision = begun(plan("build; test: build; deploy: test"), ended("build", "failure"))

    assert build.statuses(decision.state) == {
        "build": FAILED,
        "test": SKIPPED,
        "deploy": SKIPPED,
    }
    assert keys(decision.commands) == ["tell-end/2"]
    assert decision.state.status is OrchestrationStatus.FAILED
    assert decision.state.reason is not None
    assert decision.state.reason.message == "build failed"


def test_a_failure_leaves_what_does_not_need_it_alone() -> None:
    """A sibling of a failed task goes on, and its dependents begin."""
    decision = begun(
        plan("build; lint; docs: lint; test: build"), ended("build", "failure"), ended("lint")
    )

    assert build.statuses(decision.state)["docs"] is RUNNING
    assert decision.state.status is OrchestrationStatus.RUNNING


def test_one_failed_need_settles_it() -> None:
    """A task is skipped as soon as one need failed, while another still runs."""
    decision = begun(plan("build; lint; test: build, lint"), ended("build", "failure"))

    assert build.statuses(decision.state)["test"] is SKIPPED
    assert build.code(decision.state, "test") == "need-not-met"


def test_a_skipped_task_alone_is_no_failure() -> None:
    """A task whose condition does not hold is skipped, and the whole succeeds."""
    decision = begun(plan("build; test: build", test={"if": "false"}), ended("build"))

    assert build.code(decision.state, "test") == "condition-false"
    assert decision.state.status is OrchestrationStatus.SUCCEEDED


def test_events_are_counted() -> None:
    """Each event that changes the state counts; one that does not leaves it as it is."""
    decision = begun(plan("build"), running("build"), running("build"), ended("build"))

    assert decision.state.events == 3


def test_a_request_counts_once() -> None:
    """A second request of the same orchestration changes nothing."""
    first = begun(plan("build"))

    assert after(first, REQUESTED) == Decision(state=first.state)


# Cancelling.


def test_a_cancellation_stops_everything() -> None:
    """Waiting tasks are cancelled at once, and those under way are asked to stop."""
    decision = begun(
        plan("build; test: build"), accepted("build"), cancelled(why="wrong train")
    )

    assert keys(decision.commands) == ["cancel/build/1"]
    assert build.statuses(decision.state)["test"] is TaskStatus.CANCELLED
    assert decision.state.status is OrchestrationStatus.CANCELLING
    assert decision.state.reason is not None
    assert decision.state.reason.message == "cancelled by mona: wrong train"


def test_a_cancelled_orchestration_ends_when_the_last_run_has() -> None:
    """The end is reported when GitHub has stopped everything, not when we asked it to."""
    going = begun(plan("build"), accepted("build"), cancelled())
    over = after(going, ended("build", "cancelled"))

    assert not going.state.has_ended
    assert over.state.status is OrchestrationStatus.CANCELLED
    assert build.code(over.state, "build") == "cancelled"


def test_a_cancellation_that_comes_too_late_spoils_nothing() -> None:
    """A workflow run that succeeds before it is stopped has succeeded."""
    decision = begun(plan("build"), accepted("build"), cancelled(), ended("build"))

    assert decision.state.status is OrchestrationStatus.SUCCEEDED
    assert build.code(decision.state, "build") is None


def test_a_cancellation_is_heard_once() -> None:
    """A second cancellation, and one after the end, change nothing."""
    first = begun(plan("build"), accepted("build"), cancelled())
    over = after(first, ended("build", "cancelled"))

    assert after(first, cancelled(by="hubot")) == Decision(state=first.state)
    assert after(over, cancelled()) == Decision(state=over.state)


def test_a_dispatch_that_was_withdrawn_counts_as_cancelled() -> None:
    """Cancelled before the dispatch left, a task ends without a workflow run."""
    decision = begun(plan("build"), cancelled(), refused("build", code="withdrawn"))

    assert decision.state.status is OrchestrationStatus.CANCELLED
    assert build.code(decision.state, "build") == "cancelled"


def test_a_task_cancelled_on_github_cancels_the_whole() -> None:
    """Somebody who cancels a workflow run on GitHub cancels its task and what needs it."""
    decision = begun(plan("build; test: build"), ended("build", "cancelled"))

    assert build.statuses(decision.state) == {"build": TaskStatus.CANCELLED, "test": SKIPPED}
    assert decision.state.status is OrchestrationStatus.CANCELLED
    assert build.code(decision.state) == "task-cancelled"
    assert build.code(decision.state, "build") == "cancelled-on-github"


# The time of the whole.


def test_the_whole_has_a_time_limit() -> None:
    """A timer is set for `timeout-minutes` of the orchestration when it begins."""
    decision = begun(plan("build", whole={"timeout-minutes": 90}))

    assert asked(decision, SetTimer) == [SetTimer(task=None, due=START + timedelta(minutes=90))]


def test_when_its_time_is_over_the_whole_is_stopped() -> None:
    """An orchestration that takes too long is cancelled, and then counts as failed."""
    going = begun(plan("build; test: build", whole={"timeout-minutes": 90}), accepted("build"))
    late = after(going, elapsed(None, later(minutes=90)))
    over = after(late, ended("build", "cancelled", at=later(minutes=91)))

    assert late.state.status is OrchestrationStatus.CANCELLING
    assert keys(late.commands) == [
        "cancel/build/1",
        "look-up/build/1/2026-11-23T10:30:00+00:00",
    ]
    assert over.state.status is OrchestrationStatus.FAILED
    assert build.code(over.state) == "timed-out"


def test_whatever_is_heard_too_late_ends_the_whole() -> None:
    """Any event after the time limit stops it, should the timer itself be late."""
    going = begun(plan("build; test: build", whole={"timeout-minutes": 90}), accepted("build"))
    late = after(going, ended("build", at=later(minutes=91)))

    assert build.statuses(late.state) == {"build": DONE, "test": TaskStatus.CANCELLED}
    assert late.state.status is OrchestrationStatus.FAILED


def test_the_timer_of_the_whole_is_idle_before_its_time() -> None:
    """A timer that comes early, or after the end, changes nothing."""
    going = begun(plan("build"), accepted("build"))
    over = after(going, ended("build"))

    assert after(going, elapsed(None, later(minutes=5))) == Decision(state=going.state)
    assert after(over, elapsed(None, later(days=9))) == Decision(state=over.state)


def test_what_ends_at_once_needs_no_timer() -> None:
    """An orchestration whose only task is skipped at the start sets no timer."""
    decision = begun(plan("build", build={"if": "false"}))

    assert keys(decision.commands) == ["tell-end/1"]
    assert asked(decision, SetTimer) == []
    assert decision.state.has_ended


# The end.


def test_the_end_is_told_with_its_outputs() -> None:
    """A parent reads what the definition gives out; what has no value is not there."""
    outputs = {"image": "${{ tasks.build.outputs.image }}", "who": "${{ actor }}"}
    image = {"outputs": {"image": {"type": "string"}}}
    known = plan("build", whole={"outputs": outputs}, build=image)
    over = begun(known, ended("build"), elapsed("build", later(minutes=1)))

    assert [each.outputs for each in asked(over, TellEnd)] == [{"who": "mona"}]
    assert over.state.outputs == {"who": "mona"}
    assert over.state.conclusion == "success"


def test_a_neutral_end_may_count_as_a_failure() -> None:
    """With `on-warning: fail` only a success is one."""
    over = begun(plan("build", build={"on-warning": "fail"}), ended("build", "neutral"))

    assert build.code(over.state, "build") == "warned"
    assert over.state.status is OrchestrationStatus.FAILED


# Writing back.


def test_the_check_is_written_at_every_change() -> None:
    """Whenever the state of a task changes, the check of the commit is brought up to it."""
    going = begun(plan("build", sha=HEAD))
    heard = after(going, running("build"))
    again = after(heard, running("build"))

    assert asked(going, WriteCheck) == asked(heard, WriteCheck) == [WriteCheck()]
    assert asked(again, WriteCheck) == []


@pytest.mark.parametrize(("report_to", "wanted"), [({}, 1), ({"check": False}, 0)])
def test_a_check_may_be_unwanted(report_to: dict[str, object], wanted: int) -> None:
    """`report-to` may turn the check off."""
    decision = begun(plan("build", whole={"report-to": report_to}, sha=HEAD))

    assert len(asked(decision, WriteCheck)) == wanted


@pytest.mark.parametrize(
    ("comment", "wanted"),
    [("changed", [1, 0, 1]), ("always", [1, 1, 1]), ("never", [0, 0, 0])],
)
def test_the_comment_is_edited_as_often_as_is_wanted(comment: str, wanted: list[int]) -> None:
    """On a pull request the comment follows beginnings and ends, every change, or nothing."""
    whole = {"report-to": {"comment": comment}}
    begins = begun(plan("build", whole=whole, sha=HEAD, pull_request=7))
    runs = after(begins, running("build"))
    ends = after(runs, ended("build"))

    assert [len(asked(each, WriteComment)) for each in (begins, runs, ends)] == wanted


def test_without_a_pull_request_there_is_no_comment() -> None:
    """A comment has to stand somewhere."""
    decision = begun(plan("build", whole={"report-to": {"comment": "always"}}, sha=HEAD))

    assert asked(decision, WriteComment) == []


def test_what_stands_on_github_is_remembered() -> None:
    """What was written, and what was refused, is kept beside the state, even after the end."""
    written = SurfaceWritten(at=START, surface=Surface.CHECK, remote_id=5, digest="d1")
    no = SurfaceRefused(at=START, surface=Surface.CHECK, message="gone")
    over = begun(plan("build", sha=HEAD), ended("build"))
    first = after(over, written)
    second = after(first, no)

    assert first.state.surfaces == {Surface.CHECK: Written(remote_id=5, digest="d1")}
    assert second.state.surfaces[Surface.CHECK].refused == "gone"
    assert first.commands == second.commands == ()


def test_writing_the_same_twice_is_writing_it_once() -> None:
    """An event that says what is known already does not count."""
    written = SurfaceWritten(at=START, surface=Surface.CHECK, remote_id=5, digest="d1")
    first = begun(plan("build", sha=HEAD), written)

    assert decide(first.state, written) == Decision(state=first.state)


def test_before_it_is_requested_nothing_is_heard() -> None:
    """A state that nobody has asked for yet takes only a request."""
    fresh = new_orchestration(plan("build"))

    assert after(fresh, cancelled(), ended("build")) == Decision(state=fresh)
