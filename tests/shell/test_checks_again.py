"""A story of what is tried again after its end: GitHub reopens no check run."""

import pytest

from app.rehearsal import Outcome
from app.rehearsal.model.faults import CallFault
from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
on:
  pull_request: {types: [opened]}
tasks:
  deploy: {dispatch: acme/api/.github/workflows/deploy.yml@main}
"""
FAILS, WORKS = Outcome(conclusion="failure"), Outcome()


async def failed(here: Town) -> int:
    """Let it fail, and return the number of the pull request."""
    here.github.script("acme/api", "deploy.yml", FAILS)
    pull = here.github.open_pull_request(HOME, {"README.md": "change\n"}, author="carl")
    await here.wait(minutes=5)
    return pull.number


async def checks(here: Town) -> list[tuple[str, str | None]]:
    """Return the status and conclusion of each check run there is."""
    state = await here.state()
    runs = here.github.check_runs(HOME, state.plan.cause.sha)
    return [(each.status, each.conclusion) for each in runs]


async def test_what_is_tried_again_has_a_new_check_run() -> None:
    """The old one stays as it ended, the new one ends as the new try does."""
    async with town(ship=SHIP) as here:
        number = await failed(here)
        before = await checks(here)
        here.github.script("acme/api", "deploy.yml", WORKS)
        await here.say(number, "/retry deploy", by="hubot")
        await here.wait(minutes=5)

        assert before == [("completed", "failure")]
        assert sorted(await checks(here)) == [
            ("completed", "failure"),
            ("completed", "success"),
        ]


async def test_a_new_check_run_is_made_once() -> None:
    """Where the answer to its creation was lost, the one that is there is taken."""
    async with town(ship=SHIP) as here:
        number = await failed(here)
        here.github.script("acme/api", "deploy.yml", WORKS)
        lost = CallFault.ERROR_AFTER
        here.github.faults.plan_call(lost, method="POST", path="/check-runs$")
        await here.say(number, "/retry deploy", by="hubot")
        await here.wait(minutes=10)

        assert sorted(await checks(here)) == [
            ("completed", "failure"),
            ("completed", "success"),
        ]
