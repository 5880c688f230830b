"""Which deliveries this process works off at the moment, and in which transaction.

A server gives nobody what a transaction holds. In a file what is being worked off looks as new
as the rest until it is saved, so here it is passed over.
"""

from collections.abc import Iterable, Sequence

from app.ports import Delivery
from app.store.sql.database import Held


class Holding:
    """Deliveries that are held, by id."""

    def __init__(self, *, is_shared: bool) -> None:
        self._is_shared = is_shared
        self._held: dict[str, Held] = {}
        self._under_way: dict[str, Held] = {}

    def passed_over(self) -> frozenset[str]:
        """Name those that look new and are held all the same."""
        return frozenset(self._under_way)

    def take(self, found: Sequence[Delivery], held: Held) -> list[Delivery]:
        """Hold those of the found that nobody has got meanwhile; return them."""
        holding = [each for each in found if each.id not in self._under_way]
        of_each = dict.fromkeys((each.id for each in holding), held)
        self._held.update(of_each)
        if not self._is_shared:
            self._under_way.update(of_each)
        return holding

    def finish(self, ids: Iterable[str]) -> Held | None:
        """Return the transaction that holds these, which is to end now; it does so once."""
        held = None
        for each in ids:
            held = self._held.pop(each, None) or held
        return held

    def finished(self, ids: Iterable[str]) -> None:
        """Note that the end of these is saved: should one be new again, it is anybody's."""
        for each in ids:
            self._under_way.pop(each, None)

    def give_back(self, ids: Iterable[str], held: Held) -> None:
        """Hold these no longer, but for what somebody else has got since they ended."""
        for each in ids:
            for those in (self._held, self._under_way):
                if those.get(each) is held:
                    del those[each]
