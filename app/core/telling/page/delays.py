"""What was to be done and is put off: what it is, until when, and by whose limit."""

from dataclasses import dataclass
from datetime import datetime

from app.core.telling.markdown import one_line
from app.core.telling.waiting import moment

LIMIT = "GitHub's rate limit"
WHY_MAX = 300
NAME_MAX = 120

SURFACES = {
    "write/check": "the check",
    "write/comment": "the comment on the pull request",
    "write/issue": "the comment on the issue",
}
DEEDS = {
    "dispatch": "dispatching {}",
    "rerun": "running the failed jobs of {} again",
    "cancel": "cancelling {}",
    "force-cancel": "cancelling {}",
    "look-up": "looking {} up",
    "list-jobs": "looking at the jobs of {}",
    "measure-change": "looking at what {} changed",
    "operation": "{}",
    "notify": "a notice about {}",
    "survey-gate": "asking who voted at {}",
    "answer-vote": "answering a vote at {}",
    "find-votes": "looking for votes at {}",
    "report-environment": "a report to the workflow run {}",
    "answer-environment": "answering the workflow run {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOff:
    """A command that is put off, by its key."""

    key: str
    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """The same in words; `says` goes on where `what` ends."""

    what: str
    says: str


def delay_of(put_off: PutOff, now: datetime) -> Delay:
    """Say what is put off, until when, and why."""
    what = SURFACES.get(put_off.key) or _deed(put_off.key)
    because = one_line(put_off.why, WHY_MAX)
    if put_off.until <= now:
        return Delay(what=what, says=f"is about to be tried again; it was delayed: {because}")
    until = f"delayed until {moment(put_off.until)}"
    if because.startswith(LIMIT):
        rest = because.removeprefix(LIMIT).removeprefix(": ")
        return Delay(what=what, says=f"{until} by {LIMIT}{f' ({rest})' if rest else ''}")
    return Delay(what=what, says=f"{until}: {because}")


def _deed(key: str) -> str:
    verb, _, about = key.partition("/")
    if verb not in DEEDS:
        return one_line(key, NAME_MAX)
    # An attempt is named by its task, its leg and its number, a leg only where there are some.
    return one_line(DEEDS[verb].format(about.removesuffix("/1").replace("/", " ")), NAME_MAX)
