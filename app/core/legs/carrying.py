"""Votes of a pull request at the gates of the merge group that holds it: which may count there.

Whether the plan is the same otherwise is told from our own states; whether the group is made
of the commit that was voted about, GitHub has to show (`approvals.carry`).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime

from app.core.actions import Approval
from app.core.approvals.carry import Carry
from app.core.approvals.reasons import ReasonCode
from app.core.copying import replace
from app.core.expressions import ExpressionError, evaluate, render
from app.core.gate_events import GateId, VotesFound
from app.core.graph import dependents
from app.core.hearing.queue import EVENT, queued_in
from app.core.legs.asking import approval_at, plan_digest
from app.core.legs.context import cause_of, event_values
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.plan import Plan
from app.core.queue_commands import FindVotes
from app.core.state import Gate, Orchestration, Vote
from app.core.terms import Expression, Template
from app.core.values import Json, JsonObject, TaskName

PUSHED = ("opened", "synchronize")
"""Actions of pull requests whose sender has pushed what they are about."""
COMMIT, REF = "the commit", "the ref"
"""Stand for what is another one in the group, and may be."""
OF_THE_EVENT = ("event", "event_name", "actor")


def find_votes(
    state: Orchestration, message: FindVotes, known: Sequence[Orchestration], now: datetime
) -> VotesFound:
    """Say which votes may count at a gate of a merge group, or why none may.

    `known` are orchestrations of the pull request, and those at the commit of the group before.
    """
    where = message.gate
    same = [each for each in known if each.id != state.id and _is_same(each.plan, state.plan)]
    source = _newest(it for it in same if it.plan.cause.pull_request == message.number)
    if source is None:
        why = f"nothing is known of this definition at pull request #{message.number}"
        return _none(now, where, message.number, ReasonCode.CARRY_NO_VOTES, why)
    differs = _difference(state, source, where)
    if differs:
        why = f"it is not what was asked in {source.plan.title}: {differs}"
        return _none(now, where, message.number, ReasonCode.CARRY_PLAN_DIFFERS, why)
    votes = tuple(_votes(source, where))
    if not votes:
        why = f"nobody has voted at this gate of {source.plan.title}"
        return _none(now, where, message.number, ReasonCode.CARRY_NO_VOTES, why)
    cause = source.plan.cause
    has_pushed = cause.event_name == "pull_request" and cause.event.get("action") in PUSHED
    carry = Carry(
        number=message.number,
        source=source.id,
        title=source.plan.title,
        head=cause.sha,
        actor=source.requested_by,
        pusher=cause.actor if has_pushed else "",
        ahead=_chosen(_newest(it for it in same if _is_at(it.plan, message.base)), where),
    )
    return VotesFound(at=now, gate=where, carry=carry, votes=votes)


def is_sought(state: Orchestration, where: GateId) -> bool:
    """Tell whether votes of elsewhere may count at a gate: not what a model or a wave asks."""
    if state.machine is not None or where.wave or queued_in(cause_of(state)) is None:
        return False
    return isinstance(definition_of(state.plan.definition, where.task).action, Approval)


def _none(now: datetime, where: GateId, number: int, code: ReasonCode, why: str) -> VotesFound:
    return VotesFound(at=now, gate=where, carry=Carry(number=number, code=code, why=why))


def _newest(states: Iterable[Orchestration]) -> Orchestration | None:
    return max(states, key=lambda state: state.plan.number, default=None)


def _is_same(known: Plan, plan: Plan) -> bool:
    """Tell whether two plans are of one file, about one repository, and nobody's children."""
    origins = {(it.origin.repository_id, it.origin.path) for it in (known, plan)}
    places = {(it.cause.repository_id, it.parent is None) for it in (known, plan)}
    return len(origins) == len(places) == 1


def _is_at(plan: Plan, sha: str) -> bool:
    return plan.cause.event_name == EVENT and plan.cause.sha == sha


def _chosen(ahead: Orchestration | None, where: GateId) -> str:
    """Return what was chosen at the same gate of another group, if that opened it."""
    gate = _gate(ahead, where) if ahead is not None else None
    if ahead is None or gate is None:
        return ""
    is_open = ahead.tasks[where.task].legs[where.leg].status is LegStatus.SUCCEEDED
    is_no = approval_at(ahead, where).is_no(gate.choice)
    return gate.choice if is_open and not is_no else ""


def _gate(state: Orchestration, where: GateId) -> Gate | None:
    task = state.tasks.get(where.task)
    leg = task.legs.get(where.leg) if task is not None else None
    return leg.gate if leg is not None else None


def _votes(source: Orchestration, where: GateId) -> Iterator[Vote]:
    """Find the votes that are about the commit and the plan of a gate, as it stands."""
    gate, sha = _gate(source, where), source.plan.cause.sha
    digest = plan_digest(source, where)
    for vote in gate.votes if gate is not None else ():
        is_bound = bool(vote.sha or vote.digest) and not vote.carried_from
        is_about = vote.sha in ("", sha) and vote.digest in ("", digest)
        if sha and is_bound and is_about and not vote.is_withdrawn:
            yield replace(vote, sha=sha, digest="", carried_from=source.id)


# ------------------------------------------------------------------- the same plan otherwise


def _difference(state: Orchestration, source: Orchestration, where: GateId) -> str:
    """Say in words what differs beside the commit; nothing where nothing does."""
    plan, other = state.plan, source.plan
    if plan.definition.digest != other.definition.digest:
        return "the definition was changed meanwhile"
    if plan.inputs != other.inputs:
        return "it has other inputs"
    queued, base = queued_in(plan.cause), _base_of(other)
    if queued is not None and base not in ("", queued.branch):
        return f"it was to go into {base}"
    for need in definition_of(plan.definition, where.task).needs:
        if _came_to(state, need) != _came_to(source, need):
            return f"{need} came to something else"
    return next(_differing(state, source, where.task), "")


def _base_of(plan: Plan) -> str:
    """Return the branch that a pull request is to go into; nothing where that is not told."""
    value: Json = plan.cause.event
    for name in ("pull_request", "base", "ref"):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _came_to(state: Orchestration, name: TaskName) -> str:
    task, sha = state.tasks[name], state.plan.cause.sha
    text = json.dumps([task.result, task.outputs] if task.has_ended else [], default=dict)
    return text.replace(sha, COMMIT) if sha else text


def _differing(state: Orchestration, source: Orchestration, gate: TaskName) -> Iterator[str]:
    """Find what reads of the event that set it off, and so says something else there and here.

    What reads nothing but inputs, the commit and what tasks come to is the same by itself.
    """
    definition = state.plan.definition
    here, there = _values(state), _values(source)
    for name in _behind(state, gate):
        for term in _terms(definition.tasks[name]):
            if not any(read in OF_THE_EVENT for read, _ in term.reads):
                continue
            value = _worked_out(term, here)
            if value is None or value != _worked_out(term, there):
                yield f"{name} depends on what set it off (line {term.place.line})"


def _behind(state: Orchestration, gate: TaskName) -> tuple[TaskName, ...]:
    """Return all tasks that a gate stands before."""
    found: dict[TaskName, None] = {}
    agenda = [gate]
    while agenda:
        for each in dependents(state.plan.definition, agenda.pop()):
            if each not in found:
                found[each] = None
                agenda.append(each)
    return tuple(found)


def _terms(value: object) -> Iterator[Expression | Template]:
    """Find every expression in a part of a definition."""
    if isinstance(value, Expression | Template):
        yield value
    elif is_dataclass(value):
        for each in fields(value):
            yield from _terms(getattr(value, each.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from _terms(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _terms(each)


def _values(state: Orchestration) -> JsonObject:
    inputs = {f"inputs.{name}": value for name, value in state.plan.inputs.items()}
    return {**event_values(cause_of(state)), **inputs, "sha": COMMIT, "ref": REF}


def _worked_out(term: Expression | Template, values: JsonObject) -> str | None:
    """Return a value as text; `None` where it cannot be told yet, or not at all."""
    try:
        if isinstance(term, Template):
            value: Json = render(term, values)
        else:
            value = evaluate(term, values)
    except ExpressionError:
        return None
    return json.dumps(value, sort_keys=True, default=dict)
