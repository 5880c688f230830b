"""The deliveries of the store in memory, in the order they came in."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush

from app.ports import Delivery, DeliveryDone, DeliveryStatus
from app.ports.keeping import HEARD_AGAIN_AFTER, Kind, SetAside
from app.store.bounded import fitting


class MemoryDeliveries:
    """Deliveries in the order they came in, and which of them wait for what."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, ...]] = {}
        self._all: dict[str, tuple[int, Delivery]] = {}
        self._ends: dict[str, DeliveryDone] = {}
        self._new: list[tuple[int, str]] = []
        self._parked: dict[int | str, set[str]] = {}
        self._count = 0

    def add(self, delivery: Delivery) -> bool:
        """Keep a delivery; return false where it was known."""
        if delivery.id in self._all:
            self.hear_again(delivery.id, delivery.received_at)
            return False
        self._count += 1
        self._all[delivery.id] = (self._count, delivery)
        heappush(self._new, (self._count, delivery.id))
        return True

    def hear_again(self, key: str, at: datetime) -> None:
        """Let one that is known be as old as if it had come in only now."""
        count, known = self._all.get(key, (0, None))
        if known is not None and known.received_at < at - HEARD_AGAIN_AFTER:
            self._all[key] = (count, replace(known, received_at=at))

    def heard_at(self, event: str) -> datetime | None:
        """Return when the newest one of an event came in."""
        heard = (it for _, it in self._all.values() if it.event == event)
        return max((it.received_at for it in heard), default=None)

    def new(self, limit: int, but: Collection[str] = ()) -> list[Delivery]:
        """Return the oldest that are new but some, as many as are worked off together."""
        found: list[tuple[int, str]] = []
        while self._new and len(found) < limit + len(but):
            place = heappop(self._new)
            # Ended ones stay in the heap until they come up; a woken one may be there twice.
            if self._is_new(*place) and place not in found[-1:]:
                found.append(place)
        for place in found:
            heappush(self._new, place)
        oldest = [self._all[key][1] for _, key in found if key not in but][:limit]
        return oldest[: fitting(len(it.body) for it in oldest)]

    def end(self, done: DeliveryDone) -> None:
        """Note how a delivery ended, or what it waits for."""
        if done.id not in self._all:
            return
        if done.status is DeliveryStatus.NEW:
            self._reopen(done.id)
            return
        self._ends[done.id] = done
        for awaited in _awaited_by(done):
            self._parked.setdefault(awaited, set()).add(done.id)

    def wake(self, awaited: int | str) -> None:
        """Make new again what was parked for a workflow run, or for a subject."""
        for key in self._parked.pop(awaited, ()):
            end = self._ends.get(key)
            if end is None or awaited not in _awaited_by(end):
                continue
            self._reopen(key)
            if isinstance(awaited, str):
                seq, delivery = self._all[key]
                self._all[key] = seq, replace(delivery, woken=delivery.woken + 1)

    def know_files(self, delivery_id: str, files: tuple[str, ...]) -> None:
        """Keep the files that a delivery changed; if it waited for them, it is new again."""
        self.files[delivery_id] = files
        end = self._ends.get(delivery_id)
        if end is not None and end.status is DeliveryStatus.PARKED:
            self._reopen(delivery_id)

    def drop(self, before: datetime) -> int:
        """Forget what came in before a moment and is not new; return how many."""
        old = [key for key in self._ends if self._all[key][1].received_at < before]
        for key in old:
            del self._all[key], self._ends[key]
            self.files.pop(key, None)
        return len(old)

    def __len__(self) -> int:
        return len(self._all)

    def has(self, key: str) -> bool:
        """Tell whether there is a delivery of an id."""
        return key in self._all

    def set_aside(self) -> list[SetAside]:
        """Return those that failed."""
        return self._listed(lambda end: end.status is DeliveryStatus.FAILED)

    def waiting(self) -> list[SetAside]:
        """Return those that wait for a subject."""
        return [replace(it, is_waiting=True) for it in self._listed(_is_waiting)]

    def _listed(self, is_meant: Callable[[DeliveryDone], bool]) -> list[SetAside]:
        return [
            SetAside(
                kind=Kind.DELIVERY,
                id=key,
                name=self._all[key][1].event,
                subject=end.waits_for,
                why=end.note,
                at=self._all[key][1].received_at,
            )
            for key, end in self._ends.items()
            if is_meant(end)
        ]

    def try_again(self, key: str) -> bool:
        """Make new again what failed; false if it did not."""
        end = self._ends.get(key)
        if end is None or end.status is not DeliveryStatus.FAILED:
            return False
        self._reopen(key)
        return True

    def give_up(self, key: str) -> bool:
        """Count as done what failed, or waits for a subject; false if it does not."""
        end = self._ends.get(key)
        is_failed = end is not None and end.status is DeliveryStatus.FAILED
        if end is None or not (is_failed or _is_waiting(end)):
            return False
        self._ends[key] = replace(end, status=DeliveryStatus.DONE)
        return True

    def _is_new(self, seq: int, key: str) -> bool:
        return key in self._all and self._all[key][0] == seq and key not in self._ends

    def _reopen(self, key: str) -> None:
        if self._ends.pop(key, None) is not None:
            heappush(self._new, (self._all[key][0], key))


def _awaited_by(end: DeliveryDone) -> tuple[int | str, ...]:
    """Return what a delivery waits for, if it is parked."""
    if end.status is not DeliveryStatus.PARKED:
        return ()
    return tuple(each for each in (end.workflow_run_id, end.waits_for) if each)


def _is_waiting(end: DeliveryDone) -> bool:
    return end.status is DeliveryStatus.PARKED and bool(end.waits_for)
