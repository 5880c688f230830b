"""Stories about what is tried again after its end: by people, or on GitHub."""

from typing import Any

import pytest

from app.core.commands import AskSeat
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.rules import Decision
from tests.kit import build
from tests.kit.build import (
    accepted,
    after,
    asked,
    begun,
    cancelled,
    ended,
    keys,
    later,
    plan,
    refused,
    reported,
    seen,
)
from tests.kit.said import decided, granted, lock_of, paused, retried, skipped

L = LegStatus
DONE, FAILED, SKIPPED = TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.SKIPPED
RUNNING, WAITING = TaskStatus.RUNNING, TaskStatus.WAITING
CHAIN = "build; test: build; deploy: test"


def again(name: str, status: str, conclusion: str | None = None, run_attempt: int = 2) -> Any:
    run = build.run_id(name)
    return seen(name, status, conclusion, run=run, run_attempt=run_attempt)


# On GitHub.


def test_a_re_run_on_github_lets_the_whole_go_on() -> None:
    """Who re-runs a failed workflow run need not tell us: what was skipped waits again."""
    failed = begun(plan(CHAIN), ended("build", "failure"))
    runs = after(failed, again("build", "queued"))
    goes = after(runs, again("build", "completed", "success"))

    assert failed.state.status is OrchestrationStatus.FAILED
    assert build.statuses(runs.state) == {"build": RUNNING, "test": WAITING, "deploy": WAITING}
    assert runs.state.status is OrchestrationStatus.RUNNING
    assert keys(goes.commands) == ["dispatch/test/1"]


def test_a_re_run_is_an_attempt_of_its_own() -> None:
    """It has the marker of the attempt that it repeats, and counts from its webhook on."""
    decision = begun(plan("build"), ended("build", "failure"), again("build", "in_progress"))
    first, second = build.leg(decision.state, "build").attempts

    assert (first.marker, first.run_attempt) == (second.marker, 1)
    assert (second.number, second.run_attempt, second.is_rerun) == (2, 2, True)


def test_a_re_run_may_be_heard_first_at_its_end() -> None:
    """The webhooks before it may be lost."""
    decision = begun(
        plan("build"), ended("build", "failure"), again("build", "completed", "success")
    )

    assert decision.state.status is OrchestrationStatus.SUCCEEDED


def test_a_re_run_may_be_heard_first_by_its_report() -> None:
    """A report of a higher run attempt says that there is one, also after the end."""
    image = {"outputs": {"image": {"type": "string", "required": True}}}
    heard = begun(
        plan("build", build=image),
        ended("build", "failure"),
        reported("build", {"image": "v2"}, run_attempt=2),
    )
    over = after(heard, again("build", "completed", "success"))

    assert heard.state.status is OrchestrationStatus.RUNNING
    assert build.leg(over.state, "build").outputs == {"image": "v2"}


def test_what_ran_after_it_is_stale() -> None:
    """What has seen a result that is not so any more is shown, and not run by itself."""
    over = begun(plan("build; test: build"), ended("build"), ended("test"))
    runs = after(over, again("build", "in_progress"))
    ends = after(runs, again("build", "completed", "success"))

    assert runs.state.tasks[build.attempt("test").task].is_stale
    assert ends.state.status is OrchestrationStatus.SUCCEEDED
    assert build.statuses(ends.state)["test"] is DONE


def test_what_is_stale_is_tried_again_from_the_beginning() -> None:
    """ "Retry from failed" takes in what is stale; its condition and matrix are read anew."""
    over = begun(
        plan("build; test: build"), ended("build"), ended("test"),
        again("build", "completed", "success"),
    )  # fmt: skip
    decision = after(over, retried())

    assert keys(decision.commands) == ["dispatch/test/2"]
    assert not decision.state.tasks[build.attempt("test").task].is_stale


@pytest.mark.parametrize("run", [4, None])
def test_only_a_higher_run_attempt_of_the_same_run_is_a_re_run(run: int | None) -> None:
    """What is said of another run, or of the attempt that ended, changes nothing."""
    over = begun(plan("build"), ended("build", "failure"))
    event = seen("build", "in_progress", run=run, run_attempt=1 if run is None else 2)

    assert after(over, event) == Decision(state=over.state)


def test_what_never_ran_cannot_be_run_again() -> None:
    """A refused dispatch has no workflow run that could be ours."""
    over = begun(plan("build"), refused("build"))

    for event in (again("build", "queued"), reported("build", {}, run_attempt=2)):
        assert after(over, event) == Decision(state=over.state)


def test_a_re_run_while_all_is_cancelled_is_not_heard() -> None:
    """Nothing begins again at the end."""
    going = begun(plan("build; test"), accepted("test"), ended("build", "failure"), cancelled())

    assert after(going, again("build", "queued")) == Decision(state=going.state)


def test_a_re_run_answers_a_question() -> None:
    """Who re-runs a task that asks what to do has said what to do."""
    asks = begun(plan("build", build={"on-failure": "ask"}), ended("build", "failure"))
    runs = after(asks, again("build", "queued"))

    assert build.statuses(asks.state) == {"build": TaskStatus.ASKING}
    assert build.statuses(runs.state) == {"build": RUNNING}


def test_a_fact_about_an_attempt_that_is_to_be_followed_is_late() -> None:
    """While a leg waits to begin again, what is said of its last attempt does not count."""
    known = plan("build; test")
    waits = begun(known, ended("build", "failure"), paused(), retried("build"))

    assert build.legs(waits.state, "build") == {"": L.PENDING}
    assert after(waits, again("build", "queued")) == Decision(state=waits.state)


# By people.


def test_retry_from_failed_keeps_what_succeeded() -> None:
    """Over all repositories, only what did not succeed is tried again."""
    failed = begun(plan("api; web; ship: api, web"), ended("api"), ended("web", "failure"))
    decision = after(failed, retried())

    assert keys(decision.commands) == ["dispatch/web/2"]
    assert build.statuses(decision.state) == {"api": DONE, "web": RUNNING, "ship": WAITING}


def test_of_a_matrix_only_failed_legs_are_tried_again() -> None:
    """Legs that succeeded keep their outputs."""
    test = {"strategy": {"matrix": {"n": [1, 2]}, "fail-fast": False}}
    failed = begun(plan("test", test=test), ended("test/1"), ended("test/2", "failure"))
    decision = after(failed, retried("test"))

    assert keys(decision.commands) == ["dispatch/test/2/2"]


def test_what_succeeded_can_be_asked_for_by_name() -> None:
    """Then all of it is done anew, and what ran after it is stale."""
    over = begun(plan("build; test: build"), ended("build"), ended("test"))
    decision = after(over, retried("build"))

    assert keys(decision.commands) == ["dispatch/build/2"]
    assert decision.state.tasks[build.attempt("test").task].is_stale


def test_what_its_condition_skipped_can_be_asked_for() -> None:
    """The condition is evaluated again."""
    over = begun(plan("build; test: build", test={"if": "false"}), ended("build"))
    decision = after(over, retried("test", at=later(minutes=5)))

    assert build.code(decision.state, "test") == "condition-false"
    assert decision.state.ended_at == later(minutes=5)


def test_a_condition_is_read_again_when_what_it_reads_is_tried_again() -> None:
    """What was skipped because of a result waits for the next one."""
    undo = {"join": "all-done", "if": 'needs.deploy.result == "failure"'}
    over = begun(plan("deploy; undo: deploy", undo=undo), ended("deploy"))
    again_ = after(over, retried("deploy"), ended("deploy#2", "failure"))

    assert build.statuses(over.state)["undo"] is SKIPPED
    assert keys(again_.commands) == ["dispatch/undo/1"]


def test_nothing_that_runs_is_tried_again() -> None:
    """Neither what runs, nor what nobody knows, nor anything while all is cancelled."""
    going = begun(plan("build; test"), accepted("build"), accepted("test"))
    ends = after(going, cancelled(), ended("test", "cancelled"))

    for event in (retried("build"), retried("nothing"), retried()):
        assert after(going, event) == Decision(state=going.state)
    assert after(ends, retried("test")) == Decision(state=ends.state)


def test_the_whole_has_its_time_again() -> None:
    """A retry after the end counts `timeout-minutes` anew."""
    failed = begun(plan("build", whole={"timeout-minutes": 90}), ended("build", "failure"))
    decision = after(failed, retried(at=later(hours=9)))

    assert decision.state.deadline == later(hours=9, minutes=90)
    assert decision.state.ended_at is None
    assert decision.state.reason is None


def test_the_whole_needs_its_place_again() -> None:
    """It gave its place back at its end, and has to ask for one."""
    whole = {"concurrency": {"group": "lab"}}
    asks = begun(plan("build", whole=whole))
    place = granted("", lock=lock_of(asks))
    failed = after(asks, place, ended("build", "failure"))
    waits = after(failed, retried())
    goes = after(waits, place)

    assert waits.state.status is OrchestrationStatus.BLOCKED
    assert len(asked(waits, AskSeat)) == 1
    assert keys(goes.commands) == ["dispatch/build/2"]


def test_what_was_cancelled_with_the_whole_waits_again() -> None:
    """Retried, a cancelled orchestration goes on where it was."""
    over = begun(plan(CHAIN), accepted("build"), cancelled(), ended("build", "cancelled"))
    decision = after(over, retried("build"))

    assert build.statuses(decision.state) == {
        "build": RUNNING,
        "test": WAITING,
        "deploy": WAITING,
    }


def test_a_matrix_may_be_another_the_second_time() -> None:
    """Legs that are no more are skipped; those that succeeded are kept, to be undone."""
    sizes = {"outputs": {"n": {"type": "array"}}}
    test = {"strategy": {"matrix": {"n": "${{ needs.size.outputs.n }}"}, "fail-fast": False}}
    known = plan("size; test: size", size=sizes, test=test)
    first = begun(known, reported("size", {"n": [1, 2, 3]}), ended("size"))
    over = after(first, ended("test/1"), ended("test/2", "failure"), ended("test/3"))
    second = after(over, retried("size"))
    sized = after(second, reported("size#2", {"n": [3, 4]}), ended("size#2"))
    end = after(sized, retried("test"))

    assert keys(end.commands) == ["dispatch/test/3/2", "dispatch/test/4/1"]
    assert build.legs(end.state, "test") == {
        "1": L.SUCCEEDED,
        "2": L.SKIPPED,
        "3": L.DISPATCHING,
        "4": L.DISPATCHING,
    }


def test_what_needs_a_task_twice_over_waits_for_it_once() -> None:
    """There may be several ways from one task to another."""
    failed = begun(plan("a; b: a; c: a, b"), ended("a", "failure"))
    decision = after(failed, retried())

    assert build.statuses(decision.state) == {"a": RUNNING, "b": WAITING, "c": WAITING}


# What a task asks.

ASKS = {"on-failure": "ask"}


def test_a_task_asks_and_is_tried_again() -> None:
    """People who answer `retry` start its count anew."""
    asks = begun(plan("build", build=ASKS), ended("build", "failure"))
    decision = after(asks, decided("build", "retry"))

    assert keys(decision.commands) == ["dispatch/build/2"]
    assert decision.state.tasks[build.attempt("build").task].question is None


def test_a_task_asks_and_is_skipped_with_a_reason() -> None:
    """Without a reason nothing is skipped."""
    asks = begun(plan("build; test: build", build=ASKS), ended("build", "failure"))
    mute = after(asks, decided("build", "skip"))
    skips = after(asks, decided("build", "skip", "known flake"))

    assert mute == Decision(state=asks.state)
    assert build.code(skips.state, "build") == "skipped"
    assert keys(skips.commands) == ["dispatch/test/1"]


def test_a_task_asks_and_fails() -> None:
    """People may say that it is as bad as it looks; they are asked once."""
    asks = begun(plan("build", build=ASKS), ended("build", "failure"))
    decision = after(asks, decided("build", "fail"))

    assert decision.state.status is OrchestrationStatus.FAILED
    assert after(asks, decided("build", "nonsense")) == Decision(state=asks.state)
    assert after(decision, decided("build", "retry")) == Decision(state=decision.state)


def test_a_warning_may_be_a_question() -> None:
    """A neutral end is asked about; then all of it is tried again."""
    asks = begun(plan("build", build={"on-warning": "ask"}), ended("build", "neutral"))
    decision = after(asks, decided("build", "retry"))

    assert build.statuses(asks.state) == {"build": TaskStatus.ASKING}
    assert keys(decision.commands) == ["dispatch/build/2"]


def test_a_question_is_tried_again_with_the_rest() -> None:
    """ "Retry from failed" is an answer, too."""
    asks = begun(plan("build", build=ASKS), ended("build", "failure"))

    assert keys(after(asks, retried()).commands) == ["dispatch/build/2"]


def test_nobody_is_asked_once_it_is_cancelled() -> None:
    """A question ends with the whole."""
    asks = begun(plan("build; test", build=ASKS), ended("build", "failure"))
    over = after(asks, cancelled(), refused("test", code="withdrawn"))

    assert build.statuses(over.state)["build"] is FAILED
    assert over.state.has_ended


def test_a_wish_to_skip_does_not_outlive_the_task() -> None:
    """Cancelled before it came to that, a task is not skipped when it is tried again."""
    over = begun(
        plan("build"),
        accepted("build"),
        skipped("build"),
        cancelled(),
        ended("build", "cancelled"),
    )
    decision = after(over, retried())

    assert build.code(over.state, "build") == "skipped"
    assert keys(decision.commands) == ["dispatch/build/2"]
