"""Orchestrations to be summarised: a definition, and step by step what is heard."""

from datetime import UTC, datetime, timedelta
from typing import Self

from app.core.commands import DispatchWorkflow
from app.core.decide import decide
from app.core.events import (
    AttemptId,
    CancelRequested,
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    Event,
    OrchestrationRequested,
    OutputsReported,
    RunStatus,
    WorkflowRunObserved,
)
from app.core.parse import parse
from app.core.plan import Cause, Origin, Plan
from app.core.state import Orchestration, new_orchestration
from app.core.values import (
    ONLY_LEG,
    JsonObject,
    LegKey,
    OrchestrationId,
    RepositoryName,
    Sha,
    TaskName,
)

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
COMMIT = Sha("3f1c2d4e5a6b7c8d9e0f3f1c2d4e5a6b7c8d9e0f")


def plan_of(
    text: str,
    *,
    stem: str = "release-train",
    number: int = 42,
    inputs: JsonObject | None = None,
    ref: str = "refs/heads/main",
    actor: str = "octocat",
) -> Plan:
    """Return a plan with this definition, set off by a push."""
    path = f".github/orchestrations/{stem}.yml"
    definition, problems = parse(text, path)
    assert definition is not None, problems
    repository = RepositoryName("acme/release")
    return Plan(
        id=OrchestrationId("0123456789abcdef"),
        number=number,
        origin=Origin(repository_id=1, repository=repository, installation_id=7, path=path),
        definition=definition,
        text=text,
        cause=Cause(
            event_name="push",
            event={"ref": ref},
            repository_id=1,
            repository=repository,
            installation_id=7,
            actor=actor,
            sha=COMMIT,
            ref=ref,
            pull_request=12,
        ),
        inputs=inputs or {},
    )


class Told:
    """An orchestration that hears one thing after another, some time apart."""

    def __init__(self, plan: Plan, *, by: str = "octocat") -> None:
        self.state: Orchestration = new_orchestration(plan)
        self.now = START
        self.dispatches: dict[tuple[TaskName, LegKey], DispatchWorkflow] = {}
        self._by = by

    def begin(self) -> Self:
        return self._hear(OrchestrationRequested(at=self.now, by=self._by))

    def wait(self, **span: float) -> Self:
        self.now += timedelta(**span)
        return self

    def accept(self, task: str, leg: str = ONLY_LEG) -> Self:
        attempt = self._attempt(task, leg)
        return self._hear(
            DispatchAccepted(
                at=self.now, attempt=attempt, workflow_run_id=self._run(attempt), url=""
            )
        )

    def refuse(self, task: str, leg: str = ONLY_LEG, *, code: str, message: str) -> Self:
        attempt = self._attempt(task, leg)
        return self._hear(
            DispatchRefused(at=self.now, attempt=attempt, code=code, message=message)
        )

    def run(
        self,
        task: str,
        leg: str = ONLY_LEG,
        *,
        status: RunStatus = RunStatus.IN_PROGRESS,
        conclusion: Conclusion | None = None,
        run_attempt: int = 1,
    ) -> Self:
        attempt = self._attempt(task, leg)
        dispatch = self.dispatches[attempt.task, attempt.leg]
        number = self._run(attempt)
        return self._hear(
            WorkflowRunObserved(
                at=self.now,
                attempt=attempt,
                workflow_run_id=number,
                run_attempt=run_attempt,
                status=status,
                conclusion=conclusion,
                head_sha=COMMIT,
                url=f"https://github.com/{dispatch.repository}/actions/runs/{number}",
            )
        )

    def end(
        self, task: str, leg: str = ONLY_LEG, conclusion: Conclusion = Conclusion.SUCCESS
    ) -> Self:
        return self.run(task, leg, status=RunStatus.COMPLETED, conclusion=conclusion)

    def report(
        self, task: str, leg: str = ONLY_LEG, summary: str = "", **outputs: object
    ) -> Self:
        attempt = self._attempt(task, leg)
        return self._hear(
            OutputsReported(
                at=self.now,
                attempt=attempt,
                run_attempt=1,
                outputs=outputs,  # type: ignore[arg-type]  # the tests hand JSON in
                summary=summary,
            )
        )

    def hear(self, event: Event) -> Self:
        """Hear anything else."""
        return self._hear(event)

    def cancel(self, *, by: str = "hubot", reason: str = "") -> Self:
        return self._hear(CancelRequested(at=self.now, by=by, reason=reason))

    def _hear(self, event: Event) -> Self:
        decision = decide(self.state, event)
        self.state = decision.state
        for command in decision.commands:
            if isinstance(command, DispatchWorkflow):
                self.dispatches[command.attempt.task, command.attempt.leg] = command
        return self

    def _attempt(self, task: str, leg: str) -> AttemptId:
        return AttemptId(task=TaskName(task), leg=LegKey(leg), number=1)

    def _run(self, attempt: AttemptId) -> int:
        return 9_000_000_001 + list(self.dispatches).index((attempt.task, attempt.leg))
