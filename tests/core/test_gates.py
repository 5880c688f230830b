"""Stories about gates: what people are asked, how they answer, and what silence means."""

from typing import Any

import pytest

from app.core.commands import DispatchWorkflow, SetTimer
from app.core.events import ApprovalDecided, CancelRequested
from app.core.moves import LegStatus, TaskStatus
from app.core.values import Json, LegKey, TaskName
from tests.kit.build import later
from tests.kit.stage import Stage, graph, happening
from tests.kit.states import on, story

ANYBODY: dict[str, Any] = {"rules": [{"require": [{"permission": "write"}]}]}
RUN = {"dispatch": "acme/app/.github/workflows/run.yml@main"}
OPEN, ASKING = LegStatus.AWAITING, TaskStatus.ASKING


def gate(approval: dict[str, Any] | None = None, **task: Any) -> Stage:
    """Begin a graph of one gate and a task that needs it."""
    asks = {"approval": {**ANYBODY, **(approval or {})}, **task}
    go = {"needs": ["ask"], **RUN, "with": {"said": "${{ needs.ask.outputs.choice }}"}}
    return Stage.of(graph({"ask": asks, "go": go}, cause=happening("push", {"risk": 3})))


# Answers.


def test_nothing_begins_before_people_agree() -> None:
    """While it is open nothing is held; what was chosen is an output."""
    stage = gate()
    before = stage.leg("ask").status, stage.asked(DispatchWorkflow)
    stage.choose("ask")

    assert before == (OPEN, [])
    assert stage.task("ask").outputs == {"choice": "approve"}
    assert stage.asked(DispatchWorkflow)[0].inputs == {"said": "approve"}


@pytest.mark.parametrize(
    ("reason", "message"),
    [("", "rejected by mona"), ("not today", "rejected by mona: not today")],
)
def test_a_rejection_fails_the_gate(reason: str, message: str) -> None:
    """What needs it is skipped, and who said no and why is told."""
    stage = gate()
    stage.choose("ask", "reject", reason=reason)
    said = stage.task("ask").reason

    assert stage.status("ask") is TaskStatus.FAILED
    assert said is not None
    assert (said.code, said.message) == ("rejected", message)
    assert stage.status("go") is TaskStatus.SKIPPED


def test_options_of_its_own_are_all_answers() -> None:
    """None of them is a failure, and the default ones are unknown."""
    stage = gate({"options": ["ship", "hold"]})
    stage.choose("ask", "approve")
    before = stage.leg("ask").status
    stage.choose("ask", "hold")

    assert before is OPEN
    assert stage.task("ask").outputs == {"choice": "hold"}
    assert stage.status("ask") is TaskStatus.SUCCEEDED


def test_the_first_decision_counts() -> None:
    """A gate that was decided is closed, and so is one that never was."""
    stage = gate()
    stage.choose("ask")
    decided = stage.state
    stage.choose("ask", "reject")
    nowhere = ApprovalDecided(
        at=stage.now,
        task=TaskName("nowhere"),
        leg=LegKey(""),
        option="approve",
        by="mona",
        reason="",
        inputs={},
    )
    stage.tell(nowhere)

    assert stage.state is decided


@pytest.mark.parametrize(
    ("given", "outputs"),
    [
        ({"count": "3"}, {"count": 3, "note": "none", "choice": "approve"}),
        ({"count": 3, "note": "fine"}, {"count": 3, "note": "fine", "choice": "approve"}),
        ({"count": "three"}, None),
        ({"count": 3, "colour": "red"}, None),
        ({}, None),
    ],
)
def test_a_form_is_filled_in_as_declared(
    given: dict[str, Json], outputs: dict[str, Json] | None
) -> None:
    """Texts become the declared types; what does not fit decides nothing."""
    inputs = {
        "count": {"type": "integer", "required": True},
        "note": {"type": "string", "default": "none"},
    }
    stage = gate({"inputs": inputs})
    stage.choose("ask", form=given)

    assert stage.task("ask").outputs == (outputs or {})
    assert stage.task("ask").has_ended is (outputs is not None)


def test_to_say_no_needs_no_form() -> None:
    """A rejection counts without a ticket; any other option does not."""
    inputs = {"ticket": {"type": "string", "required": True}}
    plain, own = gate({"inputs": inputs}), gate({"inputs": inputs, "options": ["a", "b"]})
    plain.choose("ask", "reject")
    own.choose("ask", "b")

    assert plain.code("ask") == "rejected"
    assert own.leg("ask").status is OPEN


# By rule, and by time.


@pytest.mark.parametrize(
    ("when", "choice"),
    [("event.risk < 5", "approve"), ("event.risk > 5", None), ("event.danger > 5", None)],
)
def test_a_rule_may_decide(when: str, choice: str | None) -> None:
    """Where it does not hold, or has no value, people are asked."""
    stage = gate({"auto": {"when": when, "choose": "approve"}})
    found = stage.leg("ask").gate

    assert found is not None
    assert (found.choice or None) == choice
    assert found.by == ("rule" if choice else "")


def test_silence_is_a_failure() -> None:
    """A gate has its time, and one timer for it."""
    stage = gate(None, **{"timeout-minutes": 60})
    stage.wait(minutes=60)
    reason = stage.task("ask").reason

    assert later(minutes=60) in [each.due for each in stage.asked(SetTimer)]
    assert reason is not None
    assert (reason.code, reason.message) == ("timed-out", "nobody decided within 1 hour")


@pytest.mark.parametrize(
    ("then", "status", "code", "goes"),
    [
        ("fail", TaskStatus.FAILED, "timed-out", 0),
        ("skip", TaskStatus.SKIPPED, "timed-out", 1),
        ({"choose": "approve"}, TaskStatus.SUCCEEDED, "", 1),
        ({"choose": "reject"}, TaskStatus.FAILED, "rejected", 0),
    ],
)
def test_what_silence_means_may_be_said(
    then: object, status: TaskStatus, code: str, goes: int
) -> None:
    """It fails, is skipped as if it had passed, or answers the question."""
    asks = {"approval": ANYBODY, "timeout-minutes": 60, "on-timeout": then}
    stage = Stage.of(graph({"ask": asks, "go": {"needs": ["ask"], **RUN}}))
    stage.wait(minutes=60)

    assert (stage.status("ask"), stage.code("ask")) == (status, code)
    assert len(stage.asked(DispatchWorkflow)) == goes


def test_an_open_gate_ends_with_the_whole() -> None:
    """Nobody is asked any more once it is cancelled."""
    stage = gate()
    stage.tell(CancelRequested(at=stage.now, by="mona", reason=""))
    stage.choose("ask")

    assert stage.end == ("cancelled", "cancelled")
    assert stage.status("ask") is TaskStatus.CANCELLED


# A task that asks.


def asking(**task: Any) -> Stage:
    """Begin a task that asks about its failure, and one that needs it."""
    both = {"work": {**RUN, **task}, "go": {"needs": ["work"], **RUN}}
    stage = Stage.of(graph(both))
    stage.run("work", "failure")
    return stage


@pytest.mark.parametrize(
    ("option", "reason", "status", "goes"),
    [
        ("retry", "", TaskStatus.RUNNING, 0),
        ("skip", "known", TaskStatus.SKIPPED, 1),
        ("skip", "", ASKING, 0),
        ("fail", "", TaskStatus.FAILED, 0),
        ("approve", "", ASKING, 0),
    ],
)
def test_people_choose_what_follows_from_a_failure(
    option: str, reason: str, status: TaskStatus, goes: int
) -> None:
    """They try it again, skip it with a reason, or let it fail; nothing else."""
    stage = asking(**{"on-failure": "ask"})
    before = stage.status("work")
    stage.choose("work", option, reason=reason)

    assert before is ASKING
    assert stage.status("work") is status
    assert [each.attempt.task for each in stage.asked(DispatchWorkflow)].count(
        TaskName("go")
    ) == goes


def test_what_is_tried_again_may_succeed() -> None:
    """And what needs it goes on."""
    stage = asking(**{"on-failure": "ask"})
    stage.choose("work", "retry")
    stage.run("work")

    assert stage.status("work") is TaskStatus.SUCCEEDED
    assert stage.status("go") is TaskStatus.RUNNING


def test_a_warning_may_be_asked_about() -> None:
    """What is tolerated is shown; with `ask` somebody decides."""
    stage = asking(**{"on-warning": "ask", "continue-on-error": True})
    before = stage.status("work")
    stage.choose("work", "skip", reason="seen")

    assert before is ASKING
    assert stage.status("go") is TaskStatus.RUNNING


# As a state of a machine.


@pytest.mark.parametrize(
    ("option", "where"), [("approve", "done"), ("reject", "lost"), (None, "late")]
)
def test_a_state_that_asks_is_led_on_by_the_answer(option: str | None, where: str) -> None:
    """`approval.approved`, `approval.rejected`, and `timeout` where nobody says anything."""
    late = {"final": True, "conclusion": "cancelled"}
    ways = [
        on("tasks.failed", "late", when="false"),
        on("approval.rejected", "lost"),
        on("approval.approved", "done"),
        on("timeout", "late"),
    ]
    first = {"approval": ANYBODY, "transitions": ways, "timeout-minutes": 60}
    stage = Stage.of(story(first=first, late=late))
    if option is not None:
        stage.choose("approval", option)
    stage.wait(minutes=60)

    assert stage.where == where


def test_a_state_may_have_options_of_its_own() -> None:
    """Transitions name them as they are."""
    ways = [on("approval.ship", "done"), on("approval.hold", "lost")]
    first = {"approval": {**ANYBODY, "options": ["ship", "hold"]}, "transitions": ways}
    stage = Stage.of(story(first=first))
    stage.choose("approval", "hold")

    assert stage.where == "lost"
