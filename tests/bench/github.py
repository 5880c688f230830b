"""A GitHub that takes every dispatch at once: what is measured is Signalbox alone.

It stands in for `app.github` behind the same port. Each dispatch is told to whoever listens,
with the moment at which it left.
"""

import asyncio
import itertools
import time
from collections.abc import Callable

from app.core.commands import Command, DispatchWorkflow, WriteCheck, WriteComment
from app.core.events import DispatchAccepted, Surface, SurfaceWritten
from app.core.values import Json
from app.ports import Carried, Clock, Errand, Outcome

Told = Callable[[str, int, Json, int], None]
"""Is told a dispatch's marker, the id of its workflow run, its input `sha`, and when."""


class InstantGitHub:
    """Performs every command in no time."""

    def __init__(self, clock: Clock, told: Told, first_run_id: int = 1_000_000) -> None:
        self._clock = clock
        self._told = told
        self._ids = itertools.count(first_run_id)
        self._writes = itertools.count(1)

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Carry one command out."""
        if isinstance(command, DispatchWorkflow):
            left = time.perf_counter_ns()
            run_id = next(self._ids)
            self._told(command.marker, run_id, command.inputs.get("sha"), left)
            accepted = DispatchAccepted(
                at=self._clock.now(), attempt=command.attempt, workflow_run_id=run_id, url=""
            )
            return Carried(events=(accepted,))
        if isinstance(command, WriteCheck | WriteComment):
            is_check = isinstance(command, WriteCheck)
            written = SurfaceWritten(
                at=self._clock.now(),
                surface=Surface.CHECK if is_check else Surface.COMMENT,
                remote_id=1,
                digest=str(next(self._writes)),
            )
            return Carried(events=(written,))
        return Carried()


class DeafGitHub:
    """Never answers, so that whoever asks it holds what they carry until they die."""

    async def perform(self, command: Command, errand: Errand) -> Outcome:
        """Wait for ever."""
        return await asyncio.get_running_loop().create_future()
