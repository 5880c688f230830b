"""Deliveries that GitHub made, or tried to make, and that we never said we have.

GitHub's list is looked through from its newest entry back to where an earlier look began, in
parts that fit one turn. How far a look has come is noted only once it is through, so that
whoever dies over it has lost nothing; that a delivery is taken in twice is once.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from app.ports import Clock, Delivery, Inbox, Store
from app.ports.mending import DeliveryList, Listed, NotNow, NotThere, Part
from app.repair.orphans import Orphans, forgotten

KIND: Final = "repair/"
DELIVERIES: Final = f"{KIND}deliveries"
SOON: Final = timedelta(minutes=2)
RARELY: Final = timedelta(minutes=30)
ABSENT: Final = timedelta(days=1)
"""A host that has no list of deliveries is asked again after an upgrade, perhaps."""
REACH: Final = timedelta(days=3)
"""How long github.com keeps what it delivered.

https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
"""
OVERLAP: Final = timedelta(hours=1)
"""A try may appear in the list later than one that was made after it, or be made late.

It is also more than our clock can differ from GitHub's: a JWT of such a clock is refused.
"""
MENDED_AT_ONCE: Final = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far the list has been looked through, and the pause that was made.

    Of a look that is not through yet: when it `began`, where it goes on (`part`), and how
    much it has `found`. `clean` is when the last look began, if it found nothing missing.
    """

    since: datetime
    pause: timedelta
    began: datetime | None = None
    part: str = ""
    found: int = 0
    clean: datetime | None = None

    def note(self) -> str:
        """Write it for whoever takes the next turn."""
        said: dict[str, Any] = {
            "since": self.since.isoformat(),
            "pause": int(self.pause.total_seconds()),
        }
        if self.began is not None:
            said |= {"began": self.began.isoformat(), "part": self.part, "found": self.found}
        if self.clean is not None:
            said["clean"] = self.clean.isoformat()
        return json.dumps(said)


def read_note(note: str, now: datetime, reach: timedelta = REACH) -> Seen:
    """Read what the last one left; what cannot be read costs a longer look.

    No look goes back further than `reach`: so long the host keeps what it delivered.
    """
    try:
        said = json.loads(note)
        seen = Seen(
            since=datetime.fromisoformat(said["since"]),
            pause=timedelta(seconds=said["pause"]),
            began=_moment(said.get("began")),
            part=str(said.get("part", "")),
            found=int(said.get("found", 0)),
            clean=_moment(said.get("clean")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        seen = Seen(since=now - reach, pause=SOON)
    return replace(seen, since=max(seen.since, now - reach))


def _moment(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)


def missed(
    listed: Sequence[Listed], known: Collection[str], hears: Collection[str]
) -> list[Listed]:
    """Return one try of each delivery that we never said we have, the oldest first."""
    answered = {each.guid for each in listed if each.is_answered}
    found: dict[str, Listed] = {}
    for each in sorted(listed, key=lambda it: (it.at, it.id)):
        is_ours = each.event in hears and each.guid not in known
        if is_ours and each.guid not in answered:
            found.setdefault(each.guid, each)
    return list(found.values())


class Mender:
    """Takes in what was missed, a part of GitHub's list at a turn."""

    def __init__(
        self,
        *,
        store: Store,
        inbox: Inbox,
        deliveries: DeliveryList,
        clock: Clock,
        hears: Collection[str],
        wake: Callable[[], None],
        reach: timedelta = REACH,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._reach = reach
        self._deliveries = deliveries
        self._clock = clock
        self._hears = hears
        self._wake = wake
        self._orphans = Orphans(store=store, deliveries=deliveries, clock=clock)

    async def mend(self, note: str) -> tuple[datetime, str]:
        """Look through one part; return when to go on, and a note of how far it came."""
        now = self._clock.now()
        seen = read_note(note, now, self._reach)
        try:
            part = await self._deliveries.since(seen.since, seen.part)
            found, is_all = await self._take_missed(part)
        except NotNow as error:
            log.info("deliveries not looked through", why=str(error))
            return error.until or now + SOON, seen.note()
        except NotThere as error:
            log.info("no list of deliveries", why=str(error))
            # Where a part was to begin nothing begins any more: once more from the newest on.
            return now if seen.part else now + ABSENT, replace(seen, part="").note()
        seen = replace(seen, began=seen.began or now, found=seen.found + found)
        if not is_all or part.following:
            return now, replace(seen, part=part.following if is_all else seen.part).note()
        return self._through(seen, now)

    def _through(self, seen: Seen, now: datetime) -> tuple[datetime, str]:
        """Note that a look is through, back to where an earlier one began."""
        began, is_well = seen.began or now, seen.found == 0
        pause = min(max(seen.pause * 2, SOON), RARELY) if is_well else SOON
        left = Seen(since=began - OVERLAP, pause=pause, clean=began if is_well else None)
        return now + pause, left.note()

    async def _take_missed(self, part: Part) -> tuple[int, bool]:
        """Take in what was missed; tell how much, and whether that was all."""
        known = await self._store.known_deliveries({each.guid for each in part.listed})
        # Somebody had these delivered again, and we were away: they may be once more.
        tried = {each.guid for each in part.listed if not each.is_answered} & known
        if tried:
            await self._store.hear_again(tried, at=self._clock.now())
        count = 0
        for each in missed(part.listed, known, self._hears):
            if count == MENDED_AT_ONCE:
                return count, False
            body = await self._deliveries.body(each)
            about = {"delivery": each.guid, "event_name": each.event}
            if body is None:
                # It cannot be had any more, and asking again would not help.
                log.warning("missed delivery lost", **about)
                continue
            await self._inbox.take_in(
                Delivery(
                    id=each.guid, event=each.event, body=body, received_at=self._clock.now()
                )
            )
            log.info("missed delivery taken in", **about)
            self._wake()
            count += 1
        await self._orphans.conclude(forgotten(part.listed, known, self._hears))
        return count, True
