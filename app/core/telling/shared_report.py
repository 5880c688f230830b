"""What people and programs are told of locks and calendars: who has, who waits, and why."""

from collections.abc import Iterable

from app.core.calendar_state import CalendarState
from app.core.locks import Lock, places
from app.core.shared import Shared
from app.core.telling.masking import mask_text
from app.core.values import Json


def locks_as_json(states: Iterable[Shared]) -> list[dict[str, Json]]:
    """Return each concurrency group with all who have a place in it or wait for one."""
    return [
        {
            "group": state.key,
            "limit": state.limit,
            "places": [
                {
                    "who": mask_text(place.who),
                    "orchestration": place.orchestration,
                    "holder": place.holder,
                    "position": place.position,
                    "since": place.since.isoformat(),
                    "why": mask_text(place.why),
                }
                for place in places(state)
            ],
        }
        for state in states
        if isinstance(state, Lock)
    ]


def calendars_as_json(states: Iterable[Shared]) -> list[dict[str, Json]]:
    """Return each calendar that somebody waits for or has frozen."""
    return [
        {
            "calendar": f"{state.organization}/{state.name}",
            "opens_at": state.timer.isoformat() if state.timer is not None else None,
            "freezes": [
                {
                    "by": freeze.by,
                    "since": freeze.since.isoformat(),
                    "until": freeze.until.isoformat(),
                    "because": mask_text(freeze.because),
                }
                for freeze in state.freezes
            ],
            "waiting": [
                {
                    "orchestration": waiter.orchestration,
                    "holder": waiter.holder,
                    "since": waiter.asked_at.isoformat(),
                }
                for waiter in state.waiting
            ],
        }
        for state in states
        if isinstance(state, CalendarState)
    ]
