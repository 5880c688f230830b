"""What is asked about a gate. Part of `app.core.commands`, whose union names it."""

from dataclasses import dataclass

from app.core.gate_events import GateId


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyGate:
    """Find out who they are that voted, what they may, and what the policies say.

    Returns as `GateSurveyed`. Everything else that must be known (the cause, the approval,
    the votes) stands in the state. `votes` counts those that it is about, `round` how often
    others stand before the latest than did: carried over, taken back or let go.
    """

    gate: GateId
    votes: int
    round: int = 0

    @property
    def key(self) -> str:
        again = f"/{self.round}" if self.round else ""
        return f"survey-gate/{self.gate}/{self.votes}{again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerVote:
    """Tell somebody who voted in a comment whether the vote counts, and if not, why.

    `reference` names the comment, `could` those who could still open the gate.
    """

    gate: GateId
    reference: str
    is_counted: bool
    code: str
    sentence: str
    could: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"answer-vote/{self.gate}/{self.reference}"
