"""The inbox: many callers, one commit, and everybody is told."""

import asyncio
from collections.abc import Sequence

import pytest

from app.ports import Delivery, StoreUnavailable
from app.store import inbox
from app.store.inbox import GroupInbox
from app.store.memory import MemoryStore
from tests.shell.store_kit import delivery

pytestmark = pytest.mark.anyio


class SlowStore(MemoryStore):
    """A store that writes when it is let, or not at all while its disk is full."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = asyncio.Event()
        self.is_full = False
        self.commits: list[int] = []

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        await self.may_write.wait()
        if self.is_full:
            raise StoreUnavailable("the disk is full")
        self.commits.append(len(deliveries))
        return await super().save_deliveries(deliveries)


async def test_those_who_come_during_a_commit_share_the_next() -> None:
    """A hundred deliveries need two commits, not a hundred; the same id is fresh once."""
    store = SlowStore()
    box = GroupInbox(store)
    first = asyncio.create_task(box.take_in(delivery("first")))
    await asyncio.sleep(0)
    rest = [asyncio.create_task(box.take_in(delivery(f"{it % 99}"))) for it in range(100)]
    await asyncio.sleep(0)
    store.may_write.set()
    fresh = await asyncio.gather(first, *rest)

    assert store.commits == [1, 100]
    assert fresh == [True] * 100 + [False]


async def test_a_full_disk_is_told_to_all_who_wait() -> None:
    """Nobody is left waiting or believes to be saved, and the next is served again."""
    store = SlowStore()
    store.is_full = True
    store.may_write.set()
    box = GroupInbox(store)
    refused = await asyncio.gather(
        *(box.take_in(delivery(f"{it}")) for it in range(5)), return_exceptions=True
    )
    store.is_full = False

    assert [str(it) for it in refused] == ["the disk is full"] * 5
    assert all(isinstance(it, StoreUnavailable) for it in refused)
    assert await box.take_in(delivery("0"))


class ShakyStore(MemoryStore):
    """A store whose connection breaks so many times."""

    def __init__(self, breaks: int) -> None:
        super().__init__()
        self.breaks = breaks

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        if self.breaks:
            self.breaks -= 1
            raise StoreUnavailable("connection is closed")
        return await super().save_deliveries(deliveries)


async def test_a_connection_that_broke_unseen_refuses_nobody() -> None:
    """GitHub would not deliver again by itself; whoever is away for longer is not asked on."""
    box, gone = GroupInbox(ShakyStore(breaks=1)), GroupInbox(ShakyStore(breaks=2))

    assert await box.take_in(delivery("a"))
    with pytest.raises(StoreUnavailable):
        await gone.take_in(delivery("a"))
    assert await gone.take_in(delivery("a"))


async def test_who_was_kept_waiting_is_told_at_once() -> None:
    """A second try would outlast the patience of whoever delivers."""
    box = GroupInbox(ShakyStore(breaks=1), tried_again_within=0.0)

    with pytest.raises(StoreUnavailable):
        await box.take_in(delivery("a"))


async def test_too_many_at_once_are_sent_away() -> None:
    """The queue has an end: whoever comes then is told to try later, and the rest is saved."""
    store = SlowStore()
    box = GroupInbox(store)
    waiting = [
        asyncio.create_task(box.take_in(delivery(f"{it}"))) for it in range(inbox.WAITING_MAX)
    ]
    await asyncio.sleep(0)
    full = [
        asyncio.create_task(box.take_in(delivery(f"more-{it}")))
        for it in range(inbox.WAITING_MAX)
    ]
    await asyncio.sleep(0)
    store.may_write.set()
    saved = await asyncio.gather(*waiting)
    refused = await asyncio.gather(*full, return_exceptions=True)

    assert all(saved)
    assert isinstance(refused[-1], StoreUnavailable)
    assert max(store.commits) == inbox.COMMIT_MAX


async def test_large_deliveries_are_saved_few_at_a_time() -> None:
    """A commit holds no more bytes than memory can spare, but always one delivery."""
    store = SlowStore()
    box = GroupInbox(store)
    body = bytes(inbox.COMMIT_BYTES_MAX // 2 + 1)
    brought = [
        asyncio.create_task(box.take_in(delivery(f"{it}", body=body))) for it in range(3)
    ]
    await asyncio.sleep(0)
    store.may_write.set()
    await asyncio.gather(*brought)

    assert store.commits == [1, 1, 1]


async def test_a_caller_that_goes_away_harms_nobody() -> None:
    """Its delivery is saved with the others, who are told as ever."""
    store = SlowStore()
    box = GroupInbox(store)
    gone = asyncio.create_task(box.take_in(delivery("gone")))
    stays = asyncio.create_task(box.take_in(delivery("stays")))
    await asyncio.sleep(0)
    gone.cancel()
    store.may_write.set()

    assert await stays
    assert await box.take_in(delivery("gone")) is False


async def test_closing_waits_for_what_was_brought() -> None:
    """Whatever was taken in is on disk when the inbox is closed."""
    store = SlowStore()
    box = GroupInbox(store)
    brought = asyncio.create_task(box.take_in(delivery("a")))
    await asyncio.sleep(0)
    store.may_write.set()
    await box.close()

    assert await brought
    assert [it.id for it in await store.new_deliveries(9)] == ["a"]
