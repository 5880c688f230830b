"""Small states beside the orchestrations, which many of them share, and how each is named.

A lock, a calendar and a schedule have each a decision of their own. They and orchestrations
tell each other things by events; whoever keeps them needs only what is said here.
"""

from typing import TypeAlias, assert_never

from app.core import calendar_state, locks
from app.core.calendar_state import CalendarState
from app.core.locks import Lock
from app.core.schedules import ScheduleState
from app.core.state import Orchestration
from app.core.values import LockKey, OrchestrationId

Shared: TypeAlias = Lock | CalendarState | ScheduleState

LOCK = "lock/"
CALENDAR = "calendar/"
SCHEDULE = "schedule/"


def lock_subject(key: LockKey) -> str:
    """Name a concurrency group."""
    return f"{LOCK}{key}"


def calendar_subject(organization: str, name: str) -> str:
    """Name a calendar of an organization; GitHub does not tell upper from lower case."""
    return f"{CALENDAR}{organization.lower()}/{name}"


def calendar_of(state: Orchestration, named: str) -> str:
    """Name a calendar as an orchestration means it: of its own organization, or of another's.

    That of another is `organization/name`, as a policy there has it.
    """
    owner, _, name = named.rpartition("/")
    return calendar_subject(owner or state.plan.origin.repository.partition("/")[0], name)


def awaited_by_runs(state: Orchestration) -> frozenset[str]:
    """Name the calendars for which a run that waits is not let go: also when all has ended."""
    return frozenset(
        calendar_of(state, passage.calendar)
        for run in state.environments
        for passage in run.passages
    )


def schedule_subject(repository_id: int, definition: str) -> str:
    """Name the schedule of a definition."""
    return f"{SCHEDULE}{repository_id}/{definition}"


def subject_of(shared: Shared) -> str:
    """Name a state."""
    match shared:
        case Lock():
            return lock_subject(shared.key)
        case CalendarState():
            return calendar_subject(shared.organization, shared.name)
        case ScheduleState():
            return schedule_subject(shared.repository_id, shared.definition)
        case _:
            assert_never(shared)


def members_of(shared: Shared) -> frozenset[OrchestrationId]:
    """Return the orchestrations that have something of a state, or wait for it."""
    match shared:
        case Lock():
            return locks.members(shared)
        case CalendarState():
            return calendar_state.members(shared)
        case ScheduleState():
            return frozenset()
        case _:
            assert_never(shared)


def is_idle(shared: Shared) -> bool:
    """Tell whether a state is as good as one that was never made."""
    match shared:
        case Lock():
            return not shared.holding and not shared.waiting
        case CalendarState():
            return not shared.waiting and not shared.freezes
        case ScheduleState():
            return not shared.entries
        case _:
            assert_never(shared)


def new_shared(subject: str) -> Shared:
    """Return the state that a name stands for while nothing is known of it."""
    if subject.startswith(LOCK):
        return Lock(key=LockKey(subject.removeprefix(LOCK)))
    room, owner, name = subject.split("/", 2)
    if subject.startswith(CALENDAR):
        return CalendarState(organization=owner, name=name)
    assert subject.startswith(SCHEDULE), f"{room} is no kind of state"
    return ScheduleState(repository_id=int(owner), definition=name)


def is_shared(subject: str) -> bool:
    """Tell whether a name is that of such a state; otherwise it is an orchestration's id."""
    return subject.startswith((LOCK, CALENDAR, SCHEDULE))
