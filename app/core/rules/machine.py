"""Rules about state machines: into the first state, from state to state, and their places.

The transitions of a state are tried in the order of the file; the first whose `on` happened
and whose `when` holds is taken. An expression that has no value, and a value that does not fit
the declared data, take no way at all: the whole fails, since nobody can say what was meant.
Leaving a state cancels what runs in it, and the next is entered without waiting for that; but
the whole ends only when all of it has stopped.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from app.core.commands import ConcludeCheck
from app.core.copying import replace
from app.core.definition import MachineDefinition, StateDefinition, Transition
from app.core.events import Surface
from app.core.expressions import ExpressionError, evaluate, evaluate_condition
from app.core.legs.context import cause_of, current_visit, values_of_all
from app.core.legs.dispatching import Asked
from app.core.machine.happening import has_happened, is_stuck, names, state_of
from app.core.moves import OrchestrationStatus
from app.core.naming import in_visit, visit_holder, visit_of
from app.core.plan import Cause
from app.core.recording.hearing import told_apart
from app.core.rules.decision import Decision
from app.core.rules.seats import ask_seat, leave_seat
from app.core.state import Hearing, MachineState, Orchestration, Reason, Task
from app.core.typed_values import check_value
from app.core.values import Holder, Json, JsonObject, TaskName

_O = OrchestrationStatus


def enter_first_state(state: Orchestration, now: datetime) -> Decision | None:
    """Enter the initial state once the whole has begun."""
    definition = state.plan.definition.machine
    if definition is None or state.machine is not None or state.status is not _O.RUNNING:
        return None
    data = {
        name: declaration.default
        for name, declaration in definition.data.items()
        if declaration.default is not None
    }
    machine = MachineState(state="", visits={}, data=data, entered_at=now)
    state = replace(state, machine=machine)
    return Decision(state=_enter(state, definition, definition.initial, now))


def move_on(state: Orchestration, now: datetime) -> Decision | None:
    """Take the first transition that is to be taken; fail where none ever will be."""
    here = state_of(state)
    if here is None or (state.status is _O.RUNNING and state.paused is not None):
        # What is heard while it is paused is kept until it goes on.
        return None
    if state.status is not _O.RUNNING or here.conclusion:
        return _deaf(state)
    try:
        moved = _move(state, here, now)
    except ExpressionError as error:
        why = f"the state {here.name} cannot be left: {error}"
        return _fail(state, Reason(code="expression-failed", message=why))
    if moved is not None:
        # What was heard after that leads on before anything begins there.
        further = move_on(moved, now) if moved.heard else None
        return further or Decision(state=moved)
    if is_stuck(state, now):
        why = f"nothing leads out of the state {here.name} any more: no transition fits"
        return _fail(state, Reason(code="no-transition", message=why))
    return _deaf(state)


def _deaf(state: Orchestration) -> Decision | None:
    """Forget what was heard: it leads nowhere."""
    return Decision(state=replace(state, heard=())) if state.heard else None


def _fail(state: Orchestration, reason: Reason) -> Decision:
    return Decision(state=replace(state.to(_O.CANCELLING, reason), heard=()))


def _move(state: Orchestration, here: StateDefinition, now: datetime) -> Orchestration | None:
    """Take the first transition that fits, if one does. Raises `ExpressionError`."""
    for place, hearing in enumerate(state.heard or (None,)):
        for transition in here.transitions:
            is_heard = hearing is not None and names(transition.on, hearing.name)
            if not is_heard and not has_happened(state, transition.on, now):
                continue
            seen = _with_latest(state, hearing) if is_heard else state
            values = values_of_all(seen, now)
            if transition.when is not None and not evaluate_condition(transition.when, values):
                continue
            # What came before this has had its chance; what came after is for the next state.
            rest = state.heard[place + 1 :] if is_heard else state.heard
            return _take(replace(seen, heard=rest), transition, values, now)
    return None


def _with_latest(state: Orchestration, hearing: Hearing | None) -> Orchestration:
    """Let expressions see what was heard in place of what came before."""
    assert state.machine is not None, "only a machine is led on"
    assert hearing is not None, "the caller has looked"
    machine = replace(
        state.machine,
        latest=hearing.cause or state.machine.latest,
        led_by=told_apart(hearing),
    )
    moved = replace(state, machine=machine)
    return _with_new_check(moved, cause_of(state), cause_of(moved))


def _with_new_check(state: Orchestration, before: Cause, after: Cause) -> Orchestration:
    """Let go of the check on the commit of before: it goes on with a new one on the new."""
    written = state.surfaces.get(Surface.CHECK)
    if written is None or before.sha == after.sha:
        return state
    surfaces = dict(state.surfaces)
    del surfaces[Surface.CHECK]
    known = () if written.remote_id is None else (written.remote_id,)
    return replace(state, surfaces=surfaces, old_checks=(*state.old_checks, *known))


def _take(
    state: Orchestration, transition: Transition, values: JsonObject, now: datetime
) -> Orchestration:
    definition = state.plan.definition.machine
    assert definition is not None, "only a machine has transitions"
    assert state.machine is not None, "it is in a state"
    fresh: dict[str, Json] = {}
    # All of `set` sees the data as they were.
    for name, expression in transition.set.items():
        fresh[name] = evaluate(expression, values)
        fault = check_value(definition.data[name], fresh[name])
        if fault is not None:
            raise ExpressionError(f"`data.{name}` = `{expression.source}` {fault}")
    machine = replace(state.machine, data={**state.machine.data, **fresh})
    return _enter(replace(state, machine=machine), definition, transition.to, now)


def _enter(
    state: Orchestration, definition: MachineDefinition, name: str, now: datetime
) -> Orchestration:
    """Enter a state, or where it has had its visits, the one that stands in for it."""
    machine = state.machine
    assert machine is not None, "it was made before"
    name = _target(definition, machine.visits, name)
    there = definition.states[name]
    visit = machine.visits.get(name, 0) + 1
    tasks = {**state.tasks, **{in_visit(name, visit, each): Task() for each in there.tasks}}
    machine = replace(
        machine,
        state=name,
        visits={**machine.visits, name: visit},
        entered_at=now,
        history=(*machine.history, name),
        escalated=0,
    )
    return replace(state, tasks=tasks, machine=machine, conclusion=there.conclusion)


def _target(definition: MachineDefinition, visits: Mapping[str, int], name: str) -> str:
    there = definition.states[name]
    if there.max_visits is None or visits.get(name, 0) < there.max_visits:
        return name
    # A definition with a loop of these was refused: it ends.
    return _target(definition, visits, there.on_max_visits)


# ------------------------------------------------------------------------ places, and checks


def seat_state(state: Orchestration, now: datetime) -> Decision | None:
    """Ask for the place that the work of the state needs (`concurrency`)."""
    here = state_of(state)
    if here is None or here.concurrency is None:
        return None
    if state.status is not _O.RUNNING or state.paused is not None:
        return None
    holder = current_visit(state)
    if holder is None or holder in state.seats:
        return None
    values = values_of_all(state, now)
    try:
        return ask_seat(state, holder, here.concurrency, values, here.name, now)
    except ExpressionError as error:
        why = f"the place that the state {here.name} needs has no name: {error}"
        return _fail(state, Reason(code="expression-failed", message=why))


def give_back_states(state: Orchestration, _: datetime) -> Decision | None:
    """Give back the place of each visit that is over, once nothing of it runs any more."""
    if not state.seats:
        return None
    commands: list[Asked] = []
    for holder in list(_held_in_vain(state)):
        decision = leave_seat(state, holder)
        state = decision.state
        commands.extend(decision.commands)
    return Decision(state=state, commands=tuple(commands))


def _held_in_vain(state: Orchestration) -> Iterator[Holder]:
    here = current_visit(state)
    for holder in state.seats:
        if not holder.startswith("@") or (holder == here and state.status is _O.RUNNING):
            continue
        if all(task.has_ended for name, task in state.tasks.items() if _is_of(name, holder)):
            yield holder


def _is_of(name: TaskName, holder: Holder) -> bool:
    visit = visit_of(name)
    return visit is not None and visit_holder(*visit) == holder


def conclude_old_checks(state: Orchestration, _: datetime) -> Decision | None:
    """Have the check runs concluded that stand on commits of before."""
    open_ = state.old_checks[state.concluded :]
    if not open_:
        return None
    by = cause_of(state).sha
    commands = tuple(ConcludeCheck(remote_id=each, by=by) for each in open_)
    return Decision(state=replace(state, concluded=len(state.old_checks)), commands=commands)
