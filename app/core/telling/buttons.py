"""The buttons of a check run: at most three, and only those that would do something.

https://docs.github.com/en/rest/checks/runs#create-a-check-run has the limits of their texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.core.actions import APPROVE
from app.core.approvals.doors import APPROVE_BUTTON, CANCEL_BUTTON, CHECK, RETRY_BUTTON
from app.core.doorways.aiming import gates_in, has_failed, is_live
from app.core.legs.asking import approval_at
from app.core.moves import OrchestrationStatus
from app.core.state import Orchestration


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One button: what stands on it (20 characters), what it does (40), what it sends (20)."""

    label: str
    description: str
    identifier: str


APPROVES = Button(
    label="Approve", description="Approve the one gate that waits", identifier=APPROVE_BUTTON
)
RETRIES = Button(
    label="Retry failed", description="Try again what did not succeed", identifier=RETRY_BUTTON
)
CANCELS = Button(
    label="Cancel", description="Cancel it, and what it runs", identifier=CANCEL_BUTTON
)


def buttons_of(state: Orchestration) -> tuple[Button, ...]:
    """Return the buttons that make sense now."""
    return tuple(_buttons(state))


def _buttons(state: Orchestration) -> Iterator[Button]:
    gates = gates_in((state,))
    if len(gates) == 1:
        approval = approval_at(state, gates[0].gate)
        has_form = any(it.required and it.default is None for it in approval.inputs.values())
        # A button has no form, and gives no reason.
        if CHECK in approval.sources and APPROVE in approval.options and not has_form:
            yield APPROVES
    is_final = state.has_ended and state.machine is not None
    can_retry = state.status is OrchestrationStatus.RUNNING or state.has_ended
    if can_retry and not is_final and has_failed(state):
        yield RETRIES
    if is_live(state):
        yield CANCELS
