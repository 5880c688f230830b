"""The rule that undoes what had succeeded, one task after the other, in reverse order."""

from datetime import datetime

from app.core.copying import replace
from app.core.legs.undoing import legs_to_undo, to_undo
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.naming import is_following, undo_of
from app.core.rules.decision import Decision
from app.core.rules.whole import is_all_over, outcome_of
from app.core.state import Orchestration, Reason, Task

_O = OrchestrationStatus


def compensate(state: Orchestration, now: datetime) -> Decision | None:
    """Undo the next task once nothing runs any more and the end would be a bad one."""
    if state.has_ended or state.status is _O.REQUESTED or not is_all_over(state):
        return None
    if state.status is not _O.COMPENSATING:
        status, reason = outcome_of(state)
        if state.wish is not None:
            # Somebody wants it rolled back, however well what still ran has ended.
            status, reason = state.wish, state.reason
        if status is _O.SUCCEEDED or not to_undo(state):
            return None
        state = replace(state.to(_O.COMPENSATING, reason), wish=status, paused=None)
    names = to_undo(state)
    if not names:
        return Decision(state=_with_faults(state))
    name = names[0]
    task = state.tasks[name]
    undo = Task(
        status=TaskStatus.RUNNING,
        legs=legs_to_undo(state, name),
        is_matrix=task.is_matrix,
        started_at=now,
    )
    state = state.with_task(name, replace(task, is_undone=True))
    return Decision(state=state.with_task(undo_of(name), undo))


def _with_faults(state: Orchestration) -> Orchestration:
    """Say of which tasks the undoing went wrong: somebody has to look."""
    faults = [
        name
        for name, task in state.tasks.items()
        if is_following(name) and name.endswith("~undo") and not task.is_passed
    ]
    if not faults or (state.reason is not None and state.reason.code == "undo-failed"):
        return state
    before = f"; before that: {state.reason.message}" if state.reason else ""
    why = f"{', '.join(faults)} did not succeed{before}"
    return replace(state, reason=Reason(code="undo-failed", message=why))
