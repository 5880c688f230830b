"""Stories about waves that are tried again: by people who ask us, or who re-run on GitHub."""

from typing import Any

from app.core.events import Conclusion, RunStatus, WorkflowRunObserved
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.state import WaveStatus
from tests.core.wave_kit import (
    APPROVAL,
    NAME,
    ROLLBACK,
    decide_wave,
    rerun,
    retry,
    roll_back,
    rollout,
    ship,
    statuses,
    wave,
    waves,
)
from tests.kit import build
from tests.kit.build import plan
from tests.kit.stage import MOMENT, Stage

L = LegStatus
W = WaveStatus


# Tried again.


def test_a_retry_begins_the_failed_wave_again_and_keeps_the_others() -> None:
    """Its approval is asked for anew: what people knew has changed."""
    stage = rollout(wave("canary", 50), wave("rest", approval=APPROVAL))
    ship(stage, "ab")
    decide_wave(stage, "rest")
    ship(stage, "c", "failure")
    ship(stage, "d")
    retry(stage)
    again = waves(stage)
    decide_wave(stage, "rest")
    ship(stage, "c")

    assert again == {"canary": W.PASSED, "rest": W.ASKING}
    assert len(stage.leg("rollout/a").attempts) == 1
    assert len(stage.leg("rollout/d").attempts) == 1
    assert stage.end == ("success", "")


def test_a_retry_ships_again_what_was_rolled_back() -> None:
    """It had succeeded once, and is there no more; a second failure rolls it back again."""
    stage = rollout(wave("all"), legs="abc", rollback=ROLLBACK)
    ship(stage, "ab")
    ship(stage, "c", "failure")
    roll_back(stage, "all", "ab")
    retry(stage)
    ship(stage, "a")
    ship(stage, "b", "failure")
    ship(stage, "c", "cancelled")
    roll_back(stage, "all", "a")

    assert [len(stage.leg(f"rollout/{leg}").attempts) for leg in "abc"] == [2, 2, 2]
    assert statuses(stage, "rollout~rollback.all") == {"a": L.SUCCEEDED, "b": L.SKIPPED}
    assert len(stage.leg("rollout~rollback.all/a").attempts) == 2
    assert stage.code(NAME) == "wave-failed"


def test_people_who_are_asked_may_let_it_try_again() -> None:
    """`on-failure: ask` asks about a failed wave, too."""
    stage = rollout(wave("all"), legs="ab", task={"on-failure": "ask"})
    ship(stage, "a")
    ship(stage, "b", "failure")
    asking = stage.status(NAME)
    stage.choose(NAME, "retry")
    ship(stage, "b")

    assert asking is TaskStatus.ASKING
    assert stage.end == ("success", "")


def test_a_rollout_that_succeeded_begins_from_the_beginning() -> None:
    """All its legs go through all its waves once more."""
    stage = rollout(wave("canary", 50), wave("rest"))
    ship(stage, "abcd")
    retry(stage)

    assert waves(stage) == {"canary": W.RUNNING, "rest": W.WAITING}
    assert statuses(stage)["a"] is L.DISPATCHING
    assert statuses(stage)["d"] is L.PENDING


def test_a_leg_that_the_matrix_has_no_more_is_in_no_wave() -> None:
    """It holds no wave up, and does not count as failed."""
    sizes = {"outputs": {"legs": {"type": "array"}}}
    strategy = {
        "matrix": {"n": "${{ needs.targets.outputs.legs }}"},
        "waves": [wave("canary", 50), wave("rest")],
    }
    known = plan("targets; rollout: targets", targets=sizes, rollout={"strategy": strategy})
    stage = Stage.of(known)
    stage.run("targets", outputs={"legs": ["a", "b"]})
    ship(stage, "a", "failure")
    rerun_targets(stage, ["a", "c"])
    retry(stage)
    ship(stage, "ac")

    assert {key: leg.wave for key, leg in stage.task(NAME).legs.items()} == {
        "b": "",
        "a": "canary",
        "c": "rest",
    }
    assert waves(stage) == {"canary": W.PASSED, "rest": W.PASSED}
    assert stage.end == ("success", "")


def rerun_targets(stage: Stage, legs: list[str]) -> None:
    """Let the workflow run of the targets be re-run, with another outcome."""
    for status, how in (
        (RunStatus.IN_PROGRESS, None),
        (RunStatus.COMPLETED, Conclusion.SUCCESS),
    ):
        stage.now += MOMENT
        seen = WorkflowRunObserved(
            at=stage.now,
            attempt=build.attempt("targets"),
            workflow_run_id=stage.leg("targets").attempt.workflow_run_id or 0,
            run_attempt=2,
            status=status,
            conclusion=how,
            head_sha=build.HEAD,
            url="",
        )
        stage.tell(seen)
        if how is None:
            report = build.reported("targets", {"legs": legs}, run_attempt=2, at=stage.now)
            stage.tell(report)


# Re-run on GitHub.


def test_a_leg_that_is_re_run_brings_its_wave_back() -> None:
    """It is judged when it has ended, though others of its wave had failed before."""
    stage = rollout(wave("first", 50), wave("rest"))
    ship(stage, "a", "failure")
    ship(stage, "b")
    rerun(stage, "a", RunStatus.IN_PROGRESS)
    back = (waves(stage), stage.state.status)
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.SUCCESS)

    assert back == ({"first": W.RUNNING, "rest": W.STOPPED}, OrchestrationStatus.RUNNING)
    assert waves(stage) == {"first": W.PASSED, "rest": W.STOPPED}
    assert stage.status(NAME) is TaskStatus.CANCELLED
    retry(stage)
    ship(stage, "cd")
    assert stage.end == ("success", "")


def test_a_re_run_wave_with_other_failures_fails_again_at_its_end() -> None:
    """One leg made good does not make good the others."""
    stage = rollout(wave("all"), legs="ab")
    ship(stage, "a", "failure")
    ship(stage, "b", "failure")
    rerun(stage, "b", RunStatus.IN_PROGRESS)
    back = waves(stage)
    rerun(stage, "b", RunStatus.COMPLETED, Conclusion.SUCCESS)

    assert back == {"all": W.RUNNING}
    assert waves(stage) == {"all": W.FAILED}


def test_a_re_run_lets_no_wave_begin_before_people_say_so() -> None:
    """A leg of a wave that waits for its approval may run again; no other of it does."""
    stage = rollout(wave("all", max_parallel=1, approval=APPROVAL), legs="ab")
    decide_wave(stage, "all")
    ship(stage, "a")
    ship(stage, "b", "failure")
    retry(stage)
    rerun(stage, "a", RunStatus.IN_PROGRESS)

    assert waves(stage) == {"all": W.ASKING}
    assert statuses(stage) == {"a": L.RUNNING, "b": L.PENDING}


def rejected(**task: Any) -> Stage:
    """Let a wave that had failed be tried again, and people say no to that."""
    stage = rollout(wave("all", approval=APPROVAL), legs="ab", task=task)
    decide_wave(stage, "all")
    ship(stage, "b", "cancelled")
    ship(stage, "a", "cancelled")
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.SUCCESS)
    retry(stage)
    decide_wave(stage, "all", "reject")
    return stage


def test_a_re_run_does_not_bring_back_what_people_said_no_to() -> None:
    """The workflow run goes its way; the wave stays as it is."""
    stage = rejected()
    rerun(stage, "a", RunStatus.IN_PROGRESS, run_attempt=3)
    going = (waves(stage), statuses(stage)["a"])
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.SUCCESS, run_attempt=3)

    assert going == ({"all": W.FAILED}, L.RUNNING)
    assert waves(stage) == {"all": W.FAILED}
    assert stage.end == ("failure", "task-failed")


def test_a_re_run_of_what_is_over_is_not_tried_once_more() -> None:
    """What would be dispatched by ourselves is not: its wave has ended."""
    again = {"max-attempts": 5, "backoff": {"initial": "1m", "jitter": "none"}}
    stage = rejected(retry=again)
    rerun(stage, "a", RunStatus.IN_PROGRESS, run_attempt=3)
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.FAILURE, run_attempt=3)
    stage.wait(hours=1)

    assert statuses(stage) == {"a": L.CANCELLED, "b": L.CANCELLED}
    assert stage.end == ("failure", "task-failed")


def test_a_re_run_does_not_bring_back_what_nobody_was_asked_about() -> None:
    """The approval of another try was still open when an earlier wave failed after all."""
    stage = rollout(wave("first", 33), wave("rest", approval=APPROVAL), legs="abc")
    ship(stage, "a")
    decide_wave(stage, "rest")
    ship(stage, "b")
    ship(stage, "c", "failure")
    retry(stage)
    rerun(stage, "a", RunStatus.IN_PROGRESS)
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.FAILURE)
    failed = waves(stage)
    rerun(stage, "b", RunStatus.COMPLETED, Conclusion.SUCCESS)

    assert failed == waves(stage) == {"first": W.FAILED, "rest": W.STOPPED}


def test_a_wave_that_fails_takes_the_others_under_way_with_it() -> None:
    """A leg of an earlier wave, re-run while a later one goes on, fails both."""
    stage = rollout(wave("first", 50), wave("rest"), rollback={**ROLLBACK, "scope": "all"})
    ship(stage, "abc")
    rerun(stage, "a", RunStatus.IN_PROGRESS)
    both = waves(stage)
    ship(stage, "d", "failure")
    failing = (waves(stage), statuses(stage)["a"])
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.CANCELLED)
    roll_back(stage, "first", "bc")

    assert both == {"first": W.RUNNING, "rest": W.RUNNING}
    assert failing == ({"first": W.FAILING, "rest": W.FAILING}, L.CANCELLING)
    assert waves(stage) == {"first": W.FAILED, "rest": W.FAILED}
    reason = stage.task(NAME).reason
    assert reason is not None
    assert reason.message.startswith("the wave rest failed: 1 of 2 failed")
