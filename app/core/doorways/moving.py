"""What becomes of a pull request or a merge group, as far as it ends what waits for people.

A new commit, or a pull request that is closed, leaves nothing to decide about the old one: the
gates that wait are given up, and what is on its way goes on. A merge group that is destroyed
takes all with it. Another base, and a draft that is one or is none any more, is like a new
commit for those who listen to such (`hearing.replanning`).
"""

from datetime import datetime

from app.core.events import CancelRequested, Event
from app.core.gate_events import SubjectGone
from app.core.hearing.heard import Heard
from app.core.hearing.replanning import REPLANNED, is_replanned
from app.core.state_of_gates import SUPERSEDED
from app.core.values import Json, Sha

GITHUB = "GitHub"


def moved(heard: Heard, at: datetime) -> tuple[Event, ...]:
    """Say what a delivery means for those whose pull request or merge group it is about."""
    number = heard.subject.pull_request
    match heard.event, heard.action:
        case "pull_request", "closed":
            why = f"pull request #{number} was closed"
            return (SubjectGone(at=at, code="pull-request-closed", message=why),)
        case "pull_request", "synchronize":
            sha = heard.subject.sha
            why = f"pull request #{number} goes on at {sha[:12]}"
            return (SubjectGone(at=at, code=SUPERSEDED, message=why, sha=Sha(sha)),)
        case "pull_request", str(action) if is_replanned(heard):
            why = f"pull request #{number} {REPLANNED[action]}"
            return (SubjectGone(at=at, code=SUPERSEDED, message=why, action=action),)
        case "merge_group", "destroyed":
            said: Json = heard.payload.get("reason")
            why = f"the merge group is gone ({said if isinstance(said, str) else 'destroyed'})"
            return (CancelRequested(at=at, by=GITHUB, reason=why),)
        case _:
            return ()
