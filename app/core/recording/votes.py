"""What is heard at gates: votes, votes taken back, what is known of voters, and their end."""

from datetime import datetime

from app.core.approvals.doors import about, withdraw
from app.core.approvals.keeping import STRANGERS_MIN, VOTES_MAX, make_room
from app.core.approvals.survey import Survey
from app.core.copying import replace
from app.core.gate_events import (
    GateId,
    GateSurveyed,
    SubjectGone,
    VoteCast,
    VotesFound,
    VotesWithdrawn,
)
from app.core.hearing.replanning import plans_anew
from app.core.legs.asking import (
    gate_at,
    gates_of,
    plan_digest,
    question_at,
    voters_of,
    with_gate,
)
from app.core.legs.context import cause_of
from app.core.legs.posing import voted_on
from app.core.legs.superseding import given_up, reason_of
from app.core.moves import OrchestrationStatus
from app.core.state import Gate, Gone, Orchestration, Vote

WITHDRAWN_MAX = 500
"""Reviews and comments that are remembered of one gate, as their votes may be heard later."""


def record_vote(state: Orchestration, event: VoteCast) -> Orchestration:
    """Write a vote down. It is about the plan as it stands now, whatever comes later.

    One that is older than the question was cast about another plan, and stays without one.
    """
    gate = gate_at(state, event.gate)
    if gate is None or state.has_ended or gate.choice:
        return state
    vote = event.vote
    if vote.reference in gate.withdrawn:
        # GitHub does not order its webhooks: that it was changed may be heard before it.
        return state
    if not vote.digest:
        vote = about(vote, plan_digest(state, event.gate), gate.opened_at)
    if any(_is_same(vote, known) for known in gate.votes):
        return state
    gone = _room_for(state, event.gate, gate, vote, event.at)
    if gone is None:
        # It is told where people look why it stands shut, since reviews are not answered.
        return with_gate(state, event.gate, replace(gate, is_crowded=True))
    if vote.digest:
        state = voted_on(state, event.gate)
    gate = _without(gate, gone)
    return with_gate(state, event.gate, replace(gate, votes=(*gate.votes, vote)))


def finds_room(state: Orchestration, where: GateId, vote: Vote, now: datetime) -> bool:
    """Tell whether a gate that is open would keep one more vote."""
    gate = gate_at(state, where)
    return gate is None or _room_for(state, where, gate, vote, now) is not None


def _room_for(
    state: Orchestration, where: GateId, gate: Gate, vote: Vote, now: datetime
) -> frozenset[int] | None:
    if len(gate.votes) < STRANGERS_MIN:
        # So it mostly is, and then there is nothing to work out.
        return frozenset()
    question = question_at(state, where, gate, now)
    return make_room(question, gate.votes, vote, voters_of(gate), now)


def _without(gate: Gate, gone: frozenset[int]) -> Gate:
    """Let go of some votes: what is known of the others stays known."""
    if not gone:
        return gate
    survey, seeking = gate.survey, gate.seeking
    if survey is not None:
        survey = replace(survey, votes=survey.votes - sum(it < survey.votes for it in gone))
    taken_back = (
        gate.votes[it].reference for it in sorted(gone) if gate.votes[it].is_withdrawn
    )
    return replace(
        gate,
        votes=tuple(vote for place, vote in enumerate(gate.votes) if place not in gone),
        answered=gate.answered - sum(it < gate.answered for it in gone),
        # An answer on its way counts votes that are not there any more.
        asked_votes=-1,
        survey=survey,
        seeking=replace(seeking, rounds=seeking.rounds + 1),
        withdrawn=_remembered(gate, *taken_back),
        let_go=gate.let_go + len(gone),
    )


def _remembered(gate: Gate, *references: str) -> tuple[str, ...]:
    """Remember what was taken back, the latest of it: its vote may be heard, or heard again."""
    return (*gate.withdrawn, *references)[-WITHDRAWN_MAX:]


def _is_same(vote: Vote, known: Vote) -> bool:
    """Tell whether a vote was heard before: a delivery may come again, and at another time.

    Also after it was withdrawn. What names no review or comment is known by its moment.
    """
    at = known.at if vote.reference else vote.at
    same = replace(vote, at=at, digest=known.digest, is_withdrawn=known.is_withdrawn)
    return same == known


def withdraw_votes(state: Orchestration, event: VotesWithdrawn) -> Orchestration:
    """Withdraw what a review or comment said that was dismissed, edited or deleted."""
    if state.has_ended or not event.reference:
        return state
    for name in tuple(state.tasks):
        for where, gate in tuple(gates_of(state, name)):
            votes = withdraw(gate.votes, event.reference)
            if votes != gate.votes and not gate.choice:
                # What is left is looked at again, and an answer on its way is none any more.
                seeking = replace(gate.seeking, rounds=gate.seeking.rounds + 1)
                changed = replace(
                    gate, votes=votes, asked_votes=-1, survey=None, seeking=seeking
                )
                state = with_gate(state, where, changed)
            elif _is_unknown(gate, event.reference):
                withdrawn = _remembered(gate, event.reference)
                state = with_gate(state, where, replace(gate, withdrawn=withdrawn))
    return state


def _is_unknown(gate: Gate, reference: str) -> bool:
    return reference not in {*gate.withdrawn, *(vote.reference for vote in gate.votes)}


def record_survey(state: Orchestration, event: GateSurveyed) -> Orchestration:
    """Write down what is known of those who voted; an older answer changes nothing."""
    gate = gate_at(state, event.gate)
    if gate is None or state.has_ended or gate.choice:
        return state
    gate = _as_said(gate, event.survey)
    if not _is_newer(gate, event):
        return state
    gate = replace(gate, survey=event.survey, is_crowded=False)
    proof, carry = event.survey.proof, gate.seeking.carry
    if carry is not None and not carry.ahead and proof is not None and not proof.is_first:
        # Whoever stands before it may have been decided on just while nobody listened.
        gate = _moved(gate)
    return with_gate(state, event.gate, gate)


def _as_said(gate: Gate, survey: Survey) -> Gate:
    """Withdraw what was voted by comments that do not say so any more."""
    votes = gate.votes
    for reference in survey.changed:
        votes = withdraw(votes, reference)
    return replace(gate, votes=votes)


def _is_newer(gate: Gate, event: GateSurveyed) -> bool:
    if event.round != gate.seeking.rounds:
        return False
    return gate.survey is None or event.survey.votes > gate.survey.votes


def record_found(state: Orchestration, event: VotesFound) -> Orchestration:
    """Write down what was voted elsewhere, in place of what was known of that before."""
    gate = gate_at(state, event.gate)
    if gate is None or state.has_ended or gate.choice:
        return state
    own = tuple(vote for vote in gate.votes if not vote.carried_from)
    # However many have voted here: what is found elsewhere is not pushed out by them.
    votes = (*own, *event.votes[:VOTES_MAX])
    seeking = replace(gate.seeking, carry=event.carry)
    if votes == gate.votes:
        changed = replace(gate, seeking=seeking)
        return state if changed == gate else with_gate(state, event.gate, changed)
    # Who has been answered stands first, in the same order; who voted elsewhere is not.
    answered = sum(not vote.carried_from for vote in gate.votes[: gate.answered])
    changed = replace(
        gate,
        votes=votes,
        answered=answered,
        asked_votes=-1,
        survey=None,
        seeking=replace(seeking, rounds=seeking.rounds + 1),
    )
    return with_gate(state, event.gate, changed)


def record_move(state: Orchestration) -> Orchestration:
    """Have the gates of a merge group look once more for what was voted elsewhere."""
    if state.status is not OrchestrationStatus.RUNNING:
        return state
    for name in tuple(state.tasks):
        for where, gate in tuple(gates_of(state, name)):
            moved = gate if gate.choice else _moved(gate)
            if moved != gate:
                state = with_gate(state, where, moved)
    return state


def _moved(gate: Gate) -> Gate:
    seeking = gate.seeking
    return replace(gate, seeking=replace(seeking, moves=seeking.sought))


def give_up_gates(state: Orchestration, event: SubjectGone) -> Orchestration:
    """Cancel each gate that waits for people about a commit which is not asked about now.

    A machine says itself what leads it on, and one that events join goes on with them. What
    waits only for its place has not begun, and need not.
    """
    if state.machine is not None or state.plan.correlation or event.sha == cause_of(state).sha:
        return state
    if event.action and not plans_anew(state.plan.definition, event.action):
        return state
    gone = Gone(code=event.code, message=event.message, sha=event.sha)
    if state.status is OrchestrationStatus.BLOCKED:
        return state.to(OrchestrationStatus.CANCELLING, reason_of(gone))
    if state.status is not OrchestrationStatus.RUNNING:
        return state
    for name in tuple(state.tasks):
        for where, _ in tuple(gates_of(state, name)):
            state = given_up(state, where, gone)
    if state.gone is not None and (state.gone.is_superseded or state.gone == gone):
        return state
    # What opens later is given up then (`rules.superseding`).
    return replace(state, gone=gone)
