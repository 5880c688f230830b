"""A rate limit of GitHub's, from the refusal to what people read and back to work."""

from datetime import timedelta

import pytest

from app.core.policy import POLICY_PATH
from app.core.summary import summarise_check
from app.rehearsal import CallFault
from tests.kit.town import DEPLOY, HOME, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  push: {branches: [main]}
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def test_a_dispatch_that_a_rate_limit_puts_off_says_so_and_goes_on() -> None:
    """Nothing is asked until the stated time; then it is dispatched, once."""
    async with town(ship=SHIP) as here:
        here.github.faults.plan_call(
            CallFault.TOO_MANY, path="dispatches", times=1, retry_after=1_200
        )
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(minutes=1)
        told, asked = summarise_check(await here.state()).summary, len(here.github.calls)
        put_off = await here.store.delayed((await here.state()).id)
        await here.wait(minutes=18)
        meanwhile = len(here.github.calls) - asked
        await here.wait(minutes=10)

        assert "delayed until 2026-11-23 09:21 UTC by GitHub's rate limit" in told
        assert any("rate limit" in each.why for each in put_off)
        assert meanwhile == 0
        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 1


async def test_a_check_cannot_say_so_while_its_own_installation_has_to_wait() -> None:
    """`show` and the figures say it meanwhile; then it is written at once, as things are."""
    async with town(ship=SHIP) as here:
        here.github.faults.plan_call(
            CallFault.TOO_MANY, path="dispatches", times=1, retry_after=1_200
        )
        sha = here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(minutes=10)
        put_off = {each.name for each in await here.store.delayed((await here.state()).id)}
        [closed] = [it.closed_until for it in here.client.budget.figures() if it.closed_until]
        before = here.github.check_runs(HOME, sha)
        left = closed - here.github.clock.now()
        await here.wait(seconds=left.total_seconds() + 3)

        assert put_off == {"dispatch/deploy/1", "write/check"}
        assert left > timedelta(minutes=9)
        assert before == []
        assert (await here.check()).status == "in_progress"


async def test_a_check_says_so_where_only_the_target_s_installation_has_to_wait() -> None:
    """Whose limit it is decides who is silent: the others go on."""
    accepts = "version: 1\naccept: [{from: acme/release, workflows: [deploy.yml]}]\n"
    files = {".github/workflows/deploy.yml": DEPLOY, POLICY_PATH: accepts}
    there = SHIP.replace("acme/api", "globex/api")
    async with town(ship=there, extra=[("globex/api", files)]) as here:
        here.github.install_app("globex")
        await here.wait(minutes=1)
        here.github.faults.plan_call(
            CallFault.TOO_MANY, path="dispatches", times=1, retry_after=1_200
        )
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(minutes=5)
        said = str((await here.check()).summary)
        await here.wait(minutes=30)

        assert "delayed until 2026-11-23 09:22 UTC by GitHub's rate limit" in said
        assert (await here.check()).conclusion == "success"
