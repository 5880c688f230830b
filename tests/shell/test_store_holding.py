"""The contract of a store: who gets which deliveries, and how many at once."""

import asyncio

import pytest

from app.ports import Batch, DeliveryDone, DeliveryStatus
from app.store.bounded import TAKEN_BYTES_MAX
from tests.shell.store_kit import ClosableStore, delivery

pytestmark = pytest.mark.anyio


async def test_of_large_deliveries_few_are_taken_together(store: ClosableStore) -> None:
    """Five hundred of 25 MB each, as GitHub may send them, must not fill the memory."""
    half = b"x" * (TAKEN_BYTES_MAX // 2)
    brought = [delivery("small"), *(delivery(name, body=half) for name in "abc")]
    for each in brought:  # as a restart finds them, and not all at hand
        await store.save_deliveries([each])

    assert [it.id for it in await store.new_deliveries(9)] == ["small", "a"]
    async with store.hold_deliveries(9) as held:
        assert [it.id for it in held] == ["small", "a"]


async def test_a_delivery_larger_than_all_together_is_taken_alone(store: ClosableStore) -> None:
    """Whatever is at the head of the queue is taken: it would block the others for ever."""
    await store.save_deliveries([delivery("huge", body=b"x" * (TAKEN_BYTES_MAX + 1))])
    await store.save_deliveries([delivery("small")])

    assert [it.id for it in await store.new_deliveries(9)] == ["huge"]


async def test_what_somebody_has_nobody_else_gets(store: ClosableStore) -> None:
    """Not even while it is being saved: it would be decided on twice."""
    await store.save_deliveries([delivery(name) for name in "abcd"])
    async with store.hold_deliveries(2) as ours, store.hold_deliveries(1) as theirs:
        async with store.hold_deliveries(9) as rest:
            done = DeliveryDone(id="d", status=DeliveryStatus.DONE)
            await store.commit(Batch(deliveries=[done]))
            async with store.hold_deliveries(9) as nothing:
                pass
        async with store.hold_deliveries(9) as given_back:
            pass
    async with store.hold_deliveries(9) as again:
        pass

    held = [[it.id for it in each] for each in (ours, theirs, rest, nothing, given_back, again)]
    assert held == [["a", "b"], ["c"], ["d"], [], [], ["a", "b", "c"]]


async def test_of_two_who_ask_at_once_one_gets_each(store: ClosableStore) -> None:
    """Neither of them has anything yet when the other asks."""
    await store.save_deliveries([delivery(name) for name in "abcd"])

    async def take() -> list[str]:
        async with store.hold_deliveries(3) as held:
            await asyncio.sleep(0.05)
            return [it.id for it in held]

    one, two = await asyncio.gather(take(), take())
    assert sorted([*one, *two]) in (["a", "b", "c"], ["a", "b", "c", "d"])


async def test_what_is_new_again_is_anybodys(store: ClosableStore) -> None:
    """It was parked and woken before its first holder was done, who gives nothing back then."""
    await store.save_deliveries([delivery("a")])
    async with store.hold_deliveries(9):
        waits = DeliveryDone(id="a", status=DeliveryStatus.PARKED, workflow_run_id=11)
        await store.commit(Batch(deliveries=[waits]))
        await store.commit(Batch(wake_workflow_runs=[11]))
        another = store.hold_deliveries(9)
        [ours] = await another.__aenter__()
    async with store.hold_deliveries(9) as nothing:
        pass
    async with asyncio.timeout(5):
        done = DeliveryDone(id=ours.id, status=DeliveryStatus.DONE)
        await store.commit(Batch(deliveries=[done]))
    await another.__aexit__(None, None, None)

    assert (ours.id, list(nothing)) == ("a", [])
    assert await store.new_deliveries(9) == []
