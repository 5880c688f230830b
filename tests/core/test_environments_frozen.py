"""Approvals that wait for calendars, and what people read of runs that wait."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.approvals.survey import PolicyText
from app.core.commands import AskCalendar, WriteCheck
from app.core.doorways.explaining import explain_orchestration
from app.core.environment_commands import AnswerEnvironment
from app.core.environment_events import EnvironmentAnswered
from app.core.events import (
    CalendarTold,
    DispatchAccepted,
    PauseRequested,
    ResumeRequested,
    RunStatus,
    WorkflowRunObserved,
)
from app.core.legs.ruling import object_to_release
from app.core.naming import undo_of
from app.core.summary import summarise_check
from app.core.values import Holder, Sha, TaskName
from tests.core.at_environments import (
    ASKS,
    WORKFLOW,
    answers,
    asked,
    deploying,
    guarded,
    reports,
    said_of,
)
from tests.kit import build
from tests.kit.stage import Stage, graph

FROZEN = "{version: 1, organization: {calendars: {quiet: {timezone: UTC, closed: [{weekly: 'Fri"
FREEZES = PolicyText(
    owner="acme/.github",
    text=FROZEN + " 16:00 - Mon 08:00'}]}}, rules: [{calendars: [quiet]}]}}",
)


def put_off(stage: Stage, calendar: str = "quiet") -> EnvironmentAnswered:
    """Say that a policy wants a calendar to be open before the last answer is given."""
    return EnvironmentAnswered(
        at=stage.now + timedelta(seconds=1),
        workflow_run_id=9,
        environment="production",
        outcome="refused",
        code="policy-freezes",
        message="the organisation's policy freezes it",
        calendars=(calendar,),
    )


def test_a_policy_may_freeze_the_release() -> None:
    """Until its calendars were asked; what undoes is not held up."""
    stage = guarded({"sign_off": ASKS})
    [run] = stage.state.environments
    of_undo = replace(
        run, attempt=replace(build.attempt("deploy"), task=undo_of(TaskName("deploy")))
    )
    asked_already = replace(run, calendars=("quiet",))
    found = object_to_release(stage.state, run, (FREEZES,), stage.now)

    assert found is not None
    assert (found.code, found.calendars) == ("policy-freezes", ("quiet",))
    assert object_to_release(stage.state, asked_already, (FREEZES,), stage.now) is None
    assert object_to_release(stage.state, of_undo, (FREEZES,), stage.now) is None


def test_an_approval_waits_for_a_calendar_and_is_given_when_it_opens() -> None:
    """Also after the whole has ended; meanwhile it is told why, by whom it can be lifted."""
    stage = guarded({"sign_off": ASKS})
    stage.closed.add("quiet")
    stage.choose("sign_off")
    stage.tell(put_off(stage))
    again = stage.tell(put_off(stage))
    before = answers(stage)
    check, why = summarise_check(stage.state), explain_orchestration(stage.state, stage.now)
    [run] = stage.state.environments
    stage.open("quiet")

    assert (before, again.commands) == ([True], ())
    assert run.held_by is not None
    assert stage.state.conclusion == "success"
    closed = "the calendar `quiet` is closed: nobody deploys on a Friday (`calendar-closed`)"
    assert check.title.endswith("; production to be let go when a calendar opens")
    assert f"at `production` is let go when it may be: {closed}" in check.summary
    assert closed in why
    assert "Who has the role `override` lifts a freeze" in why
    assert reports(stage)[-1] == f"train #1: production waits: {closed}"
    assert answers(stage) == [True, True]
    assert [each.key for each in stage.asked(AnswerEnvironment)][-1].endswith("/1/1")
    assert any(isinstance(each, WriteCheck) for each in stage.commands)


def test_a_freeze_of_the_definitions_own_holds_an_approval_up() -> None:
    """A calendar that closes after the dispatch keeps the run at its environment."""
    task = {"dispatch": WORKFLOW, "environment": "production"}
    stage = Stage.of(graph({"deploy": task}, freeze=["nights"]))
    attempt = stage.attempt("deploy")
    stage.tell(DispatchAccepted(at=stage.now, attempt=attempt, workflow_run_id=9, url=""))
    seen = WorkflowRunObserved(
        at=stage.now,
        attempt=attempt,
        workflow_run_id=9,
        run_attempt=1,
        status=RunStatus.WAITING,
        conclusion=None,
        head_sha=Sha("c" * 40),
        url="",
    )
    stage.tell(seen)
    stage.closed.add("nights")
    stage.tell(asked(stage))
    held = answers(stage)
    check = summarise_check(stage.state)
    stage.open("nights")

    assert held == []
    assert "held: deploy waits for a calendar to open" in check.title
    assert "and is let go on: the calendar `nights` is closed" in check.summary
    assert answers(stage) == [True]


def test_what_is_not_to_go_on_any_more_waits_for_no_calendar() -> None:
    """Paused meanwhile, it is not let go when the calendar opens, but when it goes on."""
    stage = deploying()
    stage.closed.add("quiet")
    stage.tell(asked(stage))
    stage.tell(put_off(stage))
    stage.tell(PauseRequested(at=stage.now, by="mona", reason="wait"))
    [run] = stage.state.environments
    stage.open("quiet")
    paused = answers(stage)
    stage.tell(ResumeRequested(at=stage.now, by="mona"))

    assert run.passages == ()
    assert paused == [True]
    assert answers(stage) == [True, True]


def test_what_a_calendar_said_long_ago_lets_nothing_go() -> None:
    """Of two calendars the one that was open first is asked again."""
    stage = guarded({"sign_off": ASKS})
    stage.closed.update({"quiet", "nights"})
    stage.choose("sign_off")
    stage.tell(replace(put_off(stage), calendars=("quiet", "nights")))
    stage.closed.clear()
    told = CalendarTold(
        at=stage.now,
        holder=Holder("@environment/0"),
        calendar="quiet",
        is_open=True,
        opens_at=None,
        why="",
    )
    stage.tell(told)
    stage.wait(minutes=5)
    early = len(stage.asked(AskCalendar))
    stage.tell(replace(told, at=stage.now, calendar="nights"))

    assert early == 2
    assert len(stage.asked(AskCalendar)) == 4
    assert answers(stage) == [True, True]


def test_an_answer_that_could_not_be_given_for_a_while_asks_its_calendars_again() -> None:
    """GitHub made us wait, and a freeze may have begun meanwhile."""
    stage = deploying()
    stage.tell(asked(stage))
    stage.tell(put_off(stage))
    [run] = stage.state.environments
    stage.wait(minutes=10)
    found = object_to_release(stage.state, run, (PolicyText(owner="acme"),), stage.now)
    stage.closed.add("quiet")
    stage.tell(put_off(stage))
    [held] = stage.state.environments
    stage.open("quiet")

    assert found is not None
    assert (found.code, found.calendars) == ("policy-freezes", ("quiet",))
    assert held.held_by is not None
    assert answers(stage) == [True, True, True]


def test_a_calendar_that_was_asked_already_is_a_refusal() -> None:
    """Else it could go round for ever; and nobody hears a calendar that was not asked."""
    stage = deploying()
    stage.tell(asked(stage))
    stage.tell(put_off(stage))
    stage.tell(put_off(stage))
    before = stage.state
    stranger = CalendarTold(
        at=stage.now,
        holder=Holder("@environment/7"),
        calendar="quiet",
        is_open=True,
        opens_at=None,
        why="",
    )
    stage.tell(stranger)

    [run] = stage.state.environments
    assert (run.outcome, run.again) == ("refused", 1)
    assert stage.state is before


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("approved", "was let go"),
        ("rejected", "was turned away"),
        ("refused", "is not let go: so it is"),
        ("gone", "waits no more: so it is"),
        ("", "is being answered"),
    ],
)
def test_people_read_what_became_of_each_run_of_others(outcome: str, words: str) -> None:
    """Where the check is, and by `/why`."""
    stage = guarded({"sign_off": ASKS})
    before = said_of(stage)
    stage.choose("sign_off")
    [run] = stage.state.environments
    answered = replace(run, outcome=outcome, message="so it is")
    stage.state = replace(stage.state, environments=(answered,))

    assert "the workflow run 9 of acme/infra at `production` waits for this" in before
    assert words in said_of(stage)
    assert words in explain_orchestration(stage.state, stage.now)


def test_of_many_runs_a_few_are_told() -> None:
    """The rest are counted."""
    stage = guarded({"sign_off": ASKS})
    [run] = stage.state.environments
    many = tuple(replace(run, workflow_run_id=each) for each in range(1, 25))
    stage.state = replace(stage.state, environments=many)

    assert said_of(stage).count("- the workflow run ") == 20
    assert "- and 4 more workflow runs" in said_of(stage)


def test_what_undoes_is_let_go_while_a_calendar_is_closed() -> None:
    """A freeze is there to keep things safe, and so is a roll-back."""
    undo = {"dispatch": WORKFLOW, "environment": "production"}
    tasks = {
        "deploy": {"dispatch": WORKFLOW, "compensate": undo},
        "prove": {"needs": ["deploy"], "dispatch": WORKFLOW},
    }
    stage = Stage.of(graph(tasks, freeze=["nights"]))
    stage.run("deploy")
    stage.run("prove", "failure")
    stage.closed.add("nights")
    attempt = stage.attempt("deploy~undo")
    stage.tell(DispatchAccepted(at=stage.now, attempt=attempt, workflow_run_id=9, url=""))
    stage.tell(asked(stage, attempt=attempt))

    assert answers(stage) == [True]
