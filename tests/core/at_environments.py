"""Stories begin here in which workflow runs wait at environments: ours, or one of others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from app.core.commands import DispatchWorkflow
from app.core.environment_commands import AnswerEnvironment, ReportEnvironment
from app.core.environment_events import EnvironmentAsked
from app.core.events import (
    DispatchAccepted,
)
from app.core.plan import Cause
from app.core.summary import summarise_check
from app.core.values import Json, RepositoryName
from tests.kit.stage import Stage, graph, happening

WORKFLOW = "acme/api/.github/workflows/deploy.yml@main"
URL = "https://api.github.com/repos/acme/infra/actions/runs/9/deployment_protection_rule"
ASKS = {"approval": {"rules": [{"require": [{"users": ["mona"]}]}]}}


def rule(**changes: Json) -> Cause:
    """Say that a workflow run waits."""
    payload: dict[str, Json] = {
        "action": "requested",
        "environment": "production",
        "deployment_callback_url": URL,
        **changes,
    }
    return happening("deployment_protection_rule", payload)


def guarded(tasks: Mapping[str, Any], cause: Cause | None = None) -> Stage:
    """Begin what a waiting run set off."""
    return Stage.of(graph(tasks, cause=cause or rule()))


def deploying(environment: str | None = "production") -> Stage:
    """Begin a deployment, whose run is known."""
    task = {"dispatch": WORKFLOW}
    named = {**task, "environment": environment} if environment else task
    stage = Stage.of(graph({"deploy": named}))
    [command] = stage.asked(DispatchWorkflow)
    stage.tell(
        DispatchAccepted(at=stage.now, attempt=command.attempt, workflow_run_id=9, url="")
    )
    return stage


def asked(stage: Stage, **changes: Any) -> EnvironmentAsked:
    """Say that the deployment waits."""
    event = EnvironmentAsked(
        at=stage.now + timedelta(seconds=1),
        attempt=stage.attempt("deploy"),
        workflow_run_id=9,
        environment="production",
        repository_id=2,
        repository=RepositoryName("acme/api"),
        installation_id=9,
    )
    return replace(event, **changes)


def answers(stage: Stage) -> list[bool]:
    return [each.is_approved for each in stage.asked(AnswerEnvironment)]


def said_of(stage: Stage) -> str:
    check = summarise_check(stage.state)
    return check.summary + check.text


def reports(stage: Stage) -> list[str]:
    return [each.comment for each in stage.asked(ReportEnvironment)]
