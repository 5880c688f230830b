"""What GitHub puts off: it is written down until when and why, and nothing follows from it."""

from app.core.copying import replace
from app.core.events import DispatchDelayed
from app.core.moves import LegStatus
from app.core.state import Leg, Reason


def delay(leg: Leg, event: DispatchDelayed) -> Leg:
    """Write down until when what was asked for is put off, unless it is done by now."""
    if leg.status is not LegStatus.DISPATCHING:
        return leg
    delayed = Reason(code="delayed", message=event.message)
    return leg.with_attempt(replace(leg.attempt, delayed=delayed, delayed_until=event.until))
