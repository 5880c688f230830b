"""What an organisation's policy has against a dispatch, and what comes of it."""

from dataclasses import replace

import pytest

from app.core.approvals.survey import PolicyText
from app.core.commands import AskCalendar, DispatchWorkflow
from app.core.events import DispatchRefused
from app.core.legs.ruling import Objection, object_to_dispatch
from app.core.moves import LegStatus, TaskStatus
from app.core.plan import Plan
from app.core.values import LegKey
from tests.kit import build
from tests.kit.stage import Stage, graph

DEPLOY = "acme/api/.github/workflows/deploy.yml@main"
CALENDARS = (
    "calendars: {holidays: {timezone: UTC, closed: [{weekly: 'Fri 16:00 - Mon 08:00'}]}}"
)


def plan(**task: object) -> Plan:
    return graph({"deploy": {"dispatch": DEPLOY, "environment": "production", **task}})


def policy(rules: str, *more: str) -> PolicyText:
    parts = ", ".join([f"rules: [{rules}]", *more])
    return PolicyText(owner="acme/.github", text=f"{{version: 1, organization: {{{parts}}}}}")


def objection(stage: Stage, *texts: PolicyText) -> Objection | None:
    attempt = stage.attempt("deploy")
    return object_to_dispatch(stage.state, attempt, "acme/api", texts, stage.now)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PolicyText(owner="acme"), None),
        (policy(""), None),
        (policy("{deny: no}"), "policy-denies"),
        (policy("{applies-to: {environments: [production]}, deny: no}"), "policy-denies"),
        (policy("{applies-to: {environments: [staging]}, deny: no}"), None),
        (policy("{applies-to: {repositories: [acme/api]}, deny: no}"), "policy-denies"),
        (policy("{applies-to: {repositories: [acme/web]}, deny: no}"), None),
        (policy("{deny: no, mode: evaluate}"), None),
        (policy("{deny: no}", "mode: evaluate"), None),
        (policy("{when: actor == 'mallory', deny: no}"), None),
        (policy("{when: event.nothing.at.all == 1, deny: no}"), "policy-error"),
        (PolicyText(owner="acme/.github", error="no permission"), "policy-error"),
        (PolicyText(owner="acme/.github", text="version: 2"), "policy-error"),
    ],
)
def test_it_forbids_what_its_rules_are_about(text: PolicyText, code: str | None) -> None:
    """Only where it is enforced, and always where it cannot be read."""
    found = objection(Stage.of(plan()), PolicyText(owner="other"), text)

    assert (found.code if found else None) == code


@pytest.mark.parametrize(
    "environment", ["${{ event.nothing }}", "${{ event.action == 'x' ? 'a' : '' }}"]
)
def test_an_environment_without_a_name_is_not_let_through(environment: str) -> None:
    """Nobody knows which rules are about it."""
    found = objection(Stage.of(plan(environment=environment)), PolicyText(owner="acme"))

    assert found is not None
    assert found.code == "policy-error"


def test_what_has_no_environment_is_about_none() -> None:
    """Rules about environments are not about it; nor is anything but a dispatch."""
    bare = graph({"deploy": {"dispatch": DEPLOY}})
    denied = policy("{applies-to: {environments: ['*']}, deny: no}")

    assert objection(Stage.of(bare), denied) is None


def test_a_policy_caps_how_often_a_task_is_tried() -> None:
    """The third try is not made, and no other follows by itself."""
    twice = policy("", "max-attempts: 2")
    stage = Stage.of(plan(retry={"max-attempts": 9, "backoff": {"initial": "1m"}}))
    codes = []
    for _ in range(3):
        found = objection(stage, twice)
        codes.append(found.code if found else None)
        if found is None:
            stage.run("deploy", "failure")
            stage.wait(hours=1)
        else:
            stage.refuse("deploy", found.code)
    stage.wait(hours=9)

    assert codes == [None, None, "policy-attempts"]
    assert stage.status("deploy") is TaskStatus.FAILED
    assert stage.code("deploy") == "policy-attempts"
    assert len(stage.leg("deploy").attempts) == 3


def test_a_policy_adds_calendars_to_a_freeze() -> None:
    """It waits until they are open, which costs it no try, and is then let through."""
    frozen = policy("{calendars: [holidays]}", CALENDARS)
    stage = Stage.of(plan(), closed={"holidays"})
    found = objection(stage, frozen)
    assert found is not None
    stage.tell(
        DispatchRefused(
            at=stage.now,
            attempt=stage.attempt("deploy"),
            code=found.code,
            message=found.message,
            calendars=found.calendars,
        )
    )
    waits = stage.leg("deploy").status
    asked = [each.calendar for each in stage.asked(AskCalendar)]
    stage.open("holidays")
    again = objection(stage, frozen)
    stage.run("deploy")

    assert (found.code, found.calendars) == ("policy-freezes", ("holidays",))
    assert waits is LegStatus.BLOCKED
    assert asked == ["holidays"]
    assert again is None
    assert stage.state.conclusion == "success"
    assert [each.attempt.number for each in stage.asked(DispatchWorkflow)] == [1, 2]
    assert stage.leg("deploy").spent == 1


def test_a_calendar_of_another_organisation_is_named_in_full() -> None:
    """It is that organisation's policy which says when it is open."""
    frozen = policy("{calendars: [holidays]}", CALENDARS)
    found = objection(Stage.of(plan()), frozen, replace(frozen, owner="Other/.github"))

    assert found is not None
    assert found.calendars == ("holidays", "Other/holidays")


def test_what_could_not_be_done_for_a_while_asks_its_calendars_again() -> None:
    """GitHub made us wait, and a freeze may have begun meanwhile; it costs no try."""
    frozen = graph({"deploy": {"dispatch": DEPLOY}}, freeze=["holidays"])
    stage = Stage.of(frozen)
    at_once = objection(stage, policy(""))
    for _ in range(2):
        stage.wait(minutes=10)
        found = objection(stage, policy(""))
        assert found is not None
        stage.closed.add("holidays")
        put_off = DispatchRefused(
            at=stage.now,
            attempt=stage.attempt("deploy"),
            code=found.code,
            message=found.message,
            calendars=found.calendars,
        )
        stage.tell(put_off)
        held = stage.leg("deploy").status
        stage.open("holidays")
    stage.run("deploy")

    assert at_once is None
    assert (found.code, found.calendars) == ("policy-freezes", ("holidays",))
    assert held is LegStatus.BLOCKED
    assert stage.state.conclusion == "success"
    assert [each.attempt.number for each in stage.asked(DispatchWorkflow)] == [1, 2, 3]
    assert stage.leg("deploy").spent == 2


def test_putting_off_for_what_it_waited_for_is_a_refusal() -> None:
    """Else it could go round for ever."""
    stage = Stage.of(plan())
    for _ in range(2):
        put_off = DispatchRefused(
            at=stage.now,
            attempt=stage.attempt("deploy"),
            code="policy-freezes",
            message="closed",
            calendars=("holidays",),
        )
        stage.tell(put_off)

    assert stage.status("deploy") is TaskStatus.FAILED


def test_an_attempt_that_counts_no_more_is_judged_all_the_same() -> None:
    """A policy forbids it, whatever became of it."""
    stage = Stage.of(plan())
    attempt = build.attempt("deploy")
    gone = replace(attempt, leg=LegKey("gone"))
    found = object_to_dispatch(
        stage.state, gone, "acme/api", (policy("{deny: no}"),), stage.now
    )

    assert found is not None
    assert found.code == "policy-denies"
    assert found.message == "the rule `rule 1` of acme/.github forbids it: no"


def test_undoing_is_never_put_off() -> None:
    """A freeze is there to keep things safe."""
    undo = {"dispatch": DEPLOY}
    stage = Stage.of(
        graph(
            {
                "deploy": {"dispatch": DEPLOY, "compensate": undo},
                "prove": {"needs": ["deploy"], "dispatch": DEPLOY},
            }
        )
    )
    stage.run("deploy")
    stage.run("prove", "failure")
    frozen = policy("{calendars: [holidays]}", CALENDARS)
    attempt = stage.attempt("deploy~undo")

    assert object_to_dispatch(stage.state, attempt, "acme/api", (frozen,), stage.now) is None
