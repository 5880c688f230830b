"""What people, the command line and our own clock ask for: deliveries that are not GitHub's."""

from collections.abc import Mapping
from dataclasses import replace

import structlog

from app.core.calendar_state import CalendarFrozen
from app.core.definition import Schedule
from app.core.hearing import asking
from app.core.hearing.asking import (
    AskedWrongly,
    by_operator,
    event_asked_for,
    moment_asked_for,
    orchestration_meant,
)
from app.core.hearing.catalogue import Covered, Entry
from app.core.planning import correlation_of, make_plan, manual_cause, scheduled_cause
from app.core.routing import Start
from app.core.shared import calendar_subject
from app.core.values import Json, JsonObject
from app.engine.library import Library
from app.engine.work import Work
from app.ports import Delivery

log = structlog.get_logger(__name__)


class Wishes:
    """Turns what is asked for into events and beginnings."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def take(self, delivery: Delivery, payload: JsonObject, work: Work) -> str:
        """Take one in; return what is to be noted of it. Raises `AskedWrongly`."""
        match delivery.event:
            case asking.START:
                return self._start(delivery.id, payload, work)
            case asking.TICK:
                return self._tick(delivery.id, payload, work)
            case asking.FREEZE:
                return self._freeze(payload, work)
        event = event_asked_for(delivery.event, payload, work.now)
        if event is None:
            raise AskedWrongly(f"{delivery.event} is nothing that can be asked for")
        work.add(orchestration_meant(payload), event)
        return ""

    def _start(self, delivery_id: str, payload: JsonObject, work: Work) -> str:
        repository, name = _text(payload, "repository"), _text(payload, "definition")
        entry = self._library.catalogue.find(repository, name)
        if entry is None:
            raise AskedWrongly(f"there is no definition {name} in {repository}")
        covered = self._library.catalogue.repositories[entry.origin.repository_id]
        given = payload.get("inputs")
        inputs: JsonObject = given if isinstance(given, Mapping) else {}
        cause = manual_cause(covered, _text(payload, "actor"), inputs)
        start = Start(entry=entry, cause=cause)
        if faults := begin(start, inputs, delivery_id, "manual", work):
            raise AskedWrongly("; ".join(faults))
        return ""

    def _tick(self, delivery_id: str, payload: JsonObject, work: Work) -> str:
        """Start what a schedule is for, as its definition says now."""
        notes: list[str] = []
        if missed := _integer(payload, "missed"):
            since = _text(payload, "missed_since")
            notes.append(f"{missed} ticks since {since} were missed, and start nothing")
        if payload.get("is_started") is not True:
            return "; ".join(notes)
        found = self._scheduled(payload)
        if found is None:
            return "its definition has no such schedule now"
        entry, covered, schedule = found
        cause = scheduled_cause(covered, schedule, _text(payload, "due"))
        start = Start(entry=entry, cause=cause)
        notes += begin(start, schedule.inputs, delivery_id, "schedule", work)
        return "; ".join(notes)

    def _scheduled(self, payload: JsonObject) -> tuple[Entry, Covered, Schedule] | None:
        """Find the entry of `on.schedule` that ticked, if it is still there."""
        catalogue = self._library.catalogue
        covered = catalogue.repositories.get(_integer(payload, "repository_id"))
        if covered is None:
            return None
        entry = catalogue.find(covered.repository.name, _text(payload, "definition"))
        if entry is None:
            return None
        schedules = [it for listen in entry.definition.on for it in listen.schedules]
        ticked = (_text(payload, "cron"), _text(payload, "timezone"))
        for schedule in schedules[_integer(payload, "index") :][:1]:
            if (schedule.cron, schedule.timezone) == ticked:
                return entry, covered, schedule
        return None

    def _freeze(self, payload: JsonObject, work: Work) -> str:
        """Close a calendar of an organization by hand, or all that it has."""
        organization, name = _text(payload, "organization"), _text(payload, "calendar")
        by, until = _text(payload, "actor"), moment_asked_for(payload, "until")
        if not organization or not by:
            raise AskedWrongly("`organization` or `actor` is missing")
        names = [name] if name else self._library.calendars_of(organization)
        if not names:
            raise AskedWrongly(f"{organization} has no calendar: say which is to be closed")
        because = _text(payload, "because")
        event = CalendarFrozen(at=work.now, until=until, by=by_operator(by), because=because)
        for each in names:
            work.tell(calendar_subject(organization, each), event)
        return ""


def begin(
    start: Start, inputs: JsonObject, delivery_id: str, name: str, work: Work
) -> tuple[str, ...]:
    """Begin a definition, unless it joins another; return why not, if its inputs are wrong."""
    plan, faults = make_plan(
        start.entry, start.cause, inputs, delivery_id=delivery_id, number=0
    )
    if plan is None:
        return faults
    key, note = correlation_of(plan.definition, plan.cause)
    if note:
        log.warning("no correlation", definition=plan.definition.id, why=note)
    plan = replace(plan, correlation=key)
    work.begin(plan, plan.cause.actor, name=name, delivery_id=delivery_id)
    return ()


def _integer(payload: Mapping[str, Json], name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise AskedWrongly(f"{name} is no whole number")
    return value


def _text(payload: Mapping[str, Json], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""
