"""The rule about gates of merge groups: look for what was voted about the pull request.

It is looked for when the gate opens, and again whenever something moves that it may hang on.
"""

from datetime import datetime

from app.core.actions import Approval
from app.core.copying import replace
from app.core.hearing.queue import EVENT, queued_in
from app.core.legs.asking import gates_of, with_gate
from app.core.legs.carrying import is_sought
from app.core.legs.context import cause_of
from app.core.legs.dispatching import Asked
from app.core.moves import OrchestrationStatus
from app.core.naming import definition_of
from app.core.queue_commands import FindVotes, TellQueue
from app.core.rules.decision import Decision
from app.core.state import Orchestration, Task
from app.core.values import TaskName


def seek_votes(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Look for votes that were given elsewhere, at each gate that nobody has looked for yet."""
    commands: list[Asked] = []
    cause = cause_of(state)
    queued = queued_in(cause) if state.status is OrchestrationStatus.RUNNING else None
    for where, gate in tuple(gates_of(state, name)) if queued is not None else ():
        if gate.choice or not gate.seeking.has_to_seek or not is_sought(state, where):
            continue
        assert queued is not None, "only a merge group is looked at"
        seeking = replace(gate.seeking, sought=gate.seeking.moves + 1)
        state = with_gate(state, where, replace(gate, seeking=seeking))
        commands.append(
            FindVotes(
                gate=where,
                repository_id=cause.repository_id,
                number=queued.number,
                base=queued.base,
            )
        )
    return Decision(state=state, commands=tuple(commands))


def tell_queue(state: Orchestration, name: TaskName, before: Task) -> tuple[Asked, ...]:
    """Tell the merge groups that may wait for it that a gate of this task was decided."""
    cause, definition = state.plan.cause, state.plan.definition
    if before is state.tasks[name] or not any(each.event == EVENT for each in definition.on):
        return ()
    is_gate = isinstance(definition_of(definition, name).action, Approval)
    if not is_gate or (cause.pull_request is None and cause.event_name != EVENT):
        return ()
    told = TellQueue(
        repository_id=cause.repository_id, number=cause.pull_request, sha=cause.sha
    )
    return (told,)
