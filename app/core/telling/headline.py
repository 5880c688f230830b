"""One line that answers "what now?" about an orchestration.

It is plain text, for a check's title: it stands in lists, where there is room for a few
words only, so the most pressing thing comes first.
"""

from collections.abc import Sequence
from typing import assert_never

from app.core.actions import Agent, Approval
from app.core.machine.happening import APPROVAL, TIMEOUT, state_of
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import (
    WHOLE,
    definition_of,
    in_visit,
    is_following,
    is_undoing,
    leg_holder,
    origin_of,
    visit_holder,
)
from app.core.state import Leg, MachineState, Orchestration, Seat, Task, WaveStatus
from app.core.state_of_gates import SUPERSEDED
from app.core.telling.looks import LOOKS, look_of_task, name_of
from app.core.telling.markdown import one_line
from app.core.telling.task_table import duration
from app.core.telling.waiting import closed_for, moment
from app.core.values import TaskName

TITLE_MAX = 255
TIMED_OUT = "timed-out"
BROKEN = (TaskStatus.FAILED, TaskStatus.CANCELLED)
WAITING = (LegStatus.BLOCKED, LegStatus.AWAITING)
NAMES_MAX = 3


def headline(state: Orchestration) -> str:
    """Say in one line how the orchestration is and what that hangs on."""
    # It stands where Markdown is not read, so that no sign of it may be left.
    return one_line(_headline(state).replace("`", ""), TITLE_MAX)


def count(number: int, what: str) -> str:
    """Count things: `1 task`, `2 tasks`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _headline(state: Orchestration) -> str:
    match state.status:
        case OrchestrationStatus.REQUESTED:
            return f"about to start {count(len(state.tasks), 'task')}"
        case _ if state.paused is not None and not state.has_ended:
            return one_line(state.paused.message, 160)
        case OrchestrationStatus.BLOCKED:
            return _blocked(state)
        case OrchestrationStatus.RUNNING:
            return _running(state)
        case OrchestrationStatus.COMPENSATING:
            return _compensating(state)
        case OrchestrationStatus.CANCELLING:
            active = [name for name, task in state.tasks.items() if not task.has_ended]
            rest = f"; {_names(active)} still to end" if active else ""
            return f"{_reason(state, 'cancelling')}{rest}"
        case OrchestrationStatus.SUCCEEDED:
            return f"{_succeeded(state)}{_to_be_let_go(state)}"
        case OrchestrationStatus.FAILED:
            return _failed(state)
        case OrchestrationStatus.CANCELLED:
            return f"{_reason(state, 'cancelled')}{_undone(state)}"
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(state.status)


def _blocked(state: Orchestration) -> str:
    seat = state.seats.get(WHOLE)
    return _waiting_for_place(seat) if seat is not None else "waiting for its place"


def _waiting_for_place(seat: Seat) -> str:
    behind = f" behind {one_line(seat.ahead, 80)}" if seat.ahead else ""
    return f"waiting for its place in {seat.lock.split('/', 2)[-1]}{behind}"


def _compensating(state: Orchestration) -> str:
    active = [name_of(name) for name, task in state.tasks.items() if not task.has_ended]
    what = f": {_names(active)}" if active else ""
    return f"undoing what had succeeded{what}"


def _running(state: Orchestration) -> str:
    if state.machine is not None:
        return _in_state(state, state.machine)
    ended = sum(task.has_ended for task in state.tasks.values())
    done = f"{ended} of {count(len(state.tasks), 'task')} done"
    failed = [each for name, task in state.tasks.items() for each in _failures(name, task)]
    trouble = f"{_names(failed)} failed; " if failed else ""
    asked = _asked(state)
    if asked:
        return f"{trouble}waiting for people: {_names(asked)}, {done}"
    legs = [
        (name, leg)
        for name, task in state.tasks.items()
        for leg in task.legs.values()
        if leg.status is LegStatus.HELD
    ]
    if legs:
        held = [name_of(name, leg.key) for name, leg in legs]
        verb = "waits" if len(held) == 1 else "wait"
        is_frozen = all(closed_for(state, leg) is not None for _, leg in legs)
        what = "a calendar to open" if is_frozen else "a person on GitHub"
        return f"{trouble}held: {_names(held)} {verb} for {what}, {done}"
    return ", ".join([f"{trouble}{done}", *_active(state)])


def is_awaiting_people(state: Orchestration) -> bool:
    """Tell whether anything cannot go on without a person, here or on GitHub."""
    legs = (leg for task in state.tasks.values() for leg in task.legs.values())
    return any(leg.status is LegStatus.HELD for leg in legs) or bool(_asked(state))


def _in_state(state: Orchestration, machine: MachineState) -> str:
    asked = _asked(state)
    where = f"in {machine.state}"
    if machine.visits[machine.state] > 1:
        where += f" for the {_ordinal(machine.visits[machine.state])} time"
    if asked == [name_of(in_visit(machine.state, machine.visits[machine.state], APPROVAL))]:
        return f"{where}, waiting for people"
    if asked:
        return f"{where}, waiting for people: {_names(asked)}"
    seat = state.seats.get(visit_holder(machine.state, machine.visits[machine.state]))
    if seat is not None and seat.granted_at is None:
        return f"{where}, {_waiting_for_place(seat)}"
    active = _active(state)
    return ", ".join([where, *active]) if active else f"{where}, {_listening(state, machine)}"


def _listening(state: Orchestration, machine: MachineState) -> str:
    """Say what leads a state on in which nothing is done, and until when it waits."""
    here = state_of(state)
    assert here is not None, "only a machine is in a state"
    ways = [way.on for way in here.transitions if way.on != TIMEOUT]
    until = ""
    if here.timeout is not None:
        until = f" until {moment(machine.entered_at + here.timeout)}"
    named = _names(tuple(dict.fromkeys(ways))).replace(" and ", " or ") if ways else "its time"
    return f"waiting for {named}{until}"


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _asked(state: Orchestration) -> list[str]:
    """Name the gates that wait for people, and the tasks that ask what to do."""
    found: list[str] = []
    for name, task in state.tasks.items():
        if task.status is TaskStatus.ASKING:
            found.append(name_of(name))
        if task.status is not TaskStatus.RUNNING:
            continue
        action = definition_of(state.plan.definition, name).action
        if isinstance(action, Approval | Agent):
            gates = [leg for leg in task.legs.values() if leg.status is LegStatus.AWAITING]
            found.extend(name_of(name, leg.key) for leg in gates)
        found.extend(
            f"{name_of(name)}, wave {wave}"
            for wave, progress in task.waves.items()
            if progress.status is WaveStatus.ASKING
        )
    return found


def _active(state: Orchestration) -> list[str]:
    """Say which tasks are under way, those that are furthest first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, task in state.tasks.items():
        if task.status is TaskStatus.RUNNING:
            word = look_of_task(task).word
            doing = _waiting(state, name, task) or word
            groups.setdefault((word, doing), []).append(name_of(name))
    order = [look.word for look in LOOKS.values()]
    ways = sorted(groups, key=lambda way: order.index(way[0]), reverse=True)
    return [f"{_names(groups[way])} {way[1]}" for way in ways]


def _waiting(state: Orchestration, name: TaskName, task: Task) -> str:
    """Say what the one leg of a task waits for, where that is no person; else nothing."""
    leg = next(iter(task.legs.values()), None)
    if leg is None or task.is_matrix or leg.status not in WAITING:
        return ""
    holder = leg_holder(name, leg.key)
    for passage in state.passages.get(holder, ()):
        if not passage.is_open:
            opens = passage.opens_at
            until = f" until {moment(opens)}" if opens is not None else ""
            return f"waiting for the calendar {passage.calendar}{until}"
    seat = state.seats.get(holder)
    if seat is not None and seat.granted_at is None:
        return _waiting_for_place(seat)
    due = leg.gate.due if leg.gate is not None else None
    return f"waiting until {moment(due)}" if due is not None else ""


def _succeeded(state: Orchestration) -> str:
    if state.machine is not None:
        took = _took(state)
        return f"ended in {state.machine.state}{f' after {took}' if took else ''}"
    tasks = state.tasks.values()
    skipped = sum(task.status is TaskStatus.SKIPPED for task in tasks)
    tolerated = sum(task.status is TaskStatus.FAILED for task in tasks)
    succeeded = len(state.tasks) - skipped - tolerated
    parts = [f"{count(succeeded, 'task')} succeeded"]
    if tolerated:
        parts.append(f"{tolerated} failed and tolerated")
    if skipped:
        parts.append(f"{skipped} skipped")
    took = _took(state)
    stale = sum(task.is_stale for task in tasks)
    rest = (
        f"; {count(stale, 'task')} to be run again, since what came before was" if stale else ""
    )
    return f"{', '.join(parts)}{f' in {took}' if took else ''}{rest}"


def _to_be_let_go(state: Orchestration) -> str:
    held = [run.environment for run in state.environments if run.held_by is not None]
    return f"; {_names(held)} to be let go when a calendar opens" if held else ""


def _failed(state: Orchestration) -> str:
    return f"{_what_failed(state)}{_undone(state)}"


def _undone(state: Orchestration) -> str:
    """Say what was undone, and before all what was to be and was not."""
    undoing = {name: task.status for name, task in state.tasks.items() if is_undoing(name)}
    broken = [name_of(name) for name, status in undoing.items() if status in BROKEN]
    done = [
        name_of(origin_of(name))
        for name, status in undoing.items()
        if status is TaskStatus.SUCCEEDED
    ]
    return "".join(
        [
            f"; {_names(broken)} failed" if broken else "",
            f"; undone: {_names(tuple(dict.fromkeys(done)))}" if done else "",
        ]
    )


def _what_failed(state: Orchestration) -> str:
    if state.reason is not None and state.reason.code == TIMED_OUT:
        hung = [name_of(name) for name, task in state.tasks.items() if _hung(task)]
        rest = f"; {_names(hung)} had not ended" if hung else ""
        return f"{_reason(state, 'failed')}{rest}"
    failed = [
        (name, task)
        for name, task in state.tasks.items()
        if _has_failed(task) and not is_following(name)
    ]
    if not failed:
        return _reason(state, "failed")
    name, task = failed[0]
    leg = next((leg for leg in task.legs.values() if _leg_has_failed(leg)), None)
    reason = leg.reason if leg is not None and leg.reason is not None else task.reason
    head = f"failed: {name_of(name, leg.key) if leg is not None else name}"
    if reason is not None:
        head += f" — {one_line(reason.message, 160)}"
    more = sum(max(1, sum(map(_leg_has_failed, task.legs.values()))) for _, task in failed) - 1
    return f"{head}, and {more} more" if more else head


def _reason(state: Orchestration, word: str) -> str:
    """Say the reason behind a word, which the reason may say itself."""
    if state.reason is not None and state.reason.code == SUPERSEDED:
        word = word.replace("cancelled", SUPERSEDED)
    message = one_line(state.reason.message, 160) if state.reason is not None else ""
    if not message or message == word:
        return word
    by = message.removeprefix("cancelled ")
    return f"{word}: {message}" if by == message else f"{word} {by}"


def _hung(task: Task) -> bool:
    """Tell whether a task had begun and not ended when the time of the whole was over."""
    reasons = (leg.reason for leg in task.legs.values())
    return any(reason is not None and reason.code == TIMED_OUT for reason in reasons)


def _has_failed(task: Task) -> bool:
    return task.status is TaskStatus.FAILED and not task.is_tolerated


def _failures(name: TaskName, task: Task) -> list[str]:
    """Name what has failed of a task: itself, or legs of it while others go on.

    Of one that asks what to do that is said by its question.
    """
    if task.status is TaskStatus.ASKING:
        return []
    if task.has_ended:
        return [name_of(name)] if _has_failed(task) else []
    return [name_of(name, leg.key) for leg in task.legs.values() if _leg_has_failed(leg)]


def _leg_has_failed(leg: Leg) -> bool:
    return leg.status is LegStatus.FAILED and not leg.is_tolerated


def _took(state: Orchestration) -> str:
    if state.started_at is None or state.ended_at is None:
        return ""
    return duration(state.ended_at - state.started_at)


def _names(names: Sequence[str]) -> str:
    """List a few names, and count the rest."""
    shown = [one_line(name, 60) for name in names[:NAMES_MAX]]
    if len(names) > NAMES_MAX:
        shown[-1] = f"{len(names) - NAMES_MAX + 1} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
