"""Random histories of random machines: whatever is heard and asked, the laws hold."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.commands import AskSeat, LeaveSeat
from app.core.events import (
    CancelRequested,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SeatGranted,
    SkipRequested,
)
from app.core.moves import LegStatus
from app.core.plan import Plan
from app.core.values import TaskName
from tests.kit.stage import MOMENT, Stage, happening, pull
from tests.kit.states import on, story

STEPS = 40
STEPS_TO_THE_END = 300
ROUND = {"minutes": 90}
ASKS = {"rules": [{"require": [{"permission": "write"}]}]}
RUN = {"dispatch": "acme/app/.github/workflows/run.yml@main"}
PLACE = {"group": "prod", "scope": "organization"}
UNDER_WAY = (
    LegStatus.DISPATCHING,
    LegStatus.QUEUED,
    LegStatus.RUNNING,
    LegStatus.HELD,
    LegStatus.CANCELLING,
)


def random_machine(dice: random.Random) -> Plan:
    """Make a machine of a few states in a row, with ways back, and bounds on all of them."""
    names = [f"s{number}" for number in range(dice.randint(2, 4))]
    states = {}
    for name, following in zip(names, [*names[1:], "done"], strict=True):
        back = dice.choice([*names, "lost"])
        state = _random_state(dice, following, back)
        state |= {"max-visits": dice.randint(1, 4), "on-max-visits": {"to": "lost"}}
        if dice.random() < 0.3:
            state["concurrency"] = PLACE
        states[name] = state
    return story({"rounds": {"type": "integer", "default": 0}}, **states)


def _random_state(dice: random.Random, following: str, back: str) -> dict[str, Any]:
    late = {"timeout-minutes": dice.choice((30, 200, 2000))}
    counted = {"set": {"rounds": "data.rounds + 1"}, "when": "data.rounds < 3"}
    ways = [
        on("pull_request.synchronize", back, **dice.choice(({}, counted))),
        on("command.go", following),
        on("timeout", back),
    ]
    match dice.choice(("tasks", "tasks", "approval", "wait", "listen")):
        case "tasks":
            ends = [on("tasks.succeeded", following), on("tasks.failed", back)]
            return {"tasks": _random_tasks(dice), "transitions": [*ends, *ways], **late}
        case "approval":
            ends = [on("approval.approved", following), on("approval.rejected", back)]
            return {"approval": ASKS, "transitions": [*ends, *ways], **late}
        case "wait":
            wait = dice.choice(({"for": "1h"}, {"until": "windows", "max": "3h"}))
            return {"wait": wait, "transitions": [on("wait.elapsed", following), *ways], **late}
        case _:
            return {"transitions": [on("push", following), *ways], **late}


def _random_tasks(dice: random.Random) -> dict[str, Any]:
    work: dict[str, Any] = {**RUN, "retry": {"max-attempts": dice.randint(1, 2)}}
    if dice.random() < 0.5:
        work["compensate"] = RUN
    tasks: dict[str, Any] = {"work": work}
    if dice.random() < 0.5:
        tasks["ask"] = {"needs": ["work"], "approval": ASKS, "timeout-minutes": 60}
    if dice.random() < 0.5:
        tasks["hold"] = {"wait": {"event": "push", "for": "2h"}}
    if dice.random() < 0.5:
        tasks["last"] = {"needs": ["work"], "join": "all-done", "on-failure": "ask", **RUN}
    return tasks


class History:
    """One machine, and what comes to pass."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        closed = {"windows"} if dice.random() < 0.5 else set()
        busy = {"prod"} if dice.random() < 0.3 else set()
        self.stage = Stage.of(random_machine(dice), closed=closed, busy=busy)

    def step(self) -> None:
        """Let one thing happen."""
        happen = (self._run,) * 4 + (self._hear, self._wait, self._choose, self._ask)
        self.dice.choice((*happen, self._grant))()

    def end(self) -> None:
        """Let everything come to its end: what runs ends, and time passes."""
        stage = self.stage
        stage.tell(ResumeRequested(at=self._now(), by="mona"))
        for _ in range(STEPS_TO_THE_END):
            if stage.state.has_ended:
                return
            for name in list(self._under_way()):
                stage.run(name, self.dice.choice(("success", "failure")))
            stage.wait(**ROUND)
        raise AssertionError(f"it does not end: {stage.state}")

    def _under_way(self) -> Iterator[str]:
        for name, task in self.stage.state.tasks.items():
            for leg in task.legs.values():
                if leg.status in UNDER_WAY and leg.attempt.ended_at is None:
                    yield str(name)

    def _run(self) -> None:
        going = list(self._under_way())
        if going:
            how = ("success", "success", "failure", "cancelled", "neutral", "timed_out")
            self.stage.run(self.dice.choice(going), self.dice.choice(how))

    def _hear(self) -> None:
        sha = self.dice.choice("abc")
        match self.dice.choice(("push", "pull_request.synchronize", "command")):
            case "push":
                self.stage.hear("push", happening("push", {"sha": sha}, sha=sha * 40))
            case "command":
                self.stage.command(self.dice.choice(("go", "stop")))
            case name:
                self.stage.hear(name, pull("synchronize", sha))

    def _wait(self) -> None:
        self.stage.wait(minutes=self.dice.choice((1, 5, 60, 200)))
        if self.dice.random() < 0.3:
            self.stage.open("windows")

    def _choose(self) -> None:
        if self.stage.state.tasks:
            name = self.dice.choice(list(self.stage.state.tasks))
            option = self.dice.choice(("approve", "reject", "retry", "skip", "fail"))
            self.stage.choose(str(name), option, reason="so it is")

    def _grant(self) -> None:
        for holder, seat in list(self.stage.state.seats.items()):
            self.stage.tell(SeatGranted(at=self._now(), holder=holder, lock=seat.lock))

    def _ask(self) -> None:
        at, by = self._now(), "mona"
        name = self.dice.choice([TaskName("s0.1.work"), *self.stage.state.tasks])
        match self.dice.choice(("pause", "resume", "retry", "skip", "all", "rarely")):
            case "pause":
                self.stage.tell(PauseRequested(at=at, by=by, reason=""))
            case "resume":
                self.stage.tell(ResumeRequested(at=at, by=by))
            case "retry":
                self.stage.tell(RetryRequested(at=at, task=name, by=by))
            case "all":
                self.stage.tell(RetryRequested(at=at, task=None, by=by))
            case "skip":
                self.stage.tell(SkipRequested(at=at, task=name, by=by, reason="so it is"))
            case _ if self.dice.random() < 0.2:
                self.stage.tell(CancelRequested(at=at, by=by, reason=""))
            case _ if self.dice.random() < 0.2:
                self.stage.tell(RollBackRequested(at=at, by=by, reason=""))

    def _now(self) -> Any:
        self.stage.now += MOMENT
        return self.stage.now


@pytest.mark.parametrize("seed", range(60))
def test_a_machine_keeps_the_laws_and_comes_to_its_end(seed: int) -> None:
    """Every law is checked at each decision; at the end every place has been given back."""
    dice = random.Random(seed)
    history = History(dice)
    for _ in range(STEPS):
        history.step()
    history.end()
    stage = history.stage

    assert stage.state.conclusion in ("success", "failure", "cancelled")
    assert {each.holder for each in stage.asked(AskSeat)} == {
        each.holder for each in stage.asked(LeaveSeat)
    }
