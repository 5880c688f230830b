"""What is heard about environments: a workflow run waits there, and what came of an answer.

Part of `app.core.events`, whose union names them.
"""

from dataclasses import dataclass
from datetime import datetime

from app.core.values import AttemptId, RepositoryName


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentAsked:
    """A workflow run that one of our attempts dispatched waits at an environment for us.

    GitHub asks us by a webhook; `is_found` where we looked ourselves, since it may be lost.
    """

    at: datetime
    attempt: AttemptId
    workflow_run_id: int
    environment: str
    repository_id: int
    repository: RepositoryName
    installation_id: int
    is_found: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentAnswered:
    """GitHub took our answer, or it did not: `outcome` is the answer, `gone` or `refused`.

    `code` is a stable reason code where it was refused, `message` says why. With `calendars`
    it is not given before all of them are open.
    """

    at: datetime
    workflow_run_id: int
    environment: str
    outcome: str
    code: str = ""
    message: str = ""
    calendars: tuple[str, ...] = ()
