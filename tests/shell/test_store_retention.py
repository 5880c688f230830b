"""The contract of a store, continued: what is old is dropped, what is evidence is whole."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from app.core.audit import first_break
from app.core.events import TimerElapsed
from app.core.moves import OrchestrationStatus
from app.ports import (
    Batch,
    DeliveryDone,
    DeliveryStatus,
    Dispatched,
    JournalEntry,
    Report,
    Saved,
)
from app.store.schema import deliveries, payloads
from tests.shell.store_kit import (
    LEASE,
    ClosableStore,
    PostgresHome,
    SqliteHome,
    at,
    attempt,
    delivery,
    directly,
    dispatch,
    entry,
    first,
    orchestration,
    wanted,
)

pytestmark = pytest.mark.anyio


async def test_what_is_delivered_again_is_kept_as_if_it_were_new(store: ClosableStore) -> None:
    """Of three old ones one came again, of one the list tells so; a double soon is nothing."""
    day = 24 * 3_600
    names = ("again", "listed", "old")
    await store.save_deliveries([delivery(name) for name in names])
    ended = [DeliveryDone(id=name, status=DeliveryStatus.DONE) for name in names]
    await store.commit(Batch(deliveries=ended))
    await store.save_deliveries([delivery("old", seconds=day)])
    later = await store.save_deliveries([delivery("again", seconds=2 * day)])
    await store.hear_again({"listed", "never"}, at=at(2 * day))

    assert later == [False]
    assert await store.new_deliveries(9) == []
    assert await store.drop_deliveries(at(day)) == 1
    assert await store.known_deliveries(names) == {"again", "listed"}
    assert await store.drop_deliveries(at(2 * day)) == 0
    assert await store.drop_deliveries(at(2 * day + 1)) == 2


@pytest.mark.parametrize("home", ["sqlite", "postgres"], indirect=True)
async def test_payloads_are_dropped_with_their_deliveries(
    home: SqliteHome | PostgresHome,
) -> None:
    """Nothing is left of what is dropped, on either database, and all of what is not."""
    store = home.open()
    await store.save_deliveries([delivery("old"), delivery("late", seconds=9)])
    ended = [DeliveryDone(id=name, status=DeliveryStatus.DONE) for name in ("old", "late")]
    await store.commit(Batch(deliveries=ended))
    dropped = await store.drop_deliveries(at(5))
    await store.close()
    payloads_of = sa.select(deliveries.c.id).select_from(
        payloads.outerjoin(deliveries, payloads.c.delivery_seq == deliveries.c.seq)
    )
    left = await directly(home.url, lambda it: it.execute(payloads_of).scalars().all())

    assert dropped == 1
    assert left == ["late"]


async def test_what_ended_long_ago_loses_its_journal_and_no_more(store: ClosableStore) -> None:
    """Its last state and its evidence stay; what goes on, or ended later, stays whole."""
    old, late, live = (orchestration(number) for number in (1, 2, 3))
    old = replace(old, status=OrchestrationStatus.SUCCEEDED, ended_at=at(10))
    late = replace(late, status=OrchestrationStatus.SUCCEEDED, ended_at=at(90))
    for state in (old, late, live):
        await store.commit(first(state))
        about = Report(
            orchestration_id=state.id, name="a", format="json", text="{}", made_at=at(1)
        )
        sent = Dispatched(
            marker=state.id, orchestration_id=state.id, attempt=attempt(), workflow_run_id=None
        )
        done = wanted(dispatch(), subject=state.id)
        await store.commit(Batch(reports=[about], dispatched=[sent], commands=[done]))
    claimed = await store.claim(owner="me", now=at(1), lease=LEASE, limit=9)
    await store.commit(Batch(commands_done=[it.id for it in claimed]))
    before = await store.chain(old.id)
    counts = [await store.drop_ended(at(60)) for _ in range(2)]
    journals = [len(await store.journal(state.id)) for state in (old, late, live)]
    keys = [len(await store.keys_asked(state.id)) for state in (old, late, live)]
    markers = [it.marker for it in await store.dispatched([], [old.id, late.id, live.id])]
    loaded = await store.load([old.id])

    assert counts == [1, 0]
    assert (journals, keys, markers) == ([0, 1, 1], [0, 1, 1], [late.id, live.id])
    assert loaded[old.id].state == old
    assert len(await store.reports(old.id)) == 1
    gone = await store.chain(old.id)
    assert (gone.head, list(gone.links), gone.dropped, gone.base) == ("", [], 1, before.head)


async def test_a_journal_that_was_dropped_goes_on(store: ClosableStore) -> None:
    """What ended long ago may be retried: its chain follows on what is gone."""
    state = replace(orchestration(1), status=OrchestrationStatus.SUCCEEDED, ended_at=at(10))
    await store.commit(first(state))
    gone = (await store.chain(state.id)).head
    await store.drop_ended(at(60))
    entry = JournalEntry(
        orchestration_id=state.id, seq=2, event=TimerElapsed(at=at(70), task=None)
    )
    later = Saved(state=replace(state, ended_at=at(70)), version=2)
    await store.commit(Batch(states=[later], journal=[entry]))
    chain = await store.chain(state.id)

    assert (chain.dropped, chain.base, [link.seq for link in chain.links]) == (1, gone, [2])
    assert first_break(state.id, chain) is None
    await store.drop_ended(at(80))
    dropped = await store.chain(state.id)
    assert (dropped.dropped, dropped.base, dropped.head) == (2, chain.head, "")


async def test_nothing_is_written_about_what_is_not_there(store: ClosableStore) -> None:
    """A journal or an attempt of an orchestration that was never saved is a mistake of ours."""
    state, other = orchestration(1), orchestration(2)
    await store.commit(first(state))
    sent = Dispatched(
        marker="m", orchestration_id=other.id, attempt=attempt(), workflow_run_id=None
    )
    for batch in (Batch(journal=[entry(other, 1)]), Batch(dispatched=[sent])):
        with pytest.raises(ValueError, match=f"{other.id} .* is not there"):
            await store.commit(replace(batch, journal=[entry(state, 2), *batch.journal]))
    await store.commit(first(other))
    await store.commit(Batch(dispatched=[sent]))

    assert len(await store.journal(state.id)) == 1
    assert [it.marker for it in await store.dispatched([], ["m"])] == ["m"]
