"""Whether a task may begin, by how what it needs has ended."""

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias, assert_never

from app.core.definition import Join
from app.core.moves import TaskStatus
from app.core.state import Reason, Task
from app.core.values import TaskName

Standing: TypeAlias = Literal["wait", "begin"] | Reason
"""A reason is one for which the task is skipped."""
Needs: TypeAlias = Sequence[tuple[TaskName, Task]]

PAST = {
    TaskStatus.SUCCEEDED: "succeeded",
    TaskStatus.FAILED: "failed",
    TaskStatus.CANCELLED: "was cancelled",
    TaskStatus.SKIPPED: "was skipped",
}


def standing(join: Join, needs: Needs) -> Standing:
    """Say whether to begin, to wait, or why never to begin."""
    over = [(name, task) for name, task in needs if task.has_ended]
    is_over = len(over) == len(needs)
    match join:
        case Join.ALL:
            # One that did not succeed settles it, whatever the others are still doing.
            return _unless(over, is_bad=_is_not_passed, is_over=is_over)
        case Join.NONE_FAILED:
            return _unless(over, is_bad=_has_failed, is_over=is_over)
        case Join.ALL_DONE:
            return "begin" if is_over else "wait"
        case Join.ANY:
            return "begin" if over or not needs else "wait"
        case Join.ONE_SUCCESS:
            if not needs or any(task.is_passed for _, task in over):
                return "begin"
            return _not_met(_none([name for name, _ in needs])) if is_over else "wait"
        case _:  # pragma: no cover - the type checker counts the cases
            assert_never(join)


def _none(names: list[TaskName]) -> str:
    """Say that none of these tasks succeeded."""
    match names:
        case [only]:
            return f"{only} did not succeed"
        case [one, other]:
            return f"neither {one} nor {other} succeeded"
        case _:
            return f"none of these succeeded: {', '.join(names)}"


def _unless(over: Needs, *, is_bad: Callable[[Task], bool], is_over: bool) -> Standing:
    for name, task in over:
        if is_bad(task):
            return _not_met(f"it needs {name}, which {PAST[task.status]}")
    return "begin" if is_over else "wait"


def _is_not_passed(task: Task) -> bool:
    return not task.is_passed


def _has_failed(task: Task) -> bool:
    return not task.is_passed and task.status is not TaskStatus.SKIPPED


def _not_met(why: str) -> Reason:
    return Reason(code="need-not-met", message=why)
