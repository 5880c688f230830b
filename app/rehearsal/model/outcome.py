"""What a workflow run will do, written before it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from app.rehearsal.model.state import WorkflowRun

Outputs: TypeAlias = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt of a workflow run goes.

    Without `outputs` the workflow does not use the companion Action; with them (given, or
    made from the inputs) it reports them just before it ends. A run with `is_starting` off
    stays queued, and one with an `environment` waits there until it is let go. `jobs` names
    the jobs with the conclusion of each; without it there is one, which ends as the run does.
    """

    queued: timedelta = timedelta(seconds=1)
    duration: timedelta = timedelta(seconds=3)
    conclusion: str = "success"
    jobs: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs | None = None
    summary: str = ""
    is_starting: bool = True
    environment: str | None = None
    is_deaf_to_cancel: bool = False


Script: TypeAlias = Outcome | Sequence[Outcome] | Callable[[WorkflowRun, int], Outcome]


def outcome_for(script: Script | None, run: WorkflowRun, attempt: int) -> Outcome:
    """Return how an attempt goes: the last outcome of a sequence goes on for ever."""
    if script is None:
        return Outcome()
    if isinstance(script, Outcome):
        return script
    if callable(script):
        return script(run, attempt)
    return script[min(attempt, len(script)) - 1]
