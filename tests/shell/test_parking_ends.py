"""Stories of what waits to be read, and where there is nothing (more) to wait for."""

from typing import Any

import pytest

from app.core.chores import ListRepositories
from app.core.hearing.findings import RepositoryGone, RepositoryUnreadable
from app.ports import Batch
from tests.kit.office import HOME, HOME_NAME, Office
from tests.shell.parking_kit import (
    AWAITS_LIST,
    READ,
    SUBJECT,
    Noting,
    heard,
    lets_read,
    listed,
    noting,
    unread,
)

pytestmark = pytest.mark.anyio


async def test_of_an_unknown_repository_it_is_first_asked_whether_it_is_covered() -> None:
    """It is listed, then read, and then the push starts what is there."""
    office = await unread(is_listed=False)
    await office.push(guid="push")
    await office.engine.take()
    first = await noting(office).parked()
    lets_read(office, listed(HOME_NAME))
    office.hands.reads[HOME] = READ
    await office.work()

    assert first == [("push", AWAITS_LIST)]
    assert await office.statuses() == {"train #1": "running"}
    assert len(office.hands.keys(ListRepositories)) == 1


async def test_a_list_that_is_older_than_the_delivery_is_not_believed() -> None:
    """The first may have been made before the repository was added, so another is awaited."""
    office = await unread(is_listed=False)
    await office.push()
    lets_read(office, listed())
    await office.work()
    waits = await noting(office).parked()
    lets_read(office, listed(HOME_NAME))
    office.hands.reads[HOME] = READ
    await office.wait(seconds=5)

    assert [why for _, why in waits] == [AWAITS_LIST]
    assert await office.statuses() == {"train #1": "running"}


async def test_who_missed_what_was_listed_does_not_give_a_delivery_up() -> None:
    """One process has not heard for long that another has listed and read the repository."""
    office = await unread(is_listed=False)
    await office.push()
    lets_read(office, listed())
    for _ in range(8):
        await office.wait(seconds=5)
    await office.push()
    other = Office(office.store, owner="two")
    await other.open_with(READ)
    await office.work()

    assert await office.statuses() == {"train #1": "running"}


async def test_what_is_forgotten_after_it_was_opened_is_listed() -> None:
    """Another process finds that the repository is gone, while this one has opened a push."""
    store = Noting()
    office = await unread(store=store)
    await office.push()
    store.meanwhile = Batch(forget_repositories=[HOME], wake_subjects=[SUBJECT])
    store.tell = office.engine.outdate
    lets_read(office, listed(HOME_NAME))
    office.hands.reads[HOME] = READ
    await office.engine.take()
    waits = await noting(office).parked()
    await office.work()

    assert [why for _, why in waits] == [AWAITS_LIST]
    assert await office.statuses() == {"train #1": "running"}


async def test_what_nobody_covers_waits_for_half_a_minute_and_no_longer() -> None:
    """There is nothing to wait for; and GitHub is asked a few times, not for ever."""
    office = await unread(is_listed=False)
    await office.push(guid="push")
    lets_read(office, listed())
    for _ in range(60):
        await office.wait(seconds=1)
    asked = len(office.hands.keys(ListRepositories))
    await office.wait(hours=1)

    assert await office.statuses() == {}
    assert noting(office).done["push"].note == f"the App does not cover {HOME_NAME}"
    assert str(noting(office).done["push"].status) == "done"
    assert asked == len(office.hands.keys(ListRepositories)) <= 8


async def test_what_waits_for_a_repository_that_is_removed_ends_with_a_note() -> None:
    """Taken off the App, or deleted, while its deliveries wait."""
    office = await unread()
    await office.push(guid="push")
    await office.work()
    gone = RepositoryGone(installation_id=9, repository_id=HOME)
    lets_read(office, gone, listed())
    for _ in range(60):
        await office.wait(seconds=1)

    assert noting(office).done["push"].note == f"the App does not cover {HOME_NAME}"
    assert await noting(office).parked() == []


@pytest.mark.parametrize("action", ["suspend", "deleted"])
async def test_what_waits_where_the_app_is_suspended_ends_with_a_note(action: str) -> None:
    """Nothing is known there any more, and nothing will be read: so nothing waits."""
    office = await unread()
    await office.push(guid="push")
    await office.work()
    lets_read(office, listed())
    await office.deliver("installation", {"action": action, "installation": {"id": 9}})
    for _ in range(60):
        await office.wait(seconds=1)

    assert noting(office).done["push"].note == f"the App does not cover {HOME_NAME}"
    assert await noting(office).parked() == []


async def test_where_nothing_may_be_read_nothing_waits() -> None:
    """What waited starts nothing, says why, and so does what comes later, until it is read."""
    office = await unread()
    await office.push(guid="before")
    await office.work()
    why = "the installation does not grant Contents: read"
    later = office.now().replace(hour=12)
    lets_read(
        office,
        RepositoryUnreadable(installation_id=9, repository_id=HOME, why=why, until=later),
    )
    await office.wait(minutes=1)
    await office.push(guid="after")
    await office.work()
    reborn = Office(office.store, owner="two")
    reborn.moment = office.moment
    await reborn.engine.open()
    await reborn.push(guid="reborn")
    await reborn.work()
    notes = {name: noting(office).done[name].note for name in ("before", "after", "reborn")}
    reborn.hands.reads[HOME] = READ
    await reborn.wait(hours=4)
    await reborn.push(guid="read")
    await reborn.work()

    text = f"the definitions of {HOME_NAME} cannot be read: {why}"
    assert notes == dict.fromkeys(("before", "after", "reborn"), text)
    assert await reborn.statuses() == {"train #1": "running"}
    assert noting(office).done["read"].note == ""


async def test_a_repository_that_was_read_once_keeps_what_was_read() -> None:
    """That it may not be read any more is no reason to forget it, or to wait."""
    office = Office(Noting())
    await office.open()
    later = office.now().replace(hour=12)
    lets_read(
        office,
        RepositoryUnreadable(installation_id=9, repository_id=HOME, why="no", until=later),
    )
    await office.let_read(READ)
    await office.work()
    await office.push(guid="push")
    await office.work()

    assert await office.statuses() == {"train #1": "running"}
    assert noting(office).done["push"].note == ""


async def test_nobody_is_asked_about_what_is_forgotten() -> None:
    """A repository that is gone meanwhile is not tried again because it could not be read."""
    office = Office(Noting())
    await office.engine.open()
    later = office.now().replace(hour=12)
    lets_read(
        office,
        RepositoryUnreadable(installation_id=9, repository_id=HOME, why="no", until=later),
    )
    await office.let_read(READ)
    await office.work()

    assert await office.store.next_due() is None


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("repository", {"action": "renamed"}),
        ("check_run", {"action": "requested_action", "check_run": {"id": 1}}),
        ("push", {"repository": None, "ref": "refs/heads/main", "after": "a" * 40}),
        ("push", {"installation": None, "repository": {"id": 3, "full_name": "acme/x"}}),
    ],
)
async def test_what_starts_nothing_or_has_nothing_to_wait_for_does_not_wait(
    event: str, body: dict[str, Any]
) -> None:
    """Only what may start something is held back, and only where somebody can be asked."""
    office = await unread()
    await heard(office, event, body, "it")
    await office.engine.take()

    assert str(noting(office).done["it"].status) == "done"
