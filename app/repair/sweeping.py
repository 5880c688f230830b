"""What is older than the settings want it kept is dropped, now and then.

A delivery that was dropped would be news should it come again, and start what has long ended.
GitHub delivers again for some days after each try, also after one that found nobody: so what
is dropped is older than that at the moment up to which GitHub's list was looked through
(`missed`), and each try that is found there has its delivery kept anew.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from app.ports import Clock, Store
from app.ports.keeping import HEARD_AGAIN_AFTER
from app.repair.missed import DELIVERIES, KIND, REACH, read_note

OLD: Final = f"{KIND}old"
SWEPT_EVERY: Final = timedelta(hours=1)
REACH_OF_SERVERS: Final = timedelta(days=7)
"""So long GitHub Enterprise Server delivers again, and github.com for three days.

https://docs.github.com/en/enterprise-server@latest/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """How long deliveries are kept, and journals of what ended: those for ever, if `None`.

    For `again` after each try the host keeps it, and delivers it again; no delivery goes
    before that, and so far back it is looked for what was missed.
    """

    deliveries: timedelta
    ended: timedelta | None = None
    again: timedelta = REACH


class Sweeper:
    """Drops what is old."""

    def __init__(self, *, store: Store, clock: Clock, ages: Ages) -> None:
        self._store = store
        self._clock = clock
        self._ages = ages

    async def sweep(self, _note: str) -> tuple[datetime, str]:
        """Drop what is too old by now; return when to do so again."""
        now, ages = self._clock.now(), self._ages
        looked = (await self._store.turns(DELIVERIES)).get(DELIVERIES)
        # Where nothing can be looked through, that reaches back no further than the list would.
        note = looked.note if looked is not None else ""
        since = read_note(note, now, ages.again).since
        before = min(now - ages.deliveries, since - ages.again - HEARD_AGAIN_AFTER)
        dropped, ended = await self._store.drop_deliveries(before), 0
        if ages.ended is not None:
            ended = await self._store.drop_ended(now - ages.ended)
        if dropped or ended:
            log.info("old data dropped", deliveries=dropped, journals=ended)
        return now + SWEPT_EVERY, ""
