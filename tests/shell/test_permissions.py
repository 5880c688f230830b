"""Stories of a permission that the App lacks: whoever needs it is paused until it has it."""

from datetime import timedelta

import pytest

from app.core.events import Surface
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
TELL = """
version: 1
name: Tell
on:
  push: {branches: [main]}
tasks:
  tell:
    github: issue.create
    with: {title: Shipped}
"""


async def pushed(here: Town) -> Installation:
    """Start an orchestration whose first task takes five minutes; return the installation."""
    here.github.script(API, "deploy.yml", Outcome(duration=timedelta(minutes=5)))
    here.github.push(HOME, {"README.md": "changed\n"})
    await here.wait(minutes=1)
    [found] = here.github.world.installations.values()
    return found


def revoke(here: Town, which: Installation, **levels: str) -> dict[str, str]:
    """Take permissions away, or lower them; return what was granted before."""
    before = dict(which.permissions)
    lowered = {**before, **levels}
    here.github.set_permissions(which, {name: it for name, it in lowered.items() if it})
    return before


async def pauses(here: Town) -> list[str]:
    """Return how often the only orchestration was paused and resumed, from its journal."""
    journal = await here.store.journal((await here.state()).id)
    names = [type(entry.event).__name__ for entry in journal]
    return [name for name in names if name in ("PauseRequested", "ResumeRequested")]


async def test_a_dispatch_that_lacks_a_permission_waits_for_it() -> None:
    """The reason names the permission and where to grant it; granted, it goes on at once."""
    async with town(ship=SHIP) as here:
        which = await pushed(here)
        before = revoke(here, which, actions="read")
        await here.wait(minutes=30)
        state = await here.state()
        said = f"{(await here.check()).summary}"
        here.github.set_permissions(which, before)
        await here.wait(minutes=1)
        soon = (await here.state()).paused
        await here.wait(minutes=20)

        assert state.paused is not None
        assert state.paused.code == "permission-missing"
        assert "installation of acme does not grant Actions: write" in state.paused.message
        assert f"/organizations/acme/settings/installations/{which.id}" in state.paused.message
        assert "Actions: write" in said
        assert soon is None
        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 2
        assert (await here.check()).conclusion == "success"
        assert await pauses(here) == ["PauseRequested", "ResumeRequested"]


async def test_it_does_not_take_a_webhook_to_learn_that_it_is_granted() -> None:
    """What was refused is tried again after ten minutes, and all goes on when it is done."""
    async with town(ship=SHIP) as here:
        which = await pushed(here)
        here.github.faults.plan_delivery(DeliveryFault.LOST, event="installation.*", times=9)
        before = revoke(here, which, actions="read")
        await here.wait(hours=3)
        code = (await here.state()).paused
        here.github.set_permissions(which, before)
        await here.wait(minutes=40)

        assert code is not None
        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 2


async def test_a_permission_that_is_missing_is_asked_for_six_times_an_hour_at_most() -> None:
    """However many tasks wait for it: what was found missing is remembered for ten minutes."""
    legs = ", ".join(str(number) for number in range(20))
    many = SHIP.replace(
        "  deploy:\n    needs: [build]\n",
        f"  deploy:\n    needs: [build]\n    strategy: {{matrix: {{n: [{legs}]}}}}\n",
    )
    async with town(ship=many) as here:
        which = await pushed(here)
        before = revoke(here, which, actions="read")
        await here.wait(minutes=30)
        seen = len(here.github.calls)
        await here.wait(hours=5)
        asked = [call.status for call in list(here.github.calls)[seen:]]
        here.github.set_permissions(which, before)
        await here.wait(minutes=60)

        assert asked.count(422) <= 5 * 6, "one token in ten minutes"
        assert len(asked) <= 5 * 6 * 10, "what any dispatch looks at first, once for all"
        assert await pauses(here) == ["PauseRequested", "ResumeRequested"]
        assert (await here.state()).conclusion == "success"
        assert here.deployments() == 21


async def test_other_news_of_the_installation_resume_nothing() -> None:
    """It is tried then, and what is still refused stays paused: its journal does not grow."""
    async with town(ship=SHIP) as here:
        which = await pushed(here)
        before = revoke(here, which, actions="read")
        await here.wait(minutes=30)
        for _ in range(5):
            await here.engine.open()
            await here.wait(minutes=20)
        asked = await pauses(here)
        here.github.set_permissions(which, before)
        await here.wait(minutes=30)

        assert asked == ["PauseRequested"]
        assert (await here.state()).conclusion == "success"


async def test_an_operation_waits_for_its_permission_too() -> None:
    """An issue that may not be opened is opened, once, when it may be."""
    async with town(tell=TELL) as here:
        [which] = here.github.world.installations.values()
        before = revoke(here, which, issues="")
        here.github.push(HOME, {"README.md": "changed\n"})
        await here.wait(minutes=30)
        paused = (await here.state()).paused
        here.github.set_permissions(which, before)
        await here.wait(minutes=5)
        titles = [issue.title for issue in here.github.world.repository(HOME).issues.values()]

        assert paused is not None
        assert "Issues: write" in paused.message
        assert (await here.state()).conclusion == "success"
        assert titles == ["Shipped"]


async def test_what_is_cancelled_meanwhile_ends_without_the_permission() -> None:
    """Nobody has to grant anything to be rid of it."""
    async with town(ship=SHIP) as here:
        which = await pushed(here)
        revoke(here, which, actions="read")
        await here.wait(minutes=30)
        wish = {"orchestration": (await here.state()).id, "actor": "mona", "reason": "enough"}
        await here.deliver("signalbox/cancel", wish, "cancel-1")
        await here.wait(hours=1)

        assert (await here.state()).conclusion == "cancelled"
        assert here.deployments() == 1


async def test_a_check_that_may_not_be_written_holds_nothing_up() -> None:
    """People see less, and the work goes on; the next change says it when it may be said."""
    async with town(ship=SHIP) as here:
        which = await pushed(here)
        before = revoke(here, which, checks="read")
        await here.wait(minutes=7)
        state = await here.state()
        here.github.set_permissions(which, before)
        await here.wait(minutes=30)

        assert state.paused is None
        assert "Checks: write" in state.surfaces[Surface.CHECK].refused
        assert (await here.state()).conclusion == "success"
        assert (await here.check()).conclusion == "success"
