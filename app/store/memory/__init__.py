"""The store as plain Python: for simulations, rehearsals and tests.

Same contract, same suite as the database. Its content stands for the disk: a test that
"crashes" the process simply goes on with the same store. With `is_encoded` every value goes
through the codec on its way, so that a simulation finds what the codec forgets.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from app.core.audit import NO_DIGEST, Chain, Link, digest_of
from app.core.commands import Command
from app.core.events import Event
from app.core.interests import Interest
from app.core.plan import Plan
from app.core.state import Orchestration
from app.core.values import OrchestrationId
from app.ports import (
    Batch,
    Catalogue,
    ClaimedCommand,
    Conflict,
    Correlation,
    Delivery,
    Dispatched,
    JournalEntry,
    KnownDefinition,
    KnownRepository,
    OrchestrationRow,
    Report,
    Saved,
    SavedShared,
)
from app.store import codec
from app.store.memory.keeping import MemoryKeeping
from app.store.memory.sharing import MemorySharing
from app.store.rows import claimed, merged, orchestration_row, unknown


class MemoryStore(MemoryKeeping):
    """Remembers as long as it lives."""

    is_shared = False

    def __init__(self, *, is_encoded: bool = False) -> None:
        super().__init__()
        self._is_encoded = is_encoded
        self._sharing = MemorySharing(is_encoded=is_encoded)
        self._joinable: dict[Correlation, list[OrchestrationId]] = {}
        self._places: dict[tuple[int, str, int], OrchestrationId] = {}
        self._last: dict[tuple[int, str], int] = {}
        self._journal: dict[OrchestrationId, dict[int, JournalEntry]] = {}
        self._dropped: dict[OrchestrationId, tuple[int, str]] = {}
        self._dispatched: dict[str, Dispatched] = {}
        self._by_run: dict[int, set[str]] = {}
        self._held: dict[str, object] = {}
        self._repositories: dict[int, KnownRepository] = {}
        self._definitions: dict[int, tuple[KnownDefinition, ...]] = {}

    # deliveries

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> Sequence[bool]:
        return [self._deliveries.add(delivery) for delivery in deliveries]

    async def take_in(self, delivery: Delivery) -> bool:
        """Save one delivery: the store is its own inbox."""
        return self._deliveries.add(delivery)

    async def new_deliveries(self, limit: int) -> Sequence[Delivery]:
        return self._deliveries.new(limit)

    @asynccontextmanager
    async def hold_deliveries(self, limit: int) -> AsyncIterator[Sequence[Delivery]]:
        """Have what is not being worked off already."""
        holding, us = self._deliveries.new(limit, but=self._held), object()
        self._held.update(dict.fromkeys((it.id for it in holding), us))
        try:
            yield holding
        finally:
            for each in holding:
                if self._held.get(each.id) is us:  # it may have ended, and be another's
                    del self._held[each.id]

    async def changed_files(self, delivery_id: str) -> tuple[str, ...] | None:
        return self._deliveries.files.get(delivery_id)

    async def drop_deliveries(self, before: datetime) -> int:
        return self._deliveries.drop(before)

    async def drop_ended(self, before: datetime) -> int:
        ended = [
            key
            for key, saved in self._saved.items()
            if saved.state.ended_at is not None
            and saved.state.ended_at < before
            and self._journal.get(key)
        ]
        for key in ended:
            self._dropped[key] = (max(self._journal[key]), (await self.chain(key)).head)
            del self._journal[key]
            self._commands.forget(key)
            self._sharing.stop_listening(key)
        gone = {
            marker for marker, it in self._dispatched.items() if it.orchestration_id in ended
        }
        for marker in gone:
            run = self._dispatched.pop(marker).workflow_run_id
            if run is not None:
                self._by_run[run].discard(marker)
        return len(ended)

    # orchestrations

    async def load(self, ids: Collection[OrchestrationId]) -> Mapping[OrchestrationId, Saved]:
        return {key: self._saved[key] for key in ids if key in self._saved}

    def remembered(self, orchestration_id: OrchestrationId) -> Saved | None:
        return self._saved.get(orchestration_id)

    async def dispatched(
        self, workflow_run_ids: Collection[int], markers: Collection[str]
    ) -> Sequence[Dispatched]:
        found = {marker for marker in markers if marker in self._dispatched}
        found.update(*(self._by_run.get(run, ()) for run in workflow_run_ids))
        return [self._dispatched[marker] for marker in sorted(found)]

    async def last_numbers(
        self, definitions: Collection[tuple[int, str]]
    ) -> Mapping[tuple[int, str], int]:
        return {place: self._last[place] for place in definitions if place in self._last}

    async def journal(self, orchestration_id: OrchestrationId) -> Sequence[JournalEntry]:
        entries = self._journal.get(orchestration_id, {})
        return [entries[seq] for seq in sorted(entries)]

    async def chain(self, orchestration_id: OrchestrationId) -> Chain:
        links: list[Link] = []
        dropped, base = self._dropped.get(orchestration_id, (0, NO_DIGEST))
        head = base
        for entry in await self.journal(orchestration_id):
            text = codec.encode_event(entry.event)
            head = digest_of(head, orchestration_id, entry.seq, text)
            links.append(Link(seq=entry.seq, text=text, digest=head))
        head = head if links else NO_DIGEST
        return Chain(head=head, links=links, dropped=dropped, base=base)

    async def orchestrations(
        self, *, limit: int, open_only: bool = False
    ) -> Sequence[OrchestrationRow]:
        states = (saved.state for saved in self._saved.values())
        rows = [
            orchestration_row(state) for state in states if not (open_only and state.has_ended)
        ]
        rows.sort(key=lambda row: (row.started_at, row.number, row.id), reverse=True)
        return rows[:limit]

    async def correlated(
        self, keys: Collection[Correlation]
    ) -> Mapping[Correlation, OrchestrationId]:
        found: dict[Correlation, OrchestrationId] = {}
        for key in keys:
            states = [self._saved[each].state for each in self._joinable.get(key, ())]
            live = [state for state in states if not state.has_ended]
            if live:
                found[key] = max(live, key=lambda state: state.plan.number).id
        return found

    async def interested(
        self, topics: Collection[Interest]
    ) -> Sequence[tuple[Interest, OrchestrationId]]:
        return self._sharing.interested(topics)

    async def reports(self, orchestration_id: OrchestrationId) -> Sequence[Report]:
        return self._sharing.reports(orchestration_id)

    # what orchestrations share

    async def shared(self, subjects: Collection[str]) -> Mapping[str, SavedShared]:
        return self._sharing.shared(subjects)

    async def shared_of_kind(self, kind: str) -> Sequence[SavedShared]:
        return self._sharing.of_kind(kind)

    async def memberships(
        self, ids: Collection[OrchestrationId]
    ) -> Sequence[tuple[OrchestrationId, str]]:
        return self._sharing.memberships(ids)

    # commands

    async def claim(
        self, *, owner: str, now: datetime, lease: timedelta, limit: int
    ) -> Sequence[ClaimedCommand]:
        return [claimed(row) for row in self._commands.claim(owner, now, now + lease, limit)]

    async def take_back(self, *, owner: str, now: datetime | None = None) -> int:
        return self._commands.take_back(owner, now)

    async def renew(
        self, command_ids: Sequence[int], *, owner: str, now: datetime, lease: timedelta
    ) -> int:
        return self._commands.renew(command_ids, owner, now + lease)

    async def holds(self, command_id: int, *, owner: str, tries: int, now: datetime) -> bool:
        return self._commands.holds(command_id, owner, tries, now)

    async def postpone(
        self,
        command_id: int,
        *,
        due: datetime,
        why: str,
        owner: str | None = None,
        tries: int | None = None,
    ) -> None:
        self._commands.postpone(command_id, due, why, owner, tries)

    async def keys_asked(self, subject: str) -> Sequence[str]:
        return self._commands.keys_of(subject)

    async def next_due(self) -> datetime | None:
        return self._commands.next_due()

    # catalogue

    async def catalogue(self) -> Catalogue:
        return Catalogue(
            repositories=tuple(known for _, known in sorted(self._repositories.items())),
            definitions=tuple(
                definition
                for _, definitions in sorted(self._definitions.items())
                for definition in definitions
            ),
        )

    # everything at once

    async def commit(self, batch: Batch) -> Sequence[ClaimedCommand]:
        self._refuse_conflicts(batch)
        for saved in batch.states:
            self._save(saved)
        for entry in batch.journal:
            kept = replace(entry, event=self._through_codec(entry.event))
            self._journal.setdefault(entry.orchestration_id, {})[entry.seq] = kept
        self._sharing.keep(batch)
        self._keep_dispatched(batch.dispatched)
        self._keep_catalogue(batch)
        for arrival in batch.arrivals:
            self._deliveries.add(arrival)
        for done in batch.deliveries:
            self._deliveries.end(done)
            self._held.pop(done.id, None)
        for delivery_id, files in batch.changed_files:
            self._deliveries.know_files(delivery_id, files)
        for run in batch.wake_workflow_runs:
            self._deliveries.wake(run)
        for subject in batch.wake_subjects:
            self._deliveries.wake(subject)
        for command_id in batch.commands_done:
            self._commands.tick_off(command_id)
        for command_id, why in batch.commands_failed:
            self._commands.set_aside(command_id, why)
        asked = [
            replace(new, command=self._command(new.command)) for new in merged(batch).values()
        ]
        held = [row for new in asked if (row := self._commands.ask(new)) is not None]
        return [claimed(row) for row in held]

    async def ready(self) -> None:
        """Be ready, always."""

    async def close(self) -> None:
        """Keep everything: the next life goes on with it."""

    # private

    def _refuse_conflicts(self, batch: Batch) -> None:
        self._sharing.refuse_conflicts(batch)
        found = [self._repositories[it] for it in batch.unread if it in self._repositories]
        read = [known for known in found if not known.is_awaited]
        read += [self._repositories[it] for it in batch.uncovered if it in self._repositories]
        if read:
            raise Conflict(f"{read[0].repository.name} has become known meanwhile")
        for key, version in batch.seen:
            stored = self._saved.get(key)
            if version != (stored.version if stored else 0):
                raise Conflict(f"{key} was changed by another writer")
        for saved in batch.states:
            stored = self._saved.get(saved.state.id)
            if saved.version != (stored.version + 1 if stored else 1):
                raise Conflict(f"{saved.state.id} was changed by another writer")
            holder = self._places.get(_place(saved.state), saved.state.id)
            if holder != saved.state.id:
                raise Conflict(f"{saved.state.plan.title} is taken by another orchestration")
        new = {saved.state.id for saved in batch.states}
        about = [it.orchestration_id for it in batch.journal]
        about += [it.orchestration_id for it in batch.dispatched]
        for key in about:
            if key not in self._saved and key not in new:
                raise unknown(key)
        for entry in batch.journal:
            if entry.seq in self._journal.get(entry.orchestration_id, {}):
                raise Conflict(f"the journal of {entry.orchestration_id} went on meanwhile")

    def _save(self, saved: Saved) -> None:
        state = saved.state
        if self._is_encoded:
            state = codec.decode_state(codec.encode_state(state), self._plan(state))
        self._saved[state.id] = Saved(state=state, version=saved.version)
        repository_id, definition_id, number = place = _place(state)
        if saved.version == 1 and state.plan.correlation:
            key = (repository_id, definition_id, state.plan.correlation)
            self._joinable.setdefault(key, []).append(state.id)
        self._places[place] = state.id
        last = self._last.get((repository_id, definition_id), 0)
        self._last[repository_id, definition_id] = max(last, number)

    def _plan(self, state: Orchestration) -> Plan:
        stored = codec.decode_plan(codec.encode_plan(state.plan))
        return codec.with_definition(stored, state.plan.text, state.plan.definition)

    def _through_codec(self, event: Event) -> Event:
        return codec.decode_event(codec.encode_event(event)) if self._is_encoded else event

    def _command(self, command: Command) -> Command:
        if not self._is_encoded:
            return command
        return codec.decode_command(codec.encode_command(command))

    def _keep_dispatched(self, dispatched: Sequence[Dispatched]) -> None:
        for new in dispatched:
            known = self._dispatched.get(new.marker)
            if known is not None and new.workflow_run_id is None:
                new = replace(new, workflow_run_id=known.workflow_run_id)
            if known is not None and known.workflow_run_id is not None:
                self._by_run[known.workflow_run_id].discard(new.marker)
            self._dispatched[new.marker] = new
            if new.workflow_run_id is not None:
                self._by_run.setdefault(new.workflow_run_id, set()).add(new.marker)

    def _keep_catalogue(self, batch: Batch) -> None:
        for repository_id in batch.forget_repositories:
            self._repositories.pop(repository_id, None)
            self._definitions.pop(repository_id, None)
        for known in batch.repositories:
            before = self._repositories.get(known.repository.id)
            if before is not None and known.head_sha is None:
                known = replace(known, head_sha=before.head_sha, policy=before.policy)
            self._repositories[known.repository.id] = known
        for repository_id, files in batch.definitions:
            self._definitions[repository_id] = tuple(
                KnownDefinition(repository_id=repository_id, file=file)
                for file in sorted(files, key=lambda file: file.path)
            )


def _place(state: Orchestration) -> tuple[int, str, int]:
    return state.plan.origin.repository_id, state.plan.definition.id, state.plan.number
