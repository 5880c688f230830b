"""What is at hand in memory, within a bound of how much text it is.

States that were decoded once and are in use, and deliveries from their coming in to their
being worked off. A payload may have 20 KB or a thousand times that, so what is counted is not
how many there are.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from app.core.values import OrchestrationId
from app.ports import Delivery, Saved

STATES_MAX: Final = 10_000
TEXT_MAX: Final = 32 * 1024 * 1024
"""Some three thousand of usual size; decoded they take about five times that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A state, and how long the texts of its plan and of itself are."""

    saved: Saved
    plan_size: int
    size: int


class States:
    """Remembers states; the least used make room."""

    def __init__(self, text_max: int = TEXT_MAX) -> None:
        self._text_max = text_max
        self._of: OrderedDict[OrchestrationId, Remembered] = OrderedDict()
        self._text = 0

    def one(self, key: OrchestrationId) -> Remembered | None:
        """Return what is remembered of an orchestration, which is in use now."""
        found = self._of.get(key)
        if found is not None:
            self._of.move_to_end(key)
        return found

    def those(self, keys: Iterable[OrchestrationId]) -> dict[OrchestrationId, Remembered]:
        """Return what is remembered of these."""
        return {key: found for key in keys if (found := self.one(key)) is not None}

    def keep(self, saved: Saved, size: int, plan_size: int | None = None) -> None:
        """Remember a state; its plan is as long as before, where nothing is said of that."""
        key = saved.state.id
        known = self._of.get(key)
        if known is not None:
            if known.saved.version > saved.version:
                return  # it was read before the other was written
            self._text -= known.size + known.plan_size
            plan_size = known.plan_size if plan_size is None else plan_size
        self._of[key] = Remembered(saved=saved, plan_size=plan_size or 0, size=size)
        self._of.move_to_end(key)
        self._text += size + (plan_size or 0)
        while len(self._of) > 1 and (len(self._of) > STATES_MAX or self._text > self._text_max):
            _, gone = self._of.popitem(last=False)
            self._text -= gone.size + gone.plan_size

    def forget(self, keys: Collection[OrchestrationId]) -> None:
        """Forget these: somebody else may have changed them."""
        for key in keys:
            gone = self._of.pop(key, None)
            if gone is not None:
                self._text -= gone.size + gone.plan_size


class Deliveries:
    """Remembers deliveries that are saved and soon worked off; the oldest make room."""

    def __init__(self, bytes_max: int = TEXT_MAX) -> None:
        self._bytes_max = bytes_max
        self._of: dict[str, Delivery] = {}
        self._bytes = 0

    def keep(self, deliveries: Iterable[Delivery]) -> None:
        """Remember these."""
        for each in deliveries:
            self.forget([each.id])
            self._of[each.id] = each
            self._bytes += len(each.body)
        while self._bytes > self._bytes_max:
            self.forget([next(iter(self._of))])

    def one(self, key: str) -> Delivery | None:
        """Return a delivery, if it is remembered."""
        return self._of.get(key)

    def forget(self, keys: Iterable[str]) -> None:
        """Forget these: they are worked off, or set aside."""
        for key in keys:
            gone = self._of.pop(key, None)
            if gone is not None:
                self._bytes -= len(gone.body)
