"""What orchestrations share, what they listen to, and their reports, in memory."""

from collections.abc import Collection, Mapping, Sequence

from app.core.interests import Interest
from app.core.shared import Shared
from app.core.values import OrchestrationId
from app.ports import Batch, Conflict, Report, SavedShared
from app.store import codec


class MemorySharing:
    """Keeps it, with the ways to find it again."""

    def __init__(self, *, is_encoded: bool) -> None:
        self._is_encoded = is_encoded
        self._shared: dict[str, SavedShared] = {}
        self._of_member: dict[OrchestrationId, set[str]] = {}
        self._interests: dict[OrchestrationId, frozenset[Interest]] = {}
        self._listeners: dict[Interest, set[OrchestrationId]] = {}
        self._reports: dict[OrchestrationId, dict[tuple[str, str], Report]] = {}

    def refuse_conflicts(self, batch: Batch) -> None:
        """Raise `Conflict` where a state was changed by another writer."""
        for change in batch.shared:
            stored = self._shared.get(change.subject)
            if change.was != (stored.version if stored else 0):
                raise Conflict(f"{change.subject} was changed by another writer")

    def keep(self, batch: Batch) -> None:
        """Keep what a batch says."""
        for change in batch.shared:
            self._shared.pop(change.subject, None)
            for member in change.left:
                self._of_member[member].discard(change.subject)
            for member in change.joined:
                self._of_member.setdefault(member, set()).add(change.subject)
            if change.state is not None:
                state = self._through_codec(change.state)
                saved = SavedShared(state=state, version=change.version)
                self._shared[change.subject] = saved
        for key, found in batch.interests:
            self.stop_listening(key)
            if found:
                self._interests[key] = found
            for each in found:
                self._listeners.setdefault(each, set()).add(key)
        for report in batch.reports:
            kept = self._reports.setdefault(report.orchestration_id, {})
            kept[report.name, report.format] = report

    def stop_listening(self, key: OrchestrationId) -> None:
        """Forget what an orchestration listens to."""
        for gone in self._interests.pop(key, frozenset()):
            self._listeners[gone].discard(key)

    def shared(self, subjects: Collection[str]) -> Mapping[str, SavedShared]:
        """Return those of these states that there are."""
        return {name: self._shared[name] for name in subjects if name in self._shared}

    def of_kind(self, kind: str) -> Sequence[SavedShared]:
        """Return all states whose names begin so."""
        return [self._shared[name] for name in sorted(self._shared) if name.startswith(kind)]

    def memberships(
        self, ids: Collection[OrchestrationId]
    ) -> Sequence[tuple[OrchestrationId, str]]:
        """Return the names of the states that these are members of."""
        found = [(name, key) for key in ids for name in self._of_member.get(key, ())]
        return [(key, name) for name, key in sorted(found)]

    def interested(
        self, topics: Collection[Interest]
    ) -> Sequence[tuple[Interest, OrchestrationId]]:
        """Return who listens to any of these."""
        found = [(key, each) for each in topics for key in self._listeners.get(each, ())]
        return [(each, key) for key, each in sorted(found)]

    def reports(self, key: OrchestrationId) -> Sequence[Report]:
        """Return the evidence packs of an orchestration, the oldest first."""
        kept = self._reports.get(key, {}).values()
        return sorted(kept, key=lambda it: (it.made_at, it.name, it.format))

    def _through_codec(self, state: Shared) -> Shared:
        return codec.decode_shared(codec.encode_shared(state)) if self._is_encoded else state
