"""Attacks with forged tokens: what is reported for a workflow run that is not one's own."""

from datetime import timedelta
from typing import Any

import pytest

from app.rehearsal import Outcome
from app.rehearsal.model import oidc
from tests.kit.town import API, HOME, URL, Town, town

pytestmark = pytest.mark.anyio


async def proposed(here: Town) -> None:
    """Open a pull request, for which a build begins."""
    here.github.open_pull_request(HOME, {"README.md": "change\n"})
    await here.wait(seconds=5)


REPORTING = """
version: 1
name: Build
on: {pull_request: {types: [opened]}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    outputs: {image: {type: string}}
"""


@pytest.mark.parametrize(
    ("forged", "status"),
    [
        ({"aud": "https://elsewhere.test"}, 401),
        ({"exp": 1, "iat": 0, "nbf": 0}, 401),
        ({"iss": "https://issuer.evil.test"}, 401),
        ({"run_id": "999999"}, 202),
        ({"repository_id": "999999"}, 403),
    ],
)
async def test_a_token_of_a_workflow_is_forged(forged: dict[str, Any], status: int) -> None:
    """A token for others, of another run or attempt, or too old brings no outputs in."""
    async with town(build=REPORTING) as here:
        here.github.script(API, "deploy.yml", Outcome(duration=timedelta(hours=1)))
        await proposed(here)
        [run] = here.github.runs(API)
        now = here.github.clock.now()
        world = here.github.world
        token = oidc.Issuer().mint(world.at, run, 1, URL, now, **forged)
        answered = await here.report(token, {"image": "evil"})
        honest = oidc.Issuer().mint(world.at, run, 1, URL, now)
        before = (await here.leg("build")).attempt.outputs
        accepted = await here.report(honest, {"image": "good"})

        assert (answered, before, accepted) == (status, None, 202)
        assert (await here.leg("build")).attempt.outputs == {"image": "good"}


async def test_a_token_is_signed_by_another_key() -> None:
    """Only the issuer's own keys count."""
    async with town(build=REPORTING) as here:
        here.github.script(API, "deploy.yml", Outcome(duration=timedelta(hours=1)))
        await proposed(here)
        [run] = here.github.runs(API)
        world = here.github.world
        evil = oidc.Issuer(key=oidc.private_key("evil"))
        now = here.github.clock.now()
        token = evil.mint(world.at, run, 1, URL, now)

        assert await here.report(token, {"image": "evil"}) == 401


async def test_a_token_of_an_earlier_attempt_reports_for_a_later_one() -> None:
    """Outputs count for the attempt that the token names, and for no other."""
    async with town(build=REPORTING) as here:
        slow = Outcome(duration=timedelta(hours=1))
        here.github.script(API, "deploy.yml", [Outcome(conclusion="failure"), slow])
        await proposed(here)
        [run] = here.github.runs(API)
        old = oidc.Issuer().mint(here.github.world.at, run, 1, URL, here.github.clock.now())
        await here.wait(minutes=1)
        here.github.rerun(run)
        await here.wait(seconds=10)
        await here.report(old, {"image": "evil"})

        leg = await here.leg("build")
        assert (leg.attempt.run_attempt, leg.attempt.outputs) == (2, None)
