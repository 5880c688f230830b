"""Stories of a question that is asked again: what has changed stands wherever people look."""

import pytest

from app.core.doorways.explaining import gates_as_json
from app.rehearsal import Outcome
from app.rehearsal.model.state import WorkflowRun
from tests.kit.town import API, HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  pull_request: {types: [opened, synchronize]}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    outputs: {version: {type: string}, api_token: {type: string}}
  sign_off:
    needs: [build]
    approval: {rules: [{require: [{teams: [acme/sre], count: 2}]}]}
"""


def build(run: WorkflowRun, attempt: int) -> Outcome:
    """Let each build have a version, and a secret, of its own."""
    number = run.number + attempt + 2
    return Outcome(outputs={"version": f"1.{number}", "api_token": f"s{number}"})


async def proposed(here: Town) -> int:
    """Open a pull request, and return its number once its gate waits."""
    here.github.script(API, "deploy.yml", build)
    pull = here.github.open_pull_request(HOME, {"README.md": "1\n"}, author="hubot")
    await here.wait(minutes=1)
    return pull.number


async def test_a_new_commit_is_asked_about_with_what_changed() -> None:
    """In the check, in the comment, under `/why` and for programs; of secrets only that."""
    async with town(ship=SHIP) as here:
        number = await proposed(here)
        old = here.github.world.repository(HOME).pulls[number].head_sha
        await here.review(number, "mona")
        here.github.push(HOME, {"README.md": "2\n"}, branch="change", author="hubot")
        await here.wait(minutes=1)
        new = here.github.world.repository(HOME).pulls[number].head_sha
        await here.say(number, "/why", by="ada")
        check = await here.check("ship #2")
        state = await here.state("ship #2")
        [gate] = gates_as_json(state, here.github.clock.now())
        comments = [each.body for each in here.github.comments(HOME, number)]

        told = (
            f"asked again: the commit was {old[:12]} and is {new[:12]}; "
            "output `version` of `build`: `1.4` → `1.5`; "
            "output `api_token` of `build` is another"
        )
        assert gate["changed"] == told.removeprefix("asked again: ").split("; ")
        assert told in f"{check.summary}{check.text}"
        assert any(told in body for body in comments if "signalbox answer" not in body)
        assert told in here.answers(number)[-1]
        assert not any("s4" in body or "s5" in body for body in comments)


async def test_a_build_that_is_tried_again_voids_what_was_said_of_the_one_before() -> None:
    """The vote was about the first build: it counts no more, and the gate says why."""
    text = SHIP.replace("acme/sre], count: 2", "acme/sre, acme/qa], count: 2")
    async with town(ship=text) as here:
        number = await proposed(here)
        await here.review(number, "mona")
        await here.say(number, "/retry build", by="hubot")
        await here.wait(minutes=1)
        await here.review(number, "carl")
        await here.say(number, "/why", by="ada")

        assert await here.status("sign_off") == "running"
        assert "output `version` of `build`: `1.4` → `1.5`" in here.answers(number)[-1]
        assert "vote-for-another-plan" in here.answers(number)[-1]


TRAIN = """
version: 1
name: Train
on: {pull_request: {types: [opened]}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    outputs: {version: {type: string}, api_token: {type: string}}
  call:
    needs: [build]
    orchestrate: acme/release/.github/orchestrations/part.yml@main
    with: {version: '${{ needs.build.outputs.version }}'}
"""
PART = """
version: 1
name: Part
on: {manual: {}}
inputs: {version: {type: string, required: true}}
tasks:
  sign_off:
    approval: {rules: [{require: [{teams: [acme/sre]}]}]}
"""


async def test_a_child_that_is_begun_again_compares_its_inputs() -> None:
    """What the parent hands over is another: whoever said no to the first is told."""
    async with town(train=TRAIN, part=PART) as here:
        number = await proposed(here)
        first = await here.state("part #1")
        stop = {"orchestration": first.id, "actor": "ada", "reason": "not this one"}
        await here.deliver("signalbox/cancel", stop, "stop")
        await here.say(number, "/retry build", by="hubot")
        await here.wait(minutes=1)
        await here.say(number, "/retry call", by="hubot")
        await here.wait(minutes=1)
        [gate] = gates_as_json(await here.state("part #2"), here.github.clock.now())

        assert first.plan.inputs == {"version": "1.4"}
        assert gate["changed"] == ["input `version`: `1.4` → `1.5`"]
