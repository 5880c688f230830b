"""Stories about waves that fail or are stopped: what is cancelled, and what rolled back."""

from app.core.commands import DispatchWorkflow
from app.core.moves import LegStatus, TaskStatus
from app.core.state import WaveStatus
from tests.core.wave_kit import (
    NAME,
    ROLLBACK,
    cancel,
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

L = LegStatus
W = WaveStatus


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
        "the wave first failed: 1 of 3 failed, and none may (`max-failures`); "
        "the first is a: the workflow run failed"
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
