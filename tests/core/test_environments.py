"""What is told, and answered, about workflow runs that wait at environments."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.approvals.survey import PolicyText
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.environment_events import EnvironmentAnswered
from app.core.events import (
    CancelRequested,
    PauseRequested,
    RunStatus,
    WorkflowRunObserved,
)
from app.core.hearing.callbacks import run_in
from app.core.legs.ruling import object_to_release
from app.core.recording.environments import WAITING_MAX
from app.core.rules.environments import REPORTS_ON_THE_WAY_MAX
from app.core.values import Json, Sha
from tests.core.at_environments import (
    ASKS,
    URL,
    WORKFLOW,
    answers,
    asked,
    deploying,
    guarded,
    reports,
    rule,
    said_of,
)
from tests.kit.stage import Stage, caused, happening, machine


@pytest.mark.parametrize(
    ("url", "number"),
    [
        (URL, 9),
        (URL + "/", 9),
        ("https://evil.example/actions/runs/7/deployment_protection_rule", 7),
        (URL + "?x=/actions/runs/3/deployment_protection_rule.", None),
        ("https://api.github.com/repos/acme/infra/actions/runs/0/x", None),
        (None, None),
    ],
)
def test_of_an_address_only_the_number_counts(url: Json, number: int | None) -> None:
    """Whatever else it says, nobody calls it."""
    assert run_in(url) == number


def test_what_set_it_off_is_told_and_goes_on_when_it_succeeds() -> None:
    """Nobody answers before the people have."""
    stage = guarded({"sign_off": ASKS})
    before = answers(stage)
    stage.choose("sign_off")

    assert (before, answers(stage)) == ([], [True])
    assert reports(stage) == ["train #1: waiting for people: sign_off, 0 of 1 task done"]


def test_a_no_turns_it_away() -> None:
    """A person's, which is told with it."""
    stage = guarded({"sign_off": ASKS})
    stage.choose("sign_off", "reject", reason="on a Friday")

    assert answers(stage) == [False]
    [answer] = stage.asked(AnswerEnvironment)
    assert answer.key == "answer-environment/9/production/1"
    assert "sign_off" in answer.comment


def test_a_no_of_a_policy_turns_it_away() -> None:
    """What the organisation forbids to dispatch, it forbids to release."""
    stage = guarded({"deploy": {"dispatch": WORKFLOW}})
    stage.refuse("deploy", "policy-denies")

    assert answers(stage) == [False]


@pytest.mark.parametrize("code", ["timed-out", "expression-failed", "policy-error"])
def test_what_goes_wrong_is_no_no(code: str) -> None:
    """It goes on waiting, and is told so; a retry that succeeds lets it go."""
    stage = guarded({"deploy": {"dispatch": WORKFLOW}})
    stage.refuse("deploy", code)
    failed = answers(stage)
    stage.retry("deploy")
    stage.run("deploy")

    assert failed == []
    assert any("Nobody said no" in each for each in reports(stage))
    assert answers(stage) == [True]


def test_a_no_in_a_machine_counts_where_it_fails_by_it() -> None:
    """A no that leads elsewhere is none; one that ends it in failure is."""
    for end, found in (("failure", [False]), ("success", [True])):
        states = {
            "asking": {
                **ASKS,
                "transitions": [
                    {"on": "approval.rejected", "to": "over"},
                    {"on": "approval.approved", "to": "over"},
                ],
            },
            "over": {"final": True, "conclusion": end},
        }
        stage = Stage.of(caused(machine(states), rule()))
        stage.choose("approval", "reject")

        assert answers(stage) == found


def test_a_cancelled_one_goes_on_waiting() -> None:
    """Nobody said no to the deployment."""
    stage = guarded({"sign_off": ASKS})
    stage.tell(CancelRequested(at=stage.now, by="mona", reason="wrong one"))

    assert answers(stage) == []
    assert "Nobody said no" in reports(stage)[-1]


def test_reports_are_spent_sparingly() -> None:
    """Nine on the way, and the tenth for how it ended; none is said twice."""
    tasks = {f"t{count:02}": {"dispatch": WORKFLOW} for count in range(12)}
    stage = guarded(tasks)
    for name in tasks:
        stage.run(name, "failure")

    assert len(reports(stage)) == REPORTS_ON_THE_WAY_MAX + 1
    assert len(set(reports(stage))) == len(reports(stage))
    assert "Nobody said no" in reports(stage)[-1]
    assert [each.count for each in stage.asked(ReportEnvironment)] == list(range(1, 11))


def test_after_thirty_days_nobody_is_answered() -> None:
    """GitHub has given the run up by then."""
    stage = guarded({"sign_off": ASKS})
    [waiting] = stage.state.environments
    long_ago = replace(waiting, asked_at=stage.now - timedelta(days=30))
    stage.state = replace(stage.state, environments=(long_ago,))
    stage.choose("sign_off")

    assert stage.state.conclusion == "success"
    assert answers(stage) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"deployment_callback_url": "https://example.com"},
        {"environment": None},
        {"environment": ""},
    ],
)
def test_what_names_no_run_or_no_environment_is_not_answered(changes: dict[str, Json]) -> None:
    """There is nothing that could be answered."""
    stage = guarded({"sign_off": ASKS}, rule(**changes))

    assert stage.state.environments == ()


def test_another_run_that_joins_is_answered_with_it() -> None:
    """By `correlate`; the same one twice is once, and others' events are none of these."""
    stage = guarded({"sign_off": ASKS})
    other = rule(deployment_callback_url=URL.replace("/9/", "/10/"))
    stage.hear("deployment_protection_rule.requested", other)
    stage.hear("deployment_protection_rule.requested", other)
    stage.hear("push", happening("push", {}))
    stage.choose("sign_off")

    assert [each.workflow_run_id for each in stage.asked(AnswerEnvironment)] == [9, 10]


def test_only_so_many_runs_are_answered_for() -> None:
    """Whatever joins, the state stays small."""
    stage = guarded({"sign_off": ASKS})
    [one] = stage.state.environments
    many = tuple(replace(one, workflow_run_id=each) for each in range(100, 100 + WAITING_MAX))
    stage.state = replace(stage.state, environments=many)
    stage.hear("deployment_protection_rule.requested", rule())

    assert len(stage.state.environments) == WAITING_MAX


def test_a_run_of_ours_goes_on_at_the_environment_of_its_task() -> None:
    """Once it is answered nothing more is said; asked again later it is answered again."""
    stage = deploying()
    stage.tell(asked(stage))
    told = EnvironmentAnswered(
        at=stage.now, workflow_run_id=9, environment="production", outcome="approved"
    )
    stage.tell(told)
    [waiting] = stage.state.environments
    stage.now += timedelta(hours=1)
    stage.tell(asked(stage))

    assert waiting.outcome == "approved"
    assert answers(stage) == [True, True]
    assert [each.asking for each in stage.asked(AnswerEnvironment)] == [1, 2]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (None, "names no environment"),
        ("staging", "names the environment staging"),
        ("${{ event.nothing }}", "is not known"),
    ],
)
def test_at_another_environment_it_is_told_once(environment: str | None, words: str) -> None:
    """A task answers only for the environment that it names."""
    stage = deploying(environment)
    stage.tell(asked(stage))
    stage.wait(hours=1)

    assert answers(stage) == []
    [report] = reports(stage)
    assert words in report


def test_a_refused_answer_is_told_where_people_look() -> None:
    """The run waits, and the remedy stands beside it."""
    stage = deploying()
    stage.tell(asked(stage))
    known = stage.leg("deploy").attempt
    waits = WorkflowRunObserved(
        at=stage.now,
        attempt=stage.attempt("deploy"),
        workflow_run_id=9,
        run_attempt=1,
        status=RunStatus.WAITING,
        conclusion=None,
        head_sha=known.head_sha or Sha(""),
        url="",
    )
    stage.tell(waits)
    before = said_of(stage)
    stage.tell(
        EnvironmentAnswered(
            at=stage.now,
            workflow_run_id=9,
            environment="production",
            outcome="refused",
            message="add the line",
        )
    )
    after = said_of(stage)

    assert "does not release it" not in before
    assert "Signalbox does not release it: add the line" in after


def test_what_is_not_to_go_on_is_not_let_go() -> None:
    """While it is paused, or being cancelled, nothing more begins."""
    paused = deploying()
    paused.tell(PauseRequested(at=paused.now, by="mona", reason="wait"))
    paused.tell(asked(paused))
    cancelled = deploying()
    cancelled.tell(CancelRequested(at=cancelled.now, by="mona", reason="wait"))
    cancelled.tell(asked(cancelled))

    assert answers(paused) == answers(cancelled) == []
    assert "deploy is not to go on" in reports(paused)[0]


def test_what_has_ended_and_runs_again_on_github_is_answered_once_it_is_heard_of() -> None:
    """The environment may ask before anybody tells that the run was run again."""
    stage = deploying()
    stage.run("deploy")
    stage.tell(asked(stage))
    before = answers(stage), reports(stage)
    known = stage.leg("deploy").attempt
    again = WorkflowRunObserved(
        at=stage.now + timedelta(minutes=1),
        attempt=stage.attempt("deploy"),
        workflow_run_id=9,
        run_attempt=2,
        status=RunStatus.WAITING,
        conclusion=None,
        head_sha=known.head_sha or Sha(""),
        url="",
    )
    stage.tell(again)

    assert before == ([], [])
    assert answers(stage) == [True]


def test_a_run_that_is_not_the_attempts_is_none_of_ours() -> None:
    """Nor is one of an attempt that nobody made."""
    stage = deploying()
    stage.tell(asked(stage, workflow_run_id=10))
    unknown = replace(stage.attempt("deploy"), number=7)
    stage.tell(asked(stage, attempt=unknown))

    assert stage.state.environments == ()


def test_an_answer_is_noted_once_and_of_no_other_run() -> None:
    """A late answer about what was not asked changes nothing."""
    stage = guarded({"sign_off": ASKS})
    told = EnvironmentAnswered(
        at=stage.now, workflow_run_id=9, environment="production", outcome="gone"
    )
    stage.tell(told)
    stage.tell(replace(told, workflow_run_id=10))
    stage.choose("sign_off")
    stage.tell(replace(told, at=stage.now, outcome="refused", message="no consent"))
    stage.tell(told)
    [waiting] = stage.state.environments

    assert (waiting.outcome, waiting.message) == ("refused", "no consent")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PolicyText(owner="acme"), None),
        (PolicyText(owner="acme", error="no"), "policy-error"),
        (
            PolicyText(
                owner="acme",
                text="{version: 1, organization: {rules: [{deny: no, mode: evaluate}]}}",
            ),
            None,
        ),
        (
            PolicyText(
                owner="acme",
                text=(
                    "{version: 1, organization: {rules: [{deny: no, applies-to: "
                    "{environments: [production]}}]}}"
                ),
            ),
            "policy-denies",
        ),
    ],
)
def test_a_policy_may_forbid_the_release(text: PolicyText, code: str | None) -> None:
    """Of the very environment; what cannot be read forbids, too."""
    stage = guarded({"sign_off": ASKS})
    [run] = stage.state.environments
    found = object_to_release(stage.state, run, (text,), stage.now)

    assert (found.code if found else None) == code
