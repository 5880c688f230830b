"""People: they answer what they are asked, sooner, later or never, and interfere at random."""

import random
from typing import Final

from app.core.actions import Approval
from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    CommandGiven,
    Event,
    GitHubEventHeard,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SkipRequested,
)
from app.core.moves import LegStatus, TaskStatus
from app.core.naming import definition_of
from app.core.plan import Cause
from app.core.state import Orchestration, WaveStatus
from app.core.values import ONLY_LEG, LegKey, TaskName
from tests.kit.world import World

ACTS: Final = ("cancel", "pause", "retry", "retry", "all", "skip", "roll back", "hear")


class People:
    """Whoever may do something; `said` is what they say to the orchestration."""

    def __init__(self, dice: random.Random, world: World, cause: Cause) -> None:
        self.dice, self.world, self.cause = dice, world, cause
        self.said: list[Event] = []
        self.retries_left = 4
        self._asked: set[tuple[TaskName, str, str]] = set()

    def plan(self, state: Orchestration) -> None:
        """Decide when to interfere, and how."""
        names = [*state.tasks, TaskName("nobody")]
        for _ in range(self.dice.choice((0, 0, 1, 1, 2, 5))):
            when = self.dice.choice((0, 5, 40, 300, 2_000, 9_000, 90_000))
            act, name = self.dice.choice(ACTS), self.dice.choice(names)
            self.world.later(when, lambda act=act, name=name: self._act(act, name))

    def look(self, state: Orchestration) -> None:
        """See what is asked, and plan the answer."""
        for name, task in state.tasks.items():
            for key, leg in task.legs.items():
                if leg.status is LegStatus.AWAITING and leg.gate is not None:
                    self._see(state, name, key, str(leg.gate.opened_at))
            for wave, progress in task.waves.items():
                if progress.status is WaveStatus.ASKING and progress.gate is not None:
                    self._see_wave(name, wave, str(progress.gate.opened_at))
            if task.status is TaskStatus.ASKING and task.question is not None:
                self._see(state, name, ONLY_LEG, f"? {state.events}")

    def _see(self, state: Orchestration, name: TaskName, key: LegKey, when: str) -> None:
        is_question = when.startswith("?")
        known = (name, key, "?" if is_question else when)
        if known in self._asked:
            return
        self._asked.add(known)
        action = definition_of(state.plan.definition, name).action
        if is_question:
            options: tuple[str, ...] = ("retry", "skip", "fail")
        elif isinstance(action, Approval):
            options = action.options
        else:
            return
        if self.dice.random() < 0.85:
            option = self.dice.choice((*options, *options, "nonsense"))
            takes = self.dice.choice((1, 200, 4_000))
            self.world.later(takes, lambda: self._answer(name, key, option))

    def _see_wave(self, name: TaskName, wave: str, when: str) -> None:
        if (name, wave, when) in self._asked:
            return
        self._asked.add((name, wave, when))
        option = self.dice.choice(("approve", "approve", "reject"))
        takes = self.dice.choice((1, 200, 4_000))
        self.world.later(takes, lambda: self._answer(name, ONLY_LEG, option, wave))

    def _answer(self, name: TaskName, key: LegKey, option: str, wave: str = "") -> None:
        self._asked.discard((name, key, "?"))
        if option == "retry":
            self.retries_left -= 1
            option = "retry" if self.retries_left > 0 else "fail"
        self.said.append(
            ApprovalDecided(
                at=self.world.now,
                task=name,
                leg=key,
                wave=wave,
                option=option,
                by="mona",
                reason=self.dice.choice(("", "because", "because")),
                inputs={},
            )
        )

    def _act(self, act: str, name: TaskName) -> None:
        now = self.world.now
        match act:
            case "cancel":
                self.said.append(CancelRequested(at=now, by="mona", reason=""))
            case "pause":
                self.said.append(PauseRequested(at=now, by="mona", reason="lunch"))
                if self.dice.random() < 0.9:
                    takes = self.dice.choice((20, 600, 20_000))
                    self.world.later(takes, self._resume)
            case "retry" | "all" if self.retries_left > 0:
                self.retries_left -= 1
                task = name if act == "retry" else None
                self.said.append(RetryRequested(at=now, task=task, by="mona"))
            case "skip":
                skip = SkipRequested(at=now, task=name, by="mona", reason="not today")
                self.said.append(skip)
            case "roll back":
                self.said.append(RollBackRequested(at=now, by="mona", reason="it is bad"))
            case "hear":
                heard = GitHubEventHeard(at=now, name="pull_request.closed", cause=self.cause)
                self.said.append(heard)
            case _:
                self.said.append(CommandGiven(at=now, name="ship", by="mona", arguments={}))

    def _resume(self) -> None:
        self.said.append(ResumeRequested(at=self.world.now, by="mona"))
