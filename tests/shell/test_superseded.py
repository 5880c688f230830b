"""Stories of commits that nobody is asked about any more: their gates and their checks."""

from datetime import timedelta

import pytest

from app.rehearsal import Outcome
from tests.kit.town import HOME, town
from tests.shell.test_doors import SHIP, proposed

pytestmark = pytest.mark.anyio

BUILT = """
version: 1
name: Ship
on: {pull_request: {types: [opened, synchronize]}}
tasks:
  build: {dispatch: acme/api/.github/workflows/deploy.yml@main}
  sign_off:
    needs: [build]
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
"""


async def test_the_old_check_says_what_it_is_superseded_by_and_links_to_it() -> None:
    """GitHub makes a link of the commit, on which the new check stands."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        new = here.github.push(HOME, {"a": "b"}, branch="change", author="carl")
        await here.wait(seconds=5)
        old = await here.check("ship #1")

        assert (old.status, old.conclusion) == ("completed", "cancelled")
        assert old.title == f"superseded: pull request #{number} goes on at {new[:12]}"
        assert f"It goes on at {HOME}@{new[:12]}." in (old.summary or "")
        assert (await here.check("ship #2")).head_sha == new


async def test_what_is_still_built_when_the_branch_is_forced_asks_nobody_afterwards() -> None:
    """The build goes on to its end; the gate behind it is about a commit that has gone."""
    async with town(ship=BUILT) as here:
        here.github.script("acme/api", "deploy.yml", Outcome(duration=timedelta(minutes=2)))
        await proposed(here)
        before = await here.status("build", "ship #1")
        here.github.push(HOME, {"a": "b"}, branch="change", author="carl", is_forced=True)
        await here.wait(minutes=10)

        assert before == "running"
        assert await here.status("build", "ship #1") == "succeeded"
        assert await here.status("sign_off", "ship #1") == "cancelled"
        assert await here.status("sign_off", "ship #2") == "running"


async def test_who_retries_what_was_superseded_is_asked_again() -> None:
    """It is another orchestration's turn, unless somebody says which one is meant."""
    async with town(ship=SHIP) as here:
        await proposed(here)
        here.github.push(HOME, {"a": "b"}, branch="change", author="carl")
        await here.wait(seconds=5)
        about = {"orchestration": (await here.state("ship #1")).id, "as": "mona"}
        await here.deliver("signalbox/retry", {**about, "task": "sign_off"}, "again")
        await here.wait(seconds=5)

        assert await here.status("sign_off", "ship #1") == "running"
