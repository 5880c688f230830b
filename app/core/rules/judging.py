"""The rule about gates that ask people: ask who they are that voted, and decide.

A gate without votes asks nothing, unless it may decide by rule. It fails shut: without a
survey of all its votes, nothing is decided.
"""

from datetime import datetime

from app.core.actions import REJECT
from app.core.approvals.decide import decide_gate
from app.core.approvals.question import How, Standing, Verdict
from app.core.approvals.reasons import ReasonCode
from app.core.approvals.votes import judge
from app.core.copying import replace
from app.core.gate_commands import AnswerVote, SurveyGate
from app.core.gate_events import GateId
from app.core.legs.asking import approval_at, gates_of, question_at, voters_of, with_gate
from app.core.legs.dispatching import Asked
from app.core.legs.posing import pose
from app.core.rules.decision import Decision
from app.core.state import Gate, Orchestration, Vote
from app.core.values import TaskName

BY_RULE = "rule"
BY_POLICY = "policy"
SPOKEN = "comment/"
"""How references to comments begin: who votes by a comment is answered there."""


def judge_gates(state: Orchestration, name: TaskName, now: datetime) -> Decision:
    """Ask about the votes at each open gate that nobody asked about yet, and then decide."""
    commands: list[Asked] = []
    for where, gate in tuple(gates_of(state, name)):
        if gate.choice or (gate.seeking.sought and gate.seeking.carry is None):
            # Votes that are looked for elsewhere come in the same breath.
            continue
        state = pose(state, where)
        if gate.survey is not None and gate.survey.votes == len(gate.votes):
            state, answers = _judge(state, where, gate, now)
            commands.extend(answers)
        elif gate.asked_votes < len(gate.votes) and _has_to_ask(state, where, gate):
            asked = replace(gate, asked_votes=len(gate.votes))
            state = with_gate(state, where, asked)
            rounds = gate.seeking.rounds
            commands.append(SurveyGate(gate=where, votes=len(gate.votes), round=rounds))
    return Decision(state=state, commands=tuple(commands))


def _has_to_ask(state: Orchestration, where: GateId, gate: Gate) -> bool:
    return bool(gate.votes) or approval_at(state, where).auto is not None


def verdict_at(state: Orchestration, where: GateId, gate: Gate, now: datetime) -> Verdict:
    """Say how a gate stands, with the whole tree of why."""
    return decide_gate(question_at(state, where, gate, now), gate.votes, voters_of(gate), now)


def _judge(
    state: Orchestration, where: GateId, gate: Gate, now: datetime
) -> tuple[Orchestration, tuple[AnswerVote, ...]]:
    verdict = verdict_at(state, where, gate, now)
    answers = _answers(state, where, gate, verdict, now)
    if gate.answered < len(gate.votes):
        gate = replace(gate, answered=len(gate.votes))
        state = with_gate(state, where, gate)
    if verdict.standing is Standing.UNDECIDED:
        return state, answers
    by = {How.RULE: BY_RULE, How.POLICY: BY_POLICY}.get(verdict.how) or ", ".join(verdict.by)
    choice = REJECT if verdict.standing is Standing.SHUT else verdict.option
    closed = replace(gate, choice=choice, by=by, reason=verdict.reason, inputs=verdict.inputs)
    return with_gate(state, where, closed), answers


def _is_spoken_here(vote: Vote) -> bool:
    return vote.reference.startswith(SPOKEN) and not vote.carried_from


def _answers(
    state: Orchestration, where: GateId, gate: Gate, verdict: Verdict, now: datetime
) -> tuple[AnswerVote, ...]:
    """Tell whoever voted in a comment what became of the vote, once."""
    new = [each for each in gate.votes[gate.answered :] if _is_spoken_here(each)]
    if not new:
        return ()
    voters = voters_of(gate)
    ballots = judge(question_at(state, where, gate, now), gate.votes, voters, now)
    return tuple(
        AnswerVote(
            gate=where,
            reference=each.vote.reference,
            is_counted=each.refusal is None,
            code=each.refusal.code if each.refusal else ReasonCode.VOTE_COUNTS,
            sentence=each.refusal.sentence if each.refusal else "",
            could=verdict.why.could,
        )
        for each in ballots
        if each.vote in new and not each.vote.is_withdrawn
    )
