"""What is said of a wish from which, as things stand, nothing follows: why that is so.

The wish is written down all the same: until the server reads it, things may stand otherwise.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from app.core.decide import decide
from app.core.events import Event
from app.core.hearing.asking import PREFIX, AskedWrongly, event_asked_for
from app.core.moves import LegStatus, TaskStatus
from app.core.state import Orchestration
from app.core.telling.headline import headline
from app.core.telling.looks import look_of_task
from app.core.values import Json, TaskName


def doubt_about(
    state: Orchestration, verb: str, wish: Mapping[str, Json], now: datetime
) -> str:
    """Say why nothing would follow of a wish just now; nothing where something would."""
    try:
        event = event_asked_for(f"{PREFIX}{verb}", wish, now)
    except AskedWrongly as error:
        return str(error)
    if event is None or _would_change(state, event):
        return ""
    if verb in ("cancel", "pause", "rollback") and state.has_ended:
        undone = "nothing of it can be undone" if verb == "rollback" else "it has ended"
        return f"{undone}: {headline(state)}"
    if verb == "pause":
        return f"it is {headline(state)}" if state.paused else f"it is {state.status}"
    if verb == "resume":
        return "it is not paused"
    name = wish.get("task")
    if not isinstance(name, str) or not name:
        return f"as it stands there is nothing to {verb}: {headline(state)}"
    return _about_task(state, TaskName(name), verb, wish)


def _would_change(state: Orchestration, event: Event) -> bool:
    return replace(decide(state, event).state, events=state.events) != state


def _about_task(
    state: Orchestration, name: TaskName, verb: str, wish: Mapping[str, Json]
) -> str:
    task = state.tasks[name]
    word = look_of_task(task).word
    if verb != "approve":
        return f"{name} is {word}, and there is nothing to {verb}"
    is_asking = task.status is TaskStatus.ASKING or any(
        leg.status is LegStatus.AWAITING for leg in task.legs.values()
    )
    if not is_asking and not any(each.gate for each in task.waves.values()):
        return f"{name} asks nobody; it is {word}"
    return f"{name} does not ask for `{wish.get('option')}` with these words; see `show`"
