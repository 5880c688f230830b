"""What happens in one round, drawn from its seed before it begins.

All moments are seconds of the round's own time (`hurry`). The scheduler of the machine is not
drawn: a seed gives the same plan, and very nearly the same round.
"""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.rehearsal import CallFault, DeliveryFault

SPEED: Final = 30.0
TROUBLE: Final = timedelta(seconds=450)
"""How long the world misbehaves; then all may come to its end."""
PAST: Final = 0.3
"""How many rounds have days behind them in which what is old was dropped."""
ALONE: Final = 0.2
"""How many rounds are left to repair alone: they take longer."""
FROZEN: Final = 420.0
"""Longer than a lease, so that others have taken over when it thaws."""


class Doing(StrEnum):
    """What people do that starts or changes orchestrations."""

    RELEASE = "push a version"
    PREVIEW = "open a pull request"
    AGAIN = "push to the pull request"
    CLOSE = "close the pull request"
    TRAIN = "push a train"
    CHANGE = "push a change"
    FORK = "open a pull request from a fork"
    ASK = "start what waits at an environment"
    QUEUE = "put the pull request into the merge queue"
    LEAVE = "take it out of the merge queue"
    AUDIT = "push what is audited"
    JOIN = "push what joins the audit"
    VIGIL = "push what waits for days"


class Blow(StrEnum):
    """What is done to a process, or to the database."""

    KILL = "killed, and started again"
    FREEZE = "frozen for a while, and thawed"
    CUT = "its connections to the database are cut"
    RESTART = "the database is restarted"


class Kind(StrEnum):
    """Which GitHub it is, beside the usual one."""

    USUAL = "the usual one"
    FORGETFUL = "tells no run ids and lists dispatches late"
    LYING = "answers 502 or hangs up after doing the work"
    BUSY = "turns away with 403 and 429"


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """One blow at one of the processes, `at` so many seconds, and how long it lasts."""

    at: float
    blow: Blow
    which: int
    lasts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """One round."""

    seed: int
    kind: Kind
    doings: tuple[tuple[float, Doing], ...]
    strikes: tuple[Strike, ...]
    failing: float
    refusing: float
    cancelling: float
    has_past: bool = False
    """Before the trouble days pass, and what is old is dropped."""
    is_alone: bool = False
    """Nobody delivers again what was lost: repair has to find it."""
    visible_after: float = 0.0
    copied_at: float = 0.0
    """When a backup is made of a database that is a file."""
    waits_told: int = 0
    """Up to so many seconds to wait are told by half of the answers that turn us away."""
    calls: dict[CallFault, float] = field(default_factory=dict)
    deliveries: dict[DeliveryFault, float] = field(default_factory=dict)

    @property
    def is_forgetful(self) -> bool:
        """Tell whether GitHub tells less, as older servers of one's own do."""
        return self.kind is Kind.FORGETFUL

    def told(self) -> str:
        """Tell the plan in one line."""
        doings = ", ".join(f"{at:.0f} s {doing}" for at, doing in self.doings)
        strikes = ", ".join(f"{s.at:.0f} s #{s.which} {s.blow}" for s in self.strikes)
        alone = "; left to repair" if self.is_alone else ""
        past = "; after days in which what is old was dropped" if self.has_past else ""
        return f"GitHub {self.kind}; {doings}; {strikes}{alone}{past}"


def draw(seed: int, *, replicas: int = 1, has_server: bool = False) -> RoundPlan:
    """Draw the plan of a round. `has_server`: the database is a server that can be hit, too."""
    chance = random.Random(seed)
    kind = chance.choice(tuple(Kind))
    rate = chance.choice((0.02, 0.05, 0.1))
    is_alone = random.Random(seed + 3).random() < ALONE
    return RoundPlan(
        seed=seed,
        kind=kind,
        doings=_doings(chance),
        strikes=_strikes(chance, replicas, has_server),
        failing=chance.choice((0.0, 0.1, 0.3)),
        refusing=chance.choice((0.0, 0.3)),
        cancelling=chance.choice((0.0, 0.0, 0.1)),
        has_past=random.Random(seed + 5).random() < PAST,
        is_alone=is_alone,
        visible_after=chance.choice((0.0, 5.0, 40.0)) if kind is Kind.FORGETFUL else 0.0,
        copied_at=random.Random(seed + 4).uniform(0, TROUBLE.total_seconds()),
        waits_told=chance.choice((5, 60, 300)) if kind is Kind.BUSY else 0,
        calls=_call_chances(chance, kind, rate),
        deliveries=_delivery_chances(chance, rate, is_alone=is_alone),
    )


def _delivery_chances(
    chance: random.Random, rate: float, *, is_alone: bool
) -> dict[DeliveryFault, float]:
    chances = {each: 2 * rate * chance.random() for each in DeliveryFault}
    if is_alone:
        # What GitHub never made stands in no list: of that repair can know nothing.
        chances[DeliveryFault.FAILED] += chances.pop(DeliveryFault.LOST)
    return chances


def _doings(chance: random.Random) -> tuple[tuple[float, Doing], ...]:
    starts = (
        Doing.RELEASE, Doing.PREVIEW, Doing.TRAIN, Doing.CHANGE, Doing.FORK, Doing.ASK,
    )  # fmt: skip
    doings = [(chance.uniform(0, 300), each) for each in chance.sample(starts, 2)]
    doings += [(chance.uniform(0, 400), Doing.RELEASE)] * chance.choice((0, 1))
    opened = [at for at, doing in doings if doing is Doing.PREVIEW]
    for at in opened:
        if chance.random() < 0.5:
            doings.append((at + chance.uniform(5, 200), Doing.AGAIN))
        if chance.random() < 0.2:
            doings.append((at + chance.uniform(200, 400), Doing.CLOSE))
        if chance.random() < 0.5:
            queued = at + chance.uniform(5, 150)
            doings.append((queued, Doing.QUEUE))
            if chance.random() < 0.3:
                doings.append((queued + chance.uniform(5, 100), Doing.LEAVE))
    return tuple(sorted(doings))


def _strikes(chance: random.Random, replicas: int, has_server: bool) -> tuple[Strike, ...]:
    blows = [Blow.KILL] * 4
    if has_server:
        blows += [Blow.FREEZE, Blow.CUT, Blow.RESTART]
    count = chance.randint(1, 2 + replicas)
    strikes = []
    for _ in range(count):
        blow = chance.choice(blows)
        lasts = chance.choice((30.0, FROZEN) if blow is Blow.FREEZE else (0.0, 0.0, 15.0, 90.0))
        at, which = chance.uniform(0, TROUBLE.total_seconds()), chance.randrange(replicas)
        strikes.append(Strike(at=at, blow=blow, which=which, lasts=lasts))
    return tuple(sorted(strikes, key=lambda strike: strike.at))


def _call_chances(chance: random.Random, kind: Kind, rate: float) -> dict[CallFault, float]:
    chances = {each: rate * chance.random() / 3 for each in CallFault}
    if kind is Kind.LYING:
        chances |= dict.fromkeys((CallFault.ERROR_AFTER, CallFault.DROP_AFTER), 0.15)
    if kind is Kind.BUSY:
        chances |= dict.fromkeys((CallFault.FORBIDDEN, CallFault.TOO_MANY), 0.1)
    return chances
