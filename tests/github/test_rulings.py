"""Stories about what an organisation's policy forbids, at the moment of the dispatch."""

import asyncio

import pytest

from app.core.events import DispatchAccepted, DispatchRefused
from app.core.values import RepositoryName
from app.github.rulings import Rulings
from tests.github.house import House
from tests.github.operating import made, refused

pytestmark = pytest.mark.anyio

PATH = "orchestration-policy.yml"
DENIES = "{version: 1, organization: {rules: [{name: quiet, deny: not now}]}}"
FREEZES = (
    "{version: 1, organization: {calendars: {ours: {timezone: UTC, closed: [{weekly: 'Fri"
    " 16:00 - Mon 08:00'}]}}, rules: [{calendars: [ours]}]}}"
)


@pytest.mark.parametrize("repository", [".github", ".github-private"])
async def test_what_the_organisation_forbids_is_not_dispatched(
    here: House, repository: str
) -> None:
    """Wherever its policy stands; the refusal names the rule."""
    here.github.add_repository(f"acme/{repository}", {PATH: DENIES})
    event = await here.event(here.dispatch())

    assert isinstance(event, DispatchRefused)
    assert event.code == "policy-denies"
    assert f"`quiet` of acme/{repository} forbids it: not now" in event.message
    assert here.github.world.dispatches == []


async def test_what_is_forbidden_is_not_written_either(here: House) -> None:
    """An operation that writes is refused like a dispatch; to read is nobody's harm."""
    here.github.add_repository("acme/.github", {PATH: DENIES})
    here.github.push("acme/release", {"a.md": "hello"})
    denied = await refused(here, "issue.create", repository="acme/release", title="Now")
    read = await made(here, "file.read", repository="acme/release", path="a.md")

    assert denied.code == "policy-denies"
    assert read["content"] == "hello"


async def test_calendars_hold_up_no_operation(here: House) -> None:
    """An issue may be opened while nothing is shipped."""
    here.github.add_repository("acme/.github", {PATH: FREEZES})

    assert await made(here, "issue.create", repository="acme/release", title="Now")


async def test_a_policy_that_cannot_be_read_forbids(here: House) -> None:
    """It has a mistake, and nobody knows what it would have said."""
    here.github.add_repository("acme/.github", {PATH: "version: 3"})
    event = await here.event(here.dispatch())

    assert isinstance(event, DispatchRefused)
    assert event.code == "policy-error"
    assert here.github.world.dispatches == []


async def test_a_policy_that_may_not_be_read_forbids(here: House) -> None:
    """Without the permission to read it nobody knows what it says."""
    here.github.add_repository("acme/.github", {PATH: DENIES})
    here.installation.permissions = {"actions": "write", "metadata": "read"}
    [text] = await Rulings(here.client).policies(RepositoryName("acme/api"))

    assert text.error


async def test_its_calendars_are_named(here: House) -> None:
    """So that the core waits for them."""
    here.github.add_repository("acme/.github", {PATH: FREEZES})
    event = await here.event(here.dispatch())

    assert isinstance(event, DispatchRefused)
    assert (event.code, event.calendars) == ("policy-freezes", ("ours",))


async def test_an_organisation_without_a_policy_forbids_nothing(here: House) -> None:
    """And is asked once a minute, however much is dispatched."""
    here.github.add_repository("acme/.github", {"README.md": "hello"})
    event = await here.event(here.dispatch())
    before = here.calls("GET", "acme/.github/contents")
    rulings = Rulings(here.client)
    ours = RepositoryName("acme/api"), RepositoryName("ACME/web")
    await asyncio.gather(*(rulings.policies(*ours) for _ in range(3)))
    at_once = here.calls("GET", "acme/.github/contents")
    await here.wait(minutes=2)
    await rulings.policies(*ours)

    assert isinstance(event, DispatchAccepted)
    assert (before, at_once, here.calls("GET", "acme/.github/contents")) == (2, 4, 6)
