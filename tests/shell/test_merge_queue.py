"""Stories of the merge queue: what was approved on a pull request counts in its group, too."""

from typing import Any

import pytest

from app.core.doorways.explaining import explain_orchestration
from app.rehearsal import CallFault
from tests.kit.town import HOME, Town, town
from tests.shell.test_attacks import forked
from tests.shell.test_doors import proposed

pytestmark = pytest.mark.anyio

LAND = """
version: 1
name: Land
on: {pull_request: {}, merge_group: {}}
tasks:
  sign_off:
    approval:
      rules: [{require: [{teams: [acme/sre]}]}]
      exclude: [actor, authors, last-pusher]
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def opened(here: Town, branch: str, author: str = "hubot") -> int:
    """Open a pull request of its own."""
    files = {f"{branch}.md": "new\n"}
    pull = here.github.open_pull_request(HOME, files, branch=branch, author=author)
    await here.wait(seconds=5)
    return pull.number


async def queue(here: Town, number: int, **more: Any) -> str:
    """Put a pull request into the queue, and let it be heard."""
    sha = here.github.enqueue(HOME, number, "ada", **more)
    await here.wait(seconds=5)
    return sha


async def why(here: Town, title: str) -> str:
    """Say why an orchestration waits, as `/why` does."""
    return explain_orchestration(await here.state(title), here.github.clock.now())


async def test_what_was_approved_on_the_pull_request_counts_in_its_group() -> None:
    """The same vote, with where it comes from and what GitHub showed about it."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        group = await queue(here, number)

        state = await here.state("land #2")
        gate = await here.gate("sign_off", "land #2")
        assert state.plan.cause.sha == group
        assert (str(state.status), here.deployments()) == ("succeeded", 2)
        [vote] = gate.votes
        assert (vote.by, vote.source, vote.reference[:6]) == ("mona", "review", "review")
        assert vote.carried_from == (await here.state("land #1")).id
        assert gate.survey is not None
        assert gate.survey.proof is not None
        assert gate.survey.proof.is_alone


async def test_a_group_that_is_squashed_asks_anew_and_says_why() -> None:
    """Nothing shows that it holds what was voted about; whoever presses its button decides."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        await queue(here, number, squashes=True)
        told, before = await why(here, "land #2"), here.deployments()
        check = await here.check("land #2")
        shown = check.summary or ""
        here.github.press_button(HOME, check, "approve", by="hubot")
        await here.wait(seconds=5)
        by_author = here.deployments()
        here.github.press_button(HOME, check, "approve", by="carl")
        await here.wait(seconds=5)

        assert "carry-not-proved" in told
        assert "asked anew in the merge queue: the group does not hold" in shown
        assert "vote-not-carried" in told
        assert (before, by_author, here.deployments()) == (1, 1, 2)


async def test_a_group_behind_others_counts_votes_once_theirs_have_been_given() -> None:
    """It holds what they hold: one approval is not for what nobody has looked at."""
    async with town(land=LAND) as here:
        first, second = await opened(here, "one"), await opened(here, "two")
        await here.review(second, "mona")
        await queue(here, first)
        await queue(here, second)
        told, before = await why(here, "land #4"), here.deployments()
        await here.review(first, "carl")
        await here.wait(seconds=5)

        assert "carry-queue-ahead" in told
        assert (before, here.deployments()) == (1, 4)
        statuses = {it.plan.title: str(it.status) for it in await here.states()}
        assert set(statuses.values()) == {"succeeded"}


async def test_who_stands_before_and_was_approved_holds_nobody_up() -> None:
    """Each group's own gate answers for it."""
    async with town(land=LAND) as here:
        first, second = await opened(here, "one"), await opened(here, "two")
        await here.review(first, "mona")
        await here.review(second, "mona")
        here.github.enqueue(HOME, first, "ada")
        here.github.enqueue(HOME, second, "ada")
        await here.wait(seconds=5)

        assert here.deployments() == 4


async def test_a_definition_that_was_changed_meanwhile_asks_anew() -> None:
    """What was approved was another one."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        changed = {".github/orchestrations/land.yml": LAND.replace("Land", "Land it")}
        here.github.push(HOME, changed, author="ada")
        await here.wait(minutes=1)
        await queue(here, number)

        assert "carry-plan-differs" in await why(here, "land #2")
        assert here.deployments() == 1


async def test_what_behaves_otherwise_in_the_queue_asks_anew() -> None:
    """Who approved a deployment that was to be skipped has approved no deployment."""
    condition = "    if: event_name == 'merge_group'\n"
    text = LAND.replace("    needs: [sign_off]\n", f"    needs: [sign_off]\n{condition}")
    async with town(land=text) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        await queue(here, number)

        told = await why(here, "land #2")
        assert "carry-plan-differs" in told
        assert "deploy depends on what set it off" in told
        assert here.deployments() == 0


async def test_what_reads_the_commit_alone_is_the_same_plan() -> None:
    """The commit is another one in the group, as everybody knows."""
    text = LAND.replace(
        "workflows/deploy.yml@main\n",
        "workflows/deploy.yml@main\n    with: {target: '${{ repository }} ${{ sha }}'}\n",
    )
    async with town(land=text) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        await queue(here, number)

        assert await here.status("sign_off", "land #2") == "succeeded"


async def test_a_vote_that_is_taken_back_is_taken_back_in_the_group_too() -> None:
    """The review stands on the pull request, and the gate of the group waits on."""
    two = LAND.replace("{teams: [acme/sre]}", "{teams: [acme/sre]}, {teams: [acme/qa]}")
    async with town(land=two) as here:
        number = await opened(here, "one", author="eve")
        gone = here.github.review(HOME, number, "carl")
        await here.wait(seconds=2)
        here.github.dismiss_review(HOME, number, gone, by="ada")
        given = here.github.review(HOME, number, "mona")
        await here.wait(seconds=2)
        await queue(here, number)
        before = (await here.gate("sign_off", "land #2")).votes
        here.github.dismiss_review(HOME, number, given, by="ada")
        await here.wait(seconds=5)
        here.github.press_button(HOME, await here.check("land #2"), "approve", by="hubot")
        await here.wait(seconds=5)

        after = (await here.gate("sign_off", "land #2")).votes
        assert [(vote.by, vote.is_withdrawn) for vote in before] == [("mona", False)]
        assert [(vote.by, vote.is_withdrawn) for vote in after] == [
            ("mona", True), ("hubot", False),
        ]  # fmt: skip
        assert await here.status("sign_off", "land #2") == "running"


async def test_who_has_left_the_team_meanwhile_does_not_count_in_the_group() -> None:
    """Memberships are those of now."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        here.github.leave_team("acme", "sre", "mona")
        await here.wait(minutes=2)
        await queue(here, number)

        told = await why(here, "land #2")
        assert "voter-not-asked" in told
        assert "votes-carried" in told
        assert here.deployments() == 1


async def test_a_pull_request_that_is_elsewhere_by_now_proves_nothing() -> None:
    """Somebody pushed, and of that nothing was heard: GitHub is asked for its head."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        pull = here.github.world.repository(HOME).pulls[number]
        sha = here.github.enqueue(HOME, number, "ada")
        pull.head_sha = here.github.world.repository(HOME).head.sha
        await here.wait(seconds=5)

        assert sha
        assert "carry-not-proved" in await why(here, "land #2")
        assert here.deployments() == 1


@pytest.mark.parametrize(("status", "after"), [(502, 2), (404, 1)])
async def test_a_github_that_does_not_say_what_a_group_holds_proves_nothing(
    status: int, after: int
) -> None:
    """Where it refuses to say, it is asked anew; where it does not answer, GitHub is."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        await here.review(number, "mona")
        faults, path = here.github.faults, f"/pulls/{number}$"
        faults.plan_call(CallFault.ERROR_BEFORE, path=path, status=status)
        await queue(here, number)
        await here.wait(minutes=5)

        assert here.deployments() == after
        is_told = "GitHub does not show what the group holds" in await why(here, "land #2")
        assert is_told is (after == 1)


async def test_what_comes_from_a_fork_needs_a_maintainer_in_the_queue_too() -> None:
    """GitHub says that it does: the group itself is a commit of the repository's own."""
    text = LAND.replace("{teams: [acme/sre]}", "{users: [eve, mona]}")
    async with town(land=text) as here:
        number = await forked(here, {"README.md": "a stranger's\n"})
        await here.review(number, "eve")
        await queue(here, number)
        told, before = await why(here, "land #2"), here.deployments()
        await here.review(number, "mona")
        await here.wait(seconds=5)

        assert "maintainer-missing" in told
        assert (before, here.deployments()) == (0, 2)


async def test_what_was_said_in_a_comment_is_carried_over_and_answered_once() -> None:
    """The comment has had its answer on the pull request."""
    async with town(land=LAND) as here:
        number = await opened(here, "one")
        comment = await here.say(number, "/approve", by="mona")
        await queue(here, number)

        assert here.deployments() == 2
        assert [each.content for each in comment.reactions] == ["+1"]
        assert here.answers(number) == []


async def test_a_group_of_which_nothing_else_is_known_asks_anew() -> None:
    """There is nothing to be carried over where the pull request was not asked about."""
    text = LAND.replace("{pull_request: {}, merge_group: {}}", "{merge_group: {}}")
    async with town(land=text) as here:
        number = await proposed(here)
        await queue(here, number)

        assert "carry-no-votes" in await why(here, "land #1")
