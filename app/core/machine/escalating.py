"""What is escalated about a machine: the state that it is in, from when it was entered."""

from app.core.legs.escalating import Pressing, in_order
from app.core.machine.happening import state_of
from app.core.moves import OrchestrationStatus
from app.core.naming import visit_holder
from app.core.state import Orchestration


def pressing_state(state: Orchestration) -> Pressing | None:
    """Return what of a machine is to be escalated; nothing once it has come to its end."""
    here, machine = state_of(state), state.machine
    if here is None or machine is None or here.conclusion:
        return None
    if state.status is not OrchestrationStatus.RUNNING:
        return None
    return Pressing(
        about=visit_holder(machine.state, machine.visits[machine.state]),
        since=machine.entered_at,
        told=machine.escalated,
        ahead=in_order(here.escalate)[machine.escalated :],
    )
