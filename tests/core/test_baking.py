"""Stories about waves that bake: for how long, what is checked, and what a bad check does."""

from datetime import datetime
from typing import Any

from app.core.commands import CancelWorkflowRun, DispatchWorkflow
from app.core.events import Conclusion, RetryRequested, RunStatus
from app.core.moves import LegStatus, TaskStatus
from app.core.state import WaveStatus
from tests.core.wave_kit import (
    APPROVAL,
    CHECK,
    NAME,
    ROLLBACK,
    cancel,
    check,
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
from tests.kit.build import later
from tests.kit.stage import MOMENT, Stage

L = LegStatus
W = WaveStatus
FIRST = "rollout~check.canary.1"


def baking(bake: str = "30m", legs: str = "ab", **more: Any) -> Stage:
    """Begin a rollout of two waves, and let the first, with one leg, bake."""
    canary = wave("canary", 50, bake=bake)
    stage = rollout(canary, wave("rest"), legs=legs, **{"bake_check": CHECK, **more})
    ship(stage, legs[: len(legs) // 2])
    return stage


def rounds(stage: Stage) -> list[tuple[str, datetime | None]]:
    """Return each round of checks with the moment at which it began."""
    return [
        (name, task.started_at) for name, task in stage.state.tasks.items() if "~check" in name
    ]


# How long.


def test_a_wave_without_checks_passes_when_it_has_held_for_long_enough() -> None:
    """The next one waits for the end of the bake, and not a minute longer."""
    stage = rollout(wave("canary", 50, bake="2h"), wave("rest"), legs="ab")
    ship(stage, "a")
    stage.wait(hours=1, minutes=59)
    still = waves(stage)
    stage.wait(minutes=2)

    assert still == {"canary": W.BAKING, "rest": W.WAITING}
    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}


def test_a_wave_of_which_nothing_succeeded_does_not_bake() -> None:
    """There is nothing that could hold."""
    stage = rollout(wave("canary", 50, bake="2h", max_failures=1), wave("rest"), legs="ab")
    ship(stage, "a", "failure")

    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}


def test_a_last_wave_bakes_as_well() -> None:
    """The task ends when the bake of its last wave does."""
    stage = rollout(wave("all", bake="1h"), legs="a")
    ship(stage, "a")
    before = stage.status(NAME)
    stage.wait(hours=2)

    assert before is TaskStatus.RUNNING
    assert stage.end == ("success", "")


# Rounds of checks.


def test_rounds_come_at_their_pace_and_once_more_at_the_end() -> None:
    """Every ten minutes, and at the end of the bake, whatever the pace."""
    stage = baking("25m")
    since = stage.task(NAME).waves["canary"].baking_since
    assert since is not None
    for number in (1, 2, 3):
        stage.wait(minutes=10)
        check(stage, "canary", number, a=0)

    spans = [at - since for _, at in rounds(stage) if at is not None]
    assert [span.total_seconds() / 60 for span in spans] == [10, 20, 25]
    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}


def test_a_round_is_one_check_for_each_leg_that_succeeded() -> None:
    """With the values of its leg, and those of the definition of the check."""
    with_leg = {**CHECK, "with": {"region": "${{ matrix.n }}"}}
    canary = wave("canary", 75, bake="10m", max_failures=1)
    stage = rollout(canary, wave("rest"), legs="abcd", bake_check=with_leg)
    ship(stage, "a", "failure")
    ship(stage, "bc")
    stage.wait(minutes=10)

    asked = stage.asked(DispatchWorkflow)[3:]
    assert [each.inputs for each in asked] == [{"region": "b"}, {"region": "c"}]
    assert {each.workflow for each in asked} == {"slo.yml"}


def test_a_bake_shorter_than_the_pace_is_checked_once_at_its_end() -> None:
    """No wave that has a check passes without one."""
    stage = baking("5m")
    stage.wait(minutes=6)
    going = waves(stage)
    check(stage, "canary", 1, a=0)

    assert len(rounds(stage)) == 1
    assert going == {"canary": W.BAKING, "rest": W.WAITING}
    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}


def test_a_slow_round_puts_off_the_next_and_the_end() -> None:
    """Rounds do not overlap, and the last one begins when the bake is over."""
    stage = baking("20m")
    stage.wait(minutes=45)
    first = len(rounds(stage))
    check(stage, "canary", 1, a=0)
    second = (len(rounds(stage)), waves(stage)["canary"])
    check(stage, "canary", 2, a=0)

    assert first == 1
    assert second == (2, W.BAKING)
    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}


# What a bad check does.


def test_a_check_that_does_not_pass_fails_its_wave_and_rolls_it_back() -> None:
    """What the check saw is said, down to the expression."""
    stage = baking(rollback=ROLLBACK)
    stage.wait(minutes=10)
    check(stage, "canary", 1, a=3)
    failing = waves(stage)
    roll_back(stage, "canary", "a")

    assert failing == {"canary": W.FAILING, "rest": W.STOPPED}
    assert statuses(stage) == {"a": L.SUCCEEDED, "b": L.SKIPPED}
    assert build.code(stage.state, f"{FIRST}/a") == "check-failed"
    reason = stage.task(NAME).reason
    assert reason is not None
    assert reason.message == (
        "the wave canary failed: 1 of 1 failed, and none may (`max-failures`); "
        "the first is a: `pass-when` does not hold: outputs.errors < 1"
    )
    assert stage.end == ("failure", "task-failed")


def test_a_check_without_its_output_does_not_pass() -> None:
    """An expression that has no value keeps the gate shut."""
    stage = baking()
    stage.wait(minutes=10)
    stage.run(f"{FIRST}/a")
    stage.wait(minutes=2)

    reason = stage.leg(f"{FIRST}/a").reason
    assert reason is not None
    assert reason.code == "check-failed"
    assert "has no value" in reason.message
    assert waves(stage) == {"canary": W.FAILED, "rest": W.STOPPED}


def test_a_check_that_fails_or_reports_nonsense_counts_as_well() -> None:
    """A check must end well, and its outputs must be what was declared."""
    red = baking()
    red.wait(minutes=10)
    red.run(f"{FIRST}/a", "failure")
    odd = baking()
    odd.wait(minutes=10)
    odd.run(f"{FIRST}/a", outputs={"errors": "many"})

    assert waves(red) == waves(odd) == {"canary": W.FAILED, "rest": W.STOPPED}
    assert build.code(odd.state, f"{FIRST}/a") == "bad-outputs"


def test_checks_count_with_legs_against_max_failures() -> None:
    """One leg failed and another has a bad check: that is two, whichever rounds they are of."""
    canary = wave("canary", 75, bake="30m", max_failures=1)
    stage = rollout(canary, wave("rest"), legs="abcd", bake_check=CHECK)
    ship(stage, "abc")
    stage.wait(minutes=10)
    check(stage, "canary", 1, a=5, b=0, c=0)
    stage.wait(minutes=10)
    check(stage, "canary", 2, a=5, b=0, c=0)
    allowed = waves(stage)
    stage.wait(minutes=10)
    check(stage, "canary", 3, b=1)

    assert allowed == {"canary": W.BAKING, "rest": W.WAITING}
    assert waves(stage) == {"canary": W.FAILING, "rest": W.STOPPED}


def test_a_wave_that_fails_stops_its_other_checks_first() -> None:
    """It does not wait for checks that nobody needs; the roll-back waits until they stopped."""
    canary = wave("canary", 60, bake="30m")
    stage = rollout(canary, wave("rest"), legs="abc", bake_check=CHECK, rollback=ROLLBACK)
    ship(stage, "ab")
    stage.wait(minutes=10)
    stage.tell(build.accepted(f"{FIRST}/b", at=stage.now))
    check(stage, "canary", 1, a=1)
    cancelled = stage.asked(CancelWorkflowRun)
    before = "rollout~rollback.canary" in stage.state.tasks
    stage.run(f"{FIRST}/b", "cancelled")

    assert [str(each.attempt) for each in cancelled] == [f"{FIRST}/b/1"]
    assert not before
    assert build.code(stage.state, f"{FIRST}/b") == "check-unwanted"
    assert "rollout~rollback.canary" in stage.state.tasks


def test_a_check_is_not_handled_as_its_task_is() -> None:
    """`on-failure: ask` and `retry` are about the rollout, and not about a look at it."""
    retried = {"max-attempts": 3, "backoff": {"initial": "1m", "jitter": "none"}}
    stage = rollout(
        wave("all", bake="10m"),
        legs="a",
        bake_check=CHECK,
        task={"on-failure": "ask", "retry": retried},
    )
    ship(stage, "a")
    stage.wait(minutes=10)
    stage.run("rollout~check.all.1/a", "failure")

    assert stage.status("rollout~check.all.1") is TaskStatus.FAILED
    assert stage.status(NAME) is TaskStatus.ASKING


# Paused, stopped, tried again.


def test_while_paused_no_check_begins() -> None:
    """The bake goes on, but is not over before it was looked at."""
    stage = baking("20m")
    pause(stage)
    stage.wait(hours=1)
    paused = len(rounds(stage))
    resume(stage)
    check(stage, "canary", 1, a=0)

    assert paused == 0
    assert waves(stage) == {"canary": W.PASSED, "rest": W.RUNNING}


def test_a_bake_without_checks_is_over_though_it_is_paused() -> None:
    """Time passes; only the next wave waits until it goes on."""
    stage = rollout(wave("canary", 50, bake="10m"), wave("rest"), legs="ab")
    ship(stage, "a")
    pause(stage)
    stage.wait(minutes=10)

    assert waves(stage) == {"canary": W.PASSED, "rest": W.WAITING}


def test_a_cancelled_whole_stops_the_checks_with_it() -> None:
    """A bake that was cut short is no success, though all its legs were."""
    stage = rollout(wave("all", bake="30m"), legs="a", bake_check=CHECK)
    ship(stage, "a")
    stage.wait(minutes=10)
    cancel(stage)
    stopping = (stage.status(NAME), waves(stage))
    stage.wait(minutes=21)
    stage.run("rollout~check.all.1/a", "cancelled")

    assert stopping == (TaskStatus.RUNNING, {"all": W.BAKING})
    assert waves(stage) == {"all": W.STOPPED}
    assert stage.status(NAME) is TaskStatus.CANCELLED
    assert stage.end == ("cancelled", "cancelled")


def test_a_skipped_rollout_stops_its_checks() -> None:
    """What needs it goes on once nothing of it runs."""
    stage = baking()
    stage.wait(minutes=10)
    skip(stage)
    stage.run(f"{FIRST}/a", "cancelled")

    assert stage.status(NAME) is TaskStatus.SKIPPED
    assert stage.end == ("success", "")


def test_a_wave_that_only_its_checks_failed_bakes_again_when_it_is_tried_again() -> None:
    """Its legs are there still; the rounds go on being counted, those before forgotten."""
    stage = rollout(wave("all", bake="10m"), legs="a", bake_check=CHECK)
    ship(stage, "a")
    stage.wait(minutes=10)
    check(stage, "all", 1, a=1)
    failed = waves(stage)
    retry(stage)
    again = waves(stage)
    stage.wait(minutes=10)
    check(stage, "all", 2, a=0)

    assert (failed, again) == ({"all": W.FAILED}, {"all": W.BAKING})
    assert len(stage.leg("rollout/a").attempts) == 1
    assert stage.end == ("success", "")


def test_checks_that_failed_are_not_tried_again_by_themselves() -> None:
    """To try all again that did not succeed is to try the rollout again."""
    stage = rollout(wave("all", bake="10m"), legs="a", bake_check=CHECK)
    ship(stage, "a")
    stage.wait(minutes=10)
    check(stage, "all", 1, a=1)
    stage.now += MOMENT
    stage.tell(RetryRequested(at=stage.now, task=None, by="mona"))

    assert waves(stage) == {"all": W.BAKING}
    assert stage.status("rollout~check.all.1") is TaskStatus.FAILED


def test_a_leg_that_is_re_run_while_its_wave_bakes_lets_it_bake_anew() -> None:
    """The check under way is of what was before: it is stopped, and its end does not count."""
    stage = baking()
    stage.wait(minutes=10)
    rerun(stage, "a", RunStatus.IN_PROGRESS)
    back = (waves(stage)["canary"], statuses(stage, FIRST))
    stage.run(f"{FIRST}/a", "cancelled")
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.SUCCESS)
    since = stage.task(NAME).waves["canary"].baking_since

    assert back == (W.RUNNING, {"a": L.CANCELLING})
    assert waves(stage)["canary"] is W.BAKING
    assert since is not None
    assert since > later(minutes=10)


def test_a_wave_is_not_over_while_a_check_of_it_is_stopping() -> None:
    """What was re-run failed, which is allowed; the end waits for the check of before."""
    stage = rollout(wave("all", bake="30m", max_failures=1), legs="a", bake_check=CHECK)
    ship(stage, "a")
    stage.wait(minutes=10)
    rerun(stage, "a", RunStatus.IN_PROGRESS)
    rerun(stage, "a", RunStatus.COMPLETED, Conclusion.FAILURE)
    stopping = waves(stage)
    stage.run("rollout~check.all.1/a", "cancelled")

    assert stopping == {"all": W.RUNNING}
    assert waves(stage) == {"all": W.PASSED}
    assert stage.task(NAME).is_tolerated


def test_a_wave_bakes_before_the_next_is_asked_about() -> None:
    """Nobody approves what has not been looked at."""
    canary = wave("canary", 50, bake="10m")
    stage = rollout(canary, wave("rest", approval=APPROVAL), legs="ab")
    ship(stage, "a")
    before = waves(stage)
    stage.wait(minutes=10)

    assert before == {"canary": W.BAKING, "rest": W.WAITING}
    assert waves(stage) == {"canary": W.PASSED, "rest": W.ASKING}
