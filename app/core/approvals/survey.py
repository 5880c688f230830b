"""What was found out about the people and policies of a gate, at one moment.

Asked of GitHub each time somebody has voted, and kept with the gate: whoever reads later why
it opened sees the memberships as they were then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app.core.approvals.carry import Proof
from app.core.approvals.codeowners import Owned
from app.core.approvals.people import Party, Voter


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """The text of a policy as it was read, and whose it is; `error` if it could not be."""

    owner: str
    text: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """The answer to `SurveyGate`: it is about the first `votes` votes of the gate.

    `changed` names comments that do not say any more what was voted by them, or are gone.

    `same_tree` has the commits that were voted about and hold the same files as the plan's.
    `policies` are those of the repository and of the organisation, in this order. `proof` is
    about what a merge group holds.
    """

    at: datetime
    votes: int
    voters: tuple[Voter, ...] = ()
    parties: Mapping[str, tuple[Party, ...]] = field(default_factory=dict)
    owned: tuple[Owned, ...] | None = None
    changed: tuple[str, ...] = ()
    same_tree: tuple[str, ...] = ()
    policies: tuple[PolicyText, ...] = ()
    proof: Proof | None = None
