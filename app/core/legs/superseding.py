"""Gates that are given up, because there is nothing to decide about their commit any more."""

from dataclasses import replace

from app.core.gate_events import GateId
from app.core.moves import LegStatus
from app.core.state import Gone, Orchestration, Reason, Task, WaveStatus


def given_up(state: Orchestration, where: GateId, gone: Gone) -> Orchestration:
    """Give up one gate that waits: of a wave with those after it, which have not begun."""
    task, reason = state.tasks[where.task], reason_of(gone)
    if where.wave:
        return state.with_task(where.task, _without_waves(task, reason))
    leg = task.legs[where.leg].to(LegStatus.CANCELLED, reason)
    return state.with_task(where.task, task.with_leg(leg))


def reason_of(gone: Gone) -> Reason:
    """Say as a reason why the subject has gone."""
    return Reason(code=gone.code, message=gone.message)


def _without_waves(task: Task, reason: Reason) -> Task:
    """Stop the waves that have not begun: what has been rolled out stays."""
    return replace(
        task,
        waves={
            wave: replace(progress, status=WaveStatus.STOPPED, reason=reason)
            if progress.status in (WaveStatus.WAITING, WaveStatus.ASKING)
            else progress
            for wave, progress in task.waves.items()
        },
    )
