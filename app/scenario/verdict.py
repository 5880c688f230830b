"""Whether a rehearsal ended as its scenario expects, point by point.

Without expectations it has to end well. What a person was to do and could not is a finding in
any case, since the scenario meant it to be done.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.state import Orchestration, Reason
from app.core.telling.task_table import duration
from app.core.typed_values import same
from app.core.values import Json
from app.scenario.language import Expected, Scenario
from app.scenario.life import Lived
from app.scenario.reading.names import is_meant, parted

ENDINGS = {"succeeded": "success", "failed": "failure", "cancelled": "cancelled"}
SHOWN_MAX = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as expected; `line` is that of the scenario, 0 for none."""

    message: str
    line: int = 0


def judge(lived: Lived, scenario: Scenario) -> tuple[Finding, ...]:
    """Return all that is not as expected."""
    return tuple(_findings(lived, scenario))


def conclusion_of(state: Orchestration) -> str:
    """Return the word for how it ended; empty while it goes on."""
    if not state.has_ended:
        return ""
    return state.conclusion or ENDINGS[state.status]


def _findings(lived: Lived, scenario: Scenario) -> Iterator[Finding]:
    expected = scenario.expect or Expected(conclusion="success")
    if lived.main is None:
        if expected.starts:
            yield Finding(message=f"nothing was started: {lived.why}")
        return
    if not expected.starts:
        yield Finding(message="it was started", line=_line(expected, "starts"))
        return
    if not lived.is_over:
        yield Finding(message="it never ends")
    state = lived.main.state
    for key, message in _differences(lived, state, expected):
        yield Finding(message=message, line=_line(expected, key))
    for note in lived.notes:
        if note.is_in_vain:
            yield Finding(message=f"in vain: {note.text}")
    for reference, scripts in scenario.runs.items():
        legs = _other_legs(state, reference)
        if legs:
            message = f"`runs` names {reference}, and there is no such leg: {', '.join(legs)}"
            yield Finding(
                message=message, line=scripts[0].place.line if scripts[0].place else 0
            )


def _other_legs(state: Orchestration, reference: str) -> tuple[str, ...]:
    """Return the legs of a task that are there in place of the one that is named."""
    name, wanted = parted(reference) or (reference, "")
    found: dict[str, None] = {}
    for task_name, task in state.tasks.items():
        if wanted and is_meant(name, task_name):
            found |= dict.fromkeys(task.legs)
    return () if wanted in found else tuple(found)


def _line(expected: Expected, key: str) -> int:
    place = expected.places.get(key)
    return place.line if place else 0


def _differences(
    lived: Lived, state: Orchestration, expected: Expected
) -> Iterator[tuple[str, str]]:
    conclusion = conclusion_of(state)
    if expected.conclusion and conclusion != expected.conclusion:
        told = f" ({state.reason.code}: {state.reason.message})" if state.reason else ""
        yield (
            "conclusion",
            f"it ended in {conclusion or 'nothing'}{told}, not {expected.conclusion}",
        )
    if expected.reason and _code(state.reason) != expected.reason:
        yield "reason", f"the reason is {_code(state.reason)}, not {expected.reason}"
    yield from _of_machine(state, expected)
    yield from _of_tasks(state, expected)
    yield from _of_dispatches(lived, expected)
    yield from _of_time(state, expected)
    were_told = {note.told for note in lived.notes}
    for who in expected.told:
        if who not in were_told:
            yield "told", f"{who} was not told anything"
    if expected.outputs is not None:
        for name, value in expected.outputs.items():
            if name not in state.outputs or not same(state.outputs[name], value):
                found = _text(state.outputs[name]) if name in state.outputs else "not there"
                yield "outputs", f"the output {name} is {found}, not {_text(value)}"


def _of_machine(state: Orchestration, expected: Expected) -> Iterator[tuple[str, str]]:
    machine = state.machine
    if expected.state and (machine is None or machine.state != expected.state):
        found = machine.state if machine else "none"
        yield "state", f"it is in the state {found}, not {expected.state}"
    if expected.states and (machine is None or machine.history != expected.states):
        found = " → ".join(machine.history) if machine else "none"
        yield "states", f"the states were {found}, not {' → '.join(expected.states)}"


def _of_tasks(state: Orchestration, expected: Expected) -> Iterator[tuple[str, str]]:
    for key, wanted in (("tasks", expected.tasks), ("why", expected.why)):
        for reference, word in wanted.items():
            found = _found(state, reference, is_status=key == "tasks")
            if found is None:
                yield key, f"{reference} was never there"
            elif found != word:
                yield key, f"{reference} is {found or 'without a reason'}, not {word}"


def _found(state: Orchestration, reference: str, *, is_status: bool) -> str | None:
    """Return how the latest task of that name is, or why."""
    name, leg_key = parted(reference) or (reference, "")
    for task_name in reversed(tuple(state.tasks)):
        if not is_meant(name, task_name):
            continue
        task = state.tasks[task_name]
        for key, leg in task.legs.items():
            if leg_key and key == leg_key:
                return str(leg.status) if is_status else _code(leg.reason)
        if not leg_key:
            if is_status:
                return str(task.status)
            reasons = (task.reason, *(leg.reason for leg in task.legs.values()))
            return next((_code(each) for each in reasons if each is not None), "")
    return None


def _of_dispatches(lived: Lived, expected: Expected) -> Iterator[tuple[str, str]]:
    sent = [each.sent for each in lived.sendings]
    rest = iter(sent)
    for reference in expected.dispatched:
        if not any(each.is_meant(reference) for each in rest):
            shown = ", ".join(each.names[0] for each in sent[:SHOWN_MAX])
            more = f" and {len(sent) - SHOWN_MAX} more" if len(sent) > SHOWN_MAX else ""
            yield (
                "dispatched",
                f"{reference} was not dispatched in that order: "
                f"{shown or 'nothing was dispatched'}{more}",
            )
            break
    for reference in expected.not_dispatched:
        if any(each.is_meant(reference) for each in sent):
            yield "not-dispatched", f"{reference} was dispatched"


def _of_time(state: Orchestration, expected: Expected) -> Iterator[tuple[str, str]]:
    if state.started_at is None or state.ended_at is None:
        return
    took = state.ended_at - state.started_at
    most, least = expected.took_less_than, expected.took_more_than
    if most is not None and took >= most:
        yield "took-less-than", f"it took {duration(took)}, not less than {duration(most)}"
    if least is not None and took <= least:
        yield "took-more-than", f"it took {duration(took)}, not more than {duration(least)}"


def _code(reason: Reason | None) -> str:
    return reason.code if reason is not None else ""


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
