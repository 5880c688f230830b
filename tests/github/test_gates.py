"""Stories about deployment protection rules: reported on and answered by the run's number."""

import pytest

from app.core.values import RepositoryName
from app.github import gates, surfaces
from app.github.client import Access
from app.github.errors import ForbiddenError, UnprocessableError
from app.github.webhooks import load, read
from app.rehearsal import Outcome
from app.rehearsal.model.state import WorkflowRun
from tests.github.house import House

pytestmark = pytest.mark.anyio


def access(here: House) -> Access:
    return Access(installation_id=here.installation.id, repository=RepositoryName("acme/api"))


async def waiting(here: House) -> WorkflowRun:
    """Let a deployment wait at an environment for our answer."""
    here.github.protect("acme/api", "prod/eu")
    here.github.script("acme/api", "deploy.yml", Outcome(environment="prod/eu"))
    await here.event(here.dispatch())
    await here.wait(minutes=1)
    return here.github.runs("acme/api")[0]


@pytest.mark.parametrize(("is_approved", "end"), [(True, "success"), (False, "failure")])
async def test_a_run_waits_for_our_answer(here: House, is_approved: bool, end: str) -> None:
    """It is told why it waits, and then let go or turned away."""
    run = await waiting(here)
    places = await gates.waits_at(here.client, access(here), run.id)
    await gates.report_rule(here.client, access(here), run.id, "prod/eu", "1 of 2 " * 500)
    assert run.last.standstill is not None
    reports = run.last.standstill.reports
    await gates.answer_rule(
        here.client, access(here), run.id, "prod/eu", is_approved=is_approved, comment="so"
    )
    await here.wait(minutes=1)

    assert places == ("prod/eu",)
    assert [len(report) for report in reports] == [gates.COMMENT_CHARACTERS_MAX]
    assert run.last.conclusion == end
    assert await gates.waits_at(here.client, access(here), run.id) == ()


async def test_the_run_is_known_from_the_webhook_alone(here: House) -> None:
    """Its number stands in the callback address, of which nothing else is used."""
    run = await waiting(here)
    [asked] = [
        delivery
        for delivery in here.github.world.deliveries.values()
        if delivery.event == "deployment_protection_rule"
    ]
    subject = read(asked.event, load(asked.payload)).subject
    assert subject.workflow_run_id is not None
    await gates.answer_rule(
        here.client,
        access(here),
        subject.workflow_run_id,
        subject.environments[0],
        is_approved=True,
        comment="",
    )

    assert (subject.sha, subject.ref) == (run.head_sha, run.ref)
    assert [review.state for review in run.reviews] == ["approved"]


async def test_what_does_not_wait_for_us_cannot_be_answered(here: House) -> None:
    """Neither at another environment nor twice."""
    run = await waiting(here)
    for environment in ("staging", "prod/eu", "prod/eu"):
        try:
            await gates.answer_rule(
                here.client, access(here), run.id, environment, is_approved=True, comment=""
            )
        except UnprocessableError:
            refused = environment

    assert refused == "prod/eu"
    assert [review.state for review in run.reviews] == ["approved"]


async def test_without_the_permission_nothing_is_answered(here: House) -> None:
    """It is Deployments: write."""
    run = await waiting(here)
    here.installation.permissions = {"actions": "write", "metadata": "read"}

    with pytest.raises(ForbiddenError):
        await gates.report_rule(here.client, access(here), run.id, "prod/eu", "")


@pytest.mark.parametrize(("name", "is_there"), [("prod/eu", True), ("prod", False)])
async def test_an_environment_is_there_or_not(here: House, name: str, is_there: bool) -> None:
    """Its name may hold a slash."""
    await waiting(here)

    assert await gates.has_environment(here.client, access(here), name) is is_there


async def test_a_comment_gets_a_sign_once(here: House) -> None:
    """So that whoever gave a command sees that it was heard."""
    number = here.github.open_pull_request("acme/api", {"a.txt": "x"}).number
    comment = here.github.comment("acme/api", number, "/approve")
    for _ in range(2):
        await surfaces.react(here.client, access(here), comment.id, "rocket")

    assert [reaction.content for reaction in comment.reactions] == ["rocket"]
