"""Attacks: what strangers, authors, bots and old words try, and that nothing comes of it.

Each is played against the whole Signalbox; what counts is what GitHub was truly asked to run.
"""

from datetime import timedelta

import pytest

from app.core.state import Gate
from app.core.values import TaskName
from app.rehearsal import Outcome
from app.rehearsal.model import git, pulls
from tests.kit.town import API, DEPLOY, HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  pull_request: {types: [opened, synchronize]}
tasks:
  sign_off:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
      exclude: [actor, authors, last-pusher]
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
OF_WRITERS = SHIP.replace("{teams: [acme/sre], count: 1}", "{permission: write, count: 1}")


async def proposed(here: Town, author: str = "hubot", **more: str) -> int:
    """Open a pull request, and return its number once its gate waits."""
    pull = here.github.open_pull_request(HOME, {"README.md": "change\n"}, author=author, **more)
    await here.wait(seconds=5)
    return pull.number


async def why(here: Town, number: int) -> str:
    """Return what `/why` says."""
    await here.say(number, "/why", by="ada")
    return here.answers(number)[-1]


async def test_an_outsider_votes() -> None:
    """Whoever is not asked does not count, and neither by a review nor by a comment."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        await here.review(number, "eve")
        await here.say(number, "/approve", by="stranger")

        assert here.deployments() == 0
        assert "voter-not-asked" in await why(here, number)


async def test_the_author_votes() -> None:
    """Who wrote it does not approve it, whatever team they are in."""
    async with town(ship=SHIP) as here:
        number = await proposed(here, author="carl")
        await here.say(number, "/approve", by="carl")

        assert here.deployments() == 0
        assert "Excluded" not in here.answers(number)[0]
        assert "voter-is-a" in here.answers(number)[0]


async def test_the_last_pusher_votes() -> None:
    """Who pushed onto somebody else's branch does not approve what they pushed."""
    text = OF_WRITERS.replace("[actor, authors, last-pusher]", "[last-pusher]")
    async with town(ship=text) as here:
        number = await proposed(here)
        here.github.push(HOME, {"README.md": "mine\n"}, branch="change", author="mona")
        await here.wait(seconds=5)
        await here.review(number, "mona")
        pushed = here.deployments()
        await here.review(number, "carl")

        assert (pushed, here.deployments()) == (0, 1)


async def test_a_bot_votes() -> None:
    """A bot with write permission does not count where the rule asks for permission."""
    text = OF_WRITERS.replace("      exclude: [actor, authors, last-pusher]\n", "")
    async with town(ship=text) as here:
        here.github.world.repository(HOME).roles["helper[bot]"] = "write"
        here.github.world.account("helper[bot]", "Bot")
        number = await proposed(here)
        await here.review(number, "helper[bot]")

        assert here.deployments() == 0
        assert "voter-is-bot" in await why(here, number)


async def test_a_comment_is_edited_into_an_approval() -> None:
    """A right to edit is no right to approve: an edited comment says nothing."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        comment = await here.say(number, "Let me think", by="mona")
        here.github.edit_comment(HOME, comment, "/approve", by="ada")
        await here.wait(seconds=5)

        assert here.deployments() == 0
        assert (await gate_of(here)).votes == ()


async def test_an_approval_is_edited_before_it_is_heard() -> None:
    """What the comment does not say any more when it is looked at is not done."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        comment = here.github.comment(HOME, number, "/approve", "mona")
        here.github.edit_comment(HOME, comment, "no!", by="mona")
        await here.wait(seconds=5)

        assert here.deployments() == 0
        assert here.signs(comment) == {"confused"}


async def test_a_vote_is_cast_on_an_old_commit() -> None:
    """A review of a commit that is not the head's says nothing about the head."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        old = here.github.world.repository(HOME).pulls[number].head_sha
        here.github.push(HOME, {"README.md": "evil\n"}, branch="change", author="hubot")
        await here.wait(seconds=5)
        await here.review(number, "mona", commit_id=old)

        assert here.deployments() == 0
        assert "vote-for-another-plan" in await why(here, number)


async def test_an_approver_leaves_the_team_before_it_counts() -> None:
    """Membership is asked when the vote is used."""
    both = SHIP.replace("count: 1}]", "count: 2}]")
    async with town(ship=both) as here:
        number = await proposed(here)
        await here.review(number, "mona")
        here.github.leave_team("acme", "sre", "mona")
        await here.wait(minutes=2)
        await here.review(number, "carl")

        assert here.deployments() == 0
        assert "voter-not-asked" in await why(here, number)


async def test_something_is_pushed_after_the_approval() -> None:
    """Half an approval of the old commit is none of the new one."""
    both = SHIP.replace("count: 1}]", "count: 2}]")
    async with town(ship=both) as here:
        number = await proposed(here)
        await here.review(number, "mona")
        here.github.push(HOME, {"README.md": "evil\n"}, branch="change", author="hubot")
        await here.wait(seconds=5)
        await here.review(number, "carl")

        assert here.deployments() == 0
        assert await here.status("sign_off", "ship #2") == "running"


async def test_the_branch_is_forced_back_to_what_was_approved() -> None:
    """What was voided stays so: the same commit is asked about anew."""
    both = SHIP.replace("count: 1}]", "count: 2}]")
    async with town(ship=both) as here:
        number = await proposed(here)
        pull = here.github.world.repository(HOME).pulls[number]
        approved = pull.head_sha
        await here.review(number, "mona")
        here.github.push(HOME, {"README.md": "evil\n"}, branch="change", author="hubot")
        await here.wait(seconds=5)
        world, repository = here.github.world, here.github.world.repository(HOME)
        who = world.account("hubot")
        git.move_ref(world, repository, "heads/change", approved, who, is_forced=True)
        await here.wait(seconds=5)
        await here.review(number, "carl")

        assert pull.head_sha == approved
        assert here.deployments() == 0
        assert await here.status("sign_off", "ship #3") == "running"


async def forked(here: Town, files: dict[str, str]) -> int:
    """Open a pull request from a stranger's fork."""
    here.github.fork(HOME, "stranger")
    pull = here.github.open_pull_request(
        HOME, files, author="stranger", fork="stranger/release", branch="evil"
    )
    await here.wait(seconds=5)
    return pull.number


async def test_a_fork_brings_a_definition_of_its_own() -> None:
    """Nothing of a fork's configuration is read."""
    evil = SHIP.replace("needs: [sign_off]", "needs: []").replace("Ship", "Evil")
    async with town(ship=SHIP) as here:
        await forked(here, {".github/orchestrations/ship.yml": evil})

        states = await here.states()
        assert [it.plan.definition.name for it in states] == ["Ship"]
        assert here.deployments() == 0


async def test_a_fork_starts_what_nobody_has_to_agree_to() -> None:
    """What acts without an approval before it does not start for a stranger at all."""
    open_text = SHIP.replace("needs: [sign_off]", "needs: []")
    async with town(ship=open_text) as here:
        await forked(here, {"README.md": "evil\n"})

        assert await here.states() == []
        assert here.deployments() == 0


async def test_a_fork_pushes_between_the_look_and_the_comment() -> None:
    """A comment about a fork has to name the commit that was looked at; a review does."""
    text = SHIP.replace("[actor, authors, last-pusher]", "[actor]")
    async with town(ship=text) as here:
        number = await forked(here, {"README.md": "good\n"})
        looked_at = here.github.world.repository(HOME).pulls[number].head_sha
        here.github.push(
            "stranger/release", {"README.md": "evil\n"}, branch="evil", author="stranger"
        )
        await here.wait(seconds=5)
        await here.say(number, "/approve", by="mona")
        await here.say(number, f"/approve commit={looked_at[:10]}", by="mona")
        unseen = here.deployments()
        head = here.github.world.repository(HOME).pulls[number].head_sha
        await here.say(number, f"/approve commit={head[:10]}", by="mona")

        assert (unseen, here.deployments()) == (0, 1)
        assert "vote-for-another-plan" in here.answers(number)[0]


async def test_a_pull_request_edits_the_gate_that_judges_it() -> None:
    """Definitions are read at the default branch, never at a pull request's head."""
    without = OF_WRITERS.replace("needs: [sign_off]", "needs: []")
    async with town(ship=SHIP) as here:
        pull = here.github.open_pull_request(
            HOME, {".github/orchestrations/ship.yml": without}, author="hubot"
        )
        await here.wait(seconds=5)

        assert pull.number
        assert await here.status("sign_off") == "running"
        assert here.deployments() == 0


PROTECTED = """
version: 1
name: Protect
on: {deployment_protection_rule: {}}
tasks: {look: {wait: {for: 1h}}}
"""


async def test_a_callback_url_leads_to_another_host() -> None:
    """The run's number is read out of it; the address itself is never called."""
    async with town(protect=PROTECTED) as here:
        repository = here.github.world.repository(HOME)
        installation = next(iter(here.github.world.installations))
        evil = "https://evil.example/actions/runs/7/deployment_protection_rule"
        body = {
            "action": "requested",
            "environment": "production",
            "deployment_callback_url": evil,
            "repository": {
                "id": repository.id,
                "full_name": HOME,
                "default_branch": "main",
            },
            "installation": {"id": installation},
            "sender": {"id": 1, "login": "mona", "type": "User"},
        }
        await here.deliver("deployment_protection_rule", body, "evil")
        await here.wait(minutes=1)

        assert all("evil" not in call.path for call in here.github.calls)


async def test_a_target_does_not_consent() -> None:
    """Who may write in one repository cannot thereby act in another."""
    async with town(ship=SHIP, target="") as here:
        number = await proposed(here)
        await here.review(number, "mona")
        task = (await here.state()).tasks[TaskName("deploy")]

        assert here.deployments() == 0
        assert task.reason is not None
        assert task.reason.code == "consent-missing"


@pytest.mark.parametrize(
    "text",
    [
        "> /approve",
        "```\n/approve\n```",
        "    /approve",
        "<!-- /approve -->",
        "please do not /approve this",
        "`/approve`",
    ],
)
async def test_a_command_is_shown_and_not_said(text: str) -> None:
    """What stands in a quote, in code or within a line is nobody's vote."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        comment = await here.say(number, f"As I said:\n\n{text}\n", by="mona")

        assert here.deployments() == 0
        assert here.signs(comment) == set()
        assert (await gate_of(here)).votes == ()


async def test_signalbox_is_made_to_speak_to_itself() -> None:
    """Its own comments ask for nothing, whatever stands in them."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        before = len(here.github.comments(HOME, number))
        await here.say(number, "/cancel /approve", by="signalbox[bot]")
        await here.wait(minutes=1)

        assert str((await here.state()).status) == "running"
        assert len(here.github.comments(HOME, number)) <= before + 2


WIDE = """
version: 1
name: Wide
on:
  pull_request: {repositories: [acme/api], types: [opened]}
tasks:
  deploy: {dispatch: acme/release/.github/workflows/deploy.yml@main}
"""


async def test_a_maintainer_of_another_repository_cancels_what_is_not_theirs() -> None:
    """Roles are asked for where the definition stands, not where the comment does."""
    async with town(wide=WIDE) as here:
        here.github.push(HOME, {".github/workflows/deploy.yml": DEPLOY}, author="ada")
        here.github.script(HOME, "deploy.yml", Outcome(duration=timedelta(hours=1)))
        await here.wait(seconds=5)
        here.github.world.repository(API).roles["zed"] = "admin"
        pull = here.github.open_pull_request(API, {"a": "b"}, author="zed")
        await here.wait(seconds=5)
        here.github.comment(API, pull.number, "/cancel", "zed")
        await here.wait(seconds=5)

        assert str((await here.state()).status) == "running"


async def gate_of(here: Town) -> Gate:
    """Return the gate of the only orchestration."""
    leg = await here.leg("sign_off")
    assert leg.gate is not None, "the task is a gate"
    return leg.gate


RELEASE = """
version: 1
name: Release
on:
  push: {branches: [main]}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def test_a_fork_stands_at_the_commit_of_a_release() -> None:
    """Neither what is said of it nor its end has to do with the release."""
    async with town(release=RELEASE) as here:
        world, repository = here.github.world, here.github.world.repository(HOME)
        old = repository.head.sha
        git.move_ref(world, repository, "heads/old", old, world.account("ada"))
        sha = here.github.push(HOME, {"README.md": "v2\n"}, author="ada")
        await here.wait(seconds=5)
        fork, who = here.github.fork(HOME, "stranger"), world.account("stranger")
        pull = pulls.open_pull_request(
            world, repository, fork, "main", who, title="Evil", base_ref="old"
        )
        await here.wait(seconds=5)
        await here.review(pull.number, "mona")
        await here.say(pull.number, "/approve", by="mona")
        await here.say(pull.number, "/cancel", by="ada")
        here.github.close_pull_request(HOME, pull.number, by="stranger")
        await here.wait(seconds=5)

        assert pull.head_sha == sha
        assert await here.status("sign_off") == "running"
        assert here.deployments() == 0
