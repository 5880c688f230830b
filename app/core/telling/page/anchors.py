"""Where on a page something stands: names for its parts, the same from one look to the next."""

from app.core.values import TaskName


def anchor_of_task(name: TaskName) -> str:
    """Name the row of a task, or the first of several."""
    return f"task-{name}"


def anchor_of_state(name: str) -> str:
    """Name the row of a machine's state."""
    return f"state-{name}"
