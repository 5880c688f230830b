"""The contract of a store: deliveries that wait until something has been read."""

from dataclasses import replace

import pytest

from app.core.hearing.heard import Repository
from app.core.values import RepositoryName, Sha
from app.ports import Batch, Conflict, DeliveryDone, DeliveryStatus, KnownRepository
from app.ports.keeping import Kind
from tests.shell.store_kit import ClosableStore, at, delivery

pytestmark = pytest.mark.anyio

WHY = "waits until the definitions of acme/app are read"


async def test_it_wakes_with_its_subject(store: ClosableStore) -> None:
    """It is new again, in its old place, and tells how often it was woken; others sleep on."""
    await store.save_deliveries([delivery(name) for name in "abcd"])
    waits = [waiting("a", "repository/1"), waiting("b", "repository/2")]
    await store.commit(Batch(deliveries=[*waits, waiting("c", "installation/1")]))
    asleep = await woken(store)
    await store.commit(Batch(wake_subjects=["repository/1", "repository/9", "repository/1"]))
    await store.commit(Batch(deliveries=[waiting("a", "repository/1")]))
    again = await woken(store)
    await store.commit(Batch(wake_subjects=["installation/1", "repository/1"]))

    assert asleep == again == {"d": 0}
    assert await woken(store) == {"a": 2, "c": 1, "d": 0}
    assert [it.id for it in await store.new_deliveries(9)] == ["a", "c", "d"]


async def test_what_is_parked_and_woken_in_one_batch_is_awake(store: ClosableStore) -> None:
    """The batch in which something was read wakes what it parks for it as well."""
    await store.save_deliveries([delivery("a")])
    waits = [waiting("a", "installation/1")]
    await store.commit(Batch(deliveries=waits, wake_subjects=["installation/1"]))

    assert await woken(store) == {"a": 1}


async def test_what_waits_for_two_things_is_woken_by_the_first(store: ClosableStore) -> None:
    """A workflow run becomes known, or a repository is read: then it waits for neither."""
    await store.save_deliveries([delivery("a"), delivery("b")])
    both = [waiting(name, "repository/1", workflow_run_id=11) for name in "ab"]
    await store.commit(Batch(deliveries=both))
    await store.commit(Batch(wake_workflow_runs=[11]))
    by_run = await woken(store)
    await store.commit(Batch(wake_subjects=["repository/1"]))
    await store.commit(Batch(deliveries=both))
    await store.commit(Batch(wake_subjects=["repository/1"]))
    by_subject = await woken(store)
    await store.commit(Batch(wake_workflow_runs=[11]))

    assert by_run == {"a": 0, "b": 0}
    assert by_subject == await woken(store) == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("head_sha", "unreadable", "is_taken"),
    [(None, "", True), (Sha("a" * 40), "", False), (None, "forbidden", False)],
)
async def test_who_waits_for_what_was_read_meanwhile_decides_anew(
    store: ClosableStore, head_sha: Sha | None, unreadable: str, is_taken: bool
) -> None:
    """Else it might wait for ever; and nothing of the batch is kept."""
    known = replace(known_repository(), head_sha=head_sha, unreadable=unreadable)
    await store.save_deliveries([delivery("a")])
    await store.commit(Batch(repositories=[known]))
    batch = Batch(deliveries=[waiting("a", "repository/1")], unread=[1, 1, 2])
    if is_taken:
        await store.commit(batch)
    else:
        with pytest.raises(Conflict):
            await store.commit(batch)

    assert (await store.catalogue()).repositories == (known,)
    assert known.is_awaited == is_taken
    assert await woken(store) == ({} if is_taken else {"a": 0})


async def test_who_takes_for_unknown_what_was_listed_meanwhile_decides_anew(
    store: ClosableStore,
) -> None:
    """Else a delivery might be given up for a repository that the App covers."""
    await store.save_deliveries([delivery("a"), delivery("b")])
    done = DeliveryDone(id="a", status=DeliveryStatus.DONE)
    await store.commit(Batch(deliveries=[done], uncovered=[1]))
    await store.commit(Batch(repositories=[known_repository()]))
    with pytest.raises(Conflict):
        await store.commit(Batch(deliveries=[replace(done, id="b")], uncovered=[2, 1]))

    assert await woken(store) == {"b": 0}


async def test_what_waits_is_listed_apart_and_can_be_dropped(store: ClosableStore) -> None:
    """It is no trouble, but people may want to see it, with the reason, or to be rid of it."""
    await store.save_deliveries([delivery(name, seconds=n) for n, name in enumerate("abc")])
    no_subject = DeliveryDone(id="c", status=DeliveryStatus.PARKED, workflow_run_id=11)
    waits = [waiting("a", "repository/1"), waiting("b", "repository/1")]
    await store.commit(Batch(deliveries=[*waits, no_subject]))
    listed = await store.waiting(10)
    newest = await store.waiting(1)
    changed = [
        await store.try_again(Kind.DELIVERY, "a", now=at(5)),
        await store.drop(Kind.DELIVERY, "a"),
        await store.drop(Kind.DELIVERY, "a"),
        await store.drop(Kind.DELIVERY, "c"),
    ]
    await store.commit(Batch(wake_subjects=["repository/1"]))

    assert [(it.id, it.name, it.subject, it.why, it.at, it.is_waiting) for it in listed] == [
        ("b", "push", "repository/1", WHY, at(1), True),
        ("a", "push", "repository/1", WHY, at(0), True),
    ]
    assert newest == listed[:1]
    assert changed == [False, True, False, False]
    assert await store.set_aside(10) == []
    assert (await store.standing(at(9))).set_aside == {"delivery": 0, "command": 0}
    assert await woken(store) == {"b": 1}


async def test_what_waits_for_too_long_is_dropped(store: ClosableStore) -> None:
    """As all that is parked: after the days that deliveries are kept."""
    await store.save_deliveries([delivery("a"), delivery("b", seconds=60)])
    waits = [waiting("a", "repository/1"), waiting("b", "repository/1")]
    await store.commit(Batch(deliveries=waits))
    count = await store.drop_deliveries(at(60))
    await store.commit(Batch(wake_subjects=["repository/1"]))

    assert count == 1
    assert await woken(store) == {"b": 1}


async def test_what_was_read_is_kept_when_it_is_listed(store: ClosableStore) -> None:
    """By somebody who does not know yet that it was read; only who forgets it, forgets all."""
    read = replace(known_repository(), head_sha=Sha("a" * 40), policy="version: 1")
    listed = replace(known_repository(), installation_id=4, unreadable="for now")
    await store.commit(Batch(repositories=[read]))
    await store.commit(Batch(repositories=[listed]))
    kept = (await store.catalogue()).repositories
    await store.commit(Batch(repositories=[replace(read, policy=None)]))
    without = (await store.catalogue()).repositories
    await store.commit(Batch(forget_repositories=[1]))
    await store.commit(Batch(repositories=[listed]))

    assert kept == (replace(read, installation_id=4, unreadable="for now"),)
    assert without == (replace(read, policy=None),)
    assert (await store.catalogue()).repositories == (listed,)


async def woken(store: ClosableStore) -> dict[str, int]:
    """Return how often each delivery was woken that is new."""
    return {it.id: it.woken for it in await store.new_deliveries(100)}


def waiting(name: str, subject: str, workflow_run_id: int | None = None) -> DeliveryDone:
    return DeliveryDone(
        id=name,
        status=DeliveryStatus.PARKED,
        note=WHY,
        workflow_run_id=workflow_run_id,
        waits_for=subject,
    )


def known_repository() -> KnownRepository:
    repository = Repository(id=1, name=RepositoryName("acme/app"), default_branch="main")
    return KnownRepository(repository=repository, installation_id=3, head_sha=None, policy=None)
