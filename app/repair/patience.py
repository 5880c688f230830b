"""Looks nothing up that would have been told: a silence that is no loss costs no call.

The core asks for a workflow run to be looked up that has been silent for a while, and asks
again after longer and longer pauses. Whether its silence means anything, the core cannot
know. Here it is known: as long as GitHub's list of deliveries shows none that is missing, and
other workflow runs have been heard of since, nothing has happened that we should have heard.

Both are judged over the whole App, and not for each installation: the address, the events and
the list of deliveries are the App's, and an installation that is suspended, taken off or lacks
a permission is told of, and what it has to do is paused. What GitHub never makes for one of
them while it makes it for others is in no list, as what it never makes for one workflow run
is: both are found when it is asked before the time is over.
"""

from datetime import datetime, timedelta
from typing import Final

from app.core.commands import Command, LookUpWorkflowRun
from app.core.events import RunStatus
from app.core.legs.watching import deadline, due_look_up
from app.core.moves import LegStatus
from app.core.naming import definition_of
from app.core.state import Orchestration
from app.ports import Carried, Clock, Errand, Outcome, Performer, Store
from app.repair.missed import DELIVERIES, RARELY, read_note

TRUSTED_FOR: Final = RARELY + timedelta(minutes=10)
"""While all is well the list is looked through twice an hour: longer ago, it is not so."""
LOOKED_AFTER: Final = timedelta(minutes=10)
"""One look through the list stands in for all that would have to be looked up."""


class Patience:
    """Performs commands as another performer does, but for look-ups that are for nothing."""

    def __init__(self, performer: Performer, *, store: Store, clock: Clock) -> None:
        self._performer = performer
        self._store = store
        self._clock = clock

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Carry one command out; a look-up that is for nothing is done when it is asked for."""
        if isinstance(command, LookUpWorkflowRun) and errand.state is not None:
            since = silent_since(errand.state, command)
            if since is not None and await self._is_heard_since(since):
                return Carried()
        return await self._performer.perform(command, errand)

    async def _is_heard_since(self, since: datetime) -> bool:
        """Tell whether all that GitHub had to tell since then has come in."""
        heard_at = await self._store.heard_at("workflow_run")
        if heard_at is None or heard_at <= since:
            # Where nothing of the kind comes in at all, nobody knows why.
            return False
        turn = (await self._store.turns(DELIVERIES)).get(DELIVERIES)
        now = self._clock.now()
        seen = read_note(turn.note, now) if turn is not None else None
        if seen is None or seen.clean is None or seen.found or now - seen.clean > TRUSTED_FOR:
            return False
        if now - seen.clean > LOOKED_AFTER:
            await self._store.hasten_turn(DELIVERIES, due=now, now=now)
        return True


def silent_since(state: Orchestration, command: LookUpWorkflowRun) -> datetime | None:
    """Return since when a workflow run is silent that may be so; `None` if it must be asked.

    Of one that waits for a runner or for a person not all is told, nor of one whose id we do
    not know. And before its time is over it is asked in any case.
    """
    leg = state.leg(command.attempt)
    if leg is None or leg.status is not LegStatus.RUNNING:
        return None
    attempt, definition = (
        leg.attempt,
        definition_of(state.plan.definition, command.attempt.task),
    )
    if attempt.workflow_run_id is None or attempt.run_status is not RunStatus.IN_PROGRESS:
        return None
    again, end = due_look_up(attempt, definition), deadline(attempt, definition)
    if again is None or again >= min(end, state.deadline or end):
        return None
    return attempt.heard_at
