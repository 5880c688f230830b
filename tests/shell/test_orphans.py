"""Stories of a database that went back in time, and of checks that nobody knows any more."""

import copy
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.courier import Courier
from app.engine import Engine
from app.github.performer import GitHubPerformer
from app.github.webhooks import hear
from app.ports.mending import Listed
from app.rehearsal import Outcome
from app.rehearsal.model.state import CheckRun
from app.repair import Repair
from app.repair.orphans import forgotten
from tests.kit import build
from tests.kit.town import API, HOME, Town, town
from tests.shell.test_repair import live, repair_of

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

ON_PULLS = SHIP.replace(
    "push: {branches: [main]}", "pull_request: {types: [opened, synchronize]}"
)


async def pushed(here: Town) -> str:
    """Push, and let what follows begin; return the SHA."""
    sha = here.github.push(HOME, {"README.md": f"{here.github.clock.now()}\n"})
    await here.wait(minutes=1)
    return sha


async def restore(here: Town, backup: dict[str, Any]) -> Repair:
    """Stop, put a backup back in the place of the database, and start again."""
    vars(here.store).update(copy.deepcopy(backup))
    clock = here.github.clock
    reader = partial(hear, app_id=str(here.github.app_id))
    here.engine = Engine(store=here.store, clock=clock, read=reader, owner="here")
    here.courier = Courier(
        store=here.store,
        engine=here.engine,
        performer=GitHubPerformer(here.client),
        clock=clock,
        owner="here",
    )
    await here.engine.open()
    await here.settle()
    repair = repair_of(here)
    await repair.open()
    return repair


def check_on(here: Town, sha: str) -> CheckRun:
    """Return the one check run on a commit."""
    [check] = here.github.check_runs(HOME, sha)
    return check


async def test_a_check_of_what_the_backup_does_not_know_is_concluded() -> None:
    """It says so, and why; what the backup does know goes on, and nothing is done twice."""
    async with town(ship=SHIP) as here:
        here.github.script(API, "deploy.yml", Outcome(duration=timedelta(hours=2)))
        repair = repair_of(here)
        await live(here, repair, minutes=30)
        known = await pushed(here)
        backup = copy.deepcopy(vars(here.store))
        await live(here, repair, minutes=30)
        lost = await pushed(here)
        await live(here, repair, minutes=30)
        repair = await restore(here, backup)
        await live(here, repair, minutes=5)
        soon = [check_on(here, sha).conclusion for sha in (known, lost)]
        calls = len(here.github.calls)
        await live(here, repair, minutes=110)
        writes = [
            call
            for call in list(here.github.calls)[calls:]
            if call.method == "PATCH" and call.path.endswith(f"/{check_on(here, lost).id}")
        ]

        assert soon == [None, "cancelled"]
        assert check_on(here, lost).title == "unknown to this Signalbox"
        assert "restored from a backup" in str(check_on(here, lost).summary)
        assert check_on(here, known).conclusion == "success"
        assert here.deployments() == 2
        assert writes == []


@pytest.mark.parametrize("is_known", [False, True])
async def test_a_comment_of_what_the_backup_does_not_know_is_let_go(is_known: bool) -> None:
    """It says so, and the next orchestration, whatever its number, takes it over."""
    async with town(ship=ON_PULLS) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=30)
        backup = copy.deepcopy(vars(here.store))
        pull = here.github.open_pull_request(HOME, {"README.md": "one\n"}, author="carl")
        await live(here, repair, minutes=5)
        backup = copy.deepcopy(vars(here.store)) if is_known else backup
        await live(here, repair, minutes=30)
        for number in range(2):
            here.github.push(HOME, {"README.md": f"{number}\n"}, branch=pull.head_ref)
            await live(here, repair, minutes=5)
        [comment] = here.github.comments(HOME, pull.number)
        before = comment.body
        repair = await restore(here, backup)
        await live(here, repair, minutes=5)
        told = comment.body
        here.github.push(HOME, {"README.md": "more\n"}, branch=pull.head_ref)
        await live(here, repair, minutes=5)

        assert "#3 -->" in before
        assert "unknown to this Signalbox" in told
        assert [each.body for each in here.github.comments(HOME, pull.number)] == [comment.body]
        number = 2 if is_known else 1
        assert comment.body.startswith(f"<!-- signalbox acme/release/ship #{number} -->")


async def test_checks_of_others_and_those_that_have_ended_are_let_be() -> None:
    """Another App's is not touched, whatever it calls itself, nor what is concluded."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=30)
        backup = copy.deepcopy(vars(here.store))
        ended = await pushed(here)
        await live(here, repair, minutes=30)
        title = check_on(here, ended).title
        await restore(here, backup)
        repair = repair_of(here)
        await live(here, repair, minutes=10)

        assert (check_on(here, ended).conclusion, check_on(here, ended).title) == (
            "success",
            title,
        )


async def test_while_all_is_known_no_check_run_is_looked_at() -> None:
    """The deliveries about check runs, which are many, cost nothing."""
    async with town(ship=SHIP) as here:
        repair = repair_of(here)
        await live(here, repair, minutes=5)
        await pushed(here)
        await live(here, repair, minutes=120)
        read_whole = [it for it in here.github.calls if "/deliveries/" in it.path]

        assert read_whole == []


def test_only_what_we_said_to_have_is_a_sign_of_having_forgotten() -> None:
    """A press of a button may be kept or not, a lost delivery is none of ours yet."""
    at = build.START
    made = Listed(id=1, guid="c", event="check_run", at=at, is_answered=True, action="created")
    said = Listed(id=2, guid="p", event="push", at=at, is_answered=True)
    lost = Listed(id=3, guid="q", event="push", at=at, is_answered=False)
    hears = {"push", "check_run"}

    assert forgotten([made, said], set(), hears) == [made]
    assert forgotten([made, made, said], set(), hears) == [made]
    assert forgotten([made, said], {"p"}, hears) == []
    assert forgotten([made, lost], set(), hears) == []
