"""The store in memory, the part of it that is about no orchestration: see `ports.keeping`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.core.values import OrchestrationId
from app.ports import Saved
from app.ports.keeping import Delayed, Kind, SetAside, Standing, Turn
from app.store.memory.commands import MemoryCommands
from app.store.memory.deliveries import MemoryDeliveries
from app.store.rows import gate_since


class MemoryKeeping:
    """Keeps turns, what was set aside, and the figures, in memory."""

    def __init__(self) -> None:
        self._deliveries = MemoryDeliveries()
        self._commands = MemoryCommands()
        self._saved: dict[OrchestrationId, Saved] = {}
        self._turns: dict[str, Turn] = {}

    # turns

    async def open_turn(
        self,
        name: str,
        *,
        due: datetime,
        note: str,
        now: datetime,  # noqa: ARG002 - one process has one clock
    ) -> None:
        self._turns.setdefault(name, Turn(due=due, note=note))

    async def take_turn(self, name: str, *, now: datetime, lease: timedelta) -> str | None:
        known = self._turns.get(name, Turn(due=now, note=""))
        if known.due > now:
            return None
        self._turns[name] = replace(known, due=now + lease)
        return known.note

    async def end_turn(
        self,
        name: str,
        *,
        due: datetime,
        note: str,
        now: datetime | None = None,  # noqa: ARG002 - one process has one clock
    ) -> None:
        self._turns[name] = Turn(due=due, note=note)

    async def hasten_turn(
        self,
        name: str,
        *,
        due: datetime,
        now: datetime | None = None,  # noqa: ARG002 - one process has one clock
    ) -> None:
        known = self._turns.get(name)
        if known is not None:
            self._turns[name] = replace(known, due=min(due, known.due))

    async def turns(self, kind: str) -> Mapping[str, Turn]:
        return {name: turn for name, turn in self._turns.items() if name.startswith(kind)}

    # deliveries

    async def known_deliveries(self, ids: Collection[str]) -> frozenset[str]:
        return frozenset(each for each in ids if self._deliveries.has(each))

    async def hear_again(self, ids: Collection[str], *, at: datetime) -> None:
        for each in ids:
            self._deliveries.hear_again(each, at)

    async def heard_at(self, event: str) -> datetime | None:
        return self._deliveries.heard_at(event)

    # what was set aside, or put off

    async def set_aside(self, limit: int) -> Sequence[SetAside]:
        found = [*self._deliveries.set_aside(), *self._commands.all_set_aside()]
        return sorted(found, key=lambda each: each.at, reverse=True)[:limit]

    async def waiting(self, limit: int) -> Sequence[SetAside]:
        found = self._deliveries.waiting()
        return sorted(found, key=lambda each: each.at, reverse=True)[:limit]

    async def try_again(self, kind: Kind, id_: str, *, now: datetime) -> bool:
        if kind is Kind.DELIVERY:
            return self._deliveries.try_again(id_)
        return self._commands.reopen(id_, now)

    async def drop(self, kind: Kind, id_: str) -> bool:
        if kind is Kind.DELIVERY:
            return self._deliveries.give_up(id_)
        return self._commands.give_up(id_)

    async def delayed(self, subject: str) -> Sequence[Delayed]:
        return self._commands.delayed(subject)

    async def hasten(self, subjects: Collection[str], *, due: datetime) -> None:
        self._commands.hasten(subjects, due)

    # how things stand

    async def standing(self, now: datetime) -> Standing:
        live = [saved.state for saved in self._saved.values() if not saved.state.has_ended]
        gates = [since for state in live if (since := gate_since(state)) is not None]
        due = self._commands.next_due()
        new = self._deliveries.new(len(self._deliveries))
        aside = Counter(str(each.kind) for each in await self.set_aside(2**31))
        return Standing(
            open=Counter(str(state.status) for state in live),
            gate_since=min(gates, default=None),
            new_deliveries=len(new),
            new_since=min((each.received_at for each in new), default=None),
            due_since=due if due is not None and due <= now else None,
            set_aside={kind.value: aside[kind.value] for kind in Kind},
        )
