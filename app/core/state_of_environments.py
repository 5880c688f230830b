"""Workflow runs that wait at a protected environment for our answer, as they are known."""

from dataclasses import dataclass
from datetime import datetime

from app.core.state_of_places import Passage
from app.core.values import AttemptId, RepositoryName

APPROVED, REJECTED, REFUSED, GONE = "approved", "rejected", "refused", "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingRun:
    """One workflow run that waits at an environment: what it was told, and how it was answered.

    `attempt` is ours that dispatched it; without one the orchestration was started by its
    waiting. `reports` counts what GitHub was told meanwhile, `reported` is the last of it.
    `answer` is what we want GitHub to do since `answered_at`, `outcome` what came of that;
    `again` counts the answers that came to nothing. `calendars` are those that a policy wants
    to be open first, beside the definition's own. While it is held by them, `passages` say
    what they last said.
    """

    workflow_run_id: int
    environment: str
    repository_id: int
    repository: RepositoryName
    installation_id: int
    asked_at: datetime
    attempt: AttemptId | None = None
    reports: int = 0
    reported: str = ""
    answer: str = ""
    outcome: str = ""
    message: str = ""
    answered_at: datetime | None = None
    again: int = 0
    calendars: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it has not been answered, nor is about to be."""
        return not self.answer

    @property
    def held_by(self) -> Passage | None:
        """The calendar that is closed and holds its approval up, if one does."""
        return next((each for each in self.passages if not each.is_open), None)
