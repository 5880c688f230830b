"""Stories of people at the doors: reviews, comments, buttons, and the answers they get."""

import pytest

from app.rehearsal import Outcome
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
      rules: [{require: [{teams: [acme/sre], count: 1}, {teams: [acme/qa], count: 1}]}]
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def proposed(here: Town, author: str = "carl") -> int:
    """Open a pull request, and return its number once its gate waits."""
    pull = here.github.open_pull_request(HOME, {"README.md": "change\n"}, author=author)
    await here.wait(seconds=5)
    return pull.number


async def test_two_people_approve_by_two_doors_and_the_deployment_goes_on() -> None:
    """A review and a comment are votes at the same gate; nothing runs before both are there."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        before = here.deployments()
        await here.review(number, "mona")
        half = here.deployments()
        comment = await here.say(number, "Looks good.\n\n/approve", by="hubot")

        assert (before, half, here.deployments()) == (0, 0, 1)
        assert here.signs(comment) == {"+1"}
        assert here.answers(number) == []


async def test_a_vote_that_does_not_count_is_answered_with_the_reason_and_who_could() -> None:
    """Whoever is not asked is told so, once, under the comment."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        comment = await here.say(number, "/approve", by="eve")

        assert here.signs(comment) == {"-1"}
        [answer] = here.answers(number)
        assert "voter-not-asked" in answer
        assert "acme/sre" in answer
        assert here.deployments() == 0


async def test_a_review_of_changes_requested_shuts_the_gate() -> None:
    """One no of somebody who is asked is enough, and what needs the gate is skipped."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        await here.review(number, "mona", "CHANGES_REQUESTED", body="not on a Friday")

        assert await here.status("sign_off") == "failed"
        assert await here.status("deploy") == "skipped"


async def test_a_dismissed_review_withdraws_its_vote() -> None:
    """What was one of two is none of two afterwards."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        given = here.github.review(HOME, number, "mona")
        await here.wait(seconds=2)
        here.github.dismiss_review(HOME, number, given, by="ada")
        await here.review(number, "hubot")

        assert await here.status("sign_off") == "running"
        assert here.deployments() == 0


async def test_the_button_approves_with_the_right_of_whoever_presses_it() -> None:
    """The check offers it while exactly one gate waits, and forgets it afterwards."""
    one = SHIP.replace(", {teams: [acme/qa], count: 1}", "")
    async with town(ship=one) as here:
        number = await proposed(here)
        run = await here.check()
        offered = [each["identifier"] for each in run.actions]
        here.github.press_button(HOME, run, "approve", by="eve")
        await here.wait(seconds=5)
        refused = here.deployments()
        here.github.press_button(HOME, run, "approve", by="mona")
        await here.wait(seconds=5)

        assert offered == ["approve", "cancel"]
        assert (refused, here.deployments()) == (0, 1)
        assert here.answers(number) == []


async def test_the_whole_is_cancelled_by_whoever_has_the_role() -> None:
    """`write` is not enough to cancel, `maintain` is; the refusal says who could."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        refused = await here.say(number, "/cancel wrong train", by="mona")
        before = str((await here.state()).status)
        done = await here.say(number, "/cancel wrong train", by="hubot")

        assert (here.signs(refused), before) == ({"-1"}, "running")
        assert "role-missing" in here.answers(number)[0]
        assert here.signs(done) == {"+1"}
        state = await here.state()
        assert str(state.status) == "cancelled"
        assert state.reason is not None
        assert state.reason.message == "cancelled by hubot: wrong train"


async def test_why_explains_the_gate_with_the_whole_tree() -> None:
    """Whoever may look is told what is met, what is missing and who could, with the codes."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        await here.review(number, "mona")
        comment = await here.say(number, "/why", by="eve")
        await here.say(number, "/why deploy", by="eve")

        whole, task = here.answers(number)
        assert here.signs(comment) == {"eyes"}
        assert "requirement-met" in whole
        assert "requirement-unmet" in whole
        assert "acme/qa" in whole
        assert "`deploy` waits for `sign_off`" in task
        assert "sign_off` asks" not in task


ASK = """
version: 1
name: Try
on:
  pull_request: {types: [opened]}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    on-failure: ask
"""


async def asking(here: Town) -> int:
    """Let the one task fail, so that it asks what to do."""
    here.github.script("acme/api", "deploy.yml", Outcome(conclusion="failure"))
    number = await proposed(here)
    await here.wait(minutes=5)
    return number


async def test_a_task_that_asks_is_answered_by_commands() -> None:
    """It is tried again by `/retry`, and failed by `/reject`, each with its role."""
    async with town(ask=ASK) as here:
        number = await asking(here)
        first = await here.status("build")
        await here.say(number, "/retry build")
        await here.wait(minutes=5)
        again = (await here.status("build"), here.deployments())
        await here.say(number, "/reject build it is broken", by="hubot")

        assert first == "asking"
        assert again == ("asking", 2)
        assert await here.status("build") == "failed"


async def test_a_task_that_asks_is_skipped_with_a_reason_by_who_may_override() -> None:
    """Others are refused; without a reason it is no skip."""
    async with town(ask=ASK) as here:
        number = await asking(here)
        await here.say(number, "/skip build", by="ada")
        await here.say(number, "/skip build it does not matter", by="mona")
        before = await here.status("build")
        await here.say(number, "/skip build it does not matter", by="ada")

        assert before == "asking"
        assert "command-incomplete" in here.answers(number)[0]
        assert "role-missing" in here.answers(number)[1]
        assert await here.status("build") == "skipped"


BY_COMMAND = """
version: 1
name: Roll
on:
  command: {}
inputs:
  image: {type: string, required: true}
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""


async def test_a_definition_is_started_by_a_command_at_the_head_of_the_pull_request() -> None:
    """Who may not start is refused; a missing input is told; the right one begins it."""
    async with town(roll=BY_COMMAND) as here:
        number = await proposed(here)
        await here.say(number, "/orchestrate roll image=v1", by="eve")
        await here.say(number, "/orchestrate roll")
        await here.say(number, "/orchestrate role image=v1")
        before = await here.states()
        done = await here.say(number, "/orchestrate roll image=v1")

        told = here.answers(number)
        assert before == []
        assert ["role-missing" in told[0], "inputs-bad" in told[1]] == [True, True]
        assert "definition-unknown" in told[2]
        assert here.signs(done) == {"+1"}
        state = await here.state()
        head = here.github.world.repository(HOME).pulls[number].head_sha
        assert (state.plan.cause.sha, state.requested_by) == (head, "mona")
        assert here.deployments() == 1


MACHINE = """
version: 1
name: Change
on:
  pull_request: {types: [opened]}
initial: open
states:
  open:
    timeout-minutes: 60
    transitions:
      - {on: command.handover, to: done}
      - {on: timeout, to: done}
  done: {final: true, conclusion: success}
"""


async def test_a_word_that_a_machine_listens_to_leads_it_on() -> None:
    """Other words are none of ours, and nobody is answered about them."""
    async with town(change=MACHINE) as here:
        number = await proposed(here)
        ignored = await here.say(number, "/lgtm")
        refused = await here.say(number, "/handover", by="eve")
        before = str((await here.state()).status)
        done = await here.say(number, "/handover")

        assert here.signs(ignored) == set()
        assert (here.signs(refused), before) == ({"-1"}, "running")
        assert here.signs(done) == {"+1"}
        assert str((await here.state()).status) == "succeeded"
