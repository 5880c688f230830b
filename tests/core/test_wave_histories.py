"""Random histories of random rollouts: whatever is heard and asked, the laws hold."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.core.commands import SetTimer
from app.core.decide import decide
from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    Conclusion,
    DispatchAccepted,
    Event,
    OrchestrationRequested,
    OutputsReported,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RunStatus,
    SkipRequested,
    TimerElapsed,
    WorkflowRunObserved,
)
from app.core.moves import LegStatus, TaskStatus
from app.core.plan import Plan
from app.core.state import Leg, Orchestration, WaveStatus, new_orchestration
from app.core.values import AttemptId, LegKey, TaskName
from tests.core.wave_kit import APPROVAL, CHECK, NAME, ROLLBACK, wave
from tests.kit import laws
from tests.kit.build import HEAD, START, plan, run_id

STEPS = 60
STEPS_TO_THE_END = 600
UNDER_WAY = (LegStatus.QUEUED, LegStatus.RUNNING, LegStatus.HELD, LegStatus.CANCELLING)
ENDS = (
    *([Conclusion.SUCCESS] * 6),
    Conclusion.FAILURE,
    Conclusion.CANCELLED,
    Conclusion.NEUTRAL,
)


def random_rollout(dice: random.Random) -> Plan:
    """Make a rollout of a few legs in a few waves, with some of all that waves may have."""
    percents = sorted({*(dice.randint(1, 99) for _ in range(dice.randint(0, 2))), 100})
    waves: list[dict[str, Any]] = []
    for number, percent in enumerate(percents):
        more: dict[str, Any] = {}
        if dice.random() < 0.5:
            more["bake"] = dice.choice(("5m", "20m", "1h"))
        if dice.random() < 0.3:
            more["max-failures"] = dice.randint(1, 2)
        if dice.random() < 0.3:
            more["max-parallel"] = dice.randint(1, 2)
        if dice.random() < 0.3:
            more["approval"] = APPROVAL
        if number < len(percents) - 1 and dice.random() < 0.2:
            more["when"] = "matrix.n == 'a'"
        waves.append(wave(f"w{number}", percent, **more))
    strategy: dict[str, Any] = {"matrix": {"n": list("abcde"[: dice.randint(1, 5)])}}
    strategy["waves"] = waves
    if any("bake" in each for each in waves) and dice.random() < 0.7:
        strategy["bake-check"] = CHECK
    if dice.random() < 0.6:
        strategy["rollback"] = {**ROLLBACK, "scope": dice.choice(("wave", "all"))}
    if dice.random() < 0.3:
        strategy["max-parallel"] = dice.randint(1, 3)
    task: dict[str, Any] = {"strategy": strategy, "timeout-minutes": dice.choice((10, 90))}
    if dice.random() < 0.3:
        backoff = {"initial": "1m", "jitter": "none"}
        task["retry"] = {"max-attempts": 2, "backoff": backoff}
    if dice.random() < 0.3:
        task["on-failure"] = dice.choice(("ask", "continue"))
    if dice.random() < 0.3:
        task["compensate"] = {"dispatch": "acme/edge/.github/workflows/undo.yml@main"}
    if dice.random() < 0.3:
        task["escalate"] = [{"after": "5m", "notify": "acme/sre", "via": ["issue"]}]
    after = {"if": "needs.rollout.result == 'success'"}
    return plan("rollout; after: rollout", rollout=task, after=after)


class History:
    """One rollout, its timers, and what comes to pass."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.now = START
        self.timers: list[tuple[datetime, str]] = []
        self.heard: list[Event] = []
        self.state: Orchestration = new_orchestration(random_rollout(dice))
        self.tell(OrchestrationRequested(at=self.now, by="mona"))

    def tell(self, event: Event) -> None:
        """Take an event in, with every law checked."""
        decision = decide(self.state, event)
        laws.check(self.state, event, decision)
        self.state = decision.state
        self.heard.append(event)
        for command in decision.commands:
            if isinstance(command, SetTimer):
                self.timers.append((command.due, command.task or ""))

    def legs(self) -> list[tuple[TaskName, LegKey, Leg]]:
        """Return every leg of every task."""
        tasks = self.state.tasks.items()
        return [(name, key, leg) for name, task in tasks for key, leg in task.legs.items()]

    def go_on(self) -> None:
        """Let a workflow run go on, or one that has ended be run again by somebody."""
        going = [
            each
            for each in self.legs()
            if each[2].status is LegStatus.DISPATCHING or each[2].status in UNDER_WAY
        ]
        if not going:
            self.time_passes()
            return
        name, key, leg = self.dice.choice(going)
        where = AttemptId(task=name, leg=key, number=len(leg.attempts))
        run = leg.attempt.workflow_run_id or run_id(str(where))
        if leg.attempt.accepted_at is None and not leg.attempt.is_rerun:
            accepted = DispatchAccepted(at=self.now, attempt=where, workflow_run_id=run, url="")
            self.tell(accepted)
        if "~check" in name:
            errors = self.dice.choice((0, 0, 0, 0, 2, "many"))
            self.tell(
                OutputsReported(
                    at=self.now,
                    attempt=where,
                    run_attempt=leg.attempt.run_attempt,
                    outputs={"errors": errors},
                    summary="",
                )
            )
        self.see(where, run, leg.attempt.run_attempt, self.dice.choice((*ENDS, None)))

    def run_again(self) -> None:
        """Let somebody re-run a workflow run that has ended on GitHub."""
        ended = [
            each
            for each in self.legs()
            if each[2].has_ended and each[2].attempts and each[2].attempt.workflow_run_id
        ]
        if ended:
            name, key, leg = self.dice.choice(ended)
            where = AttemptId(task=name, leg=key, number=len(leg.attempts))
            run = leg.attempt.workflow_run_id or 0
            self.see(where, run, leg.attempt.run_attempt + 1, None)

    def see(self, where: AttemptId, run: int, run_attempt: int, how: Conclusion | None) -> None:
        """Let a workflow run be seen: in progress, or ended."""
        status = RunStatus.IN_PROGRESS if how is None else RunStatus.COMPLETED
        self.tell(
            WorkflowRunObserved(
                at=self.now,
                attempt=where,
                workflow_run_id=run,
                run_attempt=run_attempt,
                status=status,
                conclusion=how,
                head_sha=HEAD,
                url="",
            )
        )

    def time_passes(self) -> None:
        """Let the next timer elapse."""
        if not self.timers:
            return
        self.timers.sort()
        due, task = self.timers.pop(0)
        self.now = max(self.now, due)
        self.tell(TimerElapsed(at=self.now, task=TaskName(task) if task else None))

    def decided(self, option: str | None = None) -> None:
        """Let people decide what they are asked, if anything."""
        task = self.state.tasks[NAME]
        asking = [w for w, it in task.waves.items() if it.status is WaveStatus.ASKING]
        is_question = task.status is TaskStatus.ASKING
        if not asking and not is_question:
            return
        options = ("retry", "skip", "fail") if is_question else ("approve", "approve", "reject")
        self.tell(
            ApprovalDecided(
                at=self.now,
                task=NAME,
                leg=LegKey(""),
                wave="" if is_question else asking[0],
                option=option or self.dice.choice(options),
                by="ada",
                reason="so it is",
                inputs={},
            )
        )

    def asked(self) -> None:
        """Let somebody want something of the whole."""
        wish = self.dice.random()
        if wish < 0.25:
            self.tell(PauseRequested(at=self.now, by="mona", reason=""))
        elif wish < 0.6:
            self.tell(ResumeRequested(at=self.now, by="mona"))
        elif wish < 0.85:
            task = self.dice.choice((NAME, None))
            self.tell(RetryRequested(at=self.now, task=task, by="mona"))
        elif wish < 0.93:
            self.tell(SkipRequested(at=self.now, task=NAME, by="mona", reason="enough"))
        else:
            self.tell(CancelRequested(at=self.now, by="mona", reason=""))

    def heard_again(self) -> None:
        """Let something be heard once more."""
        self.tell(self.dice.choice(self.heard))

    def to_the_end(self) -> None:
        """Let everything end, and nobody want anything any more."""
        self.tell(ResumeRequested(at=self.now, by="mona"))
        for _ in range(STEPS_TO_THE_END):
            if self.state.has_ended:
                return
            self.decided("fail" if self.state.tasks[NAME].question else "approve")
            self.go_on()
            self.now += timedelta(seconds=1)


def live(seed: int) -> History:
    """Let one rollout live through a random history."""
    dice = random.Random(seed)
    history = History(dice)
    steps: list[Callable[[], None]] = [history.go_on] * 8
    steps += [history.time_passes] * 4 + [history.decided] * 2
    steps += [history.asked, history.run_again, history.heard_again]
    for _ in range(STEPS):
        history.now += timedelta(seconds=dice.choice((0, 1, 30, 400)))
        dice.choice(steps)()
    history.to_the_end()
    return history


@pytest.mark.parametrize("seed", range(60))
def test_a_rollout_keeps_the_laws_and_comes_to_its_end(seed: int) -> None:
    """Failures, cancellations, retries and re-runs in any order: it ends, and by the laws."""
    history = live(seed)

    assert history.state.has_ended
