"""Attacks by names that changed hands: what a name meant once gives nobody a right."""

import pytest

from tests.kit.town import HOME, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  pull_request: {types: [opened]}
tasks:
  sign_off:
    approval: {rules: [{require: [{permission: write, count: 1}]}]}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
ACCEPTS_ALL = "version: 1\naccept: [{from: acme/*, workflows: [deploy.yml]}]\n"


async def test_a_repository_of_the_old_name_gives_no_rights() -> None:
    """Whoever makes a public one where a renamed one stood may approve there, and not here."""
    async with town(ship=SHIP, target=ACCEPTS_ALL) as here:
        pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="hubot")
        await here.wait(seconds=30)
        here.github.rename_repository(HOME, "renamed")
        here.github.add_repository(HOME, roles={"eve": "admin"}, is_private=False)
        await here.wait(minutes=5)
        here.github.comment("acme/renamed", pull.number, "/approve", "eve")
        await here.wait(minutes=5)
        by_eve = here.deployments()
        here.github.comment("acme/renamed", pull.number, "/approve", "mona")
        await here.wait(minutes=5)

        assert (by_eve, here.deployments()) == (0, 1)


OWNED = SHIP.replace("{permission: write, count: 1}", "{code-owners: true}")
OWNERS = ".github/CODEOWNERS"


async def test_a_repository_of_the_old_name_names_no_owners() -> None:
    """Whose the changed files are is read where they are, and not where their name leads to."""
    async with town(ship=OWNED, target=ACCEPTS_ALL) as here:
        here.github.push(HOME, {OWNERS: "* @mona\n"}, author="ada")
        await here.wait(seconds=30)
        pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="hubot")
        await here.wait(seconds=30)
        here.github.rename_repository(HOME, "renamed")
        here.github.add_repository(
            HOME, {OWNERS: "* @carl\n"}, roles={"carl": "admin"}, is_private=False
        )
        here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="carl")
        await here.wait(minutes=5)
        here.github.comment("acme/renamed", pull.number, "/approve", "carl")
        await here.wait(minutes=5)
        by_carl = here.deployments()
        here.github.comment("acme/renamed", pull.number, "/approve", "mona")
        await here.wait(minutes=5)

        assert (by_carl, here.deployments()) == (0, 1)
