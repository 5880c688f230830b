"""Repositories that we cannot reach for the time being, and who is paused meanwhile.

An App is suspended, uninstalled, or taken off a repository. What lives there is paused with
that reason rather than fail, and goes on when the App is back; unless a person paused it.
"""

from enum import StrEnum

from app.core.interests import Interest
from app.core.state import Orchestration


class Absence(StrEnum):
    """Why a repository cannot be reached: the code of the reason."""

    SUSPENDED = "installation-suspended"
    UNINSTALLED = "installation-removed"
    REMOVED = "repository-removed"


WHY = {
    Absence.SUSPENDED: "the App is suspended there",
    Absence.UNINSTALLED: "the App was uninstalled there",
    Absence.REMOVED: "the App does not reach a repository that it needs any more",
}
OURSELVES = "signalbox"


def lives_in(repository_id: int) -> Interest:
    """Name what concerns all that live in a repository."""
    return Interest(event="(lives)", repository_id=repository_id)


def waits_for(repository_id: int) -> Interest:
    """Name what concerns those that wait until a repository can be reached again."""
    return Interest(event="(waits)", repository_id=repository_id)


def homes(state: Orchestration) -> frozenset[int]:
    """Return the repositories without which an orchestration cannot go on."""
    return frozenset({state.plan.origin.repository_id, state.plan.cause.repository_id})


def presence(state: Orchestration) -> frozenset[Interest]:
    """Return in which repositories an orchestration lives, and which of them it waits for."""
    if state.has_ended:
        return frozenset()
    here = homes(state)
    found = {lives_in(each) for each in here}
    if is_away(state):
        found |= {waits_for(each) for each in here}
    return frozenset(found)


def is_away(state: Orchestration) -> bool:
    """Tell whether it is paused because a repository cannot be reached."""
    return state.paused is not None and state.paused.code in set(Absence)
