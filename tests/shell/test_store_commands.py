"""The contract of a store, continued: commands are claimed in order, and no level is lost."""

from collections.abc import Sequence

import pytest

from app.core.chores import ListRepositories
from app.core.commands import SetTimer, WriteCheck, WriteComment
from app.ports import (
    Batch,
    ClaimedCommand,
)
from tests.shell.store_kit import (
    LEASE,
    ClosableStore,
    Home,
    at,
    dispatch,
    wanted,
)

pytestmark = pytest.mark.anyio


# commands


async def test_the_most_urgent_command_is_claimed_first(store: ClosableStore) -> None:
    """Priority counts first, then who waits longest; what is not due waits."""
    await store.commit(
        Batch(
            commands=[
                wanted(dispatch(1), seconds=3, priority=1),
                wanted(dispatch(2), seconds=1, priority=2),
                wanted(dispatch(3), seconds=2, priority=1),
                wanted(SetTimer(task=None, due=at(60)), seconds=60, priority=0),
            ]
        )
    )
    claimed = await claim(store, 5, limit=2)
    rest = await claim(store, 5)

    assert [it.command for it in claimed] == [dispatch(3), dispatch(1)]
    assert [it.command for it in rest] == [dispatch(2)]
    assert await store.next_due() == at(60)


async def test_what_was_ever_asked_for_is_known_by_its_keys(store: ClosableStore) -> None:
    """Also when it is done, so that a journal can be compared with it."""
    batch = Batch(commands=[wanted(dispatch(2)), wanted(dispatch(1)), wanted(WriteCheck())])
    await store.commit(batch)
    for it in await claim(store, 5):
        await store.commit(Batch(commands_done=[it.id]))
    subject = batch.commands[0].subject

    keys = sorted([dispatch(1).key, dispatch(2).key, "write/check"])
    assert list(await store.keys_asked(subject)) == keys
    assert list(await store.keys_asked("nobody")) == []


async def test_a_claim_is_a_saved_intent(home: Home) -> None:
    """Each try is counted before it is made: after a crash the next one knows of it."""
    store = home.open()
    await store.commit(Batch(commands=[wanted(dispatch())]))
    before = await claim(store, 1)
    await store.close()
    reborn = home.open()
    held = await claim(reborn, 2)
    taken_back = await reborn.take_back(owner="me")
    after = await claim(reborn, 3)
    await reborn.close()

    assert [(it.tries, it.first_tried_at) for it in before] == [(1, at(1))]
    assert (held, taken_back) == ([], 1)
    assert [(it.tries, it.first_tried_at) for it in after] == [(2, at(1))]
    assert after[0].id == before[0].id


async def test_a_lease_that_ran_out_is_another_replicas(store: ClosableStore) -> None:
    """What a dead replica held goes to whoever asks, once its lease is over."""
    await store.commit(Batch(commands=[wanted(dispatch())]))
    await claim(store, 0, owner="dead")
    too_early = await claim(store, 9.9)
    taken = await claim(store, 10)

    assert too_early == []
    assert [it.tries for it in taken] == [2]
    assert await store.take_back(owner="dead") == 0


async def test_a_command_is_stored_once(store: ClosableStore) -> None:
    """Asking again changes nothing: not while it is open, nor when it is done or failed."""
    await store.commit(
        Batch(commands=[wanted(dispatch(1)), wanted(dispatch(1)), wanted(dispatch(2))])
    )
    again = wanted(dispatch(1), seconds=-5, owner="me")
    open_still = await store.commit(Batch(commands=[again]))
    one, two = await claim(store, 1)
    await store.commit(Batch(commands_done=[one.id], commands_failed=[(two.id, "poison")]))
    ended = await store.commit(
        Batch(
            commands=[again, wanted(dispatch(2), owner="me"), wanted(dispatch(2), subject="b")]
        )
    )

    assert (open_still, ended) == ([], [])
    assert [it.subject for it in await claim(store, 99)] == ["b"]


async def test_a_command_can_be_stored_as_claimed(store: ClosableStore) -> None:
    """Whoever saves a command may carry it at once: nobody else gets it meanwhile."""
    (mine,) = await store.commit(
        Batch(commands=[wanted(dispatch(1), owner="me"), wanted(dispatch(2), seconds=1)])
    )
    others = await claim(store, 2, owner="other")
    after_the_lease = await claim(store, 10, owner="other")

    assert (mine.command, mine.subject, mine.tries) == (dispatch(1), "a", 1)
    assert mine.first_tried_at == at(0)
    assert [it.command for it in others] == [dispatch(2)]
    assert [(it.id, it.tries) for it in after_the_lease] == [(mine.id, 2)]


async def test_a_postponed_command_waits(store: ClosableStore) -> None:
    """It is nobody's until it is due again, and its tries are remembered."""
    await store.commit(Batch(commands=[wanted(dispatch())]))
    (claimed,) = await claim(store, 0)
    await store.postpone(claimed.id, due=at(30), why="502")
    due, early, late = await store.next_due(), await claim(store, 29), await claim(store, 30)

    assert (due, early) == (at(30), [])
    assert [it.tries for it in late] == [2]


async def test_a_command_is_held_as_it_was_claimed(store: ClosableStore) -> None:
    """By whom, for how long, and since which try: each of them may be another's by now."""
    await store.commit(Batch(commands=[wanted(dispatch())]))
    (claimed,) = await claim(store, 0)
    end = LEASE.total_seconds()

    async def holds(seconds: float, owner: str = "me", tries: int = 1) -> bool:
        return await store.holds(claimed.id, owner=owner, tries=tries, now=at(seconds))

    assert await holds(0)
    assert await holds(end - 1)
    assert not await holds(end)
    assert not await holds(1, owner="other")
    assert not await holds(1, tries=2)
    assert not await store.holds(claimed.id + 1, owner="me", tries=1, now=at(1))
    await store.renew([claimed.id], owner="me", now=at(end), lease=LEASE)
    assert await holds(end)
    (again,) = await claim(store, 2 * end)
    assert await holds(2 * end, tries=again.tries)
    assert not await holds(2 * end, tries=claimed.tries)
    await store.take_back(owner="me")
    assert not await holds(2 * end, tries=again.tries)


async def test_what_was_claimed_anew_is_not_put_off_by_an_earlier_try(
    store: ClosableStore,
) -> None:
    """Whoever lost its lease has nothing to say about it any more."""
    await store.commit(Batch(commands=[wanted(dispatch())]))
    (earlier,) = await claim(store, 0)
    (later,) = await claim(store, LEASE.total_seconds())

    async def is_held_after(tries: int) -> bool:
        given = {"due": at(60), "why": "502", "owner": "me", "tries": tries}
        await store.postpone(later.id, **given)
        now = at(LEASE.total_seconds())
        return await store.holds(later.id, owner="me", tries=later.tries, now=now)

    assert await is_held_after(earlier.tries)
    assert not await is_held_after(later.tries)


async def test_the_next_due_is_what_nobody_holds(store: ClosableStore) -> None:
    """Held and ended commands are not waited for."""
    nothing = await store.next_due()
    await store.commit(Batch(commands=[wanted(dispatch(n), seconds=n) for n in (1, 2, 3)]))
    first_due = await store.next_due()
    one, _ = await claim(store, 2)
    then = await store.next_due()
    await store.commit(Batch(commands_done=[one.id]))
    await claim(store, 3)

    assert (nothing, first_due, then) == (None, at(1), at(3))
    assert await store.next_due() is None


# levels


async def test_a_level_is_due_again_when_asked_for_again(store: ClosableStore) -> None:
    """What was done is done again, as a first try, and not before the spacing has passed."""
    await ask(store, WriteCheck())
    (one,) = await claim(store, 0)
    await store.commit(Batch(commands_done=[one.id]))
    await ask(store, WriteCheck(), seconds=0.2, spacing=1)
    due = await store.next_due()
    (two,) = await claim(store, 1)

    assert due == at(1)
    assert (two.id, two.tries, two.first_tried_at) == (one.id, 1, at(1))


async def test_a_waiting_level_is_due_at_the_earlier_moment(store: ClosableStore) -> None:
    """A wish for later does not put off an earlier one, and the earlier one wins."""
    await ask(store, WriteCheck(), seconds=5)
    await ask(store, WriteCheck(), seconds=9)
    unmoved = await store.next_due()
    await store.commit(
        Batch(commands=[wanted(WriteCheck(), seconds=4), wanted(WriteCheck(), seconds=3)])
    )

    assert unmoved == at(5)
    assert await store.next_due() == at(3)


async def test_a_level_asked_for_while_it_is_written_is_not_lost(store: ClosableStore) -> None:
    """Whoever writes may have looked before the change: so it is written once more."""
    await ask(store, WriteCheck())
    (one,) = await claim(store, 0)
    await ask(store, WriteCheck(), seconds=0.2, spacing=1)
    await ask(store, WriteCheck(), seconds=0.3, spacing=1)
    while_written = await claim(store, 5), await store.next_due()
    await store.commit(Batch(commands_done=[one.id]))
    due = await store.next_due()
    (two,) = await claim(store, 5)
    await store.commit(Batch(commands_done=[two.id]))

    assert while_written == ([], None)
    assert (due, two.tries) == (at(1), 1)
    assert await store.next_due() is None


async def test_a_level_ticked_off_and_asked_for_in_one_batch_is_open(
    store: ClosableStore,
) -> None:
    """The decision that follows from a write may call for another."""
    await ask(store, WriteCheck())
    (one,) = await claim(store, 0)
    again = wanted(WriteCheck(), seconds=0.5, spacing=1)
    await store.commit(Batch(commands_done=[one.id], commands=[again]))

    assert await store.next_due() == at(1)


async def test_a_failed_level_is_tried_again_when_asked_for(store: ClosableStore) -> None:
    """It was set aside with an unknown outcome, so its tries go on counting."""
    await ask(store, WriteCheck())
    (one,) = await claim(store, 0)
    await store.commit(Batch(commands_failed=[(one.id, "poison")]))
    aside = await store.next_due()
    await ask(store, WriteCheck(), seconds=2)
    (two,) = await claim(store, 2)

    assert aside is None
    assert (two.tries, two.first_tried_at) == (2, at(0))


async def test_a_level_that_failed_while_asked_for_is_open(store: ClosableStore) -> None:
    """The wish that came meanwhile is not set aside with the try before it."""
    await ask(store, WriteCheck())
    (one,) = await claim(store, 0)
    await ask(store, WriteCheck(), seconds=2)
    await store.commit(Batch(commands_failed=[(one.id, "poison")]))

    assert [(it.id, it.tries) for it in await claim(store, 2)] == [(one.id, 2)]


async def test_a_late_tick_does_not_swallow_a_level(store: ClosableStore) -> None:
    """A replica that lost its lease cannot tick off what was asked for since."""
    await ask(store, WriteCheck())
    (slow,) = await claim(store, 0, owner="slow")
    (quick,) = await claim(store, 10, owner="quick")
    await store.commit(Batch(commands_done=[quick.id]))
    await ask(store, WriteCheck(), seconds=11)
    await store.commit(Batch(commands_done=[slow.id]))
    await store.commit(Batch(commands_failed=[(slow.id, "too late")]))

    assert len(await claim(store, 11)) == 1


async def test_a_postponed_level_waits_though_it_was_asked_for(store: ClosableStore) -> None:
    """The next try sees the change anyway, so the rate limit's moment holds."""
    await ask(store, WriteCheck())
    (one,) = await claim(store, 0)
    await ask(store, WriteCheck(), seconds=1)
    await store.postpone(one.id, due=at(60), why="rate limit")
    due = await store.next_due()
    (two,) = await claim(store, 60)
    await store.commit(Batch(commands_done=[two.id]))

    assert due == at(60)
    assert await store.next_due() is None


async def test_a_level_is_claimed_at_once_unless_it_has_to_wait(store: ClosableStore) -> None:
    """Held by another or held back by its spacing, it is not the asker's."""
    (one,) = await store.commit(Batch(commands=[wanted(WriteCheck(), owner="me")]))
    held = await store.commit(Batch(commands=[wanted(WriteCheck(), owner="me", seconds=1)]))
    await store.commit(Batch(commands_done=[one.id]))
    (two,) = await claim(store, 1)
    await store.commit(Batch(commands_done=[two.id]))
    spaced = await store.commit(
        Batch(commands=[wanted(WriteCheck(), owner="me", seconds=1.5, spacing=1)])
    )
    due = await store.next_due()
    (three,) = await store.commit(
        Batch(commands=[wanted(WriteCheck(), owner="me", seconds=3, spacing=1)])
    )

    assert (held, spaced, due) == ([], [], at(2))
    assert [it.id for it in (two, three)] == [one.id, one.id]
    assert (three.tries, three.first_tried_at) == (1, at(3))


async def test_levels_of_different_kinds_and_subjects_are_apart(store: ClosableStore) -> None:
    """A check and a comment are two rows, and so are the checks of two orchestrations."""
    await store.commit(
        Batch(
            commands=[
                wanted(WriteCheck()),
                wanted(WriteComment()),
                wanted(WriteCheck(), subject="b"),
                wanted(ListRepositories(installation_id=3), subject="installation/3"),
            ]
        )
    )

    assert len(await claim(store, 0)) == 4


# words of this file


async def claim(
    store: ClosableStore, seconds: float, *, owner: str = "me", limit: int = 100
) -> Sequence[ClaimedCommand]:
    return await store.claim(owner=owner, now=at(seconds), lease=LEASE, limit=limit)


async def ask(
    store: ClosableStore, command: WriteCheck, *, seconds: float = 0, spacing: float = 0
) -> None:
    await store.commit(Batch(commands=[wanted(command, seconds=seconds, spacing=spacing)]))
