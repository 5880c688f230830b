"""The decision: given what is so and what has happened, what is so now, and what to do.

Two steps. `record` writes the fact into the state and asks for nothing. Then `settle`
applies the rules, which look only at the state, until none of them has anything left to do.
A rule cannot tell whether an event came late or twice, and so it cannot mind.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, compress, repeat
from operator import is_not

from app.core.commands import SetTimer, WriteCheck, WriteComment, WriteIssue
from app.core.copying import replace
from app.core.events import Event
from app.core.graph import dependents
from app.core.legs.context import cause_of
from app.core.legs.dispatching import Asked
from app.core.limits import SETTLE_ROUNDS_MAX
from app.core.naming import is_following, origin_of, task_of_holder
from app.core.record import record
from app.core.rules import (
    WHOLE_RULES,
    Decision,
    due_rules,
    set_timer,
    set_whole_timer,
)
from app.core.rules.whole import expire
from app.core.state import Orchestration
from app.core.values import TaskName


def decide(state: Orchestration, event: Event) -> Decision:
    """Take in one event and decide what follows from it.

    Total and deterministic: any event is welcome in any state, and the same two arguments
    always give the same answer.
    """
    # Once its time is over nothing begins any more, whatever it is that tells us so.
    recorded = record(state, event)
    expired = expire(recorded, event.at)
    if expired is not None:
        recorded = expired.state
    if recorded is state:
        return Decision(state=state)
    decision = settle(recorded, event.at, touched(state, recorded))
    if decision.state == state:
        # It was heard, or asked for, in vain: no condition held, or what stood in the way does.
        return Decision(state=state)
    written = _writes(state, decision.state)
    asked = decision.commands
    if decision.state.has_ended:
        # What ends in the breath in which it began has nothing to come back for.
        asked = tuple(each for each in asked if not isinstance(each, SetTimer))
    return Decision(
        state=replace(decision.state, events=state.events + 1), commands=(*asked, *written)
    )


def settle(state: Orchestration, now: datetime, concerned: Iterable[TaskName]) -> Decision:
    """Apply every rule to every task that may be concerned, until nothing changes.

    Work is in proportion to what changes, not to the size of the plan: a task is looked at
    again when it changed, and when something it needs has ended. Then come the rules about
    the whole, and what they change is looked at again.
    """
    commands: list[Asked] = []
    agenda = deque(concerned)
    for _ in range(SETTLE_ROUNDS_MAX):
        state = _settle_tasks(state, now, agenda, commands)
        before = state
        for rule in WHOLE_RULES:
            decision = rule(state, now)
            if decision is not None:
                state = decision.state
                commands.extend(decision.commands)
        if state is before:
            # Only now is it known whether there is anything to come back for.
            last = set_whole_timer(state, now) or Decision(state=state)
            return Decision(state=last.state, commands=(*commands, *last.commands))
        agenda.extend(touched(before, state))
    raise AssertionError("the rules did not settle")  # pragma: no cover - they always have


def _settle_tasks(
    state: Orchestration, now: datetime, agenda: deque[TaskName], commands: list[Asked]
) -> Orchestration:
    # A try at a task takes it through a few statuses, and its legs through a few more; only a
    # change puts anything back on the agenda: the loop ends.
    while agenda:
        name = agenda.popleft()
        before = state.tasks[name]
        state = _apply_rules(state, name, now, agenda, commands)
        after = state.tasks[name]
        if after is not before:
            agenda.append(name)
            if is_following(name):
                agenda.append(origin_of(name))
        if after.has_ended and not before.has_ended:
            agenda.extend(
                each for each in dependents(state.plan.definition, name) if each in state.tasks
            )
        # No other rule asks for the timer: one that is set puts nothing back on the agenda.
        timed = set_timer(state, name, now)
        if timed is not None:
            state = timed.state
            commands.extend(timed.commands)
    return state


def _apply_rules(
    state: Orchestration,
    name: TaskName,
    now: datetime,
    agenda: deque[TaskName],
    commands: list[Asked],
) -> Orchestration:
    """Apply the rules about one task once, in their order, where they may find work."""
    due = due_rules(state.tasks[name])
    while due:
        (place, rule), due = due[0], due[1:]
        decision = rule(state, name, now)
        if decision is None:
            continue
        state = decision.state
        commands.extend(decision.commands)
        agenda.extend(decision.also)
        # What it has changed may be for a later rule, or not be for one any more.
        due = due_rules(state.tasks[name], place + 1)
    return state


def touched(before: Orchestration, after: Orchestration) -> tuple[TaskName, ...]:
    """Return the tasks that a change may concern: all, where the whole changed its ways."""
    if before.status is not after.status or (before.paused is None) != (after.paused is None):
        return tuple(after.tasks)
    if before.machine is not after.machine or bool(before.heard) != bool(after.heard):
        # What belongs to a state that was left is to be stopped; what was held may begin.
        return tuple(name for name, task in after.tasks.items() if not task.has_ended)
    moved: list[TaskName] = []
    if before.tasks is not after.tasks:
        # Tasks come but never go, so those that were there stand first, in the same order.
        known = chain(before.tasks.values(), repeat(None))
        moved.extend(compress(after.tasks, map(is_not, after.tasks.values(), known)))
    if before.seats is not after.seats or before.passages is not after.passages:
        concerned = {*moved, *_holders_changed(before, after)}
        moved = [name for name in after.tasks if name in concerned]
    return (*moved, *_origins(moved))


def _origins(names: Iterable[TaskName]) -> Iterator[TaskName]:
    """Find the tasks that others follow from: what becomes of these concerns them."""
    return (origin_of(name) for name in names if is_following(name))


def _holders_changed(before: Orchestration, after: Orchestration) -> set[TaskName]:
    """Return the tasks whose places, or whose state's, have changed."""
    changed = [
        holder
        for holder in {**before.seats, **after.seats, **before.passages, **after.passages}
        if before.seats.get(holder) != after.seats.get(holder)
        or before.passages.get(holder) != after.passages.get(holder)
    ]
    found = {task_of_holder(holder) for holder in changed}
    if any(holder.startswith("@") for holder in changed):
        found.update(name for name in after.tasks if not after.tasks[name].has_ended)
    return {name for name in found if name is not None}


def _writes(
    before: Orchestration, after: Orchestration
) -> tuple[WriteCheck | WriteComment | WriteIssue, ...]:
    """Ask for what people read to be brought up to the state, where that may have changed."""
    is_same = before.tasks is after.tasks and before.status is after.status
    # Until when a calendar is closed, and what became of an answer, people read there, too.
    waits_alike = (
        before.environments is after.environments and before.passages is after.passages
    )
    is_same = is_same and before.machine is after.machine and waits_alike
    if is_same and before.paused == after.paused:
        return ()
    report_to = after.plan.definition.report_to
    cause = cause_of(after)
    writes: list[WriteCheck | WriteComment | WriteIssue] = []
    if report_to.check and cause.sha:
        writes.append(WriteCheck())
    has_comment = cause.pull_request is not None and report_to.comment != "never"
    if has_comment and (
        report_to.comment == "always" or _milestone(before) != _milestone(after)
    ):
        writes.append(WriteComment())
    if report_to.issue is not None:
        writes.append(WriteIssue())
    return tuple(writes)


def _milestone(state: Orchestration) -> tuple[object, ...]:
    """Return what must change for the comment to be edited: beginnings and ends."""
    where = state.machine.state if state.machine else ""
    return (state.status, where, *(task.status for task in state.tasks.values()))
