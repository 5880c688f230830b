"""Stories of environments that are to be there before anything is dispatched to them."""

import pytest

from app.rehearsal import CallFault
from tests.kit.town import API, Town, town

pytestmark = pytest.mark.anyio

PRODUCTION = "production"
LOOK = f"/repos/{API}/environments/{PRODUCTION}"
LETS_RELEASE = "version: 1\naccept: [{from: acme/release, workflows: [deploy.yml]}]\n"
SHIP = """
version: 1
name: Ship
on: {push: {branches: [main]}}
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    environment: ENVIRONMENT
    MORE
"""


def ship(environment: str = PRODUCTION, more: str = "retry: {max-attempts: 3}") -> str:
    """Write a definition that deploys to an environment."""
    return SHIP.replace("ENVIRONMENT", environment).replace("MORE", more)


async def pushed(here: Town, **wait: float) -> None:
    """Push to the definition's repository, and let what follows happen."""
    here.github.push("acme/release", {"README.md": "more\n"})
    await here.wait(**wait or {"minutes": 5})


async def test_nothing_is_dispatched_to_an_environment_that_is_not_there() -> None:
    """GitHub would make one that nobody protects; it is not tried again by itself."""
    async with town(ship=ship(), target=LETS_RELEASE) as here:
        await pushed(here)
        leg = await here.leg("deploy")

        assert here.github.runs(API) == []
        assert leg.reason is not None
        assert leg.reason.code == "environment-not-found"
        assert "acme/api has no environment `production`" in leg.reason.message
        assert "in the repository's settings" in leg.reason.message
        assert len(leg.attempts) == 1


async def test_once_it_has_been_made_it_is_dispatched_to() -> None:
    """That it was missing is not kept."""
    async with town(ship=ship(), target=LETS_RELEASE) as here:
        await pushed(here, seconds=20)
        here.github.protect(API, PRODUCTION)
        await pushed(here, seconds=20)

        assert len(here.github.runs(API)) == 1


async def test_the_legs_of_a_matrix_look_once() -> None:
    """And all that is dispatched there within a minute."""
    more = "strategy: {matrix: {region: [eu, us, jp]}}"
    async with town(ship=ship(more=more), target=LETS_RELEASE) as here:
        here.github.protect(API, PRODUCTION)
        await pushed(here, seconds=20)
        looks = [call for call in here.github.calls if call.path == LOOK]

        assert len(here.github.runs(API)) == 3
        assert len(looks) == 1


async def test_an_environment_that_cannot_be_seen_is_waited_for() -> None:
    """GitHub is in trouble, which passes; until then nothing is dispatched."""
    async with town(ship=ship(), target=LETS_RELEASE) as here:
        here.github.protect(API, PRODUCTION)
        here.github.faults.plan_call(CallFault.ERROR_BEFORE, path=LOOK, status=502, times=9)
        await pushed(here, seconds=3)
        before = len(here.github.runs(API))
        await here.wait(minutes=20)

        assert before == 0
        assert len(here.github.runs(API)) == 1


async def test_an_environment_that_has_no_name_is_not_dispatched_to() -> None:
    """Its expression gives none."""
    nameless = "\"${{ actor == 'nobody' ? 'production' : '' }}\""
    async with town(ship=ship(nameless), target=LETS_RELEASE) as here:
        await pushed(here)
        leg = await here.leg("deploy")

        assert here.github.runs(API) == []
        assert leg.reason is not None
        assert leg.reason.code == "policy-error"
        assert "`environment` came out as ''; it must be a name" in leg.reason.message
