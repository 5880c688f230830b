"""Stories of an App that is suspended, uninstalled, taken off a repository, and back again."""

from datetime import timedelta

import pytest

from app.rehearsal import DeliveryFault, Outcome
from app.rehearsal.model.state import Installation
from tests.kit.town import API, HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  push: {branches: [main]}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
  deploy:
    needs: [build]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""

TEST_IT = """
  test:
    needs: [deploy]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
ACCEPTS_BOTH = (
    "version: 1\naccept:\n"
    "  - {from: acme/release, workflows: [deploy.yml]}\n"
    "  - {from: globex/release, workflows: [deploy.yml]}\n"
)


async def pushed(here: Town) -> Installation:
    """Start an orchestration whose first task takes five minutes; return the installation."""
    here.github.script(API, "deploy.yml", Outcome(duration=timedelta(minutes=5)))
    here.github.push(HOME, {"README.md": "changed\n"})
    await here.wait(minutes=1)
    [found] = here.github.world.installations.values()
    return found


async def paused_by(here: Town) -> str:
    """Return the code of the reason for which the only orchestration is paused."""
    paused = (await here.state()).paused
    return paused.code if paused is not None else ""


async def test_while_the_app_is_suspended_it_waits_and_then_goes_on() -> None:
    """Nothing is asked of GitHub again and again meanwhile, and nothing fails for it."""
    async with town(ship=SHIP) as here:
        installation = await pushed(here)
        here.github.suspend(installation)
        await here.wait(minutes=1)
        code, before = await paused_by(here), len(here.github.calls)
        await here.wait(hours=10)
        asked = len(here.github.calls) - before
        here.github.unsuspend(installation)
        await here.wait(minutes=30)

        assert code == "installation-suspended"
        assert asked <= 10 * 6 * 2, "twice in ten minutes at most, for a token"
        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 2
        assert (await here.check()).conclusion == "success"


async def test_when_the_app_is_installed_again_under_another_id_it_goes_on() -> None:
    """What is written and dispatched then is so in the name of the new installation."""
    async with town(ship=SHIP) as here:
        installation = await pushed(here)
        here.github.uninstall(installation)
        await here.wait(hours=2)
        code = await paused_by(here)
        here.github.install_app("acme")
        await here.wait(minutes=40)

        assert code == "installation-removed"
        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 2
        assert (await here.check()).conclusion == "success"


async def test_what_lives_in_a_repository_that_the_app_is_taken_off_waits_for_it() -> None:
    """It is paused with that reason, and resumed when the repository is back."""
    async with town(ship=SHIP) as here:
        installation = await pushed(here)
        here.github.choose_repositories(installation, [API])
        await here.wait(minutes=1)
        code = await paused_by(here)
        here.github.choose_repositories(installation, None)
        await here.wait(minutes=40)

        assert code == "repository-removed"
        assert (await here.state()).conclusion == "success"


async def test_it_does_not_take_a_webhook_to_learn_of_it() -> None:
    """Who is suspended is not among those listed; the next list tells that it is back."""
    async with town(ship=SHIP) as here:
        installation = await pushed(here)
        here.github.faults.plan_delivery(DeliveryFault.LOST, event="installation.*", times=9)
        here.github.suspend(installation)
        await here.engine.open()
        await here.wait(minutes=1)
        code = await paused_by(here)
        here.github.unsuspend(installation)
        await here.engine.open()
        await here.wait(minutes=40)

        assert code == "repository-removed"
        assert (await here.state()).conclusion == "success"


async def test_a_repository_is_followed_through_a_new_name() -> None:
    """Its id is what counts: what is under way goes on, and the next one knows the name."""
    async with town(ship=SHIP) as here:
        await pushed(here)
        here.github.rename_repository(HOME, "launches")
        await here.wait(minutes=30)
        here.github.push("acme/launches", {"README.md": "again\n"})
        await here.wait(minutes=30)

        assert [state.conclusion for state in await here.states()][:1] == ["success"]
        sha = (await here.states())[0].plan.cause.sha
        [check] = here.github.check_runs("acme/launches", sha)
        assert check.conclusion == "success"


async def two_accounts(here: Town) -> Installation:
    """Let there be another account that may have the repository one day."""
    here.github.add_organization("globex", ["mona"], {})
    here.github.add_repository("globex/other", {"README.md": "hello\n"})
    return await pushed(here)


async def test_a_repository_is_followed_to_another_account() -> None:
    """All goes by the installation there, and the next push starts the next one."""
    async with town(ship=SHIP, target=ACCEPTS_BOTH) as here:
        await two_accounts(here)
        here.github.install_app("globex")
        await here.wait(minutes=1)
        here.github.transfer_repository(HOME, "globex")
        await here.wait(minutes=30)
        here.github.push("globex/release", {"README.md": "again\n"})
        await here.wait(minutes=30)

        states = await here.states()
        assert [state.conclusion for state in states] == ["success"] * 2
        assert states[1].plan.origin.repository == "globex/release"
        for state in states:
            [check] = here.github.check_runs("globex/release", state.plan.cause.sha)
            assert check.conclusion == "success"
        assert here.deployments() == 4


async def test_a_repository_that_moved_unheard_is_followed_all_the_same() -> None:
    """A token that was minted before it moved is good for nothing: that is found out."""
    async with town(ship=SHIP, target=ACCEPTS_BOTH) as here:
        await two_accounts(here)
        here.github.install_app("globex")
        await here.wait(minutes=1)
        here.github.faults.plan_delivery(DeliveryFault.LOST, event="repository.*", times=9)
        here.github.transfer_repository(HOME, "globex")
        await here.wait(minutes=30)

        state = await here.state()
        [check] = here.github.check_runs("globex/release", state.plan.cause.sha)
        assert (state.conclusion, check.conclusion) == ("success", "success")


async def test_a_repository_that_moved_to_where_the_app_is_not_waits_for_it() -> None:
    """It is paused with that reason, costs a few calls an hour, and goes on when installed."""
    async with town(ship=SHIP + TEST_IT, target=ACCEPTS_BOTH) as here:
        await two_accounts(here)
        here.github.transfer_repository(HOME, "globex")
        await here.wait(minutes=30)
        code, before = await paused_by(here), len(here.github.calls)
        await here.wait(hours=5)
        asked = len(here.github.calls) - before
        here.github.install_app("globex")
        await here.wait(minutes=30)

        assert code == "repository-removed"
        assert asked <= 5 * 6 * 2, "twice in ten minutes"
        state = await here.state()
        [check] = here.github.check_runs("globex/release", state.plan.cause.sha)
        assert (state.conclusion, check.conclusion) == ("success", "success")
        assert here.deployments() == 3
