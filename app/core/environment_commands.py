"""What is said to GitHub about environments. Part of `app.core.commands`."""

from dataclasses import dataclass

from app.core.values import RepositoryName


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEnvironment:
    """Say why a workflow run still waits at an environment. GitHub takes ten such reports."""

    workflow_run_id: int
    environment: str
    repository_id: int
    repository: RepositoryName
    installation_id: int
    count: int
    comment: str

    @property
    def key(self) -> str:
        return f"report-environment/{self.workflow_run_id}/{self.environment}/{self.count}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerEnvironment:
    """Let a workflow run go on at an environment, or turn it away.

    Returns as `EnvironmentAnswered`. `asking` tells several of one run apart, `again` those
    of one asking, of which the earlier ones came to nothing.
    """

    workflow_run_id: int
    environment: str
    repository_id: int
    repository: RepositoryName
    installation_id: int
    asking: int
    is_approved: bool
    comment: str
    again: int = 0

    @property
    def key(self) -> str:
        again = f"/{self.again}" if self.again else ""
        what = f"{self.workflow_run_id}/{self.environment}/{self.asking}"
        return f"answer-environment/{what}{again}"
