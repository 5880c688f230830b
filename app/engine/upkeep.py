"""What follows for calendars and schedules when definitions and policies are read anew."""

from collections.abc import Collection
from datetime import datetime

from app.core.calendar_state import CalendarReviewed, CalendarState
from app.core.routing import ORGANIZATION_REPOSITORIES
from app.core.schedules import ScheduleRead, ScheduleState
from app.core.shared import CALENDAR, SCHEDULE, schedule_subject, subject_of
from app.engine.letters import ToShared
from app.engine.library import Library
from app.ports import Batch, Store


async def upkeep_of(
    batch: Batch, library: Library, store: Store, now: datetime
) -> list[ToShared]:
    """Return what a saved batch, which the library has taken over, means for them."""
    letters: list[ToShared] = []
    owners = {
        known.repository.name.partition("/")[0]
        for known in batch.repositories
        if known.repository.name.partition("/")[2].lower() in ORGANIZATION_REPOSITORIES
    }
    for owner in sorted(owners):
        letters += await _calendars(store, now, f"{CALENDAR}{owner.lower()}/")
    read = {repository_id for repository_id, _ in batch.definitions}
    if changed := read | set(batch.forget_repositories):
        letters += await _schedules(library, store, now, changed)
    return letters


async def upkeep_of_all(library: Library, store: Store, now: datetime) -> list[ToShared]:
    """Return what all that is known means for them: an earlier life may have missed it."""
    calendars = await _calendars(store, now, CALENDAR)
    return calendars + await _schedules(library, store, now, None)


async def _calendars(store: Store, now: datetime, kind: str) -> list[ToShared]:
    return [
        ToShared(subject=subject_of(saved.state), event=CalendarReviewed(at=now))
        for saved in await store.shared_of_kind(kind)
        if isinstance(saved.state, CalendarState)
    ]


async def _schedules(
    library: Library, store: Store, now: datetime, repositories: Collection[int] | None
) -> list[ToShared]:
    """Tell each schedule what its definition says now; nothing, where that is gone."""
    kinds = (
        [SCHEDULE]
        if repositories is None
        else [schedule_subject(each, "") for each in sorted(repositories)]
    )
    known = {
        (saved.state.repository_id, saved.state.definition)
        for kind in kinds
        for saved in await store.shared_of_kind(kind)
        if isinstance(saved.state, ScheduleState)
    }
    said = {
        (entry.origin.repository_id, entry.definition.id): tuple(
            schedule for listen in entry.definition.on for schedule in listen.schedules
        )
        for entry in library.scheduled()
        if repositories is None or entry.origin.repository_id in repositories
    }
    return [
        ToShared(
            subject=schedule_subject(*place),
            event=ScheduleRead(at=now, schedules=said.get(place, ())),
        )
        for place in sorted(known | said.keys())
    ]
