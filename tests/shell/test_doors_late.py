"""Stories of what becomes of a vote between being heard and being used."""

import pytest

from app.rehearsal import Outcome
from app.rehearsal.model import git, pulls
from app.rehearsal.model.faults import DeliveryFault
from app.rehearsal.model.state import Comment, WorkflowRun
from tests.kit.town import API, HOME, Town, town

pytestmark = pytest.mark.anyio

RELEASE = """
version: 1
name: Release
on: {push: {branches: [main]}}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def released(here: Town) -> int:
    """Push a release, and open a pull request that stands at its commit."""
    world, repository = here.github.world, here.github.world.repository(HOME)
    git.move_ref(world, repository, "heads/old", repository.head.sha, world.account("ada"))
    here.github.push(HOME, {"README.md": "v2\n"}, author="ada")
    await here.wait(seconds=5)
    pull = pulls.open_pull_request(
        world, repository, repository, "main", world.account("hubot"), title="x", base_ref="old"
    )
    await here.wait(seconds=5)
    return pull.number


async def voted(here: Town, number: int, by: str = "mona") -> Comment:
    """Vote by a comment, and go on until the vote is known, and not yet looked into."""
    comment = here.github.comment(HOME, number, "/approve", by)
    for _ in range(20):
        await here.github.run_due()
        await here.engine.take()
        await here.courier.carry_due()
        gate = (await here.leg("sign_off")).gate
        if gate is not None and gate.votes:
            return comment
    raise AssertionError("nobody heard of it")


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_comment_is_edited_after_it_was_looked_at(is_heard: bool) -> None:
    """Whether or not anybody hears of it: it is looked at once more when its vote is used."""
    async with town(release=RELEASE) as here:
        number = await released(here)
        comment = await voted(here, number)
        if not is_heard:
            here.github.faults.plan_delivery(DeliveryFault.LOST, event="issue_comment", times=9)
        here.github.edit_comment(HOME, comment, "no!", by="mona")
        await here.wait(seconds=5)
        shut = here.deployments()
        await here.wait(minutes=1)
        here.github.faults.deliveries.clear()
        await here.say(number, "/why", by="ada")

        assert shut == 0
        assert "vote-withdrawn" in here.answers(number)[-1]
        assert await here.status("sign_off") == "running"


async def test_what_is_edited_beside_the_command_leaves_the_vote() -> None:
    """A vote that is looked at once more counts where the comment still asks for the same."""
    async with town(release=RELEASE) as here:
        number = await released(here)
        comment = await voted(here, number)
        here.github.faults.plan_delivery(DeliveryFault.LOST, event="issue_comment", times=9)
        here.github.edit_comment(HOME, comment, "Looks good.\n\n/approve", by="mona")
        await here.wait(seconds=5)

        assert here.deployments() == 1


CHOOSE = """
version: 1
name: Choose
on: {pull_request: {types: [opened]}}
tasks:
  sign_off:
    approval: {options: [ship, hold], rules: [{require: [{permission: write, count: 3}]}]}
"""


async def test_a_vote_that_was_taken_back_lets_the_one_before_it_count_again() -> None:
    """Who takes back a second thought has the first one stand, and the gate looks again."""
    async with town(choose=CHOOSE) as here:
        pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="eve")
        await here.wait(seconds=5)
        await here.say(pull.number, "/approve ship", by="mona")
        await here.say(pull.number, "/approve ship", by="carl")
        thought = await here.say(pull.number, "/approve hold", by="carl")
        await here.say(pull.number, "/approve ship", by="hubot")
        before = await here.status("sign_off")
        here.github.edit_comment(HOME, thought, "never mind", by="carl")
        await here.wait(seconds=5)

        assert (before, await here.status("sign_off")) == ("running", "succeeded")


SHIP = """
version: 1
name: Ship
on: {pull_request: {types: [opened]}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    outputs: {version: {type: string}}
  sign_off:
    needs: [build]
    approval: {rules: [{require: [{teams: [acme/sre]}, {teams: [acme/qa]}]}]}
"""


def build(run: WorkflowRun, attempt: int) -> Outcome:
    """Let each build have a version of its own."""
    return Outcome(outputs={"version": str(run.number + attempt)})


async def test_a_button_is_pressed_again_once_the_question_is_another() -> None:
    """Each time it is pressed is a vote of its own, about what is asked then."""
    async with town(ship=SHIP) as here:
        here.github.script(API, "deploy.yml", build)
        pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="ada")
        await here.wait(minutes=1)
        here.github.press_button(HOME, await here.check(), "approve", by="mona")
        await here.wait(seconds=5)
        await here.say(pull.number, "/retry build", by="hubot")
        await here.wait(minutes=1)
        await here.review(pull.number, "hubot")
        before = await here.status("sign_off")
        here.github.press_button(HOME, await here.check(), "approve", by="mona")
        await here.wait(seconds=5)

        assert (before, await here.status("sign_off")) == ("running", "succeeded")
