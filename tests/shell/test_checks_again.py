"""Stories of what is tried again after its end: GitHub reopens no check run."""

from dataclasses import replace

import pytest

from app.core.events import Surface
from app.core.state import Orchestration, Written
from app.github.reporting import CONCLUDED, Reporter, access_to_cause
from app.github.surfaces import create_check_run
from app.ports import Carried, Errand, Postponed
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


async def under_way(here: Town, state: Orchestration) -> Orchestration:
    """Return a state as it is while its check is being brought up to it."""
    known = state.surfaces[Surface.CHECK]
    return replace(state, surfaces={Surface.CHECK: Written(remote_id=known.remote_id)})


def errand(here: Town, tries: int) -> Errand:
    now = here.github.clock.now()
    return Errand(state=None, tries=tries, first_tried_at=now, held_until=None)


async def test_an_old_state_makes_no_new_check_run() -> None:
    """Whoever lost their lease unawares may write what was so before somebody concluded it."""
    async with town(ship=SHIP) as here:
        here.github.open_pull_request(HOME, {"README.md": "change\n"}, author="carl")
        await here.settle()
        old = await under_way(here, await here.state())
        await here.wait(minutes=5)
        outcome = await Reporter(here.client).write_check(old, errand(here, tries=1))

        assert not old.has_ended
        assert outcome == Postponed(why=CONCLUDED)
        assert await checks(here) == [("completed", "success")]


async def test_a_new_check_run_that_was_lost_is_concluded_with_the_end() -> None:
    """Its creation was not heard of before all was over, and it must not go on for ever."""
    async with town(ship=SHIP) as here:
        await failed(here)
        state = await under_way(here, await here.state())
        content = {
            "name": here.github.check_runs(HOME, state.plan.cause.sha)[0].name,
            "head_sha": state.plan.cause.sha,
            "external_id": state.id,
            "status": "in_progress",
        }
        lost = await create_check_run(here.client, access_to_cause(state), content)
        outcome = await Reporter(here.client).write_check(state, errand(here, tries=2))

        assert isinstance(outcome, Carried)
        assert [each.remote_id for each in outcome.events] == [lost.id]
        assert await checks(here) == [("completed", "failure")] * 2
