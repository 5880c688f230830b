"""How much we may still ask of GitHub, for each installation, and who goes first.

It never waits: it says when to come back, and the courier carries on with something else.
The rules: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from app.github.answers import Allowance, allowance
from app.github.errors import AwayError, RateLimitedError
from app.ports import Clock
from app.ports.metering import UNMETERED, Meter

# "No more than 900 points per minute are allowed for REST API endpoints."
POINTS_A_MINUTE: Final = 900
POINTS_OF_A_READ: Final = 1
POINTS_OF_A_WRITE: Final = 5
MINUTE: Final = timedelta(minutes=1)
BUDGETS_MAX: Final = 10_000
# A secondary limit met again and again is waited out for twice as long each time.
PAUSE_MAX: Final = timedelta(minutes=30)
AWAY_PAUSE: Final = timedelta(minutes=10)
"""How often a suspended installation is asked again, should nobody tell us that it is back."""
PAUSE_FIRST: Final = timedelta(minutes=1)


# "In general, no more than 80 content-generating requests per minute and no more than 500
# content-generating requests per hour are allowed."
CREATIONS_A_MINUTE: Final = 80
CREATIONS_AN_HOUR: Final = 500
HOUR: Final = timedelta(hours=1)
# "If you are making a large number of POST, PATCH, PUT, or DELETE requests, wait at least one
# second between each request." What people read can wait so long; what is decided does not.
SPACE_OF_A_WRITE: Final = timedelta(seconds=1)
WRITES_IN_A_BURST: Final = 20


class Urgency(Enum):
    """What a call is for; the less urgent stops earlier, so that the more urgent can go on."""

    DECISION = "decision"
    STATUS = "status"
    SWEEP = "sweep"
    LOOK = "look"
    """Somebody looks at a page: however many do, all that Signalbox itself does goes first."""


# The part of each limit that a call of this urgency leaves to those before it.
_RESERVE: Mapping[Urgency, float] = {
    Urgency.DECISION: 0.0,
    Urgency.STATUS: 0.1,
    Urgency.SWEEP: 0.3,
    Urgency.LOOK: 0.5,
}


@dataclass(slots=True)
class _Account:
    left: Allowance | None = None
    closed_until: datetime | None = None
    closed_kind: str = ""
    away_until: datetime | None = None
    refusals: int = 0
    spent: deque[tuple[datetime, int]] = field(default_factory=deque)
    points: int = 0
    creations: deque[datetime] = field(default_factory=deque)
    paid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is left of an installation's primary limit, and until when it is closed."""

    installation_id: int | None
    remaining: int
    limit: int
    closed_until: datetime | None


class Budget:
    """Keeps an account for each installation, and one for the App itself."""

    def __init__(self, *, clock: Clock, meter: Meter = UNMETERED) -> None:
        self._clock = clock
        self._meter = meter
        self._accounts: OrderedDict[int | None, _Account] = OrderedDict()

    def figures(self) -> list[Figures]:
        """Return what is known of each installation that was called."""
        now = self._clock.now()
        return [
            Figures(
                installation_id=id_,
                remaining=_remaining(account.left, now),
                limit=account.left.limit if account.left is not None else 0,
                closed_until=account.closed_until,
            )
            for id_, account in self._accounts.items()
            if account.left is not None or account.closed_until is not None
        ]

    def check_presence(self, installation_id: int | None) -> None:
        """Raise AwayError while an installation is known to be suspended or gone."""
        away_until = self._account(installation_id).away_until
        if away_until is not None and self._clock.now() < away_until:
            raise AwayError("the App is suspended or gone there", until=away_until)

    def away(self, installation_id: int | None) -> datetime:
        """Take note that an installation is away. Return until when nothing is sent there."""
        account = self._account(installation_id)
        account.away_until = self._clock.now() + AWAY_PAUSE
        return account.away_until

    async def admit(
        self,
        installation_id: int | None,
        urgency: Urgency,
        *,
        is_write: bool,
        is_creation: bool = False,
    ) -> None:
        """Spend one call, or raise RateLimitedError with the time to come back."""
        account, now = self._account(installation_id), self._clock.now()
        try:
            _check_open(account, urgency, now)
            points = POINTS_OF_A_WRITE if is_write else POINTS_OF_A_READ
            share = 1 - _RESERVE[urgency]
            _check_points(account, points, share, now)
            if is_creation:
                _check_creations(account, share, now)
            if is_write and urgency is not Urgency.DECISION:
                _check_spacing(account, now)
        except RateLimitedError as error:
            self._meter.limited(error.kind)
            raise
        account.spent.append((now, points))
        account.points += points
        if is_creation:
            account.creations.append(now)
        if is_write:
            # Those less urgent make room for all writes, but none waits for ever.
            paid = max(account.paid_until or now, now) + SPACE_OF_A_WRITE
            account.paid_until = min(paid, now + SPACE_OF_A_WRITE * WRITES_IN_A_BURST * 2)

    def closures(self) -> dict[int | None, tuple[datetime, str]]:
        """Return until when GitHub wants us to wait, where it does, and for which limit."""
        now = self._clock.now()
        return {
            id_: (account.closed_until, account.closed_kind)
            for id_, account in self._accounts.items()
            if account.closed_until is not None and now < account.closed_until
        }

    def close(self, installation_id: int | None, until: datetime, kind: str) -> None:
        """Take over what another process was told: until when GitHub wants us to wait."""
        account = self._account(installation_id)
        if account.closed_until is None or until > account.closed_until:
            account.closed_until, account.closed_kind = until, kind

    def answered(self, installation_id: int | None, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says is left."""
        account = self._account(installation_id)
        account.refusals = 0
        account.away_until = None
        account.left = allowance(headers) or account.left

    def limited(self, installation_id: int | None, error: RateLimitedError) -> datetime:
        """Take note of a refusal. Return until when nothing may be asked.

        "If your request continues to fail due to a secondary rate limit, wait for an
        exponentially increasing amount of time between retries."
        """
        self._meter.limited(error.kind)
        account = self._account(installation_id)
        until = error.until
        now = self._clock.now()
        # Calls that were under way together are refused together, and count as one.
        is_another = account.closed_until is None or now >= account.closed_until
        if error.kind == "secondary" and is_another:
            pause = min(PAUSE_FIRST * 2 ** min(account.refusals, 10), PAUSE_MAX)
            if account.refusals:
                until = max(until, now + pause)
            account.refusals += 1
        if account.closed_until is not None:
            until = max(until, account.closed_until)
        account.closed_until, account.closed_kind = until, error.kind
        return until

    def _account(self, installation_id: int | None) -> _Account:
        account = self._accounts.setdefault(installation_id, _Account())
        self._accounts.move_to_end(installation_id)
        while len(self._accounts) > BUDGETS_MAX:
            self._accounts.popitem(last=False)
        return account


def _remaining(left: Allowance | None, now: datetime) -> int:
    """Return what is left of the hour; of what GitHub has not told anything, nothing."""
    if left is None:
        return 0
    return left.limit if now >= left.reset else left.remaining


def _check_open(account: _Account, urgency: Urgency, now: datetime) -> None:
    if account.closed_until is not None and now < account.closed_until:
        raise RateLimitedError(
            "GitHub asked us to wait",
            until=account.closed_until,
            kind="primary" if account.closed_kind == "primary" else "secondary",
        )
    left = account.left
    if left is None or now >= left.reset:
        return
    if left.remaining <= left.limit * _RESERVE[urgency]:
        raise RateLimitedError(
            f"{left.remaining} of {left.limit} calls are left this hour",
            until=left.reset,
            kind="primary",
        )


def _check_points(account: _Account, points: int, share: float, now: datetime) -> None:
    while account.spent and account.spent[0][0] <= now - MINUTE:
        account.points -= account.spent.popleft()[1]
    if account.points + points > POINTS_A_MINUTE * share:
        raise RateLimitedError(
            f"{account.points} of {POINTS_A_MINUTE} points are spent this minute",
            until=account.spent[0][0] + MINUTE,
            kind="secondary",
        )


def _check_creations(account: _Account, share: float, now: datetime) -> None:
    made = account.creations
    while made and made[0] <= now - HOUR:
        made.popleft()
    for span, most in ((HOUR, CREATIONS_AN_HOUR), (MINUTE, CREATIONS_A_MINUTE)):
        allowed = int(most * share)
        # The oldest of those that together are as many as may be made in this time.
        if len(made) >= allowed and made[-allowed] > now - span:
            until = made[-allowed] + span
            raise RateLimitedError(
                f"{most} things may be created {'an hour' if span is HOUR else 'a minute'}",
                until=until,
                kind="secondary",
            )


def _check_spacing(account: _Account, now: datetime) -> None:
    until = (account.paid_until or now) - SPACE_OF_A_WRITE * WRITES_IN_A_BURST
    if until >= now:
        raise RateLimitedError(
            "writes to GitHub are spaced",
            until=until + timedelta(milliseconds=1),
            kind="secondary",
        )
