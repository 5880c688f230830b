"""Stories about escalation: who is told when something has not ended for too long."""

from typing import Any

from app.core.commands import Notify
from app.core.events import CancelRequested, RetryRequested
from app.core.moves import TaskStatus
from tests.core.wave_kit import (
    APPROVAL,
    CHECK,
    cancel,
    decide_wave,
    pause,
    retry,
    rollout,
    ship,
    wave,
)
from tests.kit import build
from tests.kit.build import plan
from tests.kit.stage import MOMENT, Stage, machine

TOLD = [
    {"after": "2h", "notify": "acme/directors", "via": ["issue", "webhook"]},
    {"after": "30m", "notify": "acme/leads", "via": ["comment"]},
]


def told(stage: Stage) -> list[tuple[str, str, str]]:
    """Return whom we told what about, by which way."""
    return [(each.about, each.via, each.to) for each in stage.asked(Notify)]


def texts(stage: Stage) -> list[str]:
    """Return what we told people, each text once."""
    return list(dict.fromkeys(each.text for each in stage.asked(Notify)))


# Tasks.


def test_people_are_told_one_after_the_other_and_once_each() -> None:
    """The soonest first, wherever it stands in the file; each by all its ways."""
    stage = Stage.of(plan("build", build={"escalate": TOLD}))
    stage.wait(minutes=29)
    before = told(stage)
    stage.wait(hours=10)

    assert before == []
    assert told(stage) == [
        ("escalation/build/20261123T090000Z/1", "comment", "acme/leads"),
        ("escalation/build/20261123T090000Z/2", "issue", "acme/directors"),
        ("escalation/build/20261123T090000Z/2", "webhook", "acme/directors"),
    ]


def test_what_ends_in_time_is_not_escalated() -> None:
    """Neither is what was cancelled, though it has not ended yet."""
    fine = Stage.of(plan("build", build={"escalate": TOLD}))
    fine.run("build")
    fine.wait(hours=3)
    ending = Stage.of(plan("build", build={"escalate": TOLD}))
    ending.tell(build.accepted("build", at=ending.now))
    ending.tell(CancelRequested(at=ending.now, by="mona", reason=""))
    ending.wait(hours=3)

    assert told(fine) == told(ending) == []


def test_the_text_says_what_runs_since_when_and_who_can_end_it() -> None:
    """Somebody who has never heard of it knows what to do."""
    stage = Stage.of(plan("build", build={"escalate": TOLD}))
    stage.tell(build.accepted("build", at=stage.now))
    stage.tell(build.running("build", at=stage.now))
    stage.wait(minutes=30)

    assert texts(stage) == [
        "build has not ended since 2026-11-23 09:00 UTC: build is running: "
        "https://github.com/acme/build/actions/runs/"
        f"{build.run_id('build')}. `/cancel REASON` ends the whole, and "
        "`/skip build REASON` goes on without it."
    ]


def test_a_gate_says_whom_it_waits_for() -> None:
    """Who is asked, and until when."""
    gate = {"approval": APPROVAL, "escalate": TOLD, "timeout-minutes": 600}
    text = build.document("gate", whole={}, gate=gate).replace(
        '"dispatch": "acme/gate/.github/workflows/run.yml@main",', ""
    )
    stage = Stage.of(build.plan_of(text))
    stage.wait(minutes=30)

    assert "gate waits for 1 vote from acme/sre, until 2026-11-23 19:00 UTC" in texts(stage)[0]


def test_only_the_first_few_legs_are_listed() -> None:
    """A matrix of many legs is counted."""
    legs = {"strategy": {"matrix": {"n": list("abcdefg")}}, "escalate": TOLD}
    stage = Stage.of(plan("build", build=legs))
    stage.wait(minutes=30)

    assert "build (e) asked for; GitHub has not answered yet; and 2 more." in texts(stage)[0]


def test_a_leg_that_waits_says_what_for() -> None:
    """Each in its own words, and with the page where something can be done about it."""
    stage = rollout(wave("one", 50), wave("two"), legs="ab", task={"escalate": TOLD})
    stage.tell(build.accepted("rollout/a", at=stage.now))
    stage.tell(build.seen("rollout/a", "waiting", at=stage.now))
    stage.wait(minutes=30)

    page = f"https://github.com/acme/rollout/actions/runs/{build.run_id('rollout/a')}"
    assert (
        "rollout (a) waits for a person on GitHub, who can release it on its page "
        f"({page}); rollout (b) waits for its wave."
    ) in texts(stage)[0]


def test_names_are_said_as_they_are() -> None:
    """A notice is plain text: nothing in it is escaped before it is carried."""
    rules = {"rules": [{"require": [{"users": ["ada"], "count": 1}]}]}
    stage = rollout(wave("all", approval=rules), legs="a", task={"escalate": TOLD})
    stage.wait(minutes=31)

    assert "wave all, waits for 1 vote from @ada since" in texts(stage)[0]


def test_what_is_paused_is_escalated_all_the_same() -> None:
    """Telling begins nothing, and what waits still waits."""
    stage = Stage.of(plan("build", build={"escalate": TOLD}))
    pause(stage)
    stage.wait(minutes=30)

    assert len(told(stage)) == 1


def test_what_is_begun_anew_is_escalated_anew() -> None:
    """Another wait is told of under another name, so that it is not taken for the same."""
    stage = Stage.of(plan("build", build={"escalate": TOLD}))
    stage.wait(minutes=30)
    stage.run("build")
    stage.now += MOMENT
    stage.tell(RetryRequested(at=stage.now, task=build.attempt("build").task, by="mona"))
    stage.wait(minutes=31)

    assert [about for about, _, _ in told(stage)] == [
        "escalation/build/20261123T090000Z/1",
        "escalation/build/20261123T093004Z/1",
    ]


# Questions.


def test_a_question_is_escalated_from_when_it_was_asked() -> None:
    """The time for which the task ran before does not count."""
    ask = {"escalate": TOLD, "on-failure": "ask"}
    stage = Stage.of(plan("build", build=ask))
    stage.wait(minutes=20)
    stage.run("build", "failure")
    stage.wait(minutes=29)
    before = told(stage)
    stage.wait(minutes=2)

    assert before == []
    assert told(stage) == [
        ("escalation/build/question/20261123T092003Z/1", "comment", "acme/leads")
    ]
    assert texts(stage) == [
        "build asks what to do since 2026-11-23 09:20 UTC: the workflow run failed. "
        "Somebody may choose retry, skip with a reason, or fail."
    ]


def test_a_question_that_nobody_need_be_told_of_is_quiet() -> None:
    """Without `escalate` a question waits, and nobody is told."""
    stage = Stage.of(plan("build", build={"on-failure": "ask"}))
    stage.run("build", "failure")
    stage.wait(days=2)

    assert stage.status("build") is TaskStatus.ASKING
    assert told(stage) == []


# Waves.


def test_the_approval_of_a_wave_is_escalated_like_its_task() -> None:
    """From when it was asked for; afterwards what is left is told about the task."""
    stage = rollout(wave("all", approval=APPROVAL), legs="a", task={"escalate": TOLD})
    stage.wait(minutes=31)
    decide_wave(stage, "all")
    stage.wait(hours=2)

    assert [about for about, _, _ in told(stage)] == [
        "escalation/rollout/all/20261123T090000Z/1",
        "escalation/rollout/20261123T090000Z/1",
        "escalation/rollout/20261123T090000Z/2",
        "escalation/rollout/20261123T090000Z/2",
    ]
    assert texts(stage)[0] == (
        "rollout, wave all, waits for 1 vote from acme/sre since 2026-11-23 09:00 UTC."
    )


def test_a_wave_that_bakes_is_said_to() -> None:
    """Nothing runs, and yet it goes on."""
    stage = rollout(wave("all", bake="1h"), legs="a", task={"escalate": TOLD})
    ship(stage, "a")
    stage.wait(minutes=30)

    assert ": rollout, wave all, bakes. " in texts(stage)[0]


def test_a_round_of_checks_is_not_escalated_as_its_task_is() -> None:
    """What follows from a task is part of it."""
    stage = rollout(
        wave("all", bake="10m"), legs="a", bake_check=CHECK, task={"escalate": TOLD}
    )
    ship(stage, "a")
    stage.wait(minutes=50)

    assert [about for about, _, _ in told(stage)] == ["escalation/rollout/20261123T090000Z/1"]


def test_a_retry_by_people_is_no_new_wait() -> None:
    """What was told of a task that is tried again is not told once more."""
    stage = rollout(wave("all"), legs="a", task={"escalate": TOLD})
    stage.wait(minutes=30)
    ship(stage, "a", "failure")
    retry(stage)
    stage.wait(minutes=40)

    assert len(told(stage)) == 1


# States of machines.


def states(**review: Any) -> Stage:
    """Begin a machine that waits in review."""
    return Stage.of(
        machine(
            {
                "review": {
                    "approval": APPROVAL,
                    "transitions": [
                        {"on": "approval.approved", "to": "done"},
                        {"on": "approval.rejected", "to": "review"},
                        {"on": "command.again", "to": "review"},
                    ],
                    "max-visits": 9,
                    "on-max-visits": {"to": "done"},
                    **review,
                },
                "done": {"final": True, "conclusion": "success"},
            }
        )
    )


def test_a_state_is_escalated_from_when_it_was_entered() -> None:
    """Each visit anew, and named by its number."""
    stage = states(escalate=TOLD)
    stage.wait(minutes=31)
    stage.command("again")
    stage.wait(hours=1)

    assert told(stage) == [
        ("escalation/@review.1/1", "comment", "acme/leads"),
        ("escalation/@review.2/1", "comment", "acme/leads"),
    ]
    assert texts(stage)[0] == (
        "it is in review since 2026-11-23 09:00 UTC: review waits for 1 vote from acme/sre, "
        "until 2026-11-30 09:00 UTC. It goes on with `approval.approved`, "
        "`approval.rejected`, `command.again`. `/cancel REASON` ends the whole."
    )


def test_a_state_without_work_says_what_leads_on() -> None:
    """Nothing runs in it; somebody has to say something."""
    waiting = {
        "idle": {"transitions": [{"on": "command.go", "to": "done"}], "escalate": TOLD},
        "done": {"final": True, "conclusion": "success"},
    }
    stage = Stage.of(machine(waiting))
    stage.wait(minutes=30)

    assert texts(stage) == [
        "it is in idle since 2026-11-23 09:00 UTC. It goes on with `command.go`. "
        "`/cancel REASON` ends the whole."
    ]


def test_a_machine_that_has_ended_or_is_to_end_is_not_escalated() -> None:
    """Nor is a state without `escalate`."""
    done = states(escalate=TOLD)
    done.choose("approval")
    done.wait(days=1)
    ending = states(escalate=TOLD)
    cancel(ending)
    ending.wait(days=1)
    quiet = states()
    quiet.wait(days=1)

    assert done.end == ("success", "")
    assert told(done) == told(ending) == told(quiet) == []
