"""What is heard at gates: votes by any door, votes taken back, and what is known of voters.

Part of `app.core.events`, whose union names them.
"""

from dataclasses import dataclass
from datetime import datetime

from app.core.approvals.carry import Carry
from app.core.approvals.survey import Survey
from app.core.state_of_gates import Vote
from app.core.values import ONLY_LEG, LegKey, Sha, TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class GateId:
    """Which gate: of a task, of one of its legs, or of one of its waves."""

    task: TaskName
    leg: LegKey = ONLY_LEG
    wave: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.task, self.leg, self.wave) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast:
    """Somebody voted at a gate, by a review, a comment, a button or the page."""

    at: datetime
    gate: GateId
    vote: Vote


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesWithdrawn:
    """The review or comment that a vote came from was dismissed, edited or deleted."""

    at: datetime
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectGone:
    """The pull request was closed, or goes on at another commit: `sha`, where there is one.

    There is nothing to decide any more: gates that wait are given up. With an `action` it is
    planned anew at the same commit, as far as the definition listens to that.
    """

    at: datetime
    code: str
    message: str
    sha: Sha | None = None
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSurveyed:
    """What GitHub and the policies say about those who voted at a gate, and about the plan."""

    at: datetime
    gate: GateId
    survey: Survey
    round: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class VotesFound:
    """What was voted at the same gate of the pull request that a merge group holds."""

    at: datetime
    gate: GateId
    carry: Carry
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMoved:
    """A gate was decided that a merge group waits for: of its pull request, or before it."""

    at: datetime
