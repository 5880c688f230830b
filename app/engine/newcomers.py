"""Who has come to listen to something since a batch began: the store does not know of them yet.

Who listens to a delivery is looked up for the whole batch at once. What an earlier delivery of
the same batch has begun, or has led on to another state, would miss it without this.
"""

from collections.abc import Collection

from app.core.interests import Interest, interests
from app.core.state import Orchestration
from app.core.values import OrchestrationId


class Newcomers:
    """Those that listen now and may not have before, by what they listen to."""

    def __init__(self) -> None:
        self._by_topic: dict[Interest, set[OrchestrationId]] = {}
        self._begun: dict[OrchestrationId, str] = {}

    def begin(self, id_: OrchestrationId, delivery_id: str) -> None:
        """Note which delivery has begun an orchestration: that one is told it otherwise."""
        self._begun[id_] = delivery_id

    def note(self, before: Orchestration, after: Orchestration) -> None:
        """Note what is listened to by what begins, and by a machine that is led on."""
        if before.events == 0 or after.machine is not before.machine:
            for topic in interests(after):
                self._by_topic.setdefault(topic, set()).add(after.id)

    def listening(
        self, topics: Collection[Interest], delivery_id: str = ""
    ) -> list[OrchestrationId]:
        """Name who listens to any of these, without those that this delivery has begun."""
        if not self._by_topic:
            return []
        found = {id_ for topic in topics for id_ in self._by_topic.get(topic, ())}
        return sorted(id_ for id_ in found if self._begun.get(id_, "") != (delivery_id or None))
