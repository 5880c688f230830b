"""Stories of a repository where the App was just installed, and where people push already."""

import pytest

from app.rehearsal import CallFault
from app.rehearsal.model.state import Installation
from tests.kit.town import DEPLOY, HOME, PEOPLE, Town, town
from tests.shell.test_permissions import revoke

pytestmark = pytest.mark.anyio

APP = "acme/app"
SHIP = """
version: 1
name: Ship
on:
  push: {branches: [main]}
  pull_request: {types: [opened]}
tasks:
  deploy:
    dispatch: acme/app/.github/workflows/deploy.yml@main
"""
GATED = """
version: 1
name: Ship
on:
  pull_request: {types: [opened]}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
"""
RELEASE = """
version: 1
name: Release
on:
  push: {branches: [main]}
tasks:
  wait: {wait: {for: 1m}}
"""
AWAITED = f"waits until the definitions of {APP} are read"


def adds(here: Town, text: str = SHIP) -> Installation:
    """Add a repository with a definition to those that the App covers."""
    files = {
        ".github/orchestrations/ship.yml": text,
        ".github/workflows/deploy.yml": DEPLOY,
        "README.md": "hello\n",
    }
    here.github.add_repository(APP, files, roles=PEOPLE)
    [found] = here.github.world.installations.values()
    here.github.choose_repositories(found, None)
    return found


def limits(here: Town, seconds: int = 600) -> None:
    """Let GitHub make us wait with the next file that we want to read."""
    here.github.faults.plan_call(CallFault.TOO_MANY, path="/contents/", retry_after=seconds)


async def waits(here: Town) -> list[str]:
    """Return what is said of each delivery that waits, by its event."""
    return sorted(f"{it.name}: {it.why}" for it in await here.store.waiting(9))


async def test_a_push_while_a_rate_limit_puts_the_reading_off_starts_one() -> None:
    """It waits for as long as the reading does, and then exactly one orchestration starts."""
    async with town(release=RELEASE) as here:
        limits(here)
        adds(here)
        here.github.push(APP, {"README.md": "1\n"})
        await here.wait(minutes=5)
        meanwhile, said = await here.states(), await waits(here)
        await here.wait(minutes=10)

        assert (meanwhile, said) == ([], [f"push: {AWAITED}"])
        assert [state.plan.title for state in await here.states()] == ["ship #1"]
        assert here.deployments() == 1
        assert await waits(here) == []


async def test_pushes_that_waited_start_in_their_order() -> None:
    """The first push is the first orchestration, and the last the newest."""
    async with town(release=RELEASE) as here:
        limits(here)
        adds(here)
        shas = [here.github.push(APP, {"README.md": f"{number}\n"}) for number in range(3)]
        await here.wait(minutes=15)
        states = {state.plan.number: state.plan.cause.sha for state in await here.states()}

        assert states == dict(enumerate(shas, 1))


async def test_the_first_push_to_what_nobody_told_us_of_starts_one() -> None:
    """The App covers all repositories of the organisation, and one is made."""
    async with town(release=RELEASE) as here:
        ship = {".github/orchestrations/ship.yml": SHIP}
        here.github.add_repository(APP, {**ship, ".github/workflows/deploy.yml": DEPLOY})
        here.github.push(APP, {"README.md": "1\n"})
        await here.wait(minutes=1)

        assert [state.plan.title for state in await here.states()] == ["ship #1"]


async def test_others_go_on_while_one_is_not_read_yet() -> None:
    """Only what is heard of the repository itself waits for it."""
    async with town(release=RELEASE) as here:
        limits(here)
        adds(here)
        here.github.push(APP, {"README.md": "1\n"})
        here.github.push(HOME, {"README.md": "1\n"})
        await here.wait(minutes=5)

        assert [state.plan.title for state in await here.states()] == ["release #1"]


async def test_a_vote_behind_the_pull_request_that_waits_is_heard() -> None:
    """What is said while both wait is said of what the pull request then starts."""
    async with town(release=RELEASE) as here:
        limits(here)
        adds(here, GATED)
        pull = here.github.open_pull_request(APP, {"README.md": "1\n"}, author="hubot")
        await here.wait(minutes=1)
        here.github.review(APP, pull.number, "mona", "APPROVED")
        await here.wait(minutes=1)
        before = await here.states()
        await here.wait(minutes=15)

        assert before == []
        assert (await here.state()).conclusion == "success"


async def test_a_forks_pull_request_that_waited_may_do_no_more_than_another() -> None:
    """What nobody has to agree to does not start for a stranger, later as little as at once."""
    async with town(release=RELEASE) as here:
        limits(here)
        adds(here)
        here.github.fork(APP, "stranger")
        here.github.open_pull_request(
            APP, {"README.md": "evil\n"}, author="stranger", fork="stranger/app", branch="evil"
        )
        await here.wait(minutes=5)
        said = await waits(here)
        await here.wait(minutes=15)

        assert said == [f"pull_request: {AWAITED}"]
        assert await here.states() == []
        assert await waits(here) == []


async def test_where_the_app_may_not_read_nothing_waits() -> None:
    """Who lacks the permission is told at once; from when it is granted pushes start again."""
    async with town(release=RELEASE) as here:
        [installation] = here.github.world.installations.values()
        granted = revoke(here, installation, contents="")
        await here.wait(minutes=1)
        adds(here)
        here.github.push(APP, {"README.md": "1\n"})
        await here.wait(minutes=1)
        said = await waits(here)
        here.github.set_permissions(installation, granted)
        await here.wait(minutes=1)
        here.github.push(APP, {"README.md": "2\n"})
        await here.wait(minutes=1)

        assert said == []
        assert [state.plan.title for state in await here.states()] == ["ship #1"]


async def test_a_repository_that_is_taken_off_the_app_lets_nothing_wait() -> None:
    """What waited for it starts nothing, nor when it is back: who took it off knows of it."""
    async with town(release=RELEASE) as here:
        limits(here)
        installation = adds(here)
        here.github.push(APP, {"README.md": "1\n"})
        await here.wait(minutes=1)
        here.github.choose_repositories(installation, [HOME])
        await here.wait(minutes=15)
        said = await waits(here)
        here.github.choose_repositories(installation, None)
        await here.wait(minutes=1)
        before = await here.states()
        here.github.push(APP, {"README.md": "2\n"})
        await here.wait(minutes=1)

        assert (said, before) == ([], [])
        assert [state.plan.title for state in await here.states()] == ["ship #1"]
