"""Stories of deliveries that come together: what one has begun, the next is about."""

import pytest

from tests.kit.town import HOME, Town, town
from tests.shell.test_doors import SHIP, proposed

pytestmark = pytest.mark.anyio

ONE = SHIP.replace(", {teams: [acme/qa], count: 1}", "")


async def statuses(here: Town) -> list[str]:
    """Let all that has happened be heard at once, and say how far each orchestration is."""
    await here.wait(seconds=5)
    return [str(each.status) for each in await here.states()]


async def test_what_is_a_draft_for_a_moment_leaves_no_gate_open() -> None:
    """The plan of the draft was made in the very batch in which it was none any more."""
    async with town(ship=ONE) as here:
        number = await proposed(here)
        here.github.mark_draft(HOME, number, is_draft=True)
        here.github.mark_draft(HOME, number, is_draft=False)

        assert await statuses(here) == ["cancelled", "cancelled", "running"]


async def test_of_two_pushes_at_once_only_the_last_is_asked_about() -> None:
    """The commit between them was asked about for no time at all."""
    async with town(ship=ONE) as here:
        await proposed(here)
        here.github.push(HOME, {"README.md": "more\n"}, branch="change", author="carl")
        here.github.push(HOME, {"README.md": "most\n"}, branch="change", author="carl")

        assert await statuses(here) == ["cancelled", "cancelled", "running"]


async def test_a_pull_request_that_is_closed_at_once_is_not_asked_about() -> None:
    """What it began hears of it, though it was not there yet when that was looked up."""
    async with town(ship=ONE) as here:
        pull = here.github.open_pull_request(HOME, {"a": "b"}, author="carl")
        here.github.close_pull_request(HOME, pull.number)

        assert await statuses(here) == ["cancelled"]


async def test_a_review_that_comes_with_its_pull_request_is_heard() -> None:
    """A vote is lost by nobody's haste; and one that is dismissed at once is none."""
    async with town(ship=ONE) as here:
        first = here.github.open_pull_request(HOME, {"a": "b"}, branch="a", author="carl")
        here.github.review(HOME, first.number, "mona")
        second = here.github.open_pull_request(HOME, {"c": "d"}, branch="c", author="carl")
        taken = here.github.review(HOME, second.number, "mona")
        here.github.dismiss_review(HOME, second.number, taken, by="ada")
        await here.wait(seconds=5)

        assert here.deployments() == 1
        assert await here.status("sign_off", "ship #1") == "succeeded"
        assert await here.status("sign_off", "ship #2") == "running"


MACHINE = """
version: 1
name: Change
on: {pull_request: {types: [opened]}}
initial: open
states:
  open:
    timeout-minutes: 60
    transitions:
      - {on: pull_request.opened, to: wrong}
      - {on: pull_request.converted_to_draft, to: drafted}
      - {on: timeout, to: wrong}
  drafted:
    timeout-minutes: 60
    transitions:
      - {on: pull_request.closed, to: closed}
      - {on: timeout, to: wrong}
  closed: {final: true, conclusion: success}
  wrong: {final: true, conclusion: failure}
"""


async def test_a_machine_is_led_on_by_all_that_comes_at_once() -> None:
    """What has begun it leads it nowhere; the next leads it on, and so does the one after."""
    async with town(change=MACHINE) as here:
        pull = here.github.open_pull_request(HOME, {"a": "b"}, author="carl")
        here.github.mark_draft(HOME, pull.number, is_draft=True)
        here.github.close_pull_request(HOME, pull.number)
        await here.wait(seconds=5)

        state = await here.state()
        assert state.machine is not None
        assert state.machine.history == ("open", "drafted", "closed")
        assert str(state.status) == "succeeded"
