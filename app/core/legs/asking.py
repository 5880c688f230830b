"""What a gate asks, put together from the state: the question that `approvals` decides.

A vote is about one plan: the definition, the commit, the inputs, and what the tasks before
the gate came to. Its digest is what binds a vote to it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from app.core.actions import Agent, Approval, ApprovalRule, Dispatch
from app.core.approvals.people import ACTOR, Voter
from app.core.approvals.question import AskedRule, Question
from app.core.approvals.roles import Giver, fallback
from app.core.approvals.survey import PolicyText, Survey
from app.core.copying import replace
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.gate_events import GateId
from app.core.legs.carried import actors, ahead_of, carried, is_of_fork
from app.core.legs.context import cause_of, values_for
from app.core.moves import LegStatus
from app.core.naming import definition_of, sibling
from app.core.policies.organization import Ruling, Subject, rule_on, unreadable
from app.core.policy import read_policy
from app.core.state import Gate, Orchestration, WaveStatus
from app.core.terms import Expression
from app.core.values import Json, JsonObject, TaskName

DIGEST_LENGTH = 32


def gates_of(state: Orchestration, name: TaskName) -> Iterator[tuple[GateId, Gate]]:
    """Find the gates of a task that are open and ask people."""
    task = state.tasks[name]
    action = definition_of(state.plan.definition, name).action
    if isinstance(action, Approval | Agent):
        for leg in task.legs.values():
            if leg.status is LegStatus.AWAITING and leg.gate is not None:
                yield GateId(task=name, leg=leg.key), leg.gate
    for wave, progress in task.waves.items():
        if progress.status is WaveStatus.ASKING and progress.gate is not None:
            yield GateId(task=name, wave=wave), progress.gate


def gate_at(state: Orchestration, where: GateId) -> Gate | None:
    """Return a gate that is open, if it is."""
    if where.task not in state.tasks:
        return None
    return dict(gates_of(state, where.task)).get(where)


def with_gate(state: Orchestration, where: GateId, gate: Gate) -> Orchestration:
    """Replace a gate."""
    task = state.tasks[where.task]
    if where.wave:
        waves = {**task.waves, where.wave: replace(task.waves[where.wave], gate=gate)}
        return state.with_task(where.task, replace(task, waves=waves))
    leg = replace(task.legs[where.leg], gate=gate)
    return state.with_task(where.task, task.with_leg(leg))


def approval_at(state: Orchestration, where: GateId) -> Approval:
    """Return what the definition says of a gate."""
    definition = definition_of(state.plan.definition, where.task)
    action = definition.action
    if where.wave:
        assert definition.strategy is not None, "only a matrix has waves"
        found = (each.approval for each in definition.strategy.waves if each.name == where.wave)
        action = next(found, None) or action
    approval = action.review if isinstance(action, Agent) else action
    assert isinstance(approval, Approval), "nothing else asks people"
    return approval


def plan_digest(state: Orchestration, where: GateId) -> str:
    """Return the digest of what is asked about: who votes has seen just this."""
    cause = cause_of(state)
    needs = definition_of(state.plan.definition, where.task).needs
    before: dict[str, Json] = {
        need: [task.result, task.outputs]
        for need in needs
        if (task := state.tasks[sibling(where.task, need)]).has_ended
    }
    source: list[Json] = [
        state.plan.definition.digest,
        cause.repository_id,
        cause.sha,
        dict(state.plan.inputs),
        before,
        dict(state.machine.data) if state.machine is not None else {},
        str(where),
    ]
    return digest_of(source)


def digest_of(source: Json) -> str:
    """Return the digest of a value, however its parts are held."""
    text = json.dumps(source, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def question_at(state: Orchestration, where: GateId, gate: Gate, now: datetime) -> Question:
    """Put together what is asked at a gate, with what the last survey found."""
    survey = gate.survey or Survey(at=now, votes=0)
    approval = approval_at(state, where)
    values = _values(state, where, now)
    ruling = _ruling(state, survey, values)
    is_from_fork = is_of_fork(state, gate)
    auto, auto_error = False, ""
    if approval.auto is not None:
        auto, auto_error = _worked_out(approval.auto.when, values)
    rules = (
        *(_asked(rule, values) for rule in approval.rules),
        *ruling.rules,
    )
    return Question(
        approval=approval,
        rules=rules,
        digests=frozenset({plan_digest(state, where)}),
        # Of a fork the very commit counts: even its message is a stranger's.
        shas=frozenset({cause_of(state).sha, *(() if is_from_fork else survey.same_tree)}),
        parties={ACTOR: actors(state, gate), **survey.parties},
        owned=survey.owned,
        auto=auto,
        auto_error=auto_error,
        denials=ruling.denials,
        fallback=fallback(givers_of(survey.policies)),
        is_from_fork=is_from_fork,
        carried=carried(gate),
        ahead=ahead_of(gate),
        is_crowded=gate.is_crowded,
    )


def voters_of(gate: Gate) -> dict[str, Voter]:
    """Return what the last survey found out about people, by their logins in lower case."""
    found = gate.survey.voters if gate.survey is not None else ()
    return {voter.login.lower(): voter for voter in found}


def _values(state: Orchestration, where: GateId, now: datetime) -> JsonObject:
    leg = state.tasks[where.task].legs.get(where.leg)
    matrix = leg.matrix if leg is not None and not where.wave else None
    return values_for(state, where.task, now, matrix)


def _asked(rule: ApprovalRule, values: JsonObject) -> AskedRule:
    holds, error = (True, "") if rule.when is None else _worked_out(rule.when, values)
    return AskedRule(require=rule.require, holds=holds, error=error)


def _worked_out(when: Expression, values: JsonObject) -> tuple[bool, str]:
    try:
        return evaluate_condition(when, values), ""
    except ExpressionError as error:
        return False, str(error)


def givers_of(policies: Iterable[PolicyText]) -> tuple[Giver, ...]:
    """Say to whom policies give roles; one that cannot be read gives none."""
    found: list[Giver] = []
    for each in policies:
        policy, _ = read_policy(each.text) if each.text else (None, ())
        if policy is not None:
            roles = policy.organization.roles if policy.organization else policy.roles
            found.append(Giver(name=f"the policy of {each.owner}", grants=roles))
    return tuple(found)


def _ruling(state: Orchestration, survey: Survey, values: JsonObject) -> Ruling:
    """Say what the organisation's policy adds; one that cannot be read opens nothing."""
    ruling = Ruling()
    for each in survey.policies:
        ruling = _joined(ruling, _ruling_of(state, each, values))
    return ruling


def _ruling_of(state: Orchestration, text: PolicyText, values: JsonObject) -> Ruling:
    if text.error:
        return unreadable(f"the policy of {text.owner} could not be read: {text.error}")
    if not text.text:
        return Ruling()
    policy, problems = read_policy(text.text)
    if policy is None:
        said = problems[0].message if problems else "it is empty"
        return unreadable(f"the policy of {text.owner} has a problem: {said}")
    return rule_on(policy.organization, subject_of(state), values)


def _joined(one: Ruling, other: Ruling) -> Ruling:
    return Ruling(
        rules=(*one.rules, *other.rules),
        denials=(*one.denials, *other.denials),
        calendars=(*one.calendars, *other.calendars),
    )


def subject_of(state: Orchestration) -> Subject:
    """Say what an organisation's policy judges: where it works, as far as the file says."""
    plan = state.plan
    repositories = {str(plan.origin.repository), str(plan.cause.repository)}
    environments: set[str] = set()
    for name in state.tasks:
        action = definition_of(plan.definition, name).action
        action = action.dispatch if isinstance(action, Agent) else action
        if isinstance(action, Dispatch):
            repositories.add("/".join(str(action.target.value).split("/")[:2]))
            if action.environment is not None:
                environments.add(str(action.environment.value))
    return Subject(
        definition=plan.definition.id,
        repositories=frozenset(repositories),
        environments=frozenset(environments),
    )
