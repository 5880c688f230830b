"""Check runs of orchestrations that we do not know: the database is older than they are.

That it went back in time is seen in GitHub's list of deliveries: there are some that we said
we have, and do not know. Whatever we made since that time GitHub told us of, so that the same
list names the check runs. The deliveries themselves are not taken in again: what followed
from them has been done, and would be done twice.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from re import compile as pattern
from typing import Any, Final

import structlog

from app.core.chores import ConcludeOrphan
from app.core.values import OrchestrationId
from app.ports import Batch, Clock, NewCommand, Store
from app.ports.mending import DeliveryList, Listed

CHECK_RUN: Final = "check_run"
READ_AT_ONCE: Final = 500
SWEEP: Final = 9
_OURS: Final = pattern(r"[0-9a-f]{16}")
"""How the ids of orchestrations look."""

log = structlog.get_logger(__name__)


def forgotten(
    listed: Sequence[Listed], known: Collection[str], hears: Collection[str]
) -> list[Listed]:
    """Return the makings of check runs, if we said that we have what we do not know.

    Check runs themselves are no sign of it: only presses of our buttons are ever kept.
    """
    kept = set(hears) - {CHECK_RUN}
    if not any(it.is_answered and it.event in kept and it.guid not in known for it in listed):
        return []
    made = [it for it in listed if it.event == CHECK_RUN and it.action == "created"]
    return list({it.guid: it for it in made}.values())


class Orphans:
    """Finds the check runs that are left, and has them concluded."""

    def __init__(self, *, store: Store, deliveries: DeliveryList, clock: Clock) -> None:
        self._store = store
        self._deliveries = deliveries
        self._clock = clock

    async def conclude(self, made: Sequence[Listed]) -> None:
        """Ask for those to be concluded whose orchestrations we do not know."""
        now = self._clock.now()
        if len(made) > READ_AT_ONCE:
            log.warning("check runs not looked at", count=len(made) - READ_AT_ONCE)
        told = [await self._deliveries.body(each) for each in made[:READ_AT_ONCE]]
        asked = [it for body in told if body is not None and (it := _orphan(body)) is not None]
        if not asked:
            return
        known = await self._store.load({command.orchestration for command in asked})
        rows = [_row(command, now) for command in asked if command.orchestration not in known]
        if rows:
            log.warning("checks of unknown orchestrations are concluded", count=len(rows))
            await self._store.commit(Batch(commands=rows))


def _row(command: ConcludeOrphan, now: datetime) -> NewCommand:
    subject = f"repository/{command.repository_id}"
    return NewCommand(subject=subject, command=command, due=now, priority=SWEEP)


def _orphan(body: bytes) -> ConcludeOrphan | None:
    """Read whose check run was made; `None` where it is none of an orchestration's."""
    said = _object(json.loads(body))
    check = _object(said.get("check_run"))
    name = check.get("external_id")
    ids = [_object(it).get("id") for it in (said.get("installation"), said.get("repository"))]
    installation_id, repository_id = ids
    number = check.get("id")
    if not isinstance(name, str) or not _OURS.fullmatch(name):
        return None
    if not isinstance(installation_id, int) or not isinstance(repository_id, int):
        return None
    if not isinstance(number, int):
        return None
    return ConcludeOrphan(
        installation_id=installation_id,
        repository_id=repository_id,
        check_run_id=number,
        orchestration=OrchestrationId(name),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
