"""What something waits for, and who or what can end it: why it is not running.

One sentence each, as Markdown. Nothing waits without one.
"""

from datetime import datetime

from app.core.actions import Agent, Approval, Requirement, Wait
from app.core.gate_events import GateId
from app.core.legs.asking import question_at
from app.core.legs.carried import carried
from app.core.legs.gates import BY_TIME, due_of
from app.core.machine.happening import state_of
from app.core.moves import LegStatus
from app.core.naming import WHOLE, definition_of, leg_holder, visit_of
from app.core.recording.hearing import HEARD
from app.core.state import Gate, Leg, Orchestration, Passage, Seat, WaveStatus
from app.core.state_of_environments import REFUSED
from app.core.telling.differences import differences
from app.core.telling.markdown import code, link, plain, prose
from app.core.telling.questions import titled
from app.core.values import Holder, TaskName

NAME_MAX = 120
REASON_MAX = 300
CLOSED = "calendar-closed"
"""The reason code of what waits for a calendar to open."""


def moment(at: datetime) -> str:
    """Write a moment as people read it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def why_whole_waits(state: Orchestration) -> str:
    """Say what the whole waits for before anything of it may begin; empty if nothing."""
    if state.paused is not None:
        return f"{plain(state.paused.message)}; nothing new begins until it is resumed"
    seat = state.seats.get(WHOLE)
    return why_seat(seat) if seat is not None and seat.granted_at is None else ""


def why_blocked(state: Orchestration, holder: Holder) -> str:
    """Say which place or calendar something waits for."""
    for passage in state.passages.get(holder, ()):
        if not passage.is_open:
            return why_calendar(passage)
    seat = state.seats.get(holder)
    if seat is not None and seat.granted_at is None:
        return why_seat(seat)
    return "about to be let through"


def why_seat(seat: Seat) -> str:
    """Say who holds the group, and at which place one waits."""
    group = code(seat.lock.partition("/")[2].partition("/")[2] or seat.lock, NAME_MAX)
    behind = f", behind {plain(seat.ahead, NAME_MAX)}" if seat.ahead else ""
    place = f", place {seat.position}" if seat.position else ""
    return f"waits for a place in the concurrency group {group}{place}{behind}"


def why_calendar(passage: Passage) -> str:
    """Say until when a calendar is closed, and why."""
    name = code(passage.calendar, NAME_MAX)
    if passage.told_at is None:
        return f"asks the calendar {name}"
    opens = f"opens at {moment(passage.opens_at)}" if passage.opens_at is not None else ""
    if passage.why.startswith(f"{passage.calendar} is closed"):
        # What nobody gave a reason for says by itself when it is closed.
        said = f"the calendar {plain(passage.why)}{opens and f'; it {opens}'}"
        return f"{said} ({code(CLOSED)})"
    until = f" until {moment(passage.opens_at)}" if passage.opens_at is not None else ""
    because = f": {plain(passage.why)}" if passage.why else ""
    return f"the calendar {name} is closed{until}{because} ({code(CLOSED)})"


def why_awaiting(state: Orchestration, name: TaskName, leg: Leg) -> str:
    """Say what an open gate waits for, and until when."""
    action = definition_of(state.plan.definition, name).action
    due = _due(state, name, leg)
    until = f"until {moment(due)}" if due is not None else ""
    if isinstance(action, Wait):
        is_calendar = bool(state.passages.get(leg_holder(name, leg.key)))
        if until and (is_calendar or action.event is not None):
            until = f"at most {until}"
        return _joined(_what_wait(state, name, leg, action), until)
    if leg.gate is None or not isinstance(action, Approval | Agent):
        return _joined("waits", until)
    return _why_asking(state, GateId(task=name, leg=leg.key), leg.gate, until)


def why_wave(state: Orchestration, name: TaskName, wave: str) -> str:
    """Say what a wave waits for that has not begun: those before it, or people."""
    progress = state.tasks[name].waves.get(wave)
    if progress is None or progress.status is not WaveStatus.ASKING or progress.gate is None:
        return "waits for its wave"
    where = GateId(task=name, wave=wave)
    until = f"until {moment(state.deadline)}" if state.deadline is not None else ""
    asking = _why_asking(state, where, progress.gate, until)
    return f"waits for its wave {plain(wave, NAME_MAX)}, which {asking}"


def _why_asking(state: Orchestration, where: GateId, gate: Gate, until: str) -> str:
    """Say whom a gate asks, until when, what is new since it last did, and why once more."""
    new = "; ".join(differences(state, where))
    title = titled(state, where, gate)
    asks = f"asks{title} and " if title else ""
    asked = _joined(f"{asks}waits for {who_decides(state, where, gate)}", until)
    carry = carried(gate)
    if carry is not None and not carry.is_met:
        asked = f"{asked} (asked anew in the merge queue: {plain(carry.sentence, REASON_MAX)})"
    return f"{asked} (asked again: {new})" if new else asked


def _joined(what: str, until: str) -> str:
    return f"{what}, {until}" if until else what


def _due(state: Orchestration, name: TaskName, leg: Leg) -> datetime | None:
    """Return when waiting ends by itself: that of the gate, of the state, or of the whole."""
    own, machine, visit = due_of(state, name, leg), state.machine, visit_of(name)
    ends = [own, state.deadline]
    if machine is not None and visit == (machine.state, machine.visits[machine.state]):
        here = state_of(state)
        timeout = here.timeout if here is not None else None
        ends.append(machine.entered_at + timeout if timeout is not None else None)
    return min((end for end in ends if end is not None), default=None) if own else None


def who_decides(state: Orchestration, where: GateId, gate: Gate) -> str:
    """Say whose votes a gate asks for: all rules that hold, also those of policies."""
    asked_at = gate.survey.at if gate.survey is not None else gate.opened_at
    question = question_at(state, where, gate, asked_at)
    rules = [rule for rule in question.rules if rule.is_enforced]
    unclear = next((rule.error for rule in rules if rule.error), "")
    if unclear:
        return f"nobody, since a rule of it has no value: {prose(unclear, REASON_MAX)}"
    asked = [_who(each) for rule in rules if rule.holds for each in rule.require]
    return " and ".join(dict.fromkeys(asked)) or "a person"


def _who(requirement: Requirement) -> str:
    people = [*requirement.teams, *(f"@{user}" for user in requirement.users)]
    if requirement.permission is not None:
        people.append(f"people with {requirement.permission.value} permission")
    if requirement.code_owners:
        people.append("the code owners")
    votes = "1 vote" if requirement.count == 1 else f"{requirement.count} votes"
    return f"{votes} from {plain(' or '.join(people), NAME_MAX)}"


def why_closed(gate: Gate) -> str:
    """Say who or what opened a gate; nothing of one that time alone opened."""
    if not gate.by:
        return ""
    because = f": {plain(gate.reason, REASON_MAX)}" if gate.reason else ""
    chosen = code(gate.choice, NAME_MAX)
    if gate.choice == HEARD:
        return f"it came, by {plain(gate.by, NAME_MAX)}"
    if gate.by == BY_TIME:
        return f"{chosen}, since nobody decided in time"
    return f"{chosen} by {plain(gate.by, NAME_MAX)}{because}"


def _what_wait(state: Orchestration, name: TaskName, leg: Leg, action: Wait) -> str:
    if action.event is not None:
        return f"waits for {code(action.event, NAME_MAX)}"
    passages = state.passages.get(leg_holder(name, leg.key), ())
    if passages:
        return why_calendar(passages[0])
    return "waits for its time"


def why_resting(leg: Leg) -> str:
    """Say when the next attempt begins."""
    if leg.rest_until is None:
        return "tries again"
    return f"tries again at {moment(leg.rest_until)}"


def why_dispatching(leg: Leg) -> str:
    """Say what has been asked for and not been answered yet."""
    again = " to run its failed jobs again" if leg.attempts and leg.attempt.is_rerun else ""
    if leg.attempts and leg.attempt.delayed and leg.attempt.delayed_until:
        until, why = moment(leg.attempt.delayed_until), leg.attempt.delayed.message
        return f"asked for{again}; delayed until {until} by {plain(why, REASON_MAX)}"
    return f"asked for{again}; GitHub has not answered yet"


def why_held(state: Orchestration, leg: Leg) -> str:
    """Say what a held leg waits for, where that can be ended, and why we do not end it."""
    page = link("its page", leg.attempt.url) if leg.attempts else "its page"
    number = leg.attempt.workflow_run_id if leg.attempts else None
    closed = closed_for(state, leg)
    if closed is not None:
        return f"waits at an environment, see {page}, and is let go on: {why_calendar(closed)}"
    refused = [
        f"; Signalbox does not release it: {prose(run.message, REASON_MAX)}"
        for run in state.environments
        if run.workflow_run_id == number and run.outcome == REFUSED
    ]
    why = refused[-1] if refused else ""
    return f"waits for a person on GitHub, who can release it on {page}{why}"


def closed_for(state: Orchestration, leg: Leg) -> Passage | None:
    """Return the calendar for which a held leg's workflow run is not let go on yet."""
    number = leg.attempt.workflow_run_id if leg.attempts else None
    runs = (run for run in state.environments if run.workflow_run_id == number)
    return next((run.held_by for run in runs if run.held_by is not None), None)


def why_leg(state: Orchestration, name: TaskName, leg: Leg) -> str:
    """Say what a leg waits for that has not ended; empty where it simply runs."""
    match leg.status:
        case LegStatus.PENDING:
            if not leg.wave:
                return "waits for a place among `max-parallel`"
            return why_wave(state, name, leg.wave)
        case LegStatus.BLOCKED:
            return why_blocked(state, leg_holder(name, leg.key))
        case LegStatus.RESTING:
            return why_resting(leg)
        case LegStatus.DISPATCHING:
            return why_dispatching(leg)
        case LegStatus.QUEUED:
            return "waits for a runner"
        case LegStatus.RUNNING if leg.attempts and leg.attempt.conclusion is not None:
            return "the workflow run has ended; its outputs have not come yet"
        case LegStatus.RUNNING if leg.attempts and leg.attempt.child is not None:
            return f"follows {plain(leg.attempt.summary, NAME_MAX)}"
        case LegStatus.HELD:
            return why_held(state, leg)
        case LegStatus.AWAITING:
            return why_awaiting(state, name, leg)
        case _:
            return ""
