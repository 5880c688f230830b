"""Stories about what an organisation's policy forbids, at the moment of the dispatch."""

import asyncio

import pytest

from app.core.events import DispatchAccepted, DispatchRefused
from app.core.policy import READING
from app.core.values import RepositoryName
from app.github.operations import OPERATIONS
from app.github.rulings import Rulings
from app.rehearsal import CallFault
from tests.github.house import House
from tests.github.operating import made, operation, refused

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


@pytest.mark.parametrize(
    ("policy", "code", "calendars"),
    [(DENIES, "policy-denies", ()), (FREEZES, "policy-freezes", ("ours",))],
)
@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - READING))
async def test_what_is_forbidden_or_frozen_is_not_written_either(
    here: House, name: str, policy: str, code: str, calendars: tuple[str, ...]
) -> None:
    """An operation that writes is refused, or put off, like a dispatch."""
    pull = here.github.open_pull_request("acme/release", {"a.txt": "x"})
    given = {"number": pull.number, "sha": pull.head_sha, "tag": "v1", "labels": ["a"]}
    here.github.add_repository("acme/.github", {PATH: policy})
    said = await refused(here, name, title="Now", body="So.", **given)
    release = here.github.world.repository("acme/release")

    assert (said.code, said.calendars) == (code, calendars)
    assert here.github.comments("acme/release", pull.number) == []
    assert (pull.merged_at, pull.labels, len(release.issues)) == (None, [], 0)
    assert release.releases == []


async def test_to_read_is_nobodys_harm(here: House) -> None:
    """Nor is what an earlier try made, and the policy has forbidden since."""
    here.github.push("acme/release", {"a.md": "hello"})
    here.github.faults.plan_call(CallFault.ERROR_AFTER, method="POST", path="/issues$")
    await here.perform(operation("issue.create", title="Now"))
    here.github.add_repository("acme/.github", {PATH: DENIES})
    await here.wait(minutes=2)
    read = await made(here, "file.read", repository="acme/release", path="a.md")
    found = await made(here, "issue.create", title="Now")

    assert read["content"] == "hello"
    assert found["number"] == 1


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
