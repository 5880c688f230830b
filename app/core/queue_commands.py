"""What gates in a merge queue ask of others, and tell them. Part of `app.core.commands`."""

from dataclasses import dataclass

from app.core.gate_events import GateId
from app.core.values import Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class FindVotes:
    """Find what was voted about the pull request that a merge group holds, at the same gate.

    `base` is what the group stands on: perhaps the group before it. Returns as `VotesFound`.
    """

    gate: GateId
    repository_id: int
    number: int
    base: Sha

    @property
    def key(self) -> str:
        return f"find-votes/{self.gate}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TellQueue:
    """Tell the merge groups that wait for it that a gate was decided.

    That of a pull request, by its `number`, or of the group before them, by its commit.
    """

    repository_id: int
    number: int | None
    sha: Sha

    @property
    def key(self) -> str:
        return f"tell-queue/{self.number or self.sha}"
