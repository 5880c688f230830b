"""The small names that all of the core shares: JSON values and the ids of things.

Ids are `NewType`s, so that a task's name cannot be handed over where a repository's is
wanted. GitHub's numeric ids are keys; names are a cache, since repositories are renamed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NewType, TypeAlias

Json: TypeAlias = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]
JsonObject: TypeAlias = Mapping[str, Json]

RepositoryName = NewType("RepositoryName", str)
"""`owner/name`, as GitHub's `full_name` spells it."""

TaskName = NewType("TaskName", str)
LegKey = NewType("LegKey", str)
"""Names one cell of a task's matrix; a task without a matrix has one leg, the empty key."""

OrchestrationId = NewType("OrchestrationId", str)
Sha = NewType("Sha", str)

LockKey = NewType("LockKey", str)
"""Names a concurrency group: `organization/acme/GROUP` or `repository/42/GROUP`."""
Holder = NewType("Holder", str)
"""Who, within one orchestration, asks for or has a place in a concurrency group."""

ONLY_LEG = LegKey("")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptId:
    """Which try at which leg of which task; attempts count from 1."""

    task: TaskName
    leg: LegKey
    number: int

    def __str__(self) -> str:
        return (
            f"{self.task}/{self.leg}/{self.number}"
            if self.leg
            else f"{self.task}/{self.number}"
        )
