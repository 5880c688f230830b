"""States in use stay decoded, and deliveries at hand, within a bound of their size."""

from app.core.values import OrchestrationId
from app.ports import Delivery, Saved
from app.store.sql.remembered import Deliveries, States
from tests.shell.store_kit import NOW, orchestration

ONE, TWO, THREE = (orchestration(number) for number in (1, 2, 3))


def test_the_least_used_makes_room() -> None:
    """What counts is the text of all plans and states, and who was asked for last stays."""
    states = States(text_max=300)
    for state in (ONE, TWO):
        states.keep(Saved(state=state, version=1), 50, 100)
    states.one(ONE.id)
    states.keep(Saved(state=THREE, version=1), 50, 100)

    assert states.those([ONE.id, TWO.id, THREE.id]).keys() == {ONE.id, THREE.id}


def test_one_that_is_larger_than_all_may_be_is_remembered_alone() -> None:
    """It is in use, after all."""
    states = States(text_max=300)
    states.keep(Saved(state=ONE, version=1), 50, 100)
    states.keep(Saved(state=TWO, version=1), 500, 100)

    assert states.those([ONE.id, TWO.id]).keys() == {TWO.id}


def test_what_is_older_takes_the_place_of_nothing() -> None:
    """It was read before the newer one was written, and comes too late."""
    states = States()
    states.keep(Saved(state=ONE, version=2), 50, 100)
    states.keep(Saved(state=ONE, version=1), 50, 100)
    found = states.one(ONE.id)

    assert found is not None
    assert found.saved.version == 2


def test_a_plan_is_as_long_as_it_was() -> None:
    """Only who writes it or reads it knows, and later states have the same one."""
    states = States()
    states.keep(Saved(state=ONE, version=1), 50, 100)
    states.keep(Saved(state=ONE, version=2), 60)
    found = states.one(ONE.id)

    assert found is not None
    assert (found.size, found.plan_size) == (60, 100)


def test_what_is_forgotten_leaves_its_room() -> None:
    """Also what is unknown may be forgotten."""
    states = States(text_max=300)
    states.keep(Saved(state=ONE, version=1), 50, 100)
    states.forget([ONE.id, OrchestrationId("nowhere")])
    for state in (TWO, THREE):
        states.keep(Saved(state=state, version=1), 50, 100)

    assert states.those([ONE.id, TWO.id, THREE.id]).keys() == {TWO.id, THREE.id}


def delivery(key: str, size: int) -> Delivery:
    """Return a delivery with a body of so many bytes."""
    return Delivery(id=key, event="push", body=b"x" * size, received_at=NOW)


def test_of_deliveries_the_oldest_make_room() -> None:
    """Whoever wants one that is gone reads it, and one that is worked off takes no room."""
    deliveries = Deliveries(bytes_max=100)
    deliveries.keep([delivery("worked off", 60), delivery("one", 40)])
    deliveries.forget(["worked off", "never heard of"])
    deliveries.keep([delivery("two", 60), delivery("three", 30)])

    assert [deliveries.one(key) is not None for key in ("one", "two", "three")] == [
        False,
        True,
        True,
    ]


def test_a_delivery_that_is_larger_than_all_may_be_is_not_kept() -> None:
    """It is read again when it is worked off."""
    deliveries = Deliveries(bytes_max=100)
    deliveries.keep([delivery("large", 101)])

    assert deliveries.one("large") is None
