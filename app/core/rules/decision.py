"""What a rule is, what it answers with, and where it may find anything to do."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.core.legs.dispatching import Asked
from app.core.moves import LegStatus, TaskStatus
from app.core.state import Orchestration
from app.core.values import TaskName

Commands: TypeAlias = tuple[Asked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is so now, and what to do about it.

    `also` names other tasks that a rule about one task has made, or wants looked at.
    """

    state: Orchestration
    commands: Commands = ()
    also: tuple[TaskName, ...] = ()


Rule: TypeAlias = Callable[[Orchestration, TaskName, datetime], Decision | None]
"""Sees the state, one task and the time, and nothing of what happened.

Where there is nothing to do it answers `None`.
"""
WholeRule: TypeAlias = Callable[[Orchestration, datetime], Decision | None]
"""Sees the state and the time, once no rule about a task has anything left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRule:
    """A rule about one task, and where alone it may find anything to do.

    That is at a task in one of the statuses `tasks` that has a leg in one of the statuses
    `legs` (`None`: whatever its legs), or waves, where the rule is about `waves`. Elsewhere
    it is not called.
    """

    apply: Rule
    tasks: frozenset[TaskStatus]
    legs: frozenset[LegStatus] | None = None
    waves: bool = False

    def may_apply(self, task: TaskStatus, legs: frozenset[LegStatus], has_waves: bool) -> bool:
        """Tell whether the rule may find anything to do at such a task."""
        if task not in self.tasks:
            return False
        if self.legs is None:
            return True
        return not self.legs.isdisjoint(legs) or (self.waves and has_waves)
