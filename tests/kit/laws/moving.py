"""Laws about how things move: along the tables, and from an end only when tried again."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import TypeVar

from app.core.events import (
    ApprovalDecided,
    Event,
    OutputsReported,
    RetryRequested,
    SkipRequested,
    WorkflowRunObserved,
)
from app.core.moves import (
    MOVES,
    ORCHESTRATION_MOVES,
    TASK_MOVES,
    LegStatus,
    TaskStatus,
)
from app.core.naming import is_undoing
from app.core.state import Leg, Orchestration, Task
from app.core.values import TaskName

S = TypeVar("S", bound=Hashable)


def check(before: Orchestration, event: Event, after: Orchestration) -> None:
    """Assert the laws about how things move."""
    _check_move(before.status, after.status, ORCHESTRATION_MOVES)
    assert before.tasks.keys() <= after.tasks.keys(), "no task goes"
    if before.has_ended and not after.has_ended:
        assert is_another_try(before, event) or after.wish is not None, "ended is ended"
    for name, now in after.tasks.items():
        was = before.tasks.get(name)
        if was is None or was is now:
            continue
        _check_move(was.status, now.status, TASK_MOVES)
        _check_ends(before, event, name, was, now)
        assert was.legs.keys() <= now.legs.keys(), "no leg goes"
        for key, leg in now.legs.items():
            known = was.legs.get(key)
            _check_move(known.status if known else LegStatus.PENDING, leg.status, MOVES)
            if known is not None:
                _check_history(known, leg)
    _check_markers(after)


def is_another_try(before: Orchestration, event: Event) -> bool:
    """Tell whether an event asks for another try, or shows one that began on GitHub."""
    match event:
        case RetryRequested() | SkipRequested():
            return True
        case ApprovalDecided():
            return event.option == "retry"
        case WorkflowRunObserved() | OutputsReported():
            leg = before.leg(event.attempt)
            return leg is not None and event.run_attempt > leg.attempt.run_attempt
        case _:
            return False


def _check_ends(
    before: Orchestration, event: Event, name: TaskName, was: Task, now: Task
) -> None:
    """What has ended stays as it ended, unless it is tried again.

    What undoes it runs again where it was done again.
    """
    if is_another_try(before, event):
        return
    if was.has_ended:
        same = replace(now, is_stale=was.is_stale, is_undone=was.is_undone)
        assert same == was or is_undoing(name), f"{name} has ended and stays as it is"
    if was.status is TaskStatus.WAITING:
        return
    for key, leg in was.legs.items():
        if leg.has_ended and not was.has_ended:
            assert now.legs[key] == leg, f"{name}/{key} has ended and stays as it is"


def _check_move(was: S, now: S, moves: Mapping[S, frozenset[S]]) -> None:
    # One decision may take several steps, each of them along the table.
    reached, agenda = {was}, [was]
    while agenda and now not in reached:
        fresh = moves[agenda.pop()] - reached
        reached |= fresh
        agenda.extend(fresh)
    assert now in reached, f"no way leads from {was} to {now}"


def _check_history(known: Leg, leg: Leg) -> None:
    """Attempts are only added; a workflow run, once known, is not exchanged."""
    # One may be heard of and fail, and another begin after it at once.
    assert len(known.attempts) <= len(leg.attempts) <= len(known.attempts) + 2
    for was, now in zip(known.attempts, leg.attempts, strict=False):
        assert was.number == now.number, "numbers stay"
        assert was.marker == now.marker, "a marker is for ever"
        assert was.workflow_run_id in (None, now.workflow_run_id)
        assert was.child in (None, now.child)
        assert was.run_attempt == now.run_attempt, "a re-run is an attempt of its own"
        assert was.conclusion in (None, now.conclusion), "an end is an end"
    assert leg.spent >= known.spent, "what is spent stays spent"
    assert leg.spent <= len(leg.attempts)


def _check_markers(after: Orchestration) -> None:
    """Each attempt but a re-run has a marker of its own, and they are numbered."""
    markers: list[str] = []
    for task in after.tasks.values():
        for leg in task.legs.values():
            for number, attempt in enumerate(leg.attempts, start=1):
                assert attempt.number == number, "attempts are numbered"
                if not attempt.is_rerun:
                    markers.append(attempt.marker)
    assert len(markers) == len(set(markers)), "no marker is used twice"
