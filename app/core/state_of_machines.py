"""State machines as they stand in the state: where each is, and what it has heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.core.plan import Cause
from app.core.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Something that a transition or a wait listens to and that no rule has used yet."""

    name: str
    at: datetime
    cause: Cause | None = None
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """Where a state machine is: the state, how often each was entered, and the data.

    `latest` is the last GitHub event that led from one state to another: expressions see it
    in place of what started the whole. `history` names the states entered so far, in order.
    `led_by` tells what was last heard that led on, so that it does not lead on twice.
    """

    state: str
    visits: Mapping[str, int]
    data: JsonObject
    entered_at: datetime
    latest: Cause | None = None
    led_by: str = ""
    history: tuple[str, ...] = ()
    escalated: int = 0
