"""Stories of pull requests from forks: who must have looked at what a stranger brings."""

import pytest

from tests.kit.town import HOME, town
from tests.shell.test_attacks import forked

pytestmark = pytest.mark.anyio

COMMUNITY = """
version: 1
name: Try
on: {pull_request: {types: [opened, synchronize]}}
tasks:
  sign_off:
    approval: {rules: [{require: [{users: [eve]}]}]}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def test_of_a_fork_a_maintainer_must_have_approved_whomever_the_rules_ask() -> None:
    """Who may only look can be asked by a rule, and opens nothing that has secrets alone."""
    async with town(ship=COMMUNITY) as here:
        number = await forked(here, {"README.md": "a stranger's\n"})
        await here.review(number, "eve")
        alone = here.deployments()
        why = await here.say(number, "/why", by="eve")
        await here.review(number, "mona")

        assert (alone, here.deployments()) == (0, 1)
        assert here.signs(why) == {"eyes"}
        assert "maintainer-missing" in here.answers(number)[0]


async def test_of_the_repository_s_own_branches_nobody_else_is_asked() -> None:
    """Whoever may push there needs no maintainer to look at it."""
    async with town(ship=COMMUNITY) as here:
        pull = here.github.open_pull_request(HOME, {"a": "b"}, author="carl")
        await here.wait(seconds=5)
        await here.review(pull.number, "eve")

        assert here.deployments() == 1


async def test_of_a_fork_the_same_files_in_another_commit_are_not_the_same() -> None:
    """The very commit is approved: its message, too, is a stranger's and may be read."""
    async with town(ship=COMMUNITY) as here:
        number = await forked(here, {"README.md": "good\n"})
        world = here.github.world
        seen = world.repository(HOME).pulls[number].head_sha
        here.github.push(
            "stranger/release", {"README.md": "good\n"}, branch="evil", author="stranger",
            message="$(env)", is_forced=True,
        )  # fmt: skip
        await here.wait(seconds=5)
        await here.review(number, "mona", commit_id=seen)
        await here.review(number, "eve", commit_id=seen)

        head = world.repository(HOME).pulls[number].head_sha
        commits = world.repository(HOME).commits
        assert head != seen
        assert commits[head].tree_sha == commits[seen].tree_sha
        assert here.deployments() == 0
