"""Tried again: what had ended goes on, and what followed from it is marked stale.

Either because somebody re-ran a workflow run on GitHub, or because somebody asked us to try
again. What succeeded is kept.
"""

from collections.abc import Iterator
from datetime import datetime

from app.core.copying import replace
from app.core.graph import dependents
from app.core.legs.context import is_left
from app.core.legs.waves import goes_on, is_passed, rolled_back, tried_again
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.naming import definition_of, is_following
from app.core.rules.beginning import again
from app.core.state import Leg, Orchestration, Task
from app.core.values import TaskName

TRIED_AGAIN = frozenset({LegStatus.FAILED, LegStatus.CANCELLED, LegStatus.SKIPPED})
UNMET = frozenset({"need-not-met", "condition-false"})


def reopen(state: Orchestration, name: TaskName, leg: Leg, at: datetime) -> Orchestration:
    """Let a task go on because one of its legs does."""
    strategy = definition_of(state.plan.definition, name).strategy
    task = goes_on(strategy, _running(state.tasks[name]), leg.wave)
    state = _go_on(state.with_task(name, task.with_leg(leg)), at)
    return mark_stale(wait_again(state, name), name)


def retry(state: Orchestration, name: TaskName, at: datetime) -> Orchestration:
    """Try a task again: the legs that did not succeed, or if all did, all of them."""
    state = _go_on(state, at)
    task = state.tasks[name]
    if task.status is TaskStatus.WAITING:
        # It was undone, and is to be done again anyway.
        return state
    undone = rolled_back(state, name)
    legs = [leg for leg in task.legs.values() if leg.status in TRIED_AGAIN or leg.key in undone]
    # A wave may have failed by its checks alone: then it is to bake again.
    is_whole = all(is_passed(wave) for wave in task.waves.values())
    if task.is_stale or not (legs or not is_whole):
        # What it needs has changed, or all is to be done anew: it begins from the beginning.
        task = _waiting(task)
    else:
        for leg in legs:
            task = task.with_leg(again(leg))
        task = _running(tried_again(task))
    return mark_stale(wait_again(state.with_task(name, task), name), name)


def retry_all(state: Orchestration, at: datetime) -> Orchestration:
    """Try again all that did not succeed, over all repositories; first what others need."""
    names = [
        name
        for name, task in state.tasks.items()
        if is_to_retry(task) and not is_following(name) and not is_left(state, name)
    ]
    for name in sorted(names, key=lambda name: -len(tuple(_descendants(state, name)))):
        if is_to_retry(state.tasks[name]):
            state = retry(state, name, at)
    return state


def is_to_retry(task: Task) -> bool:
    """Tell whether "retry from failed" concerns a task."""
    if task.status is TaskStatus.ASKING:
        return True
    if not task.has_ended:
        return False
    is_bad = not task.is_passed and task.status is not TaskStatus.SKIPPED
    return is_bad or task.is_stale or task.is_undone


def wait_again(state: Orchestration, name: TaskName) -> Orchestration:
    """Let what was skipped or cancelled only because of a task wait for it again.

    A condition that did not hold may have read how it ended.
    """
    for each in _descendants(state, name):
        task = state.tasks[each]
        is_unmet = task.reason is not None and task.reason.code in UNMET
        never_ran = task.status is TaskStatus.CANCELLED and not task.legs
        if (task.status is TaskStatus.SKIPPED and is_unmet) or never_ran:
            state = state.with_task(each, _waiting(task))
    return state


def mark_stale(state: Orchestration, name: TaskName) -> Orchestration:
    """Mark what ran after a task, and ended: it saw what is not so any more."""
    for each in _descendants(state, name):
        task = state.tasks[each]
        is_over = task.has_ended or task.status is TaskStatus.ASKING
        if is_over and task.legs and not task.is_stale:
            state = state.with_task(each, replace(task, is_stale=True))
    return state


def _descendants(state: Orchestration, name: TaskName) -> Iterator[TaskName]:
    seen = {name}
    agenda = [name]
    while agenda:
        for each in dependents(state.plan.definition, agenda.pop()):
            if each in state.tasks and each not in seen:
                seen.add(each)
                agenda.append(each)
                yield each


def _running(task: Task) -> Task:
    if task.status is TaskStatus.RUNNING:
        return task
    return replace(
        task.to(TaskStatus.RUNNING),
        reason=None,
        is_tolerated=False,
        is_warned=False,
        is_undone=False,
        question=None,
        skip=None,
        ended_at=None,
    )


def _waiting(task: Task) -> Task:
    return replace(
        task.to(TaskStatus.WAITING),
        reason=None,
        is_tolerated=False,
        is_warned=False,
        is_stale=False,
        is_undone=False,
        question=None,
        skip=None,
        ended_at=None,
    )


def _go_on(state: Orchestration, at: datetime) -> Orchestration:
    if not state.has_ended:
        return state
    # What was undone is done again, or what goes on would stand on nothing.
    for name, task in state.tasks.items():
        if task.is_undone:
            state = state.with_task(name, _waiting(task))
            state = mark_stale(wait_again(state, name), name)
    has_place = state.plan.definition.concurrency is None
    status = OrchestrationStatus.RUNNING if has_place else OrchestrationStatus.BLOCKED
    return replace(
        state.to(status),
        reason=None,
        conclusion="",
        outputs={},
        ended_at=None,
        deadline=at + state.plan.definition.timeout,
        timer=None,
    )
