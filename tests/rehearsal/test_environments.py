"""Environments: who holds a workflow run up there, and who lets it go."""

from typing import Any

import pytest

from app.rehearsal import Outcome
from app.rehearsal.model.state import WorkflowRun
from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio

REPORT = {"environment_name": "production", "comment": "waiting for 1 of 2"}
YES = {"environment_name": "production", "state": "approved", "comment": "both agreed"}
NO = {"environment_name": "production", "state": "rejected"}


async def waiting(stage: Stage, **protection: Any) -> WorkflowRun:
    """Let a run come to its protected environment."""
    stage.github.protect(API, "production", **protection)
    stage.github.script(API, "build.yml", Outcome(environment="production"))
    await stage.dispatch()
    await stage.github.advance(10)
    return stage.github.runs(API)[-1]


async def answer(stage: Stage, run: WorkflowRun, body: object) -> int:
    path = f"{R}/actions/runs/{run.id}/deployment_protection_rule"
    return (await stage.ask("POST", path, body)).status_code


async def test_the_rule_of_the_app_holds_a_run_up_until_it_says_yes() -> None:
    """The App is asked by a webhook that names the run in its callback address alone."""
    stage = Stage()
    run = await waiting(stage)
    [asked] = [b for e, b in stage.receiver.webhooks if e == "deployment_protection_rule"]
    reported = await answer(stage, run, REPORT)
    before = run.last.status
    approved = await answer(stage, run, YES)
    await stage.github.advance(10)

    stage.judge.check()
    assert (reported, approved) == (204, 204)
    assert (before, run.last.conclusion) == ("waiting", "success")
    assert asked["deployment_callback_url"].endswith(
        f"/actions/runs/{run.id}/deployment_protection_rule"
    )
    assert "workflow_run" not in asked


async def test_a_rejected_run_fails() -> None:
    """A no of the App ends the run."""
    stage = Stage()
    run = await waiting(stage)
    await answer(stage, run, NO)

    assert run.last.conclusion == "failure"


async def test_people_and_the_rule_must_both_agree() -> None:
    """Where reviewers are required beside the rule, the run waits for both."""
    stage = Stage()
    run = await waiting(stage, reviewers=["mona"])
    pending = (await stage.ask("GET", f"{R}/actions/runs/{run.id}/pending_deployments")).json()
    await answer(stage, run, YES)
    between = run.last.status
    stage.github.review_run(run, "mona", comment="go")
    await stage.github.advance(10)
    approvals = (await stage.ask("GET", f"{R}/actions/runs/{run.id}/approvals")).json()

    assert [each["reviewer"]["login"] for each in pending[0]["reviewers"]] == ["mona"]
    assert (between, run.last.conclusion) == ("waiting", "success")
    assert [each["user"]["login"] for each in approvals] == ["signalbox[bot]", "mona"]
    assert [e for e in stage.receiver.events if e.startswith("deployment_review")] == [
        "deployment_review.requested",
        "deployment_review.approved",
    ]


async def test_reports_are_few_and_short() -> None:
    """Ten reports for a deployment and 1,024 characters for each are the most."""
    stage = Stage()
    run = await waiting(stage)
    long = await answer(stage, run, {**REPORT, "comment": "x" * 1_025})
    statuses = [await answer(stage, run, REPORT) for _ in range(11)]

    assert long == 422
    assert statuses == [204] * 10 + [422]


@pytest.mark.parametrize(
    "body",
    [
        {"environment_name": "staging", "state": "approved"},
        {"environment_name": "production", "state": "maybe"},
        {"environment_name": "production"},
        {"state": "approved"},
    ],
)
async def test_an_answer_to_another_question_is_refused(body: dict[str, str]) -> None:
    """The environment must be the one that the run waits at, and the answer one of two."""
    stage = Stage()
    run = await waiting(stage)

    assert await answer(stage, run, body) == 422
    assert run.last.status == "waiting"


async def test_what_does_not_wait_cannot_be_answered() -> None:
    """Twice is refused, and so is an answer for the reviewers where the rule alone waits."""
    stage = Stage()
    run = await waiting(stage, reviewers=["mona"], has_rule=False)
    by_rule = await answer(stage, run, YES)
    stage.github.review_run(run, "mona")
    late = await answer(stage, run, YES)

    assert (by_rule, late) == (422, 422)


async def test_a_disabled_workflow_is_not_dispatched() -> None:
    """Until it is enabled again."""
    stage = Stage()
    path = f"{R}/actions/workflows/build.yml"
    await stage.ask("PUT", f"{path}/disable")
    disabled = await stage.dispatch()
    state = (await stage.ask("GET", path)).json()["state"]
    await stage.ask("PUT", f"{path}/enable")
    enabled = await stage.dispatch()

    assert (disabled.status_code, state) == (422, "disabled_manually")
    assert enabled.status_code == 200
