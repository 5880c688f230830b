"""Trouble in a rehearsal: what a scenario plans, and what is left to chance by a seed."""

import random
from datetime import timedelta
from typing import Final

from app.rehearsal import CallFault, DeliveryFault, Faults
from app.scenario.language import Fault

DELIVERIES: Final = {
    "lose": DeliveryFault.LOST,
    "delay": DeliveryFault.LATE,
    "double": DeliveryFault.DOUBLE,
    "reorder": DeliveryFault.REORDERED,
}
CALLS_FAIL: Final = 0.03
DELIVERIES_FAIL: Final = 0.10
FOUND_AGAIN: Final = "workflow_run."
"""What may be lost by chance: that a run is silent is noticed, that a push is not, is not."""


class Chance(Faults):
    """Faults by chance, which lose only what is looked for anyway."""

    def for_delivery(self, event: str) -> tuple[timedelta, ...] | None:
        """Return how much later each copy of a delivery is sent."""
        delays = super().for_delivery(event)
        return delays if delays or event.startswith(FOUND_AGAIN) else (self.late_max / 2,)


def by_chance(seed: int) -> Faults:
    """Return faults that come and go, the same for the same seed."""
    return Chance(
        random.Random(seed),  # noqa: S311 - it rolls dice
        call_chances={kind: CALLS_FAIL / len(CallFault) for kind in CallFault},
        delivery_chances=dict.fromkeys(DELIVERIES.values(), DELIVERIES_FAIL / len(DELIVERIES)),
    )


def plan(faults: Faults, planned: tuple[Fault, ...]) -> None:
    """Plan what a scenario says."""
    for each in planned:
        if each.kind in DELIVERIES:
            faults.plan_delivery(
                DELIVERIES[each.kind], event=each.what, times=each.times, delay=each.by
            )
            continue
        method, _, path = each.what.partition(" ")
        kind = CallFault.ERROR_AFTER if each.is_done else CallFault.ERROR_BEFORE
        faults.plan_call(
            kind, method=method, path=path or ".*", times=each.times, status=each.status
        )
