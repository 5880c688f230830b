"""Attacks by crowds: strangers who vote by the hundred, to keep a gate shut or waste calls."""

import pytest

from app.core.approvals.keeping import OF_ONE_MAX, UNASKED_MAX, UNKNOWN_MAX
from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  pull_request: {types: [opened, synchronize]}
tasks:
  sign_off:
    approval:
      rules: [{require: [{teams: [acme/sre], users: [ada]}]}]
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def proposed(here: Town) -> int:
    """Open a pull request, and return its number once its gate waits."""
    pull = here.github.open_pull_request(HOME, {"README.md": "change\n"}, author="hubot")
    await here.wait(seconds=5)
    return pull.number


async def test_a_crowd_of_strangers_approves() -> None:
    """However many there are, who is asked opens the gate; and each vote costs a few calls."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        for account in range(UNASKED_MAX + 10):
            here.github.review(HOME, number, f"stranger{account}", "APPROVED")
            await here.wait(seconds=1)
        kept, before = (await here.gate("sign_off")).votes, len(here.github.calls)
        await here.review(number, "eve")
        cost = len(here.github.calls) - before
        shut = here.deployments()
        await here.review(number, "mona")

        assert len(kept) <= UNASKED_MAX + 1
        assert cost <= 2 * UNASKED_MAX + 20
        assert (shut, here.deployments()) == (0, 1)


async def test_one_stranger_approves_again_and_again() -> None:
    """So many votes of one are kept, and none of others gives way to them."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        await here.review(number, "eve")
        for _ in range(OF_ONE_MAX + 5):
            await here.say(number, "/approve", by="stranger")
        by = [vote.by for vote in (await here.gate("sign_off")).votes]
        await here.say(number, "/approve", by="carl")

        assert by == ["eve", *["stranger"] * OF_ONE_MAX]
        assert here.deployments() == 1


async def test_hundreds_approve_at_once() -> None:
    """Before anything is known of them whom the rule names finds room; they cost one survey."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        before = len(here.github.calls)
        for account in range(UNKNOWN_MAX * 5):
            here.github.review(HOME, number, f"stranger{account}", "APPROVED")
        here.github.review(HOME, number, "ada", "APPROVED")
        await here.wait(seconds=30)

        assert here.deployments() == 1
        assert len(here.github.calls) - before <= 3 * UNKNOWN_MAX


async def test_who_found_no_room_among_hundreds_votes_again() -> None:
    """Once it is known that nobody asks for the others there is room."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        for account in range(UNKNOWN_MAX):
            here.github.review(HOME, number, f"stranger{account}", "APPROVED")
        here.github.review(HOME, number, "mona", "APPROVED")
        await here.wait(minutes=1)
        by = [vote.by for vote in (await here.gate("sign_off")).votes]
        await here.review(number, "mona")

        assert by == [f"stranger{account}" for account in range(UNKNOWN_MAX)]
        assert here.deployments() == 1
