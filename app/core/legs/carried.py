"""What a gate of a merge group makes of votes that were given on the pull request.

How they are found is `carrying`; what they must hold to is `approvals.carry`.
"""

from app.core.approvals.carry import weigh_carry
from app.core.approvals.people import Party
from app.core.approvals.reasons import Finding
from app.core.hearing.forks import comes_from_fork
from app.core.legs.context import cause_of
from app.core.state import Gate, Orchestration


def carried(gate: Gate) -> Finding | None:
    """Say whether votes of elsewhere count at a gate; nothing where none are looked for."""
    if gate.seeking.carry is None:
        return None
    proof = gate.survey.proof if gate.survey is not None else None
    return weigh_carry(gate.seeking.carry, proof)


def ahead_of(gate: Gate) -> str:
    """Return what was chosen for those that stand before a group; empty where nobody does."""
    proof = gate.survey.proof if gate.survey is not None else None
    carry = gate.seeking.carry
    return carry.ahead if carry is not None and proof is not None and not proof.is_first else ""


def actors(state: Orchestration, gate: Gate) -> tuple[Party, ...]:
    """Name who set it off: of a merge group also who did so for its pull request.

    Where its votes count, whoever put it into the queue had no part in what they are about.
    """
    carry, finding = gate.seeking.carry, carried(gate)
    if carry is None or not carry.actor:
        return (Party(login=state.requested_by),)
    theirs = Party(login=carry.actor)
    if finding is not None and finding.is_met:
        return (theirs,)
    return (Party(login=state.requested_by), theirs)


def is_of_fork(state: Orchestration, gate: Gate) -> bool:
    """Tell whether what is asked about comes from a fork: of a merge group GitHub says so."""
    proof = gate.survey.proof if gate.survey is not None else None
    return comes_from_fork(cause_of(state)) or (proof is not None and proof.is_from_fork)
