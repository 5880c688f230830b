"""Stories about undoing: what had succeeded, the last one first, when the end is a bad one."""

from typing import Any

from app.core.commands import DispatchWorkflow, PerformOperation, StartChild
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.rules import Decision
from tests.kit import build
from tests.kit.build import (
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
    reported,
)
from tests.kit.said import granted, lock_of, retried, rolled_back, skipped, told

L = LegStatus
UNDO: dict[str, Any] = {
    "compensate": {"dispatch": "acme/ops/.github/workflows/undo.yml@main", "timeout-minutes": 9}
}


def test_what_succeeded_is_undone_in_reverse_order() -> None:
    """One after the other, the last that was done first; then the whole has failed."""
    known = plan("api; web: api; ship: web", api=UNDO, web=UNDO, ship=UNDO)
    last = begun(
        known,
        ended("api", at=later(minutes=1)),
        ended("web", at=later(minutes=2)),
        ended("ship", "failure", at=later(minutes=3)),
    )
    first = after(last, ended("web~undo", at=later(minutes=4)))
    over = after(first, ended("api~undo", at=later(minutes=5)))

    assert keys(last.commands) == ["dispatch/web~undo/1"]
    assert last.state.status is OrchestrationStatus.COMPENSATING
    assert keys(first.commands) == ["dispatch/api~undo/1"]
    assert over.state.status is OrchestrationStatus.FAILED
    assert build.code(over.state) == "task-failed"


def test_a_good_end_undoes_nothing() -> None:
    """Neither does a bad one in which nothing had succeeded that says how it is undone."""
    good = begun(plan("build; test: build", build=UNDO), ended("build"), ended("test"))
    bad = begun(plan("build; test: build", test=UNDO), ended("build"), ended("test", "failure"))

    assert good.state.status is OrchestrationStatus.SUCCEEDED
    assert bad.state.status is OrchestrationStatus.FAILED
    assert asked(good, DispatchWorkflow) == asked(bad, DispatchWorkflow) == []


def test_a_cancellation_undoes_as_well() -> None:
    """Once everything under way has stopped."""
    stops = begun(
        plan("build; test: build", build=UNDO), ended("build"), accepted("test"), cancelled()
    )
    undoes = after(stops, ended("test", "cancelled"))
    over = after(undoes, ended("build~undo"))

    assert asked(stops, DispatchWorkflow) == []
    assert keys(undoes.commands) == ["dispatch/build~undo/1"]
    assert over.state.status is OrchestrationStatus.CANCELLED


def test_of_a_matrix_each_leg_that_succeeded_is_undone() -> None:
    """With its own values, all at once; a failed leg has nothing to undo."""
    undo = {
        "compensate": {
            "dispatch": "acme/ops/.github/workflows/undo.yml@main",
            "with": {"n": "${{ matrix.n }}"},
        }
    }
    test = {"strategy": {"matrix": {"n": [1, 2, 3]}, "fail-fast": False}, **undo}
    decision = begun(
        plan("test", test=test), ended("test/1"), ended("test/2", "failure"), ended("test/3")
    )

    assert [each.inputs for each in asked(decision, DispatchWorkflow)] == [
        {"n": "1"},
        {"n": "3"},
    ]


def test_undoing_reads_what_the_task_read() -> None:
    """Its expressions see the same needs."""
    image = {"outputs": {"image": {"type": "string"}}}
    undo = {
        "compensate": {
            "dispatch": "acme/ops/.github/workflows/undo.yml@main",
            "with": {"image": "${{ needs.build.outputs.image }}"},
        }
    }
    decision = begun(
        plan("build; ship: build; test: ship", build=image, ship=undo),
        reported("build", {"image": "v1"}),
        ended("build"),
        ended("ship"),
        ended("test", "failure"),
    )

    assert [each.inputs for each in asked(decision, DispatchWorkflow)] == [{"image": "v1"}]


def test_calls_and_children_undo_as_well() -> None:
    """Whatever is done and then over may compensate."""
    call = {"github": "issue.create", "with": {"repository": "acme/a", "title": "Undone"}}
    child = {"orchestrate": "acme/ops/.github/orchestrations/undo.yml@main"}
    calls = begun(plan("a; b: a", a={"compensate": call}), ended("a"), ended("b", "failure"))
    starts = begun(plan("a; b: a", a={"compensate": child}), ended("a"), ended("b", "failure"))

    assert len(asked(calls, PerformOperation)) == 1
    assert len(asked(starts, StartChild)) == 1


def test_undoing_needs_no_place_and_no_calendar() -> None:
    """A freeze is there to keep things safe, and a queue must not hold up what repairs."""
    known = plan(
        "build; test: build",
        whole={"freeze": ["freeze"]},
        build={**UNDO, "concurrency": "lab"},
    )
    asks = begun(known, told("build", is_open=True))
    ran = after(asks, granted("build", lock=lock_of(asks)), ended("build"))
    undoes = after(ran, told("test", is_open=True), ended("test", "failure"))

    assert keys(undoes.commands) == ["dispatch/build~undo/1"]


def test_what_goes_wrong_while_undoing_is_said() -> None:
    """Somebody has to look: the reason names it, and what came before."""
    undoes = begun(
        plan("build; test: build", build=UNDO), ended("build"), ended("test", "failure")
    )
    over = after(undoes, ended("build~undo", "failure"))

    assert over.state.status is OrchestrationStatus.FAILED
    assert over.state.reason is not None
    assert over.state.reason.code == "undo-failed"
    assert over.state.reason.message == ("build~undo did not succeed; before that: test failed")


def test_an_undoing_that_cannot_be_written_is_a_fault_as_well() -> None:
    """The next one is undone all the same."""
    image = {"outputs": {"image": {"type": "string"}}}
    blind = {
        "compensate": {
            "dispatch": "acme/ops/.github/workflows/undo.yml@main",
            "with": {"image": "${{ needs.build.outputs.image }}"},
        }
    }
    decision = begun(
        plan("build; ship: build; test: ship", build={**image, **UNDO}, ship=blind),
        ended("build"),
        elapsed("build", later(minutes=1)),
        ended("ship", at=later(minutes=2)),
        ended("test", "failure", at=later(minutes=3)),
    )

    assert keys(decision.commands) == ["dispatch/build~undo/1"]
    assert build.statuses(decision.state)["ship~undo"] is TaskStatus.FAILED


def test_undoing_has_its_own_time() -> None:
    """It is cancelled when it takes too long, and then has failed."""
    undoes = begun(
        plan("build; test: build", build=UNDO),
        ended("build"),
        ended("test", "failure"),
        build.running("build~undo"),
    )
    late = after(undoes, elapsed("build~undo", later(minutes=9)))
    over = after(late, ended("build~undo", "cancelled", at=later(minutes=10)))

    assert keys(late.commands)[0] == "cancel/build~undo/1"
    assert build.code(over.state) == "undo-failed"


def test_undoing_is_retried_like_its_task() -> None:
    """It has the retries of what it undoes."""
    retry = {"retry": {"max-attempts": 2, "backoff": {"initial": "30s", "jitter": "none"}}}
    rests = begun(
        plan("build; test: build", build={**UNDO, **retry}),
        ended("build"),
        ended("test", "failure"),
        refused("build~undo"),
    )
    second = after(rests, elapsed("build~undo", later(seconds=30)))

    assert keys(second.commands) == ["dispatch/build~undo/2"]


def test_people_leave_undoing_alone() -> None:
    """It is neither skipped nor tried again by itself, nor re-run."""
    undoes = begun(
        plan("build; test: build", build=UNDO), ended("build"), ended("test", "failure")
    )
    over = after(undoes, ended("build~undo", "failure"))
    again = build.seen("build~undo", "queued", run_attempt=2)

    assert after(undoes, skipped("build~undo")) == Decision(state=undoes.state)
    assert after(over, retried("build~undo")) == Decision(state=over.state)
    assert after(over, again) == Decision(state=over.state)


# Done again after it was undone.


def test_what_was_undone_is_done_again() -> None:
    """A retry after a compensation begins with what does not stand any more."""
    over = begun(
        plan("build; test: build", build=UNDO),
        ended("build"),
        ended("test", "failure"),
        ended("build~undo"),
    )
    decision = after(over, retried("test"))
    good = after(decision, ended("build#2"), ended("test#2"))

    assert keys(decision.commands) == ["dispatch/build/2"]
    assert build.statuses(decision.state)["test"] is TaskStatus.WAITING
    assert good.state.status is OrchestrationStatus.SUCCEEDED


def test_all_that_was_undone_is_done_again() -> None:
    """ "Retry from failed" begins each of it once."""
    over = begun(
        plan("api; web; ship: api, web", api=UNDO, web=UNDO),
        ended("api"),
        ended("web"),
        ended("ship", "failure"),
        ended("web~undo"),
        ended("api~undo"),
    )
    decision = after(over, retried())

    assert keys(decision.commands) == ["dispatch/api/2", "dispatch/web/2"]
    assert build.statuses(decision.state)["ship"] is TaskStatus.WAITING


def test_what_was_done_again_is_undone_again() -> None:
    """With an attempt of its own: no marker is used twice."""
    over = begun(
        plan("build; test: build", build=UNDO),
        ended("build"),
        ended("test", "failure"),
        ended("build~undo"),
        retried(),
        ended("build#2", at=later(minutes=1)),
        ended("test#2", "failure", at=later(minutes=2)),
    )

    assert keys(over.commands) == ["dispatch/build~undo/2"]
    assert build.leg(over.state, "build~undo").spent == 1


def test_of_a_matrix_only_what_succeeded_again_is_undone_again() -> None:
    """A leg that failed the second time has nothing to undo any more."""
    test = {"strategy": {"matrix": {"n": [1, 2]}, "fail-fast": False}, **UNDO}
    known = plan("test; ship: test", test=test)
    over = begun(
        known,
        ended("test/1"),
        ended("test/2"),
        ended("ship", "failure"),
        ended("test~undo/1"),
        ended("test~undo/2"),
        retried(),
        ended("test/1#2", "failure"),
        ended("test/2#2"),
    )

    assert keys(over.commands) == ["dispatch/test~undo/2/2"]
    assert build.legs(over.state, "test~undo") == {"1": L.SKIPPED, "2": L.DISPATCHING}


def test_a_roll_back_is_a_bad_end_like_any() -> None:
    """What was rolled back can be done again."""
    over = begun(plan("build", build=UNDO), ended("build"), rolled_back(), ended("build~undo"))
    decision = after(over, retried())

    assert over.state.status is OrchestrationStatus.CANCELLED
    assert keys(decision.commands) == ["dispatch/build/2"]
