"""Stories of deliveries that come before their repository was read for the first time."""

import json
from typing import Any

import pytest

from app.core.chores import ReadRepository
from app.core.events import GitHubEventHeard
from app.ports import Batch
from tests.kit.build import HEAD, document, run_id
from tests.kit.office import HOME, HOME_NAME, Office, postponed, read_of
from tests.shell.parking_kit import (
    AWAITS_READING,
    READ,
    SUBJECT,
    UNREAD,
    Noting,
    heard,
    known,
    lets_read,
    noting,
    pushed,
    unread,
    unread_one,
)

pytestmark = pytest.mark.anyio


async def test_a_push_waits_for_the_first_reading_and_then_starts_one() -> None:
    """It is said why nothing starts yet; afterwards it is as if it came just then."""
    office = await unread()
    await office.push(guid="push")
    await office.work()
    before, waits = await office.statuses(), await noting(office).parked()
    lets_read(office)
    await office.learn(READ)
    await office.push(guid="push")
    await office.work()

    assert (before, waits) == ({}, [("push", AWAITS_READING)])
    assert await office.statuses() == {"train #1": "running"}
    assert office.hands.keys() == ["dispatch/build/1"]
    assert await noting(office).parked() == []


@pytest.mark.parametrize("is_told", [True, False])
async def test_they_start_in_the_order_in_which_they_came(is_told: bool) -> None:
    """A newer one never before an older one, not even one that was held while it was read."""
    store = Noting()
    office = await unread(store=store)
    for letter in "ab":
        await pushed(office, letter)
    await office.work()
    await pushed(office, "c")
    # Another process reads it while this one has taken the third, and has opened it already.
    store.meanwhile = Batch(
        repositories=[known()],
        definitions=[(HOME, READ.definitions)],
        wake_subjects=[SUBJECT],
    )
    if is_told:
        store.tell = office.engine.outdate
    lets_read(office)
    await office.work()
    states = {state.plan.number: state.plan.cause.sha[0] for state in await office.states()}

    assert states == {1: "a", 2: "b", 3: "c"}


async def test_who_read_it_late_decides_anew() -> None:
    """One process takes for unread what another has read, and is told so when it saves."""
    office, other = await unread(), Office(owner="two")
    other = Office(office.store, owner="two")
    other.hands.reads[HOME] = READ
    await other.engine.open()
    await other.learn(READ)
    await office.push()
    await office.work()

    assert await office.statuses() == {"train #1": "running"}


async def test_after_a_crash_it_waits_on() -> None:
    """What waits is on disk, and so is that something is to be read."""
    office = await unread()
    await office.push()
    await office.work()
    reborn = Office(office.store, owner="two")
    await reborn.engine.open()
    await reborn.work()
    waits = await noting(reborn).parked()
    await reborn.learn(READ)

    assert [why for _, why in waits] == [AWAITS_READING]
    assert await reborn.statuses() == {"train #1": "running"}


async def test_nothing_waits_once_a_repository_was_read() -> None:
    """Neither when it is read anew nor after a restart: the last reading counts."""
    office = Office(Noting())
    await office.open()
    reborn = Office(office.store, owner="two")
    reborn.hands.answer = lambda _command, _errand: postponed()
    await reborn.engine.open()
    await reborn.push()
    await reborn.engine.take()

    assert await reborn.statuses() == {"train #1": "running"}


async def test_definitions_of_other_repositories_start_with_its_own() -> None:
    """A delivery is heard once, by all: so those that know already wait for the others."""
    wide = {"on": {"push": {"repositories": ["acme/*"]}}}
    other = read_of(2, "acme/wide", wide=document("build", whole=wide))
    store = Noting()
    office = await unread(store=store)
    await office.let_read(other)
    lets_read(office)
    office.hands.reads.clear()
    batch = Batch(repositories=[known(2, "acme/wide")], definitions=[(2, other.definitions)])
    await store.commit(batch)
    office.engine.outdate()
    await office.push()
    await office.engine.take()
    before = await office.statuses()
    await office.learn(READ)

    titles = {f"{state.plan.origin.repository}" for state in await office.states()}
    assert before == {}
    assert titles == {HOME_NAME, "acme/wide"}
    assert len(await office.states()) == 2


MACHINE = {
    "version": 1,
    "name": "Round",
    "on": {"push": {}},
    "initial": "waiting",
    "states": {
        "waiting": {
            "wait": {"for": "1h"},
            "transitions": [
                {"on": "release.published", "to": "waiting"},
                {"on": "wait.elapsed", "to": "done"},
            ],
            "max-visits": 9,
            "on-max-visits": {"to": "done"},
        },
        "done": {"final": True, "conclusion": "success"},
    },
}


async def test_those_that_are_under_way_hear_of_it_once() -> None:
    """A repository that is back and not read again yet: what came meanwhile is heard later."""
    office = Office(Noting())
    round_ = read_of(round=json.dumps(MACHINE))
    await office.open_with(round_)
    await office.push()
    await office.work()
    office.hands.answer = lambda command, _errand: (
        postponed() if isinstance(command, ReadRepository) else None
    )
    await office.store.commit(Batch(forget_repositories=[HOME]))
    await office.store.commit(Batch(repositories=[UNREAD]))
    office.engine.outdate()
    release = {"action": "published", "release": {"id": 1, "tag_name": "v1"}}
    await heard(office, "release", release, "release")
    await office.work()
    before = await _heard_by(office)
    lets_read(office)
    await office.learn(round_)

    assert before == []
    assert await _heard_by(office) == ["release.published"]


async def test_what_started_while_they_waited_hears_of_those_behind_it() -> None:
    """A push that waits starts something; what came after the push is about that."""
    office = await unread()
    await pushed(office, "a")
    release = {"action": "published", "release": {"id": 1, "tag_name": "v1"}}
    await heard(office, "release", release, "release")
    await office.work()
    lets_read(office)
    await office.learn(read_of(round=json.dumps(MACHINE)))

    assert await _heard_by(office) == ["release.published"]


@pytest.mark.parametrize("event", ["workflow_run", "deployment_protection_rule"])
async def test_what_is_told_of_our_workflow_runs_does_not_wait(event: str) -> None:
    """Who dispatched them is there, whatever is still to be read where they run."""
    office = Office(Noting())
    await office.open_with(READ)
    await office.push()
    await office.work()
    await office.store.commit(Batch(repositories=[unread_one(2, "acme/build")]))
    office.engine.outdate()
    await heard(office, event, _run(run_id("build/1")), "told")
    await office.work()

    [done] = [noting(office).done["told"]]
    assert str(done.status) == "done"
    assert (await office.statuses())["train #1"] == (
        "succeeded" if event == "workflow_run" else "running"
    )


@pytest.mark.parametrize("event", ["workflow_run", "deployment_protection_rule"])
async def test_a_workflow_run_that_may_be_ours_waits_for_whichever_is_known_first(
    event: str,
) -> None:
    """It is claimed before its repository was read, or read before anybody claims it."""
    office = Office(Noting())
    await office.open_with(READ)
    await office.store.commit(Batch(repositories=[unread_one(2, "acme/build")]))
    office.engine.outdate()
    await heard(office, event, _run(run_id("build/1")), "ours")
    await heard(office, event, _run(77), "other")
    await office.work()
    both = [name for name, _ in await noting(office).parked()]
    await office.push()
    await office.work()
    one = [name for name, _ in await noting(office).parked()]
    filters = {"workflows": ["ci"]} if event == "workflow_run" else {}
    listens = document("build", whole={"on": {event: filters}})
    await office.learn(read_of(2, "acme/build", after=listens))

    assert both == ["other", "ours"]
    assert one == ["other"]
    titles = [str(it.plan.origin.repository) for it in await office.states()]
    assert sorted(titles) == ["acme/build", HOME_NAME]


async def _heard_by(office: Office) -> list[str]:
    """Return which events of GitHub the only orchestration has heard."""
    journal = await office.store.journal((await office.state()).id)
    events = [entry.event for entry in journal]
    return [event.name for event in events if isinstance(event, GitHubEventHeard)]


def _run(number: int) -> dict[str, Any]:
    run = {
        "id": number,
        "run_attempt": 1,
        "status": "completed",
        "conclusion": "success",
        "event": "workflow_dispatch",
        "head_sha": HEAD,
        "head_branch": "main",
        "display_title": "",
        "head_repository": {"id": 2},
    }
    return {
        "action": "completed",
        "workflow_run": run,
        "workflow": {"name": "ci"},
        "event": "workflow_dispatch",
        "environment": "production",
        "deployment_callback_url": f"https://api.github.test/actions/runs/{number}/deployment_protection_rule",
        "repository": {"id": 2, "full_name": "acme/build", "default_branch": "main"},
    }
