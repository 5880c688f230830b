"""One engine behind all doors: whichever somebody takes, the same is heard and decided."""

from dataclasses import replace

import pytest

from app.core.gate_events import VoteCast
from app.core.state import Vote
from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on: {pull_request: {types: [opened]}}
tasks:
  sign_off:
    approval: {rules: [{require: [{permission: write, count: 4}]}]}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def votes(here: Town) -> list[Vote]:
    """Return the votes that the journal has, in their order."""
    entries = await here.store.journal((await here.state()).id)
    return [entry.event.vote for entry in entries if isinstance(entry.event, VoteCast)]


def said(vote: Vote) -> Vote:
    """Leave out who it was, when, and by which door."""
    return replace(
        vote, by="", user_id=0, at=vote.at.min, source="", reference="", sha="", words=None
    )


async def test_an_approval_by_any_door_is_the_same_event() -> None:
    """A review, a comment, the button of the check and the API: four votes of one kind, each
    with its door, and together they open the gate."""
    async with town(ship=SHIP) as here:
        pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="eve")
        await here.wait(seconds=5)
        await here.review(pull.number, "mona")
        await here.say(pull.number, "/approve", by="carl")
        here.github.press_button(HOME, await here.check(), "approve", by="hubot")
        await here.wait(seconds=5)
        before = here.deployments()
        wish = {"actor": "ada", "text": "/approve", "orchestration": (await here.state()).id}
        await here.deliver("signalbox/say", wish, "by-api")
        await here.wait(seconds=5)
        cast = await votes(here)

        assert [(vote.by, vote.source) for vote in cast] == [
            ("mona", "review"),
            ("carl", "comment"),
            ("hubot", "check"),
            ("ada", "page"),
        ]
        assert {vote.option for vote in map(said, cast)} == {"approve"}
        assert len({repr(said(vote)) for vote in cast}) == 1
        assert (before, here.deployments()) == (0, 1)


@pytest.mark.parametrize("door", ["review", "comment", "page"])
async def test_a_no_by_any_door_shuts_the_gate(door: str) -> None:
    """One no of somebody who is asked is enough, however it comes."""
    async with town(ship=SHIP) as here:
        pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="eve")
        await here.wait(seconds=5)
        wish = {"actor": "mona", "text": "/reject", "orchestration": (await here.state()).id}
        match door:
            case "review":
                await here.review(pull.number, "mona", "CHANGES_REQUESTED")
            case "comment":
                await here.say(pull.number, "/reject", by="mona")
            case _:
                await here.deliver("signalbox/say", wish, "by-api")
        [vote] = await votes(here)

        assert (vote.by, vote.option, vote.source) == ("mona", "reject", door)
        assert await here.status("sign_off") == "failed"
