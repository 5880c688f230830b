"""Stories of wishes by the API and the command line: an operator's, and those of people."""

import pytest

from tests.kit.town import HOME, Town, town

pytestmark = pytest.mark.anyio

SHIP = """
version: 1
name: Ship
on:
  pull_request: {types: [opened]}
  manual: {}
tasks:
  sign_off:
    approval:
      rules: [{require: [{teams: [acme/sre], count: 1}]}]
  deploy:
    needs: [sign_off]
    dispatch: acme/api/.github/workflows/deploy.yml@main
"""
ASKING = """
version: 1
name: Ask
on: {manual: {}}
tasks:
  broken: {dispatch: acme/none/.github/workflows/x.yml@main, on-failure: ask}
"""


async def wished(here: Town, verb: str, number: int, **what: object) -> None:
    """Bring one wish, and let it be worked off."""
    await here.deliver(f"signalbox/{verb}", what, f"{verb}-{number}")
    await here.wait(seconds=3)


async def asked(here: Town) -> str:
    """Begin an orchestration whose gate waits, and return its id."""
    here.github.open_pull_request(HOME, {"README.md": "change\n"}, author="carl")
    await here.wait(seconds=5)
    return (await here.state()).id


async def test_a_vote_for_somebody_counts_as_theirs() -> None:
    """One of the team opens the gate; somebody else does not, and nobody is no operator."""
    async with town(ship=SHIP) as here:
        about = {"orchestration": await asked(here), "task": "sign_off", "option": "approve"}
        await wished(here, "approve", 1, **about, actor="lead")
        await wished(here, "approve", 2, **about, **{"as": "eve"})
        before = await here.status("sign_off")
        await wished(here, "approve", 3, **about, **{"as": "mona"})
        await wished(here, "approve", 4, **about, **{"as": "mona"})
        gate = (await here.state()).tasks["sign_off"].legs[""].gate

        assert (before, here.deployments()) == ("running", 1)
        assert gate is not None
        assert [(vote.by, vote.source) for vote in gate.votes] == [
            ("eve", "page"),
            ("mona", "page"),
        ]
        assert gate.by == "mona"


async def test_an_override_is_recorded_as_the_operators() -> None:
    """It needs no role, it has a reason, and nobody takes it for a vote."""
    async with town(ship=SHIP) as here:
        about = {"orchestration": await asked(here), "task": "sign_off", "option": "approve"}
        why = {"override": True, "reason": "they sleep"}
        await wished(here, "approve", 1, **about, **why, actor="lead")
        gate = (await here.state()).tasks["sign_off"].legs[""].gate

        assert here.deployments() == 1
        assert gate is not None
        assert (gate.by, gate.reason, gate.votes) == ("operator lead", "they sleep", ())


@pytest.mark.parametrize(
    ("verb", "more"),
    [("cancel", {}), ("pause", {}), ("skip", {"task": "sign_off", "reason": "no"})],
)
async def test_a_role_is_asked_for_where_it_is_said_who_it_is(
    verb: str, more: dict[str, str]
) -> None:
    """Who may only read does nothing, nor does an unknown name; an administrator does it."""
    async with town(ship=SHIP) as here:
        about = {"orchestration": await asked(here), **more}
        before = await here.state()
        await wished(here, verb, 1, **about, **{"as": "eve"})
        await wished(here, verb, 2, **about, **{"as": "nobody-at-all"})
        after = await here.state()
        await wished(here, verb, 3, **about, **{"as": "ada"})

        assert after.events == before.events
        assert (await here.state()).events > before.events


async def test_a_task_that_asks_is_answered_by_whoever_has_the_role() -> None:
    """To give a task up takes the role `cancel`, and so on."""
    async with town(ask=ASKING) as here:
        start = {"repository": HOME, "definition": "ask", "inputs": {}}
        await wished(here, "start", 1, **start, actor="ada")
        about = {"orchestration": (await here.state()).id, "task": "broken", "option": "fail"}
        await wished(here, "approve", 1, **about, **{"as": "eve"})
        before = await here.status("broken")
        await wished(here, "approve", 2, **about, **{"as": "ada"})

        assert (before, await here.status("broken")) == ("asking", "failed")


async def test_somebody_starts_a_definition_if_they_may() -> None:
    """Who may write starts it, and it is theirs; others, and what is unknown, start nothing."""
    async with town(ship=SHIP) as here:
        start = {"repository": HOME, "definition": "ship", "inputs": {}}
        await wished(here, "start", 1, **start, **{"as": "eve"})
        await wished(here, "start", 2, **{**start, "definition": "shop"}, **{"as": "mona"})
        before = len(await here.states())
        await wished(here, "start", 3, **start, **{"as": "mona"})

        assert (before, len(await here.states())) == (0, 1)
        assert (await here.state()).requested_by == "mona"


async def test_wishes_that_mean_nothing_are_refused() -> None:
    """Neither an unknown verb, nor an unknown orchestration, nor a strange organisation."""
    async with town(ship=SHIP) as here:
        gone = {"orchestration": "none"}
        until = {"until": "2099-01-01T00:00Z"}
        before = (await asked(here), (await here.state()).events)
        await wished(here, "cancel", 1, **gone, **{"as": "ada"})
        await wished(here, "dance", 1, **gone, **{"as": "ada"})
        await wished(here, "freeze", 1, organization="else", **until, **{"as": "ada"})
        await wished(here, "freeze", 2, organization="acme", **until, **{"as": "ada"})
        await wished(here, "skip", 2, orchestration=before[0], **{"as": "ada"})

        assert (await here.state()).events == before[1]


CALENDARS = """
version: 1
organization:
  roles: {override: {teams: [acme/sre]}}
  calendars:
    nights: {timezone: UTC, closed: [{from: 2090-01-01T00:00, to: 2090-01-02T00:00}]}
    days: {timezone: UTC, closed: [{from: 2090-01-01T00:00, to: 2090-01-02T00:00}]}
"""


async def test_calendars_are_closed_by_whom_the_organisation_names() -> None:
    """An administrator of one repository is nobody there; and one calendar may be named."""
    async with town(ship=SHIP, organization_policy=CALENDARS) as here:
        until = {"organization": "acme", "until": "2099-01-01T00:00Z", "calendar": "nights"}
        await wished(here, "freeze", 1, **until, **{"as": "ada"})
        before = await here.store.shared_of_kind("calendar/")
        await wished(here, "freeze", 2, **until, **{"as": "mona"})
        [calendar] = await here.store.shared_of_kind("calendar/")

        assert list(before) == []
        assert "nights" in str(calendar)
