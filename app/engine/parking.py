"""Deliveries that come before their repository was read for the first time: they wait.

What may start something is parked until the definitions are known, and then heard as if it
came just then: by all, and in the order in which it came. Of a repository that we do not know
at all it is first awaited whether its installation covers it. Nothing waits where there is
nothing to wait for: where nobody covers the repository, or GitHub does not let us read it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from app.core.chores import ListRepositories
from app.core.hearing.heard import Heard, Repository
from app.core.reading.happenings import GITHUB_EVENTS
from app.core.routing import Routed
from app.engine.environments import RULE
from app.engine.library import Library
from app.engine.rows import of_installation, of_repository
from app.engine.work import Work
from app.ports import Delivery, DeliveryDone, DeliveryStatus

MAY_START: Final = frozenset(GITHUB_EVENTS)
LISTS_AWAITED: Final = 2
"""The first list may have been begun before the delivery came; the second was not."""
LISTED_WITHIN: Final = timedelta(seconds=30)
"""GitHub's list may lag behind its own deliveries."""


def awaited(heard: Heard, delivery: Delivery, library: Library, now: datetime) -> str:
    """Name the subject of which something has to be read before a delivery is heard."""
    repository = _about(heard)
    if repository is None:
        return ""
    if library.head(repository.id) is not None:
        return of_repository(repository.id) if library.awaits(repository.id) else ""
    if heard.installation_id is None:
        # Nobody says whom to ask.
        return ""
    is_listed = delivery.woken >= LISTS_AWAITED
    if is_listed and now - delivery.received_at >= LISTED_WITHIN:
        return ""
    return of_installation(heard.installation_id)


def hold(
    awaited_before: str,
    heard: Heard,
    routed: Routed,
    delivery: Delivery,
    library: Library,
    work: Work,
) -> DeliveryDone | None:
    """Let a delivery wait, if it has to; what had to when it was opened is opened anew.

    For what was read in between has woken those that came before, and they go first.
    """
    subject = awaited(heard, delivery, library, work.now)
    if subject:
        return _parked(subject, heard, routed, delivery, work)
    if awaited_before:
        return DeliveryDone(id=delivery.id, status=DeliveryStatus.NEW)
    return None


def _parked(
    subject: str, heard: Heard, routed: Routed, delivery: Delivery, work: Work
) -> DeliveryDone:
    assert heard.repository is not None, "it is known what is awaited"
    name = heard.repository.name
    # Of the chores only this one: what else follows of the delivery follows once it is heard.
    work.ask(each for each in routed.chores if isinstance(each, ListRepositories))
    if subject == of_repository(heard.repository.id):
        work.batch.unread.append(heard.repository.id)
        note = f"waits until the definitions of {name} are read"
    else:
        assert heard.installation_id is not None, "it is known whom to ask"
        # It may not have been so yet when the delivery was opened.
        work.ask((ListRepositories(installation_id=heard.installation_id),))
        work.batch.uncovered.append(heard.repository.id)
        note = f"waits until it is known whether the App covers {name}"
    return DeliveryDone(
        id=delivery.id,
        status=DeliveryStatus.PARKED,
        note=note,
        workflow_run_id=_run_of_ours(heard),
        waits_for=subject,
    )


def why_nothing_starts(heard: Heard, library: Library, work: Work) -> Sequence[str]:
    """Say why a delivery that waited, or need not, meets with no definition of its own.

    That nobody covers a repository has to be so still when that is saved.
    """
    repository = _about(heard)
    if repository is None:
        return ()
    known = library.head(repository.id)
    if known is None:
        work.batch.uncovered.append(repository.id)
        return (f"the App does not cover {repository.name}",)
    if known.unreadable:
        return (f"the definitions of {repository.name} cannot be read: {known.unreadable}",)
    return ()


def _about(heard: Heard) -> Repository | None:
    return heard.repository if heard.event in MAY_START else None


def _run_of_ours(heard: Heard) -> int | None:
    """Return the workflow run that may turn out to be ours, and then is to be heard at once."""
    if heard.workflow_run is not None:
        facts = heard.workflow_run
        return facts.id if facts.event == "workflow_dispatch" else None
    is_ours = heard.event == RULE and heard.payload.get("event") == "workflow_dispatch"
    return heard.subject.workflow_run_id if is_ours else None
