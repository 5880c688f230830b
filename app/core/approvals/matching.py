"""Who stands for which requirement: one person counts once over all of them.

Found is an assignment that satisfies everything, if there is one, not the first that comes
to mind: places are filled along augmenting paths. Code owners make it harder, since one
person may own several paths: which of them own what is tried out, within a bound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

TRIES_MAX = 2_000
"""Ways to let people own paths that are tried. People alike are tried once, so that the bound
is met only by dozens of teams that own and vote in different ways."""

WORK_MAX = 5_000_000
"""Comparisons that all tries may take together, about a second: hundreds of voters and of
owners get fewer tries."""

TRIES_IN_VAIN = 20
"""Tries where no assignment can be complete: enough to tell people who is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """So many of these people; and of each group of owners at least one among them.

    People are numbers; `covers` says by group who does.
    """

    count: int
    people: frozenset[int]
    covers: tuple[frozenset[int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who stands for which demand. `uncovered` are the groups, by demand, without an owner."""

    stands: Mapping[int, int] = field(default_factory=dict)
    uncovered: tuple[tuple[int, int], ...] = ()
    is_complete: bool
    is_given_up: bool = False

    def of(self, demand: int) -> tuple[int, ...]:
        """Return the people who stand for one demand, in order."""
        return tuple(sorted(one for one, which in self.stands.items() if which == demand))


def assign(demands: Sequence[Demand], people: int) -> Assignment:
    """Find the people who satisfy every demand, or else those who come nearest to it.

    People are numbered from 0; the lower number is preferred.
    """
    best = Assignment(is_complete=False)
    merit = (-1, -1)
    is_in_vain = _is_in_vain(demands, people)
    most = TRIES_IN_VAIN if is_in_vain else min(TRIES_MAX, _affordable(demands, people))
    for number, owners in enumerate(_owners(demands, people)):
        if number == most:
            return replace(best, is_given_up=not is_in_vain)
        found = _fill(demands, people, owners)
        if found.is_complete:
            return found
        groups = sum(len(demand.covers) for demand in demands) - len(found.uncovered)
        if (groups, len(found.stands)) > merit:
            best, merit = found, (groups, len(found.stands))
    return best


def _is_in_vain(demands: Sequence[Demand], people: int) -> bool:
    """Tell whether a path has no owner here, or places lack people even without owners."""
    if any(not cover for demand in demands for cover in demand.covers):
        return True
    plain = [replace(demand, covers=()) for demand in demands]
    return not _fill(plain, people, {}).is_complete


def _affordable(demands: Sequence[Demand], people: int) -> int:
    one = people * sum(demand.count + len(demand.covers) for demand in demands)
    return max(TRIES_IN_VAIN, WORK_MAX // max(one, 1))


def _owners(demands: Sequence[Demand], people: int) -> Iterator[dict[int, int]]:
    """Go through the ways in which people may stand for paths that they own."""
    alike = _alike(demands, people)
    groups = [
        (which, spot)
        for which, demand in enumerate(demands)
        for spot in range(len(demand.covers))
    ]

    def go_on(at: int, stands: dict[int, int]) -> Iterator[dict[int, int]]:
        for spot in range(at, len(groups)):
            which, group = groups[spot]
            able = demands[which].covers[group]
            if any(stands.get(one) == which for one in able):
                continue
            tried: set[object] = set()
            for one in sorted(able - stands.keys()):
                if alike[one] not in tried:
                    tried.add(alike[one])
                    yield from go_on(spot + 1, {**stands, one: which})
            if tried:
                return
        yield stands

    yield from go_on(0, {})


def _alike(demands: Sequence[Demand], people: int) -> list[object]:
    """Say of each person what they could do: whoever could do the same is the same."""
    return [
        tuple(
            (one in demand.people, tuple(one in cover for cover in demand.covers))
            for demand in demands
        )
        for one in range(people)
    ]


def _fill(demands: Sequence[Demand], people: int, owners: dict[int, int]) -> Assignment:
    """Fill the places that are left when these people stand for what they own."""
    places = [
        which
        for which, demand in enumerate(demands)
        for _ in range(demand.count - sum(stood == which for stood in owners.values()))
    ]
    holder: dict[int, int] = {}

    def seat(one: int, seen: set[int]) -> bool:
        for place, which in enumerate(places):
            if place in seen or one not in demands[which].people:
                continue
            seen.add(place)
            if place not in holder or seat(holder[place], seen):
                holder[place] = one
                return True
        return False

    seated = sum(seat(one, set()) for one in range(people) if one not in owners)
    stands = {**owners, **{one: places[place] for place, one in holder.items()}}
    uncovered = tuple(
        (which, spot)
        for which, demand in enumerate(demands)
        for spot, cover in enumerate(demand.covers)
        if not any(stands.get(one) == which for one in cover)
    )
    return Assignment(
        stands=stands,
        uncovered=uncovered,
        is_complete=seated == len(places) and not uncovered,
    )
