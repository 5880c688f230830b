"""People and requirements: the assignment is found if there is one."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from app.core.approvals.matching import Demand, assign


def brute(demands: list[Demand], people: int) -> bool:
    """Try every way to let each person stand for one demand or for none."""
    return any(
        all(_is_met(demand, which, stands) for which, demand in enumerate(demands))
        for stands in product(range(-1, len(demands)), repeat=people)
    )


def _is_met(demand: Demand, which: int, stands: tuple[int, ...]) -> bool:
    own = {one for one, stood in enumerate(stands) if stood == which} & demand.people
    return len(own) >= demand.count and all(own & cover for cover in demand.covers)


@st.composite
def _demands(draw: st.DrawFn) -> tuple[list[Demand], int]:
    people = draw(st.integers(0, 5))
    some = st.frozensets(st.integers(0, max(people - 1, 0)), max_size=people)
    demands = []
    for _ in range(draw(st.integers(0, 3))):
        able = draw(some)
        covers = [each & able for each in draw(st.lists(some, max_size=2))]
        count = draw(st.integers(0, 3))
        demands.append(Demand(count=count, people=able, covers=tuple(covers)))
    return demands, people


@given(_demands())
def test_an_assignment_is_found_if_there_is_one(known: tuple[list[Demand], int]) -> None:
    """The search agrees with trying everything, and what it finds is allowed."""
    demands, people = known
    found = assign(demands, people)

    assert found.is_complete == brute(demands, people)
    assert all(one in demands[which].people for one, which in found.stands.items())
    assert not found.is_complete or all(
        len(found.of(which)) >= demand.count for which, demand in enumerate(demands)
    )


def test_who_comes_first_makes_room() -> None:
    """The first person moves so that the second, who can do less, finds a place."""
    demands = [
        Demand(count=1, people=frozenset({0, 1})),
        Demand(count=1, people=frozenset({0, 2})),
        Demand(count=1, people=frozenset({1, 2})),
    ]

    assert assign(demands, 3).is_complete
    assert not assign(demands, 2).is_complete


def test_the_search_gives_up_in_time() -> None:
    """Many owners, each different, and nobody left for the last place: it says so."""
    people = 40
    covers = tuple(frozenset({one, one + 1, one + 2}) for one in range(people - 2))
    demands = [
        Demand(count=0, people=frozenset(range(people)), covers=covers),
        Demand(count=people, people=frozenset(range(people))),
    ]
    found = assign(demands, people)

    assert found.is_given_up
    assert not found.is_complete


def test_what_cannot_be_is_not_tried_for_long() -> None:
    """Where places lack people, it is known without trying, and is no giving up."""
    covers = tuple(frozenset({one, one + 1, one + 2}) for one in range(38))
    demands = [
        Demand(count=1, people=frozenset(range(40)), covers=covers),
        Demand(count=40, people=frozenset(range(40))),
    ]
    found = assign(demands, 40)

    assert (found.is_complete, found.is_given_up) == (False, False)
    assert len(found.stands) == 40


def test_people_who_could_do_the_same_are_tried_once() -> None:
    """A hundred members of one team are no more to try than one."""
    everybody = frozenset(range(100))
    demands = [
        Demand(count=1, people=everybody, covers=(everybody,) * 10),
        Demand(count=100, people=everybody),
    ]

    assert not assign(demands, 100).is_given_up
