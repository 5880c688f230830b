"""Stories of deliveries that do not say to which pull request they belong: no fork's does."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.rehearsal.model import git, pulls
from tests.kit.town import HOME, Town, town
from tests.shell.test_attacks import forked
from tests.shell.test_doors import proposed

pytestmark = pytest.mark.anyio

GATED = """
version: 1
name: After
on: {%s}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
OPEN = """
version: 1
name: After
on: {%s}
tasks:
  deploy: {dispatch: acme/api/.github/workflows/deploy.yml@main}
"""
LISTENS = {
    "workflow_run": "workflow_run: {types: [completed], workflows: [CI]}",
    "check_suite": "check_suite: {types: [completed]}",
}


async def told(
    here: Town,
    event: str,
    sha: str,
    *,
    whose: str = HOME,
    branch: str = "evil",
    top: Mapping[str, str] | None = None,
) -> None:
    """Deliver that CI has ended at a commit, with an empty list of pull requests."""
    repository = here.github.world.repository(HOME)
    about: dict[str, Any] = {
        "id": 77, "head_sha": sha, "head_branch": branch, "status": "completed",
        "conclusion": "success", "pull_requests": [],
    }  # fmt: skip
    if event == "workflow_run":
        head = {"id": here.github.world.repository(whose).id}
        about |= {"head_repository": head, "event": "pull_request", "run_attempt": 1}
    installation = next(iter(here.github.world.installations.values()))
    body = {
        "action": "requested" if top else "completed",
        **(top or {event: about}),
        "workflow": {"id": 5, "name": "CI"},
        "repository": {"id": repository.id, "full_name": HOME, "default_branch": "main"},
        "installation": {"id": installation.id},
        "sender": {"id": 9, "login": "stranger", "type": "User"},
    }
    await here.deliver(event, body, f"told-{event}-{sha[:7]}-{branch}")
    await here.wait(seconds=5)


def head_of(here: Town, number: int) -> str:
    """Return the commit that a pull request is at."""
    return here.github.world.repository(HOME).pulls[number].head_sha


@pytest.mark.parametrize("event", LISTENS)
async def test_what_a_fork_s_commit_begins_is_spoken_of_on_its_pull_request(event: str) -> None:
    """It is found by the commit: there stands the comment, and there it is approved."""
    async with town(after=GATED % LISTENS[event]) as here:
        number = await forked(here, {"README.md": "a stranger's\n"})
        sha = head_of(here, number)
        await told(here, event, sha, whose="stranger/release")
        state = await here.state()
        unbound = await here.say(number, "/approve")
        before = here.deployments()
        bound = await here.say(number, f"/approve commit={sha[:10]}")

        assert (state.plan.cause.pull_request, state.plan.cause.is_fork) == (number, True)
        assert any("After" in each.body for each in here.github.comments(HOME, number))
        assert (here.signs(unbound), here.signs(bound)) == ({"-1"}, {"+1"})
        assert (before, here.deployments()) == (0, 1)


@pytest.mark.parametrize("event", LISTENS)
async def test_what_waits_for_nobody_is_not_begun_by_a_fork_s_commit(event: str) -> None:
    """A check suite does not say whose its commit is: what is on no branch is a stranger's."""
    async with town(after=OPEN % LISTENS[event]) as here:
        number = await forked(here, {"README.md": "evil\n"})
        await told(here, event, head_of(here, number), whose="stranger/release", branch="main")

        assert await here.states() == []
        assert here.deployments() == 0


@pytest.mark.parametrize("event", LISTENS)
async def test_what_is_the_repository_s_own_begins_with_and_without_a_pull_request(
    event: str,
) -> None:
    """A branch without one has none; one that GitHub did not name is found."""
    async with town(after=OPEN % LISTENS[event]) as here:
        alone = here.github.push(HOME, {"a": "b"}, branch="alone", author="carl")
        number = await proposed(here)
        await told(here, event, alone, branch="alone")
        await told(here, event, head_of(here, number), branch="change")

        causes = [each.plan.cause for each in await here.states()]
        assert [each.pull_request for each in causes] == [None, number]
        assert [each.is_fork for each in causes] == [False, False]
        assert here.deployments() == 2


@pytest.mark.parametrize("event", LISTENS)
async def test_a_stranger_at_the_same_commit_gets_no_say(event: str) -> None:
    """A fork's pull request may stand at any commit of ours; it is not about that one."""
    async with town(after=GATED % LISTENS[event]) as here:
        world, repository = here.github.world, here.github.world.repository(HOME)
        git.move_ref(world, repository, "heads/old", repository.head.sha, world.account("ada"))
        sha = here.github.push(HOME, {"README.md": "v2\n"}, branch="next", author="ada")
        fork, who = here.github.fork(HOME, "stranger"), world.account("stranger")
        pull = pulls.open_pull_request(
            world, repository, fork, "next", who, title="Evil", base_ref="old"
        )
        await here.wait(seconds=5)
        await told(here, event, sha, branch="next")
        await here.say(pull.number, f"/approve commit={sha[:10]}", by="mona")

        assert pull.head_sha == sha
        cause = (await here.state()).plan.cause
        assert (cause.pull_request, cause.is_fork) == (None, False)
        assert here.deployments() == 0


async def test_an_environment_is_opened_for_no_stranger_by_what_waits_for_nobody() -> None:
    """The run that waits there is at a fork's commit, though the delivery does not say so."""
    rule = "deployment_protection_rule: {environments: [production]}"
    asks = {"environment": "production", "event": "pull_request", "ref": "refs/heads/evil"}
    async with town(after=OPEN % rule) as here:
        number = await forked(here, {"README.md": "evil\n"})
        own = await proposed(here)
        url = f"https://api.github.com/repos/{HOME}/actions/runs/%s/deployment_protection_rule"
        for run, each in enumerate((number, own), start=5):
            about = {**asks, "sha": head_of(here, each), "deployment_callback_url": url % run}
            await told(here, "deployment_protection_rule", str(about["sha"]), top=about)

        assert [it.plan.cause.pull_request for it in await here.states()] == [own]


async def test_the_button_of_a_fork_s_check_approves_though_no_pull_request_is_named() -> None:
    """It says by itself which orchestration is meant, and on which commit it stands."""
    async with town(after=GATED % "pull_request: {types: [opened]}") as here:
        number = await forked(here, {"README.md": "a stranger's\n"})
        check = await here.check()
        here.github.press_button(HOME, check, "approve", by="mona")
        await here.wait(seconds=5)
        heard = [it for it in here.github.world.deliveries.values() if it.event == "check_run"]

        assert number
        assert b'"pull_requests": []' in heard[-1].payload or b'"pull_requests":[]' in (
            heard[-1].payload
        )
        assert here.deployments() == 1


async def test_the_latest_are_looked_through_where_github_does_not_find_it_by_the_commit() -> (
    None
):
    """By the commit GitHub does not find every fork's."""
    async with town(after=GATED % LISTENS["check_suite"]) as here:
        number = await forked(here, {"README.md": "a stranger's\n"})
        sha = head_of(here, number)
        pull = here.github.world.repository(HOME).pulls[number]
        pull.base_sha = sha
        await told(here, "check_suite", sha)

        assert (await here.state()).plan.cause.pull_request == number
