"""REHEARSES: one stateful GitHub as an ASGI app, with its own time and trouble on demand.

It serves the demo, `rehearse` for users, and the tests. `model` knows what is so, `shapes`
turns it into GitHub's JSON, `wire` answers and sends; `Rehearsal` is the way in.
"""

from app.rehearsal.model.clock import EPOCH, Clock, VirtualClock, WallClock
from app.rehearsal.model.faults import CallFault, DeliveryFault, Faults
from app.rehearsal.model.outcome import Outcome, Script
from app.rehearsal.model.world import Call, Dispatch, Flavour, World
from app.rehearsal.places import EVENTS, PERMISSIONS
from app.rehearsal.rehearsal import Rehearsal
from app.rehearsal.wire.server import RehearsalTransport, serve, serve_in_thread

__all__ = [
    "EPOCH",
    "EVENTS",
    "PERMISSIONS",
    "Call",
    "CallFault",
    "Clock",
    "DeliveryFault",
    "Dispatch",
    "Faults",
    "Flavour",
    "Outcome",
    "Rehearsal",
    "RehearsalTransport",
    "Script",
    "VirtualClock",
    "WallClock",
    "World",
    "serve",
    "serve_in_thread",
]
