"""TRIES OUT: runs one definition from its trigger to its end, in a made-up world.

A scenario says what the workflows do, who decides what and when, and how it should end. The
engine, the courier and the client are those of a server; GitHub is the rehearsal, and time is
virtual. `language` is what a scenario can say, `reading` reads it, `scenery` makes the places
that a definition names, `life` lives it through, `timeline` and `verdict` say how it went.
"""

from app.scenario.language import Scenario
from app.scenario.life import Lived, live
from app.scenario.reading.scenario import read_scenario
from app.scenario.subject import Subject, subject_of
from app.scenario.timeline import Line, timeline
from app.scenario.verdict import Finding, judge

__all__ = [
    "Finding",
    "Line",
    "Lived",
    "Scenario",
    "Subject",
    "judge",
    "live",
    "read_scenario",
    "subject_of",
    "timeline",
]
