"""What a rule is, and what it answers with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from app.core.legs.dispatching import Asked
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


Rule: TypeAlias = Callable[[Orchestration, TaskName, datetime], Decision]
"""Sees the state, one task and the time, and nothing of what happened."""
WholeRule: TypeAlias = Callable[[Orchestration, datetime], Decision]
"""Sees the state and the time, once no rule about a task has anything left to do."""
