"""When a round has come to rest: nothing is left to do, and nobody will find anything more.

How long that takes hangs on the machine and on what else runs there. So we wait as long as
something goes on, and give up only where for a while nothing has moved.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import timedelta
from typing import Final, TypeVar

import sqlalchemy as sa

from app.ports import StoreUnavailable
from app.rehearsal import Rehearsal
from app.rehearsal.model.state import Delivery
from app.rehearsal.wire.routes_apps import REDELIVERY_DAYS
from app.repair.missed import REACH
from app.store.sql import SqlStore
from app.web.hooks import EVENTS_HEARD
from tests.chaos.people import People
from tests.chaos.plan import RoundPlan

T = TypeVar("T")

PATIENCE: Final = timedelta(minutes=90)
"""How long nothing may move: the longest pause is an hour."""
PATIENCE_MAX: Final = timedelta(hours=10)
"""After which whatever still moves goes in circles."""
AT_REST: Final = timedelta(seconds=60)
"""How long nothing may have been left to do."""
TAKEN_WITHIN: Final = 300.0
"""Real seconds in which all that is delivered again must have been taken in."""
SENT_AGAIN_AFTER: Final = timedelta(seconds=90)
LOOK: Final = 0.2
TOKENS: Final = "/access_tokens"
_UNDER_WAY: Final = (
    sa.select(sa.text("id"))
    .select_from(sa.text("commands"))
    .where(
        sa.text(
            "status = 'open' AND (lease_owner IS NOT NULL OR key LIKE 'write/%'"
            " OR key IN ('list-installations', 'list-repositories', 'read-repository'))"
        )
    )
    .limit(1)
)


async def until_at_rest(
    plan: RoundPlan, github: Rehearsal, people: People, store: SqlStore
) -> None:
    """Wait until there has been nothing left to do for a while.

    Raises `AssertionError` where things stand still that have not come to their end.
    """
    begun = since = moved = github.clock.now()
    before = 0
    while (now := github.clock.now()) - since < AT_REST:
        if (done := _done(github)) != before:
            before, moved = done, now
        assert now - moved < PATIENCE, f"nothing has moved for {PATIENCE}"
        assert now - begun < PATIENCE_MAX, f"it has no end, after {PATIENCE_MAX}"
        people.look()
        if not plan.is_alone:
            send_again(github)
        await asyncio.sleep(LOOK)
        if not (await is_found(github, store) and await _is_idle(github, store)):
            since = github.clock.now()


async def deliver_all_again(github: Rehearsal, store: SqlStore) -> None:
    """Deliver everything once more, and wait until it has been taken in."""
    first = len(github.world.deliveries)
    # Older ones GitHub would not deliver again.
    reach = github.clock.now() - timedelta(days=REDELIVERY_DAYS[github.world.flavour])
    wanted = {
        each.guid: each
        for each in github.world.deliveries.values()
        if each.status == "OK" and each.created_at > reach
    }
    await redeliver(github, wanted.values())
    async with asyncio.timeout(TAKEN_WITHIN):
        # Another process takes them in, and sets no event of ours.
        while await patiently(lambda: store.new_deliveries(1)):  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
    assert len(github.world.deliveries) >= first + len(wanted), "all was delivered again"
    await asyncio.sleep(LOOK)


async def redeliver(github: Rehearsal, wanted: Collection[Delivery]) -> None:
    """Deliver some once more, and go on until somebody has taken each of them in."""
    under_way = {each.guid: github.world.redeliver(each) for each in wanted}
    async with asyncio.timeout(TAKEN_WITHIN):
        while under_way:
            await asyncio.sleep(LOOK)
            for guid, each in tuple(under_way.items()):
                if each.status == "OK":
                    del under_way[guid]
                elif each.delivered_at is not None:
                    # Another round may have restarted the database just then.
                    under_way[guid] = github.world.redeliver(each)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the database until it answers: it is shared with rounds that restart it."""
    async with asyncio.timeout(TAKEN_WITHIN):
        while True:
            try:
                return await ask()
            except StoreUnavailable:
                await asyncio.sleep(LOOK)


def send_again(github: Rehearsal) -> None:
    """Send once more what was lost or found nobody, as an operator does from the App's page."""
    now = github.clock.now()
    for delivery in undelivered(github):
        if now - delivery.created_at > SENT_AGAIN_AFTER:
            github.world.redeliver(delivery)


def undelivered(github: Rehearsal) -> Iterator[Delivery]:
    """Yield the last copy of each delivery of which no copy was taken in.

    Those that GitHub would not deliver again any more are nobody's loss.
    """
    now = github.clock.now()
    by_guid: dict[str, list[Delivery]] = {}
    for delivery in github.world.deliveries.values():
        by_guid.setdefault(delivery.guid, []).append(delivery)
    for copies in by_guid.values():
        is_late = now - copies[-1].created_at > REACH
        if not is_late and not any(each.status == "OK" for each in copies):
            yield copies[-1]


async def is_found(github: Rehearsal, store: SqlStore) -> bool:
    """Tell whether repair has found all that was lost, of what is heard at all."""
    lost = {each.guid for each in undelivered(github) if each.event in EVENTS_HEARD}
    try:
        return lost <= await store.known_deliveries(lost)
    except StoreUnavailable:
        return False


def _done(github: Rehearsal) -> int:
    """Count what was done at GitHub, and what GitHub could tell."""
    calls = sum(
        call.is_done and call.method != "GET" and not call.path.endswith(TOKENS)
        for call in github.calls
    )
    return calls + sum(each.status == "OK" for each in github.world.deliveries.values())


async def _is_idle(github: Rehearsal, store: SqlStore) -> bool:
    try:
        if await store.orchestrations(limit=1, open_only=True):
            return False
        if await store.new_deliveries(1):
            return False
        # What waits for a repository has nobody else to wait for.
        if await store.waiting(1):
            return False
        # What somebody held who is gone is done once the lease has run out; what is still to
        # be written or read, however long it was put off, others may wait for.
        if await store._rows(_UNDER_WAY):
            return False
        due = await store.next_due()
    except StoreUnavailable:
        return False
    # Timers of what has ended may lie far ahead, and matter to nobody.
    return due is None or due > github.clock.now() + AT_REST
