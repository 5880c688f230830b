"""The contract of a store: one suite, every adapter. Its commands have a file of their own."""

from dataclasses import replace

import pytest

from app.core.audit import Chain, first_break
from app.core.hearing.findings import File
from app.core.hearing.heard import Repository
from app.core.moves import OrchestrationStatus
from app.core.values import RepositoryName, Sha
from app.ports import (
    Batch,
    Conflict,
    DeliveryDone,
    DeliveryStatus,
    Dispatched,
    KnownDefinition,
    KnownRepository,
    Saved,
)
from tests.shell.store_kit import (
    ClosableStore,
    Home,
    MemoryHome,
    at,
    attempt,
    delivery,
    dispatch,
    entry,
    first,
    orchestration,
    wanted,
)

pytestmark = pytest.mark.anyio


# deliveries


async def test_a_delivery_is_known_by_its_id(store: ClosableStore) -> None:
    """A delivery is saved once, however often it comes, in one commit or in several."""
    together = await store.save_deliveries([delivery("a"), delivery("b"), delivery("a")])
    later = await store.save_deliveries([delivery("b"), delivery("c")])

    assert together == [True, True, False]
    assert later == [False, True]
    assert await names(store) == ["a", "b", "c"]


async def test_deliveries_are_taken_in_the_order_they_came(store: ClosableStore) -> None:
    """The oldest come first, whatever their times and names say, and whole."""
    brought = [delivery("z", seconds=5, body=b"\x00\xff"), delivery("a", seconds=1)]
    await store.save_deliveries(brought)
    await store.save_deliveries([delivery("m")])

    assert await store.new_deliveries(2) == brought
    assert await names(store) == ["z", "a", "m"]


async def test_a_delivery_that_ended_is_not_taken_again(store: ClosableStore) -> None:
    """Done and failed deliveries are not new, and a redelivery of one changes nothing."""
    await store.save_deliveries([delivery("done"), delivery("failed"), delivery("new")])
    await store.commit(
        Batch(
            deliveries=[
                DeliveryDone(id="done", status=DeliveryStatus.DONE),
                DeliveryDone(id="failed", status=DeliveryStatus.FAILED, note="no JSON"),
            ]
        )
    )

    assert await store.save_deliveries([delivery("done")]) == [False]
    assert await names(store) == ["new"]


async def test_a_parked_delivery_wakes_with_its_workflow_run(store: ClosableStore) -> None:
    """It is new again, in its old place, once its workflow run is known; others sleep on."""
    await store.save_deliveries([delivery("a"), delivery("b"), delivery("c")])
    await store.commit(Batch(deliveries=[parked("a", 11), parked("b", 12)]))
    asleep = await names(store)
    await store.commit(Batch(wake_workflow_runs=[11, 99]))

    assert asleep == ["c"]
    assert await names(store) == ["a", "c"]


async def test_a_delivery_parked_and_woken_in_one_batch_is_awake(store: ClosableStore) -> None:
    """The batch that learns of a workflow run wakes what it parks for it as well."""
    await store.save_deliveries([delivery("a")])
    await store.commit(Batch(deliveries=[parked("a", 11)], wake_workflow_runs=[11]))

    assert await names(store) == ["a"]


async def test_a_woken_delivery_that_ended_stays_ended(store: ClosableStore) -> None:
    """Waking is for what is parked: what was parked once and has ended does not return."""
    await store.save_deliveries([delivery("a")])
    await store.commit(Batch(deliveries=[parked("a", 11)], wake_workflow_runs=[11]))
    await store.commit(Batch(deliveries=[DeliveryDone(id="a", status=DeliveryStatus.DONE)]))
    await store.commit(Batch(wake_workflow_runs=[11], changed_files=[("a", ("x",))]))

    assert await names(store) == []


async def test_changed_files_wake_their_delivery(store: ClosableStore) -> None:
    """A delivery that waits for its files is new again when they are listed."""
    await store.save_deliveries([delivery("a")])
    await store.commit(Batch(deliveries=[parked("a", None)]))
    before = await store.changed_files("a")
    await store.commit(Batch(changed_files=[("a", ("docs/b.md", "a.py"))]))

    assert before is None
    assert await store.changed_files("a") == ("docs/b.md", "a.py")
    assert await names(store) == ["a"]


async def test_old_deliveries_are_dropped_unless_they_are_new(store: ClosableStore) -> None:
    """What came in before a moment goes, with its files, but never what is still to be done."""
    await store.save_deliveries([delivery(name) for name in ("done", "parked", "new")])
    await store.save_deliveries([delivery("later", seconds=60)])
    done = [DeliveryDone(id=name, status=DeliveryStatus.DONE) for name in ("done", "later")]
    await store.commit(
        Batch(deliveries=[*done, parked("parked", 11)], changed_files=[("done", ("a",))])
    )

    assert await store.drop_deliveries(at(60)) == 2
    assert await names(store) == ["new"]
    assert await store.changed_files("done") is None
    assert await store.save_deliveries([delivery("done"), delivery("later")]) == [True, False]


# orchestrations


async def test_a_state_comes_back_as_it_was(home: Home) -> None:
    """A state is whole again in another life, its plan and definition included."""
    state = orchestration()
    store = home.open()
    await store.commit(first(state))
    await store.close()
    reborn = home.open()
    loaded = await reborn.load([state.id])
    await reborn.close()

    assert loaded == {state.id: Saved(state=state, version=1)}


async def test_orchestrations_of_one_text_share_its_definition(home: Home) -> None:
    """Many orchestrations hold one definition in memory, not each its own."""
    store = home.open()
    await store.commit(first(orchestration(1)))
    await store.commit(first(orchestration(2)))
    await store.close()
    reborn = home.open()
    states = [orchestration(1).id, orchestration(2).id]
    loaded = await reborn.load(states)
    await reborn.close()

    one, other = (loaded[it].state.plan for it in states)
    assert one.text == other.text
    assert isinstance(home, MemoryHome) or one.definition is other.definition


async def test_nothing_is_loaded_of_what_is_unknown(store: ClosableStore) -> None:
    """An unknown id is simply absent."""
    assert await store.load([]) == {}
    assert await store.load([orchestration().id]) == {}


async def test_a_state_is_saved_in_the_version_that_follows(store: ClosableStore) -> None:
    """The next version replaces the one before, and the journal grows by its events."""
    state = orchestration()
    await store.commit(first(state))
    running = replace(state, status=OrchestrationStatus.RUNNING)
    second = Saved(state=running, version=2)
    await store.commit(Batch(states=[second], journal=[entry(state, 2, "grace")]))

    assert await store.load([state.id]) == {state.id: second}
    assert await store.journal(state.id) == [entry(state, 1), entry(state, 2, "grace")]


@pytest.mark.parametrize("version", [1, 2, 4])
async def test_a_state_that_another_writer_changed_is_refused(
    store: ClosableStore, version: int
) -> None:
    """Whoever decided on an outdated state has to decide anew, and nothing of it is kept."""
    state = orchestration()
    await store.save_deliveries([delivery("a")])
    await store.commit(first(state))
    await store.commit(Batch(states=[Saved(state=state, version=2)]))
    stale = Batch(
        states=[Saved(state=state, version=version), Saved(state=orchestration(2), version=1)],
        journal=[entry(state, 2)],
        commands=[wanted(dispatch())],
        deliveries=[DeliveryDone(id="a", status=DeliveryStatus.DONE)],
    )
    with pytest.raises(Conflict):
        await store.commit(stale)

    assert await store.load([state.id, orchestration(2).id]) == {
        state.id: Saved(state=state, version=2)
    }
    assert await names(store) == ["a"]
    assert await store.next_due() is None
    assert len(await store.journal(state.id)) == 1


async def test_an_orchestration_that_never_was_cannot_go_on(store: ClosableStore) -> None:
    """The first version of a state is 1."""
    with pytest.raises(Conflict):
        await store.commit(Batch(states=[Saved(state=orchestration(), version=2)]))

    assert await store.load([orchestration().id]) == {}


async def test_a_number_is_given_once(store: ClosableStore) -> None:
    """Two orchestrations of one definition never bear the same number."""
    state = orchestration()
    twin = replace(state, plan=replace(state.plan, id=type(state.id)("f" * 16)))
    await store.commit(first(state))
    with pytest.raises(Conflict):
        await store.commit(first(twin))

    assert await store.load([twin.id]) == {}


async def test_a_journal_has_one_event_in_each_place(store: ClosableStore) -> None:
    """Two writers cannot both write the second event."""
    state = orchestration()
    await store.commit(first(state))
    with pytest.raises(Conflict):
        await store.commit(Batch(journal=[entry(state, 1, "mallory")]))

    assert await store.journal(state.id) == [entry(state, 1)]


async def test_numbers_go_on_from_the_highest(store: ClosableStore) -> None:
    """The last number is that of the very definition in the very repository."""
    for state in (orchestration(2), orchestration(9), orchestration(4, repository_id=8)):
        await store.commit(first(state))

    assert await store.last_numbers([(7, "train"), (8, "train"), (8, "other")]) == {
        (7, "train"): 9,
        (8, "train"): 4,
    }
    assert await store.last_numbers([]) == {}


async def test_the_newest_orchestrations_are_listed_first(store: ClosableStore) -> None:
    """The list has what people look for, and can leave out what has ended."""
    ended = replace(orchestration(3), status=OrchestrationStatus.FAILED, ended_at=at(100))
    for state in (orchestration(1), ended, orchestration(2)):
        await store.commit(first(state))
    rows = await store.orchestrations(limit=2)
    still_open = await store.orchestrations(limit=9, open_only=True)

    assert [(row.number, row.name, row.status) for row in rows] == [
        (3, "Train", "failed"),
        (2, "Train", "requested"),
    ]
    assert (rows[0].started_at, rows[0].ended_at) == (at(3), at(100))
    assert [row.number for row in still_open] == [2, 1]


async def test_an_attempt_is_found_by_marker_and_by_workflow_run(store: ClosableStore) -> None:
    """A dispatch is known by its marker first, and by its id from when that is heard."""
    state = orchestration()
    await store.commit(first(state))
    await store.commit(Batch(dispatched=[sent("m1", state.id, None), sent("m2", state.id, 22)]))
    by_marker = await store.dispatched([], ["m1", "m9"])
    await store.commit(Batch(dispatched=[sent("m1", state.id, 11), sent("m2", state.id, None)]))

    assert by_marker == [sent("m1", state.id, None)]
    assert await store.dispatched([11, 22, 33], ["m1"]) == [
        sent("m1", state.id, 11),
        sent("m2", state.id, 22),
    ]
    assert await store.dispatched([], []) == []


# catalogue


async def test_the_catalogue_is_replaced_repository_by_repository(
    store: ClosableStore,
) -> None:
    """Definitions are those last read; a forgotten repository takes its own along."""
    await store.commit(
        Batch(
            repositories=[known(1, "acme/one"), known(2, "acme/two")],
            definitions=[(1, (file("b.yml"), file("a.yml"))), (2, (file("c.yml"),))],
        )
    )
    await store.commit(
        Batch(
            repositories=[known(1, "acme/renamed")],
            definitions=[(1, (file("a.yml", "new"),))],
            forget_repositories=[2],
        )
    )
    catalogue = await store.catalogue()

    assert catalogue.repositories == (known(1, "acme/renamed"),)
    assert catalogue.definitions == (
        KnownDefinition(repository_id=1, file=file("a.yml", "new")),
    )


async def test_journals_are_chained(store: ClosableStore) -> None:
    """Each entry leads to the next, over several batches, and of nobody is an empty chain."""
    state = orchestration()
    await store.commit(first(state))
    begun = await store.chain(state.id)
    await store.commit(
        Batch(
            states=[Saved(state=state, version=2)],
            journal=[entry(state, 2, "bob"), entry(state, 3, "eve")],
        )
    )
    await store.commit(Batch(journal=[entry(state, 4, "mal")]))
    chain = await store.chain(state.id)

    assert [link.seq for link in chain.links] == [1, 2, 3, 4]
    assert chain.links[0] == begun.links[0]
    assert chain.links[-1].digest == chain.head != begun.head
    assert first_break(state.id, chain) is None
    assert await store.chain(orchestration(2).id) == Chain(links=[])


async def test_a_current_store_is_ready(store: ClosableStore) -> None:
    """A database that answers and is up to date is ready; an empty batch is no trouble."""
    await store.ready()

    assert await store.commit(Batch()) == []
    assert await store.save_deliveries([]) == []


# words of this file


async def names(store: ClosableStore) -> list[str]:
    return [it.id for it in await store.new_deliveries(100)]


def parked(name: str, workflow_run_id: int | None) -> DeliveryDone:
    return DeliveryDone(id=name, status=DeliveryStatus.PARKED, workflow_run_id=workflow_run_id)


def sent(marker: str, orchestration_id: str, run: int | None) -> Dispatched:
    return Dispatched(
        marker=marker,
        orchestration_id=type(orchestration().id)(orchestration_id),
        attempt=attempt(),
        workflow_run_id=run,
    )


def known(number: int, name: str) -> KnownRepository:
    repository = Repository(id=number, name=RepositoryName(name), default_branch="main")
    return KnownRepository(
        repository=repository, installation_id=3, head_sha=Sha("a" * 40), policy=None
    )


def file(path: str, text: str = "old") -> File:
    return File(path=path, blob_sha=Sha(text), text=text)
