"""What becomes of what an orchestration listens to, and of where it lives, as it goes on.

Most of what happens to one changes neither, and that is known without looking for either.
"""

from app.core.absence import presence
from app.core.interests import Interest, hangs_on_tasks, interests
from app.core.state import Orchestration


def change_of_interests(
    before: Orchestration | None, after: Orchestration
) -> frozenset[Interest] | None:
    """Return what is listened to from now on; `None` where that is what it was before."""
    if before is not None and not may_differ(before, after):
        return None
    listens = topics(after)
    known = topics(before) if before is not None else frozenset()
    return listens if listens != known else None


def topics(state: Orchestration) -> frozenset[Interest]:
    """Return all by which an orchestration is found: what it listens to, and where it lives."""
    return interests(state) | presence(state)


def may_differ(before: Orchestration, after: Orchestration) -> bool:
    """Tell whether two states of an orchestration may be found by different things."""
    if before.status is not after.status or before.paused is not after.paused:
        return True
    if before.machine is not after.machine:
        return True
    return before.tasks is not after.tasks and hangs_on_tasks(after.plan.definition)
