"""What stories about waves share: a rollout in a few words, and what is said at its gates."""

from collections.abc import Mapping
from typing import Any

from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    Conclusion,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RunStatus,
    SkipRequested,
    WorkflowRunObserved,
)
from app.core.moves import LegStatus
from app.core.naming import check_of, rollback_of
from app.core.state import WaveStatus
from app.core.values import LegKey, TaskName
from tests.kit import build
from tests.kit.build import plan
from tests.kit.stage import MOMENT, Stage

NAME = TaskName("rollout")
APPROVAL = {"rules": [{"require": [{"teams": ["acme/sre"], "count": 1}]}]}
CHECK = {
    "dispatch": "acme/edge/.github/workflows/slo.yml@main",
    "every": "10m",
    "pass-when": "outputs.errors < 1",
    "outputs": {"errors": {"type": "integer"}},
}
ROLLBACK = {
    "dispatch": "acme/edge/.github/workflows/back.yml@main",
    "with": {"n": "${{ matrix.n }}"},
}


def rollout(
    *waves: Mapping[str, Any],
    legs: str = "abcd",
    task: Mapping[str, Any] | None = None,
    whole: Mapping[str, Any] | None = None,
    **strategy: Any,
) -> Stage:
    """Begin a rollout over legs of one letter each."""
    spelt = {key.replace("_", "-"): value for key, value in strategy.items()}
    body = {"strategy": {"matrix": {"n": list(legs)}, "waves": list(waves), **spelt}}
    return Stage.of(plan("rollout", whole=whole, rollout={**body, **(task or {})}))


def wave(name: str, percent: int = 100, **more: Any) -> dict[str, Any]:
    """Write one wave."""
    spelt = {key.replace("_", "-"): value for key, value in more.items()}
    return {"name": name, **({} if "when" in more else {"percent": percent}), **spelt}


def waves(stage: Stage) -> dict[str, WaveStatus]:
    """Return how far each wave is."""
    return {name: each.status for name, each in stage.task(NAME).waves.items()}


def statuses(stage: Stage, name: str = NAME) -> dict[str, LegStatus]:
    """Return how far each leg of a task is."""
    return {key: leg.status for key, leg in stage.task(name).legs.items()}


def members(stage: Stage) -> dict[str, str]:
    """Return which legs each wave has, as one word."""
    found: dict[str, str] = {}
    for key, leg in stage.task(NAME).legs.items():
        found[leg.wave] = found.get(leg.wave, "") + key
    return found


def ship(stage: Stage, legs: str, conclusion: str = "success") -> None:
    """Let the workflow runs of some legs end."""
    for leg in legs:
        stage.run(f"{NAME}/{leg}", conclusion)


def check(stage: Stage, name: str, number: int, **errors: int) -> None:
    """Let the checks of one round report, each leg its number of errors."""
    for leg, count in errors.items():
        stage.run(f"{check_of(NAME, name, number)}/{leg}", outputs={"errors": count})


def roll_back(stage: Stage, name: str, legs: str, conclusion: str = "success") -> None:
    """Let the roll-backs of some legs end."""
    for leg in legs:
        stage.run(f"{rollback_of(NAME, name)}/{leg}", conclusion)


def decide_wave(stage: Stage, name: str, option: str = "approve", reason: str = "") -> None:
    """Let the people asked about a wave choose."""
    stage.now += MOMENT
    decided = ApprovalDecided(
        at=stage.now,
        task=NAME,
        leg=LegKey(""),
        wave=name,
        option=option,
        by="ada",
        reason=reason,
        inputs={},
    )
    stage.tell(decided)


def retry(stage: Stage) -> None:
    """Let somebody ask for the rollout to be tried again."""
    stage.now += MOMENT
    stage.tell(RetryRequested(at=stage.now, task=NAME, by="mona"))


def skip(stage: Stage) -> None:
    """Let somebody go on without the rollout."""
    stage.now += MOMENT
    stage.tell(SkipRequested(at=stage.now, task=NAME, by="mona", reason="enough"))


def pause(stage: Stage) -> None:
    """Let somebody pause the whole."""
    stage.now += MOMENT
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))


def resume(stage: Stage) -> None:
    """Let the whole go on."""
    stage.now += MOMENT
    stage.tell(ResumeRequested(at=stage.now, by="mona"))


def cancel(stage: Stage) -> None:
    """Let somebody cancel the whole."""
    stage.now += MOMENT
    stage.tell(CancelRequested(at=stage.now, by="mona", reason=""))


def rerun(
    stage: Stage,
    leg: str,
    status: RunStatus,
    how: Conclusion | None = None,
    *,
    run_attempt: int = 2,
) -> None:
    """Let a workflow run that somebody re-ran on GitHub be seen."""
    stage.now += MOMENT
    known = stage.leg(f"{NAME}/{leg}")
    seen = WorkflowRunObserved(
        at=stage.now,
        attempt=stage.attempt(f"{NAME}/{leg}"),
        workflow_run_id=known.attempt.workflow_run_id or 0,
        run_attempt=run_attempt,
        status=status,
        conclusion=how,
        head_sha=build.HEAD,
        url="",
    )
    stage.tell(seen)
