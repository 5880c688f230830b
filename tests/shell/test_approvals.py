"""Every key of an approval, played against the whole Signalbox: whom GitHub says they are."""

import pytest

from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on: {pull_request: {types: [opened]}}
tasks:
  sign_off:
    approval: APPROVAL
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
SRE = "rules: [{require: [{teams: [acme/sre]}]}]"


def ship(approval: str) -> str:
    """Write a definition with this approval."""
    return SHIP.replace("APPROVAL", f"{{{approval}}}")


async def proposed(here: Town, **files: str) -> int:
    """Open a pull request, and return its number once its gate waits."""
    changed = files or {"README.md": "1\n"}
    pull = here.github.open_pull_request(HOME, changed, author="eve")
    await here.wait(seconds=5)
    return pull.number


async def test_a_form_is_filled_in_by_a_comment() -> None:
    """A value that does not fit is refused with its reason; one that fits is an output."""
    form = "inputs: {ticket: {type: string, required: true, pattern: '^CHG-[0-9]+$'}}"
    async with town(ship=ship(f"{SRE}, {form}")) as here:
        number = await proposed(here)
        await here.say(number, "/approve ticket=soon", by="mona")
        await here.say(number, "/approve", by="mona")
        lacking = here.deployments()
        await here.say(number, "/approve ticket=CHG-7", by="mona")
        outputs = (await here.leg("sign_off")).outputs

        assert "vote-form-bad" in here.answers(number)[0]
        assert (lacking, here.deployments()) == (0, 1)
        assert outputs == {"ticket": "CHG-7", "choice": "approve"}


async def test_the_glass_is_broken_with_a_reason_by_whom_it_is_for() -> None:
    """Nobody else may, and not without a reason; it is recorded as what it is."""
    glass = "break-glass: {teams: [acme/qa], reason: required}, exclude: [authors]"
    async with town(ship=ship(f"{SRE}, {glass}")) as here:
        number = await proposed(here)
        await here.say(number, '/approve break-glass="it burns"', by="ada")
        await here.say(number, '/approve break-glass=""', by="hubot")
        refused = here.deployments()
        await here.say(number, '/approve break-glass="it burns"', by="hubot")
        gate = (await here.leg("sign_off")).gate

        assert "break-glass-not-allowed" in here.answers(number)[0]
        assert "break-glass-no-reason" in here.answers(number)[1]
        assert (refused, here.deployments()) == (0, 1)
        assert gate is not None
        assert (gate.by, gate.reason) == ("hubot", "it burns")


async def test_a_vote_that_is_too_old_is_none_and_may_be_given_again() -> None:
    """After a day the first of two has expired; given anew, both count."""
    two = "rules: [{require: [{permission: write, count: 2}]}], expires-after: 24h"
    async with town(ship=ship(two)) as here:
        number = await proposed(here)
        await here.say(number, "/approve", by="mona")
        await here.wait(hours=25)
        await here.say(number, "/approve", by="carl")
        await here.say(number, "/why", by="ada")
        before = here.deployments()
        await here.say(number, "/approve", by="mona")

        assert (
            "the vote of @&#8203;mona is older than 1 day (`vote-expired`)"
            in (here.answers(number)[-1])
        )
        assert (before, here.deployments()) == (0, 1)


async def test_the_owners_of_what_is_changed_are_asked() -> None:
    """For each path that has owners one of them; whoever owns nothing of it does not count."""
    owners = "rules: [{require: [{code-owners: true}]}]"
    async with town(ship=ship(owners)) as here:
        files = {".github/CODEOWNERS": "*.md @acme/sre\n/api/ @hubot\n/api/free\n"}
        here.github.push(HOME, files, author="ada")
        await here.wait(seconds=5)
        number = await proposed(here, **{"a.md": "1", "api/x.py": "1", "api/free": "1"})
        await here.say(number, "/approve", by="ada")
        await here.say(number, "/approve", by="mona")
        half = here.deployments()
        await here.say(number, "/why", by="ada")
        told = here.answers(number)
        await here.say(number, "/approve", by="hubot")

        assert "voter-not-asked" in told[0]
        assert "no owner of api/x.py has approved" in told[-1]
        assert (half, here.deployments()) == (0, 1)


async def test_a_rule_decides_where_its_condition_holds() -> None:
    """`auto` opens the gate without anybody, and the table says that it was a rule."""
    auto = f"{SRE}, auto: {{when: 'actor == \"eve\"', choose: approve}}"
    async with town(ship=ship(auto)) as here:
        await proposed(here)
        gate = (await here.leg("sign_off")).gate

        assert here.deployments() == 1
        assert gate is not None
        assert gate.by == "rule"


async def test_a_door_that_is_not_named_is_closed() -> None:
    """Where only reviews count a comment is refused, with the doors that are open."""
    async with town(ship=ship(f"{SRE}, sources: [review]")) as here:
        number = await proposed(here)
        await here.say(number, "/approve", by="mona")
        before = here.deployments()
        await here.review(number, "carl")

        assert "votes count here by review (`vote-by-wrong-door`)" in here.answers(number)[0]
        assert (before, here.deployments()) == (0, 1)


async def test_one_person_counts_once_over_all_rules_that_hold() -> None:
    """Who is in both teams fills one place; people are seated so that all rules are met."""
    rules = (
        "rules: [{require: [{teams: [acme/sre]}]}, {when: 'event.number > 0', require:"
        " [{permission: write}]}, {when: 'event.number < 0', require: [{users: [nobody]}]}]"
    )
    async with town(ship=ship(rules)) as here:
        number = await proposed(here)
        await here.review(number, "mona")
        alone = here.deployments()
        await here.review(number, "ada")

        assert (alone, here.deployments()) == (0, 1)


async def test_options_of_its_own_say_what_was_chosen() -> None:
    """The first that has enough votes is chosen, and stands in the outputs."""
    async with town(ship=ship(f"{SRE}, options: [ship, hold]")) as here:
        number = await proposed(here)
        await here.say(number, "/approve", by="mona")
        await here.say(number, "/approve hold", by="mona")

        assert "vote-option-unknown" in here.answers(number)[0]
        assert (await here.leg("sign_off")).outputs == {"choice": "hold"}
