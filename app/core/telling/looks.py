"""How each status looks: a sign, a word and a colour, never the colour alone.

Signs differ in form, so that they can be told apart without colours; the word stands beside
them wherever there is room for it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.moves import LegStatus, TaskStatus
from app.core.naming import is_following, origin_of, visit_of, word_of
from app.core.state import Leg, Task
from app.core.values import ONLY_LEG, LegKey, TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The sign and the word of a status, and its class in drawings."""

    sign: str
    word: str
    style: str

    def __str__(self) -> str:
        return f"{self.sign} {self.word}"


TOLERATED = Look(sign="⚠️", word="failed, tolerated", style="tolerated")
LOOKS: Mapping[LegStatus | TaskStatus, Look] = {
    TaskStatus.WAITING: Look(sign="⏳", word="waiting", style="waiting"),
    LegStatus.PENDING: Look(sign="⏳", word="pending", style="waiting"),
    LegStatus.BLOCKED: Look(sign="🔒", word="blocked", style="waiting"),
    LegStatus.RESTING: Look(sign="🔁", word="resting", style="waiting"),
    LegStatus.AWAITING: Look(sign="✋", word="awaiting", style="held"),
    TaskStatus.ASKING: Look(sign="❓", word="asking", style="held"),
    LegStatus.SKIPPED: Look(sign="⏭️", word="skipped", style="skipped"),
    LegStatus.DISPATCHING: Look(sign="📨", word="dispatching", style="running"),
    LegStatus.QUEUED: Look(sign="🕒", word="queued", style="waiting"),
    LegStatus.RUNNING: Look(sign="▶️", word="running", style="running"),
    TaskStatus.RUNNING: Look(sign="▶️", word="running", style="running"),
    LegStatus.HELD: Look(sign="✋", word="held", style="held"),
    LegStatus.CANCELLING: Look(sign="🛑", word="cancelling", style="cancelled"),
    LegStatus.SUCCEEDED: Look(sign="✅", word="succeeded", style="succeeded"),
    TaskStatus.SUCCEEDED: Look(sign="✅", word="succeeded", style="succeeded"),
    LegStatus.FAILED: Look(sign="❌", word="failed", style="failed"),
    TaskStatus.FAILED: Look(sign="❌", word="failed", style="failed"),
    LegStatus.CANCELLED: Look(sign="🚫", word="cancelled", style="cancelled"),
    TaskStatus.CANCELLED: Look(sign="🚫", word="cancelled", style="cancelled"),
    TaskStatus.SKIPPED: Look(sign="⏭️", word="skipped", style="skipped"),
}

STYLES: Mapping[str, str] = {
    "waiting": "fill:#f6f8fa,stroke:#8c959f,color:#57606a,stroke-dasharray:4 3",
    "running": "fill:#ddf4ff,stroke:#0969da,color:#0550ae",
    "held": "fill:#fff8c5,stroke:#9a6700,color:#7d4e00,stroke-width:3px",
    "succeeded": "fill:#dafbe1,stroke:#1a7f37,color:#116329",
    "failed": "fill:#ffebe9,stroke:#cf222e,color:#a40e26,stroke-width:3px",
    "tolerated": "fill:#fff1e5,stroke:#bc4c00,color:#953800",
    "cancelled": "fill:#eaeef2,stroke:#57606a,color:#424a53",
    "skipped": "fill:#ffffff,stroke:#d0d7de,color:#6e7781",
}
"""Of drawings; text keeps a contrast of at least 4.5 to 1 in light and in dark pages."""

TELLING = (
    LegStatus.AWAITING,
    LegStatus.HELD,
    LegStatus.RUNNING,
    LegStatus.QUEUED,
    LegStatus.DISPATCHING,
    LegStatus.CANCELLING,
    LegStatus.RESTING,
    LegStatus.BLOCKED,
    LegStatus.PENDING,
)
"""Of a task whose legs differ, the first of these that one of them has tells most."""

COUNTED = tuple(
    dict.fromkeys(
        look.word
        for look in (
            LOOKS[LegStatus.HELD],
            LOOKS[LegStatus.FAILED],
            TOLERATED,
            *(LOOKS[each] for each in TELLING),
            LOOKS[LegStatus.CANCELLED],
            LOOKS[LegStatus.SUCCEEDED],
            LOOKS[LegStatus.SKIPPED],
        )
    )
)
"""The words for legs in the order in which they are counted: what needs a look comes first."""


def look_of_leg(leg: Leg) -> Look:
    """Return how one leg looks."""
    is_tolerated = leg.status is LegStatus.FAILED and leg.is_tolerated
    return TOLERATED if is_tolerated else LOOKS[leg.status]


def look_of_task(task: Task) -> Look:
    """Return how a task looks, its legs taken together."""
    if task.status is TaskStatus.FAILED and task.is_tolerated:
        return TOLERATED
    if task.status is TaskStatus.RUNNING:
        found = {leg.status for leg in task.legs.values()}
        return next((LOOKS[each] for each in TELLING if each in found), LOOKS[task.status])
    return LOOKS[task.status]


def count_of_legs(task: Task) -> str:
    """Say how many legs are how far: `1 failed, 2 running`."""
    counts = Counter(look_of_leg(leg).word for leg in task.legs.values())
    return ", ".join(f"{counts[word]} {word}" for word in COUNTED if counts[word])


def name_of(task: TaskName, leg: LegKey = ONLY_LEG) -> str:
    """Name a leg as people do: `build (linux)`; a task without a matrix by its own name.

    A task of a machine is named within its state; what follows from a task says what it does.
    """
    return f"{_shown(task)} ({leg})" if leg else _shown(task)


def _shown(task: TaskName) -> str:
    visit = visit_of(task)
    shown = str(origin_of(task))
    if visit is not None:
        state, number = visit
        shown = f"{state} · {word_of(task)}" if word_of(task) not in IMPLIED else state
        shown += f" (visit {number})" if number > 1 else ""
    if not is_following(task):
        return shown
    kind, _, rest = task.partition("~")[2].partition(".")
    wave, _, number_of = rest.partition(".")
    match kind:
        case "undo":
            return f"undo {shown}"
        case "check":
            return f"{shown}: check {number_of} of {wave}"
        case _:
            return f"{shown}: roll back {wave}"


IMPLIED = ("approval", "wait")
"""The one task of a state that asks people or waits is called like the state."""
