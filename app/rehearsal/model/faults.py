"""Trouble on demand: what goes wrong with which call and with which delivery.

Trouble is either planned (this call, so many times) or left to chance with a seed. The
faults only say what is to go wrong; the wire and the deliveries make it so.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

REORDER_MAX = timedelta(seconds=5)


class CallFault(StrEnum):
    """What can go wrong with one call to the API."""

    ERROR_BEFORE = "5xx, and nothing was done"
    ERROR_AFTER = "5xx, but it was done"
    FORBIDDEN = "403 for a rate limit"
    TOO_MANY = "429 for a rate limit"
    DROP_BEFORE = "connection dropped, and nothing was done"
    DROP_AFTER = "connection dropped, but it was done"

    @property
    def is_after(self) -> bool:
        """Whether the call takes effect all the same."""
        return self in {CallFault.ERROR_AFTER, CallFault.DROP_AFTER}


class DeliveryFault(StrEnum):
    """What can go wrong with one delivery of a webhook."""

    LOST = "never sent"
    LATE = "sent later"
    REORDERED = "overtaken by those sent within the next seconds"
    DOUBLE = "sent twice with one id"
    FAILED = "sent, and received by nobody: the list has it without a status code"


class ConnectionDropped(ConnectionError):
    """The connection broke before the answer was read."""


@dataclass(slots=True)
class CallPlan:
    """One planned trouble with calls. `method` and `path` are regular expressions."""

    kind: CallFault
    method: str = ".*"
    path: str = ".*"
    times: int = 1
    status: int = 502
    retry_after: int | None = None

    def matches(self, method: str, path: str) -> bool:
        """Return whether this trouble is meant for that call."""
        return (
            self.times > 0
            and re.fullmatch(self.method, method) is not None
            and re.search(self.path, path) is not None
        )


@dataclass(slots=True)
class DeliveryPlan:
    """One planned trouble with deliveries. `event` is a regular expression on event.action."""

    kind: DeliveryFault
    event: str = ".*"
    times: int = 1
    delay: timedelta = timedelta(seconds=30)


@dataclass(slots=True)
class Faults:
    """What goes wrong, by plan or by chance. Without either, nothing does."""

    random: random.Random
    call_chances: Mapping[CallFault, float] = field(default_factory=dict)
    delivery_chances: Mapping[DeliveryFault, float] = field(default_factory=dict)
    late_max: timedelta = timedelta(seconds=60)
    retry_after_max: int = 0
    """Up to so many seconds are told by half of the answers that turn away by chance."""
    calls: list[CallPlan] = field(default_factory=list)
    deliveries: list[DeliveryPlan] = field(default_factory=list)

    def plan_call(
        self,
        kind: CallFault,
        *,
        method: str = ".*",
        path: str = ".*",
        times: int = 1,
        status: int = 502,
        retry_after: int | None = None,
    ) -> None:
        """Let the next `times` calls that match go wrong."""
        self.calls.append(CallPlan(kind, method, path, times, status, retry_after))

    def plan_delivery(
        self,
        kind: DeliveryFault,
        *,
        event: str = ".*",
        times: int = 1,
        delay: timedelta = timedelta(seconds=30),
    ) -> None:
        """Let the next `times` deliveries that match go wrong."""
        self.deliveries.append(DeliveryPlan(kind, event, times, delay))

    def for_call(self, method: str, path: str) -> CallPlan | None:
        """Return what goes wrong with this call, if anything does."""
        for plan in self.calls:
            if plan.matches(method, path):
                plan.times -= 1
                return plan
        for kind, chance in self.call_chances.items():
            if self.random.random() < chance:
                return CallPlan(kind, times=0, retry_after=self._retry_after())
        return None

    def _retry_after(self) -> int | None:
        if not self.retry_after_max or self.random.random() < 0.5:
            return None
        return self.random.randint(1, self.retry_after_max)

    def for_delivery(self, event: str) -> tuple[timedelta, ...] | None:
        """Return how much later each copy of a delivery is sent: none at all if it is lost.

        It is `None` if it is sent in vain.
        """
        for plan in self.deliveries:
            if plan.times > 0 and re.fullmatch(plan.event, event):
                plan.times -= 1
                return _copies(plan.kind, plan.delay)
        for kind, chance in self.delivery_chances.items():
            if self.random.random() < chance:
                return _copies(kind, self.late_max * self.random.random())
        return (timedelta(),)


def _copies(kind: DeliveryFault, delay: timedelta) -> tuple[timedelta, ...] | None:
    match kind:
        case DeliveryFault.FAILED:
            return None
        case DeliveryFault.LOST:
            return ()
        case DeliveryFault.LATE:
            return (delay,)
        case DeliveryFault.REORDERED:
            return (min(delay, REORDER_MAX),)
        case DeliveryFault.DOUBLE:
            return (timedelta(), delay)
