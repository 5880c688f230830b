"""The rule about gates that ask people: ask who they are that voted, and decide.

A gate without votes asks nothing, unless it may decide by rule. It fails shut: without a
survey of all its votes, nothing is decided.
"""

from dataclasses import replace
from datetime import datetime

from app.core.actions import REJECT
from app.core.approvals.decide import decide_gate
from app.core.approvals.question import How, Standing, Verdict
from app.core.approvals.survey import Survey
from app.core.gate_commands import SurveyGate
from app.core.gate_events import GateId
from app.core.legs.asking import approval_at, gates_of, question_at, with_gate
from app.core.legs.dispatching import Asked
from app.core.rules.decision import Decision
from app.core.state import Gate, Orchestration
from app.core.values import TaskName

BY_RULE = "rule"
BY_POLICY = "policy"


def judge_gates(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Ask about the votes at each open gate that nobody asked about yet, and then decide."""
    commands: list[Asked] = []
    for where, gate in tuple(gates_of(state, name)):
        if gate.choice:
            continue
        if gate.survey is not None and gate.survey.votes == len(gate.votes):
            state = _judge(state, where, gate, now)
        elif gate.asked_votes < len(gate.votes) and _has_to_ask(state, where, gate):
            asked = replace(gate, asked_votes=len(gate.votes))
            state = with_gate(state, where, asked)
            commands.append(SurveyGate(gate=where, votes=len(gate.votes)))
    return Decision(state=state, commands=tuple(commands))


def _has_to_ask(state: Orchestration, where: GateId, gate: Gate) -> bool:
    return bool(gate.votes) or approval_at(state, where).auto is not None


def verdict_at(state: Orchestration, where: GateId, gate: Gate, now: datetime) -> Verdict:
    """Say how a gate stands, with the whole tree of why."""
    survey = gate.survey or Survey(at=now, votes=0)
    voters = {voter.login.lower(): voter for voter in survey.voters}
    return decide_gate(question_at(state, where, gate, now), gate.votes, voters, now)


def _judge(state: Orchestration, where: GateId, gate: Gate, now: datetime) -> Orchestration:
    verdict = verdict_at(state, where, gate, now)
    if verdict.standing is Standing.UNDECIDED:
        return state
    by = {How.RULE: BY_RULE, How.POLICY: BY_POLICY}.get(verdict.how) or ", ".join(verdict.by)
    choice = REJECT if verdict.standing is Standing.SHUT else verdict.option
    closed = replace(gate, choice=choice, by=by, reason=verdict.reason, inputs=verdict.inputs)
    return with_gate(state, where, closed)
