"""The command rows of the store in memory, ordered by three heaps.

A heap's entry may be outdated by the time it comes up; it is then passed over, which is
cheaper than finding it at each change. Every change of a row enters it anew.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from heapq import heappop, heappush

from app.ports import NewCommand
from app.ports.keeping import Delayed, Kind, SetAside
from app.store.moments import EPOCH
from app.store.rows import CommandRow, CommandStatus, asked, postponed, set_aside, ticked_off


class MemoryCommands:
    """Keeps command rows, and knows which is to be claimed next."""

    def __init__(self) -> None:
        self._rows: dict[int, CommandRow] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._held: dict[str, set[int]] = {}
        self._waiting: list[tuple[datetime, int]] = []  # by when they may be claimed
        self._ripe: list[tuple[int, datetime, int]] = []  # those of which the time has come
        self._free: list[tuple[datetime, int]] = []  # by when due, while nobody holds them

    def ask(self, new: NewCommand) -> CommandRow | None:
        """Store a command; return its row where the asker now holds it."""
        place = (new.subject, new.command.key)
        known_id = self._ids.get(place)
        result = asked(None if known_id is None else self._rows[known_id], new)
        if result is None:
            return None
        row = result.row
        if known_id is None:
            row = replace(row, id=len(self._rows) + 1)
            self._ids[place] = row.id
        self._put(row)
        return row if result.is_claimed else None

    def keys_of(self, subject: str) -> list[str]:
        """Return the keys of all commands of a subject, in the order of keys."""
        return sorted(key for known, key in self._ids if known == subject)

    def forget(self, subject: str) -> None:
        """Forget the commands of a subject that are over."""
        for (known, key), command_id in list(self._ids.items()):
            is_over = self._rows[command_id].status is not CommandStatus.OPEN
            if known == subject and is_over:
                del self._ids[known, key]
                done = replace(self._rows[command_id], status=CommandStatus.DONE)
                self._rows[command_id] = done

    def tick_off(self, command_id: int) -> None:
        """Note that a command is done."""
        self._change(command_id, ticked_off)

    def set_aside(self, command_id: int, why: str) -> None:
        """Note that a command failed for good."""
        self._change(command_id, lambda row: set_aside(row, why))

    def renew(self, ids: Iterable[int], owner: str, until: datetime) -> int:
        """Lease for longer what an owner holds; return how many of these that are."""
        held = sorted(self._held.get(owner, set()) & set(ids))
        for command_id in held:
            self._put(replace(self._rows[command_id], lease_until=until))
        return len(held)

    def holds(self, command_id: int, owner: str, tries: int, now: datetime) -> bool:
        """Tell whether an owner still holds a command that it claimed as try number `tries`."""
        if command_id not in self._held.get(owner, set()):
            return False
        row = self._rows[command_id]
        return row.tries == tries and row.lease_until is not None and row.lease_until > now

    def postpone(
        self,
        command_id: int,
        due: datetime,
        why: str,
        owner: str | None,
        tries: int | None,
    ) -> None:
        """Release a lease and make the command due later, if it is the owner's (still)."""
        if owner is not None and command_id not in self._held.get(owner, set()):
            return
        if tries is not None and self._rows[command_id].tries != tries:
            return
        self._change(command_id, lambda row: postponed(row, due, why))

    def take_back(self, owner: str, now: datetime | None) -> int:
        """Release all leases of one owner; return how many."""
        held = sorted(self._held.get(owner, ()))
        for command_id in held:
            row = self._rows[command_id]
            self._put(
                replace(
                    row,
                    lease_owner=None,
                    lease_until=None,
                    again_due=None,
                    held_until=now or row.lease_until,
                )
            )
        return len(held)

    def claim(self, owner: str, now: datetime, until: datetime, limit: int) -> list[CommandRow]:
        """Lease due commands, the most urgent first."""
        while self._waiting and self._waiting[0][0] <= now:
            moment, command_id = heappop(self._waiting)
            row = self._rows[command_id]
            if row.status is CommandStatus.OPEN and _claimable_at(row) == moment:
                heappush(self._ripe, (row.priority, row.due, command_id))
        found: list[CommandRow] = []
        while self._ripe and len(found) < limit:
            priority, due, command_id = heappop(self._ripe)
            row = self._rows[command_id]
            is_current = (row.priority, row.due) == (priority, due)
            if not is_current or row.status is not CommandStatus.OPEN:
                continue
            if _claimable_at(row) > now:  # claimed already, or the clock was set back
                heappush(self._waiting, (_claimable_at(row), command_id))
                continue
            row = replace(
                row,
                tries=row.tries + 1,
                first_tried_at=row.first_tried_at or now,
                last_tried_at=now,
                lease_owner=owner,
                lease_until=until,
                again_due=None,
                held_until=row.lease_until or row.held_until,
            )
            self._put(row)
            found.append(row)
        return found

    def next_due(self) -> datetime | None:
        """Return when the next command is due that nobody holds."""
        while self._free:
            due, command_id = self._free[0]
            row = self._rows[command_id]
            if row.status is CommandStatus.OPEN and not row.is_held and row.due == due:
                return due
            heappop(self._free)
        return None

    def all_set_aside(self) -> list[SetAside]:
        """Return those that failed for good."""
        return [
            SetAside(
                kind=Kind.COMMAND,
                id=str(row.id),
                name=row.command.key,
                subject=row.subject,
                why=row.note,
                at=row.last_tried_at or EPOCH,
                tries=row.tries,
            )
            for row in self._rows.values()
            if row.status is CommandStatus.FAILED
        ]

    def reopen(self, id_: str, now: datetime) -> bool:
        """Let a command that failed be tried afresh; false if it did not fail."""
        row = self._failed(id_)
        if row is not None:
            status = CommandStatus.OPEN
            self._put(replace(row, status=status, due=now, tries=1, first_tried_at=now))
        return row is not None

    def give_up(self, id_: str) -> bool:
        """Count as done a command that failed; false if it did not fail."""
        row = self._failed(id_)
        if row is not None:
            self._put(replace(row, status=CommandStatus.DONE))
        return row is not None

    def delayed(self, subject: str) -> list[Delayed]:
        """Return the commands of a subject that were put off."""
        found = [
            Delayed(subject=subject, name=row.command.key, until=row.due, why=row.note)
            for row in self._rows.values()
            if row.subject == subject
            and row.status is CommandStatus.OPEN
            and row.note
            and not row.is_held
        ]
        return sorted(found, key=lambda each: (each.until, each.name))

    def hasten(self, subjects: Collection[str], due: datetime) -> None:
        """Let what was put off of these subjects be due earlier."""
        for row in list(self._rows.values()):
            is_free = row.status is CommandStatus.OPEN and not row.is_held
            if row.subject in subjects and is_free and row.note and row.due > due:
                self._put(replace(row, due=due))

    def _failed(self, id_: str) -> CommandRow | None:
        row = self._rows.get(int(id_)) if id_.isascii() and id_.isdigit() else None
        return row if row is not None and row.status is CommandStatus.FAILED else None

    def _change(self, command_id: int, change: Callable[[CommandRow], CommandRow]) -> None:
        row = self._rows.get(command_id)
        if row is not None and (changed := change(row)) is not row:
            self._put(changed)

    def _put(self, row: CommandRow) -> None:
        known = self._rows.get(row.id)
        if known is not None and known.lease_owner is not None:
            self._held[known.lease_owner].discard(row.id)
        self._rows[row.id] = row
        if row.status is not CommandStatus.OPEN:
            return
        if row.lease_owner is not None:
            self._held.setdefault(row.lease_owner, set()).add(row.id)
        else:
            heappush(self._free, (row.due, row.id))
        heappush(self._waiting, (_claimable_at(row), row.id))


def _claimable_at(row: CommandRow) -> datetime:
    """Return when a row may be claimed: when due, or when its lease runs out."""
    return row.due if row.lease_until is None else row.lease_until
