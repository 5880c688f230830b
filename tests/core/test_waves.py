"""Stories about waves: which leg is in which, and in which order they go."""

from dataclasses import replace

from app.core.actions import Approval
from app.core.commands import DispatchWorkflow
from app.core.gate_events import SubjectGone
from app.core.moves import LegStatus, TaskStatus
from app.core.state import Reason, WaveStatus
from tests.core.wave_kit import (
    APPROVAL,
    NAME,
    ROLLBACK,
    decide_wave,
    members,
    pause,
    resume,
    rollout,
    ship,
    statuses,
    wave,
    waves,
)

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


def test_nobody_is_asked_about_a_wave_of_a_commit_that_is_gone() -> None:
    """What was rolled out stays, what has not begun never does, and the task is cancelled."""
    stage = rollout(wave("canary", 25), wave("half", 50, approval=APPROVAL), wave("rest"))
    ship(stage, "a")
    gone = SubjectGone(at=stage.now, code="superseded", message="#7 goes on")
    stage.tell(gone)

    stopped = dict.fromkeys("bcd", L.CANCELLED)
    assert waves(stage) == {"canary": W.PASSED, "half": W.STOPPED, "rest": W.STOPPED}
    assert statuses(stage) == {"a": L.SUCCEEDED, **stopped}
    assert stage.task(NAME).status is TaskStatus.CANCELLED
    assert stage.task(NAME).reason == Reason(code="superseded", message="#7 goes on")


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


def test_the_no_of_a_policy_is_a_no_whatever_the_options() -> None:
    """A gate that a policy shuts says `reject`, also where that is no option."""
    asked = Approval(rules=(), inputs={})

    assert asked.is_no("reject")
    assert not asked.is_no("approve")
    assert replace(asked, options=("fast", "slow")).is_no("reject")
    assert not replace(asked, options=("hold", "reject")).is_no("reject")


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
