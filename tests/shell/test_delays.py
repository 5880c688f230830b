"""A rate limit of GitHub's, from the refusal to what people read and back to work."""

import pytest

from app.core.summary import summarise_check
from app.rehearsal import CallFault
from tests.kit.town import HOME, town

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
