"""Deliveries that are not GitHub's: what people ask for, by the command line or the API.

They come in as everything does, under the names that stand here. Each says who asks: an
`actor` is the operator, who may do everything, and stands in the journal as such; `as` is
somebody with an account on GitHub, whose role has to be asked for first (`person_of`). Why is
asked for where it matters to those who read the journal later.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from app.core.events import (
    ApprovalDecided,
    CancelRequested,
    CommandGiven,
    Event,
    PauseRequested,
    ResumeRequested,
    RetryRequested,
    RollBackRequested,
    SkipRequested,
)
from app.core.values import Json, JsonObject, LegKey, OrchestrationId, TaskName

PREFIX = "signalbox/"
REPORT = f"{PREFIX}report"
START = f"{PREFIX}start"
TICK = f"{PREFIX}tick"
FREEZE = f"{PREFIX}freeze"
SAY = f"{PREFIX}say"
"""Words of somebody with an account on GitHub, whose roles are asked for there."""

LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\[bot\])?")
"""What names of accounts look like, those of bots and of managed users too."""

Asking: TypeAlias = Callable[["Asked"], Event]


class AskedWrongly(Exception):
    """What was asked for lacks something; the text says what."""


class Asked:
    """One wish, read field by field."""

    def __init__(self, payload: JsonObject, at: datetime) -> None:
        self.at = at
        self._payload = payload

    def text(self, name: str) -> str:
        """Return a text; none where there is none."""
        value = self._payload.get(name)
        return value if isinstance(value, str) else ""

    def needed(self, name: str) -> str:
        """Return a text that has to be there. Raises `AskedWrongly`."""
        value = self.text(name).strip()
        if not value:
            raise AskedWrongly(f"`{name}` is missing")
        return value

    def object(self, name: str) -> JsonObject:
        """Return an object; an empty one where there is none."""
        value: Json = self._payload.get(name)
        return value if isinstance(value, Mapping) else {}

    @property
    def person(self) -> str:
        """Whose role has to be asked for: an account on GitHub; nobody where it is empty."""
        return checked_login(person_of(self._payload))

    @property
    def is_override(self) -> bool:
        return self._payload.get("override") is True

    @property
    def by(self) -> str:
        return self.person or by_operator(self.needed("actor"))


def person_of(payload: JsonObject) -> str:
    """Return for whom something is asked, by the account on GitHub; nobody for operators."""
    value = payload.get("as")
    return value.strip().removeprefix("@") if isinstance(value, str) else ""


def checked_login(login: str) -> str:
    """Return the name of an account if it may be one. Raises `AskedWrongly`."""
    if login and not LOGIN.fullmatch(login):
        raise AskedWrongly(f"{login[:100]!a} is no account on GitHub")
    return login


def by_operator(name: str) -> str:
    """Name somebody in the journal whose right was the token, or the database."""
    return f"operator {name}"


def event_asked_for(name: str, payload: JsonObject, at: datetime) -> Event | None:
    """Return the event that a wish is; `None` for one of another kind.

    Raises `AskedWrongly` where it lacks something.
    """
    make = WISHES.get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
    return make(Asked(payload, at)) if make is not None else None


def orchestration_meant(payload: JsonObject) -> OrchestrationId:
    """Return the id of the orchestration that a wish is about. Raises `AskedWrongly`."""
    value = payload.get("orchestration")
    if not isinstance(value, str) or not value:
        raise AskedWrongly("`orchestration` is missing")
    return OrchestrationId(value)


def moment_asked_for(payload: JsonObject, name: str) -> datetime:
    """Return a moment, in UTC where it names no zone. Raises `AskedWrongly`."""
    value = payload.get(name)
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise AskedWrongly(f"`{name}` is no moment such as 2026-12-24T12:00Z") from error


def _retry(asked: Asked) -> Event:
    task = asked.text("task")
    return RetryRequested(at=asked.at, task=TaskName(task) if task else None, by=asked.by)


def _skip(asked: Asked) -> Event:
    return SkipRequested(
        at=asked.at,
        task=TaskName(asked.needed("task")),
        by=asked.by,
        reason=asked.needed("reason"),
    )


def _approve(asked: Asked) -> Event:
    if not asked.person:
        _check_override(asked)
    return ApprovalDecided(
        at=asked.at,
        task=TaskName(asked.needed("task")),
        leg=LegKey(asked.text("leg")),
        wave=asked.text("wave"),
        option=asked.needed("option"),
        by=asked.by,
        reason=asked.text("reason"),
        inputs=asked.object("inputs"),
    )


def _check_override(asked: Asked) -> None:
    """Let nobody pass for the people asked by leaving out who it is."""
    asked.needed("actor")
    if not asked.is_override:
        raise AskedWrongly("`as` is missing: who votes; or `override`, with a reason")
    asked.needed("reason")


def _command(asked: Asked) -> Event:
    return CommandGiven(
        at=asked.at,
        name=asked.needed("name"),
        by=asked.by,
        arguments=asked.object("arguments"),
    )


WISHES: Mapping[str, Asking] = {
    "cancel": lambda it: CancelRequested(at=it.at, by=it.by, reason=it.text("reason")),
    "pause": lambda it: PauseRequested(at=it.at, by=it.by, reason=it.text("reason")),
    "resume": lambda it: ResumeRequested(at=it.at, by=it.by),
    "retry": _retry,
    "skip": _skip,
    "rollback": lambda it: RollBackRequested(at=it.at, by=it.by, reason=it.text("reason")),
    "approve": _approve,
    "command": _command,
}
"""Each wish about one orchestration, by its verb, and the event that it is."""
