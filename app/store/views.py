"""What lists show of an orchestration: one line, without the state itself."""

from datetime import UTC, datetime
from typing import Final

from app.core.state import Orchestration
from app.ports import OrchestrationRow

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def orchestration_row(state: Orchestration) -> OrchestrationRow:
    """Return one line of the list; what never started counts as the oldest."""
    return OrchestrationRow(
        id=state.id,
        definition_repository_id=state.plan.origin.repository_id,
        definition_id=state.plan.definition.id,
        name=state.plan.definition.name,
        number=state.plan.number,
        status=state.status.value,
        started_at=state.started_at or EPOCH,
        ended_at=state.ended_at,
    )
