"""Stories about the rules: what is dispatched, stopped, looked up and finished, and when."""

from typing import Any

import pytest

from app.core.commands import CancelWorkflowRun, DispatchWorkflow, LookUpWorkflowRun, RemoveTag
from app.core.events import RunStatus
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
    missed,
    plan,
    refused,
    reported,
    running,
    seen,
)

L = LegStatus
LATE = elapsed("build", later(minutes=1))


def matrix(*values: object, **strategy: Any) -> dict[str, Any]:
    return {"strategy": {"matrix": {"n": list(values)}, **strategy}}


# Beginning.


def test_a_condition_that_holds_lets_a_task_begin() -> None:
    """A condition reads what the task needs, as it ended."""
    image = {"outputs": {"image": {"type": "string"}}}
    test = {"if": "needs.build.outputs.image == 'v1'"}
    decision = begun(
        plan("build; test: build", build=image, test=test),
        reported("build", {"image": "v1"}),
        ended("build"),
    )

    assert keys(decision.commands) == ["dispatch/test/1"]


def test_a_condition_without_a_value_fails_shut() -> None:
    """A condition that cannot be evaluated fails its task: nothing is dispatched."""
    image = {"outputs": {"image": {"type": "string"}}}
    test = {"if": "needs.build.outputs.image == 'v1'"}
    decision = begun(plan("build; test: build", build=image, test=test), ended("build"), LATE)

    assert keys(decision.commands) == ["tell-end/3"]
    assert build.code(decision.state, "test") == "expression-failed"
    assert decision.state.status is OrchestrationStatus.FAILED


def test_a_matrix_that_makes_no_sense_fails_its_task() -> None:
    """A matrix that comes out as no list fails its task, and says so."""
    sizes = {"outputs": {"sizes": {"type": "array"}}}
    test = {"strategy": {"matrix": {"n": "${{ needs.build.outputs.sizes }}"}}}
    decision = begun(
        plan("build; test: build", build=sizes, test=test),
        reported("build", {"sizes": []}),
        ended("build"),
    )

    assert build.code(decision.state, "test") == "bad-matrix"


def test_a_dispatch_that_cannot_be_written_fails_its_leg() -> None:
    """An input without a value fails the task instead of leaving empty."""
    image = {"outputs": {"image": {"type": "string"}}}
    test = {"with": {"image": "${{ needs.build.outputs.image }}"}}
    decision = begun(plan("build; test: build", build=image, test=test), ended("build"), LATE)

    assert keys(decision.commands) == ["tell-end/3"]
    assert build.code(decision.state, "test") == "expression-failed"


def test_after_a_leg_that_cannot_be_written_fail_fast_begins_no_other() -> None:
    """With `fail-fast` no leg behind a failed one is dispatched only to be cancelled."""
    test = {**matrix(1, 2, 3), "ref": "${{ matrix.n == 1 ? '' : 'main' }}"}
    decision = begun(plan("test", test=test))

    assert asked(decision, DispatchWorkflow) == []
    assert build.legs(decision.state, "test") == {
        "1": L.FAILED,
        "2": L.CANCELLED,
        "3": L.CANCELLED,
    }


def test_without_fail_fast_the_other_legs_begin() -> None:
    """Without `fail-fast` a leg that cannot be written keeps no other from beginning."""
    test = {**matrix(1, 2, **{"fail-fast": False}), "ref": "${{ matrix.n == 1 ? '' : 'main' }}"}
    decision = begun(plan("test", test=test))

    assert keys(decision.commands) == ["dispatch/test/2/1"]


# Matrices.


def test_every_leg_is_dispatched() -> None:
    """A matrix without a limit is dispatched whole, each leg with its values."""
    test = {**matrix("a", "b"), "with": {"n": "${{ matrix.n }}"}}
    decision = begun(plan("test", test=test))

    assert [each.inputs for each in asked(decision, DispatchWorkflow)] == [
        {"n": "a"},
        {"n": "b"},
    ]


def test_max_parallel_holds_legs_back() -> None:
    """As one leg ends the next takes its place, and no more at once than allowed."""
    two = begun(plan("test", test=matrix(1, 2, 3, **{"max-parallel": 2})))
    third = after(two, ended("test/1"))

    assert build.legs(two.state, "test") == {
        "1": L.DISPATCHING,
        "2": L.DISPATCHING,
        "3": L.PENDING,
    }
    assert keys(third.commands) == ["dispatch/test/3/1"]


def test_a_failed_leg_stops_the_others() -> None:
    """With `fail-fast`, GitHub's default, legs under way are cancelled and others not begun."""
    strategy = matrix(1, 2, 3, **{"max-parallel": 2})
    failed = begun(plan("test", test=strategy), accepted("test/2"), ended("test/1", "failure"))
    over = after(failed, ended("test/2", "cancelled"))

    assert keys(failed.commands) == ["cancel/test/2/1"]
    assert build.legs(over.state, "test") == {"1": L.FAILED, "2": L.CANCELLED, "3": L.CANCELLED}
    assert build.code(over.state, "test/2") == "fail-fast"
    assert over.state.tasks[build.attempt("test").task].status is TaskStatus.FAILED


def test_a_tolerated_failure_stops_nothing() -> None:
    """A leg whose failure is tolerated does not set `fail-fast` off, nor fail the whole."""
    test = {**matrix(1, 2), "continue-on-error": "${{ matrix.n == 1 }}"}
    decision = begun(
        plan("test; deploy: test", test=test), ended("test/1", "failure"), ended("test/2")
    )

    assert keys(decision.commands) == ["dispatch/deploy/1"]
    assert build.statuses(decision.state)["test"] is TaskStatus.FAILED


def test_a_task_says_how_many_of_its_legs_failed() -> None:
    """Of a matrix the reason counts the legs, and names the first."""
    strategy = matrix(1, 2, 3, **{"fail-fast": False})
    decision = begun(
        plan("test", test=strategy),
        ended("test/1", "failure"),
        ended("test/2"),
        ended("test/3", "failure"),
    )
    reason = decision.state.tasks[build.attempt("test").task].reason

    assert reason is not None
    assert reason.message == "2 of 3 did not succeed; the first is 1: the workflow run failed"


def test_what_needs_a_matrix_reads_it_by_leg() -> None:
    """The outputs of a matrix are a map by leg key."""
    test = {**matrix("a", "b"), "outputs": {"ok": {"type": "boolean"}}}
    deploy = {"with": {"ok": "${{ needs.test.outputs['b'].ok }}"}}
    decision = begun(
        plan("test; deploy: test", test=test, deploy=deploy),
        reported("test/b", {"ok": True}),
        ended("test/a"),
        ended("test/b"),
        elapsed("test", later(minutes=1)),
    )

    assert [each.inputs for each in asked(decision, DispatchWorkflow)] == [{"ok": "true"}]


# Failure that is tolerated.


@pytest.mark.parametrize("how", [ended("build", "failure"), refused("build")])
def test_continue_on_error_lets_the_rest_go_on(how: Any) -> None:
    """A tolerated failure, be it of the run or of its dispatch, counts as a success."""
    decision = begun(plan("build; test: build", build={"continue-on-error": True}), how)
    over = after(decision, ended("test"))

    assert keys(decision.commands) == ["dispatch/test/1"]
    assert over.state.status is OrchestrationStatus.SUCCEEDED


def test_a_tolerance_without_a_value_is_none() -> None:
    """Where `continue-on-error` cannot be evaluated, the failure counts."""
    lint = {"outputs": {"strict": {"type": "boolean"}}}
    test = {"continue-on-error": "${{ needs.lint.outputs.strict }}"}
    decision = begun(
        plan("lint; test: lint", lint=lint, test=test),
        ended("lint"),
        elapsed("lint", later(minutes=1)),
        ended("test", "failure"),
    )

    assert decision.state.status is OrchestrationStatus.FAILED


# Time.


def test_a_run_that_takes_too_long_is_cancelled_and_counts_as_failed() -> None:
    """`timeout-minutes` counts from when the run began to run."""
    slow = {"timeout-minutes": 30}
    going = begun(
        plan("build", build=slow), accepted("build"), running("build", at=later(minutes=9))
    )
    heard = after(going, elapsed("build", later(minutes=19)))
    late = after(heard, elapsed("build", later(minutes=39)))
    over = after(late, ended("build", "cancelled", at=later(minutes=40)))

    assert asked(heard, CancelWorkflowRun) == []
    assert keys(late.commands)[0] == "cancel/build/1"
    assert build.code(over.state, "build") == "timed-out"
    assert over.state.status is OrchestrationStatus.FAILED


def test_a_run_that_never_starts_is_given_up() -> None:
    """After a day without a runner a run is cancelled, and says why."""
    decision = begun(plan("build"), accepted("build"), elapsed("build", later(hours=24)))

    assert build.code(decision.state, "build/") == "never-started"
    assert build.legs(decision.state, "build") == {"": L.CANCELLING}


def test_a_run_that_waits_for_a_person_is_not_timed() -> None:
    """Days at an environment are no fault of the run; its time starts when it is let go."""
    held = begun(plan("build", build={"timeout-minutes": 5}), seen("build", "waiting"))
    days = after(held, elapsed("build", later(days=3)))
    lets = after(days, running("build", at=later(days=3)))
    late = after(lets, elapsed("build", later(days=3, minutes=5)))

    assert build.legs(days.state, "build") == {"": L.HELD}
    assert build.legs(late.state, "build") == {"": L.CANCELLING}


def test_a_deaf_run_is_cancelled_by_force() -> None:
    """What does not stop within five minutes is asked once more, by force, and never again."""
    asks = begun(plan("build"), accepted("build"), cancelled())
    force = after(asks, elapsed("build", later(minutes=5)))
    again = after(force, elapsed("build", later(minutes=30)))

    assert [each.force for each in asked(force, CancelWorkflowRun)] == [True]
    assert asked(again, CancelWorkflowRun) == []


def test_a_run_whose_id_is_unknown_is_cancelled_when_it_is_known() -> None:
    """Without an id nothing can be cancelled yet; the first word of the run brings it."""
    blind = begun(plan("build"), accepted("build", knows_run=False), cancelled())
    known = after(blind, running("build"))

    assert asked(blind, CancelWorkflowRun) == []
    assert keys(known.commands) == ["cancel/build/1"]


# Silence.


def test_a_silent_run_is_looked_up_at_growing_pauses() -> None:
    """Ten minutes of silence, then twenty, then forty; a word starts it over."""
    decision = begun(plan("build"), accepted("build"))
    found: list[float] = []
    for _ in range(4):
        due = decision.state.tasks[build.attempt("build").task].timer
        assert due is not None
        found.append((due - build.START).total_seconds() / 60)
        decision = after(decision, elapsed("build", due))
        assert len(asked(decision, LookUpWorkflowRun)) == 1

    assert found == [10, 30, 70, 130]


def test_a_run_is_looked_up_before_it_is_given_up_as_never_started() -> None:
    """It may wait for a person, of which no webhook tells; then it is not given up."""
    hasty = plan("build", build={"queue-timeout-minutes": 4})
    decision = after(begun(hasty, accepted("build")), elapsed("build", later(minutes=2)))
    waits = seen("build", RunStatus.WAITING, at=later(minutes=2))
    held = after(decision, waits, elapsed("build", later(minutes=5)))

    assert len(asked(decision, LookUpWorkflowRun)) == 1
    assert build.leg(held.state, "build").status is L.HELD


def test_a_run_without_a_known_id_is_looked_up_sooner_and_given_up() -> None:
    """By its marker it is sought after a minute; after three misses it counts as lost."""
    decision = begun(plan("build"), accepted("build", knows_run=False))
    for minutes in (1, 3, 7):
        assert not decision.state.has_ended
        decision = after(
            decision,
            elapsed("build", later(minutes=minutes)),
            missed("build", at=later(minutes=minutes)),
        )

    assert build.code(decision.state, "build") == "workflow-run-lost"


def test_a_look_up_that_is_not_answered_is_made_again() -> None:
    """Each look-up has a key of its own and a next one behind it."""
    first = begun(plan("build"), accepted("build"), elapsed("build", later(minutes=10)))
    second = after(first, elapsed("build", later(minutes=30)))

    assert keys(first.commands) != keys(second.commands)


# The end of a task.


def test_the_tag_of_a_pinned_dispatch_is_removed() -> None:
    """A commit is dispatched through a short-lived tag, which goes when the task has ended."""
    going = begun(plan("build", build={"ref": HEAD}))
    over = after(going, ended("build"))
    marker = build.leg(going.state, "build").attempt.marker

    assert asked(over, RemoveTag)[0].tag == f"signalbox/{marker}"


def test_a_timer_that_has_nothing_to_do_is_set_anew() -> None:
    """What was heard meanwhile moves the next moment on."""
    going = begun(plan("build"), accepted("build"), running("build", at=later(minutes=9)))
    rung = after(going, elapsed("build", later(minutes=10)))

    assert keys(rung.commands) == []
    assert rung.state.tasks[build.attempt("build").task].timer == later(minutes=19)


def test_a_timer_that_nobody_set_is_idle() -> None:
    """Timers that come early, twice, for an ended task or for none change nothing."""
    going = begun(plan("build; test"), accepted("build"), ended("test"))
    early = after(going, elapsed("build", later(minutes=1)))
    ended_task = after(going, elapsed("test", later(minutes=11)))
    unknown = after(going, elapsed("nothing", later(minutes=11)))

    assert early == ended_task == unknown == Decision(state=going.state)
