"""Stories about waves: which leg is in which, in which order they go, and how they fail."""

from app.core.commands import DispatchWorkflow
from app.core.events import Conclusion, RunStatus, WorkflowRunObserved
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.state import WaveStatus
from tests.core.wave_kit import (
    APPROVAL,
    NAME,
    ROLLBACK,
    cancel,
    decide_wave,
    members,
    pause,
    rerun,
    resume,
    retry,
    roll_back,
    rollout,
    ship,
    skip,
    statuses,
    wave,
    waves,
)
from tests.kit import build
from tests.kit.build import plan
from tests.kit.stage import MOMENT, Stage

L = LegStatus
W = WaveStatus


# Which leg is in which wave.


def test_legs_are_dealt_out_by_percent_in_the_order_of_the_matrix() -> None:
    """`percent` counts all legs so far, rounded up, so that a few are enough for the first."""
    stage = rollout(wave("canary", 10), wave("half", 50), wave("rest"), legs="abcde")

    assert members(stage) == {"canary": "a", "half": "bc", "rest": "de"}


def test_conditions_choose_before_percents() -> None:
    """What a condition claims is in its wave, and counts in no percentage."""
    canary = wave("canary", when="matrix.n == 'd' || matrix.n == 'e'")
    stage = rollout(canary, wave("half", 50), wave("rest"), legs="abcde")

    assert members(stage) == {"half": "ab", "rest": "c", "canary": "de"}


def test_a_condition_of_a_later_wave_is_no_less_a_claim() -> None:
    """A leg waits for the wave whose condition holds, wherever it stands in the matrix."""
    stage = rollout(wave("rest", 60), wave("last", when="matrix.n == 'a'"), wave("all"))

    assert members(stage) == {"last": "a", "rest": "bc", "all": "d"}


def test_a_condition_without_a_value_fails_the_task_before_it_begins() -> None:
    """Which wave a leg is in cannot be guessed: nothing is dispatched."""
    stage = rollout(wave("canary", when="event.tier == matrix.n"), wave("rest"))

    assert stage.code(NAME) == "expression-failed"
    assert stage.asked(DispatchWorkflow) == []


# One after the other.


def test_a_wave_begins_when_the_one_before_it_has_passed() -> None:
    """The legs of a wave run together; those of the next wait for the last of them."""
    stage = rollout(wave("canary", 50), wave("rest"))
    assert statuses(stage) == {
        "a": L.DISPATCHING,
        "b": L.DISPATCHING,
        "c": L.PENDING,
        "d": L.PENDING,
    }
    ship(stage, "a")
    assert waves(stage) == {"canary": W.RUNNING, "rest": W.WAITING}
    ship(stage, "b")
    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}
    ship(stage, "cd")

    assert stage.end == ("success", "")


def test_a_wave_has_a_limit_of_its_own_beside_that_of_the_task() -> None:
    """The smaller of the two `max-parallel` counts."""
    stage = rollout(wave("one", 50, max_parallel=1), wave("two"), legs="abcdef", max_parallel=2)
    first = statuses(stage)
    ship(stage, "abc")
    second = statuses(stage)

    assert [key for key in first if first[key] is L.DISPATCHING] == ["a"]
    assert [key for key in second if second[key] is L.DISPATCHING] == ["d", "e"]


def test_an_empty_wave_passes_at_once() -> None:
    """A wave that no leg falls under holds nothing up, and does not bake."""
    stage = rollout(wave("never", when="matrix.n == 'z'", bake="1h"), wave("rest"))

    assert waves(stage) == {"never": W.PASSED, "rest": W.RUNNING}


def test_fail_fast_is_not_for_waves() -> None:
    """A failed leg within `max-failures` stops no other."""
    stage = rollout(wave("all", max_failures=1))
    ship(stage, "a", "failure")
    ship(stage, "bcd")

    assert waves(stage) == {"all": W.PASSED}
    assert stage.status(NAME) is TaskStatus.FAILED
    assert stage.task(NAME).is_tolerated
    assert stage.task(NAME).is_warned
    assert stage.end == ("success", "")


def test_a_failure_that_a_wave_allows_counts_where_warnings_do() -> None:
    """With `on-warning: fail` a rollout that left a leg behind has failed."""
    stage = rollout(wave("all", max_failures=1), task={"on-warning": "fail"})
    ship(stage, "a", "cancelled")
    ship(stage, "bcd")

    assert stage.end == ("failure", "task-failed")


def test_a_leg_that_is_tolerated_counts_against_nothing() -> None:
    """`continue-on-error` is stronger than `max-failures: 0`."""
    stage = rollout(wave("all"), task={"continue-on-error": True})
    ship(stage, "abcd", "failure")

    assert waves(stage) == {"all": W.PASSED}
    assert stage.end == ("success", "")


# Asked for.


def test_a_wave_with_an_approval_is_asked_about_before_it_begins() -> None:
    """No leg of it is dispatched before people say so, and only once its time has come."""
    stage = rollout(wave("canary", 25), wave("rest", approval=APPROVAL))
    before = waves(stage)
    decide_wave(stage, "rest")
    ship(stage, "a")
    asked = waves(stage)
    held = len(stage.asked(DispatchWorkflow))
    decide_wave(stage, "rest")

    assert before == {"canary": W.RUNNING, "rest": W.WAITING}
    assert asked == {"canary": W.PASSED, "rest": W.ASKING}
    assert held == 1
    assert len(stage.asked(DispatchWorkflow)) == 4


def test_a_wave_may_approve_itself() -> None:
    """`auto` decides where its condition holds."""
    auto = {**APPROVAL, "auto": {"when": "actor == 'mona'", "choose": "approve"}}
    stage = rollout(wave("all", approval=auto))

    assert waves(stage) == {"all": W.RUNNING}
    assert stage.task(NAME).waves["all"].gate is not None


def test_a_rejected_wave_fails_and_rolls_nothing_of_its_own_back() -> None:
    """A no ends the task; the waves before stay as they are, since the scope is the wave."""
    later = wave("later", 75, approval=APPROVAL)
    stage = rollout(wave("canary", 25), later, wave("rest"), rollback=ROLLBACK)
    ship(stage, "a")
    decide_wave(stage, "later", "reject", "not on a Friday")

    reason = stage.task(NAME).reason
    assert reason is not None
    assert reason.code == "wave-failed"
    assert reason.message == "the wave later failed: rejected by ada: not on a Friday"
    assert statuses(stage) == {
        "a": L.SUCCEEDED,
        "b": L.CANCELLED,
        "c": L.CANCELLED,
        "d": L.SKIPPED,
    }
    assert waves(stage) == {"canary": W.PASSED, "later": W.FAILED, "rest": W.STOPPED}
    assert stage.end == ("failure", "task-failed")


def test_a_wave_is_rejected_without_a_word() -> None:
    """A no needs no reason."""
    stage = rollout(wave("all", approval=APPROVAL))
    decide_wave(stage, "all", "reject")

    assert stage.end == ("failure", "task-failed")


def test_options_of_its_own_all_let_a_wave_go_on() -> None:
    """As for approvals: only the default `reject` is a no."""
    stage = rollout(wave("all", approval={**APPROVAL, "options": ["fast", "slow"]}))
    decide_wave(stage, "all", "slow")

    assert waves(stage) == {"all": W.RUNNING}


def test_an_empty_wave_is_asked_about_while_others_come_behind_it() -> None:
    """Its approval stands between what is before and what is behind it."""
    never = wave("never", when="matrix.n == 'z'", approval=APPROVAL)
    stage = rollout(never, wave("rest"))
    asked = waves(stage)
    decide_wave(stage, "never")
    last = rollout(wave("rest", when="true"), wave("last", approval=APPROVAL))
    ship(last, "abcd")

    assert asked == {"never": W.ASKING, "rest": W.WAITING}
    assert waves(stage) == {"never": W.PASSED, "rest": W.RUNNING}
    assert last.end == ("success", "")


# While it is paused.


def test_while_paused_no_wave_begins() -> None:
    """What is decided meanwhile is kept until it goes on."""
    stage = rollout(wave("canary", 25), wave("half", 50, approval=APPROVAL), wave("rest"))
    pause(stage)
    ship(stage, "a")
    paused = waves(stage)
    resume(stage)
    pause(stage)
    decide_wave(stage, "half")
    decided = waves(stage)
    resume(stage)

    assert paused == {"canary": W.PASSED, "half": W.WAITING, "rest": W.WAITING}
    assert decided == {"canary": W.PASSED, "half": W.ASKING, "rest": W.WAITING}
    assert waves(stage) == {"canary": W.PASSED, "half": W.RUNNING, "rest": W.WAITING}


# How a wave fails.


def test_too_many_failures_stop_the_rest_at_once() -> None:
    """Nothing new begins, what runs is cancelled, and no later wave comes."""
    stage = rollout(wave("first", 75, max_parallel=2), wave("rest"))
    ship(stage, "a", "failure")
    failing = (waves(stage), statuses(stage))
    ship(stage, "b", "cancelled")

    assert failing == (
        {"first": W.FAILING, "rest": W.STOPPED},
        {"a": L.FAILED, "b": L.CANCELLING, "c": L.CANCELLED, "d": L.SKIPPED},
    )
    assert stage.code(NAME) == "wave-failed"
    reason = stage.task(NAME).reason
    assert reason is not None
    assert reason.message == (
        "the wave first failed: 1 of 3 failed, and 0 may (`max-failures`); "
        "first a: the workflow run failed"
    )
    assert stage.end == ("failure", "task-failed")


def test_a_leg_that_somebody_cancels_on_github_counts_as_failed() -> None:
    """What did not succeed is not there."""
    stage = rollout(wave("all"), legs="a")
    ship(stage, "a", "cancelled")

    assert waves(stage) == {"all": W.FAILED}


def test_a_leg_that_rests_is_no_failure_yet() -> None:
    """A wave waits for the attempts that `retry` allows."""
    again = {"max-attempts": 2, "backoff": {"initial": "1m", "jitter": "none"}}
    stage = rollout(wave("all"), legs="ab", task={"retry": again})
    ship(stage, "a", "failure")
    resting = waves(stage)
    stage.wait(minutes=1)
    ship(stage, "ab")

    assert resting == {"all": W.RUNNING}
    assert stage.end == ("success", "")


def test_what_succeeded_of_a_failed_wave_is_rolled_back() -> None:
    """Also what succeeds while it is being cancelled; the task ends after the roll-back."""
    stage = rollout(
        wave("canary", 25), wave("rest"), rollback=ROLLBACK, task={"on-failure": "continue"}
    )
    ship(stage, "ab")
    ship(stage, "c", "failure")
    before = stage.asked(DispatchWorkflow)[4:]
    ship(stage, "d")
    dispatched = stage.asked(DispatchWorkflow)[4:]
    open_status = stage.status(NAME)
    roll_back(stage, "rest", "bd")

    assert before == []
    assert [each.inputs for each in dispatched] == [{"n": "b"}, {"n": "d"}]
    assert open_status is TaskStatus.RUNNING
    assert stage.status(NAME) is TaskStatus.FAILED
    assert stage.task(NAME).is_tolerated
    assert stage.end == ("success", "")


def test_the_scope_all_rolls_back_the_waves_before_as_well() -> None:
    """Every leg that succeeded so far, in the order of the matrix."""
    stage = rollout(wave("canary", 50), wave("rest"), rollback={**ROLLBACK, "scope": "all"})
    ship(stage, "abc")
    ship(stage, "d", "failure")

    assert list(statuses(stage, "rollout~rollback.rest")) == ["a", "b", "c"]


def test_a_roll_back_that_fails_is_said() -> None:
    """Somebody has to look: the reason says so."""
    stage = rollout(wave("all"), legs="ab", rollback=ROLLBACK)
    ship(stage, "a")
    ship(stage, "b", "failure")
    roll_back(stage, "all", "a", "failure")

    reason = stage.task(NAME).reason
    assert reason is not None
    assert reason.message.endswith("; its roll-back did not succeed")


def test_a_roll_back_that_cannot_be_written_has_undone_nothing() -> None:
    """What it was for is there still: another try does not ship it once more."""
    broken = {**ROLLBACK, "with": {"n": "${{ event.nothing }}"}}
    stage = rollout(wave("all"), legs="ab", rollback=broken)
    ship(stage, "a")
    ship(stage, "b", "failure")
    ended = waves(stage)
    retry(stage)
    ship(stage, "b")

    assert ended == {"all": W.FAILED}
    assert build.code(stage.state, "rollout~rollback.all/a") == "expression-failed"
    assert len(stage.leg("rollout/a").attempts) == 1
    assert stage.end == ("success", "")


def test_a_leg_that_cannot_be_written_lets_its_wave_fail() -> None:
    """An input without a value counts like any failure, and nothing else begins."""
    stage = rollout(wave("all"), task={"ref": "${{ matrix.n == 'a' ? '' : 'main' }}"})

    assert stage.asked(DispatchWorkflow) == []
    assert waves(stage) == {"all": W.FAILED}


def test_what_was_rolled_back_is_not_undone_once_more() -> None:
    """`compensate` is for what is still there when the whole fails."""
    undo = {"dispatch": "acme/edge/.github/workflows/undo.yml@main"}
    stage = rollout(
        wave("canary", 50), wave("rest"), rollback=ROLLBACK, task={"compensate": undo}
    )
    ship(stage, "abc")
    ship(stage, "d", "failure")
    roll_back(stage, "rest", "c")

    assert list(statuses(stage, "rollout~undo")) == ["a", "b"]


# Stopped by people.


def test_a_cancelled_whole_stops_its_waves() -> None:
    """What runs is cancelled; what has not begun never does."""
    stage = rollout(wave("canary", 25), wave("rest"))
    cancel(stage)
    ship(stage, "a", "cancelled")

    assert waves(stage) == {"canary": W.STOPPED, "rest": W.STOPPED}
    assert stage.status(NAME) is TaskStatus.CANCELLED
    assert stage.end == ("cancelled", "cancelled")


def test_a_roll_back_is_cancelled_with_the_whole() -> None:
    """Its wave has failed all the same, and the end says so."""
    stage = rollout(wave("all"), legs="ab", rollback=ROLLBACK)
    ship(stage, "a")
    ship(stage, "b", "failure")
    cancel(stage)
    roll_back(stage, "all", "a", "cancelled")

    assert waves(stage) == {"all": W.FAILED}
    assert stage.code(NAME) == "wave-failed"


def test_a_skipped_rollout_ends_once_nothing_of_it_runs() -> None:
    """What needs it goes on; the roll-back under way is stopped first."""
    stage = rollout(wave("all"), legs="ab", rollback=ROLLBACK)
    ship(stage, "a")
    ship(stage, "b", "failure")
    skip(stage)
    stopping = (stage.status(NAME), statuses(stage, "rollout~rollback.all"))
    roll_back(stage, "all", "a", "cancelled")

    assert stopping == (TaskStatus.RUNNING, {"a": L.CANCELLING})
    assert stage.status(NAME) is TaskStatus.SKIPPED
    assert stage.end == ("success", "")


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
