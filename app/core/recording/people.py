"""What people ask for: cancel, pause, resume, try again, skip, roll back, decide.

Who may ask for what was settled before; here is written down that they did, who, and why.
"""

from typing import TypeAlias, assert_never

from app.core.actions import REJECT, Agent, Approval
from app.core.copying import replace
from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SkipRequested,
)
from app.core.gate_events import GateId
from app.core.legs.context import is_left
from app.core.legs.posing import voted_on
from app.core.legs.undoing import to_undo
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, is_following
from app.core.recording.reopening import is_to_retry, retry, retry_all, wait_again
from app.core.state import Gate, Orchestration, Reason, Task
from app.core.typed_values import fill_inputs

Asked: TypeAlias = (
    CancelRequested
    | PauseRequested
    | ResumeRequested
    | RetryRequested
    | SkipRequested
    | RollBackRequested
)
_O = OrchestrationStatus
PAUSED = "paused"
RETRY, SKIP, FAIL = "retry", "skip", "fail"
ANSWERS = (RETRY, SKIP, FAIL)
"""What people may choose of when a task asks (`on-failure: ask`)."""


def record_request(state: Orchestration, event: Asked) -> Orchestration:
    """Write down what somebody asked for, if it can be."""
    match event:
        case CancelRequested():
            if state.status not in (_O.BLOCKED, _O.RUNNING):
                return state
            return state.to(
                _O.CANCELLING, _said("cancelled", "cancelled", event.by, event.reason)
            )
        case PauseRequested():
            return _record_pause(state, event)
        case ResumeRequested():
            paused = state.paused
            is_meant = paused is not None and event.code in ("", paused.code)
            return replace(state, paused=None) if is_meant else state
        case RetryRequested():
            return _record_retry(state, event)
        case SkipRequested():
            return _record_skip(state, event)
        case RollBackRequested():
            return _record_roll_back(state, event)
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(event)


def _said(code: str, verb: str, by: str, reason: str) -> Reason:
    return Reason(code=code, message=f"{verb} by {by}" + (f": {reason}" if reason else ""))


def _record_pause(state: Orchestration, event: PauseRequested) -> Orchestration:
    if state.status not in (_O.BLOCKED, _O.RUNNING):
        return state
    # What a person paused stays paused by that person; a pause of our own may become theirs.
    if state.paused is not None and (event.code or state.paused.code == PAUSED):
        return state
    reason = _said(event.code or PAUSED, "paused", event.by, event.reason)
    return replace(state, paused=reason)


def _record_retry(state: Orchestration, event: RetryRequested) -> Orchestration:
    if state.status is not _O.RUNNING and not state.has_ended:
        return state
    if state.machine is not None and state.has_ended:
        # A final state is final; its event starts a machine anew.
        return state
    # Who wants it tried again wants to be asked again, too.
    state = state if state.gone is None else replace(state, gone=None)
    if event.task is None:
        return retry_all(state, event.at)
    task = state.tasks.get(event.task)
    if task is None or is_following(event.task) or is_left(state, event.task):
        return state
    can = task.has_ended or task.status is TaskStatus.ASKING
    # What was skipped by its condition may be asked for, too: it is evaluated again.
    return retry(state, event.task, event.at) if can or is_to_retry(task) else state


def _record_skip(state: Orchestration, event: SkipRequested) -> Orchestration:
    task = state.tasks.get(event.task)
    if task is None or not event.reason or is_following(event.task):
        return state
    reason = _said("skipped", "skipped", event.by, event.reason)
    is_open = state.status in (_O.BLOCKED, _O.RUNNING)
    if task.status in (TaskStatus.WAITING, TaskStatus.RUNNING, TaskStatus.ASKING):
        if not is_open or task.skip is not None or is_left(state, event.task):
            return state
        return state.with_task(event.task, replace(task, skip=reason))
    if task.is_passed or task.status is TaskStatus.SKIPPED or not is_open:
        return state
    skipped = replace(task.to(TaskStatus.SKIPPED, reason), is_tolerated=True, is_stale=False)
    return wait_again(state.with_task(event.task, skipped), event.task)


def _record_roll_back(state: Orchestration, event: RollBackRequested) -> Orchestration:
    reason = _said("rolled-back", "rolled back", event.by, event.reason)
    if state.status in (_O.BLOCKED, _O.RUNNING):
        # A final state that a machine has come to meanwhile is not how it ends.
        return replace(state.to(_O.CANCELLING, reason), wish=_O.CANCELLED, conclusion="")
    if not state.has_ended or not to_undo(state):
        return state
    state = replace(state.to(_O.COMPENSATING, reason), wish=_O.CANCELLED, reason=reason)
    return replace(state, ended_at=None, conclusion="", timer=None)


def record_decision(state: Orchestration, event: ApprovalDecided) -> Orchestration:
    """Write down what the people asked at a gate, or by a task, have chosen."""
    task = state.tasks.get(event.task)
    if task is None or state.has_ended:
        return state
    if event.wave:
        return _record_wave(state, task, event)
    leg = task.legs.get(event.leg)
    if leg is not None and leg.status is LegStatus.AWAITING and leg.gate is not None:
        action = definition_of(state.plan.definition, event.task).action
        gate = _decided(leg.gate, action, event)
        if gate is None:
            return state
        state = voted_on(state, GateId(task=event.task, leg=event.leg))
        return state.with_task(event.task, task.with_leg(replace(leg, gate=gate)))
    if task.status is TaskStatus.ASKING and task.question is not None:
        return _record_answer(state, task, task.question, event)
    return state


def _decided(gate: Gate, action: object, event: ApprovalDecided) -> Gate | None:
    approval = action.review if isinstance(action, Agent) else action
    if gate.choice or not isinstance(approval, Approval):
        return None
    if event.option not in approval.options:
        return None
    inputs, faults = fill_inputs(approval.inputs, event.inputs, is_text=True)
    if faults and event.option != REJECT:
        # To say no, nobody has to fill in a form.
        return None
    return replace(
        gate, choice=event.option, by=event.by, reason=event.reason, inputs=inputs or {}
    )


def _record_answer(
    state: Orchestration, task: Task, question: Gate, event: ApprovalDecided
) -> Orchestration:
    if question.choice or event.option not in ANSWERS:
        return state
    if event.option == RETRY:
        return retry(state, event.task, event.at)
    if event.option == SKIP:
        if not event.reason:
            return state
        skip = _said("skipped", "skipped", event.by, event.reason)
        return state.with_task(event.task, replace(task, skip=skip))
    answered = replace(question, choice=FAIL, by=event.by, reason=event.reason)
    return state.with_task(event.task, replace(task, question=answered))


def _record_wave(state: Orchestration, task: Task, event: ApprovalDecided) -> Orchestration:
    wave = task.waves.get(event.wave)
    strategy = definition_of(state.plan.definition, event.task).strategy
    if wave is None or wave.gate is None or strategy is None or task.has_ended:
        return state
    approval = next((each.approval for each in strategy.waves if each.name == event.wave), None)
    gate = _decided(wave.gate, approval, event)
    if gate is None:
        return state
    state = voted_on(state, GateId(task=event.task, wave=event.wave))
    waves = {**task.waves, event.wave: replace(wave, gate=gate)}
    return state.with_task(event.task, replace(task, waves=waves))
