"""What every adapter keeps alike: how a stored command changes, and the line of a list.

A command that means "do this" is stored once, and asking again changes nothing. One that
means "make it so" (a level) becomes due again. A level may be asked for while somebody
carries it, and whoever carries it may have looked before the change: so the wish is noted
in `again_due`, and the row opens again the moment it is ticked off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.core.commands import LEVELS, Command
from app.core.copying import quickly_made, replace
from app.core.moves import LegStatus, TaskStatus
from app.core.state import Gate, Orchestration, WaveStatus
from app.ports import Batch, ClaimedCommand, NewCommand, OrchestrationRow
from app.store.moments import EPOCH

LEVEL_KINDS: Final = tuple(kind.__name__ for kind in LEVELS)


class CommandStatus(StrEnum):
    """`open` is still to be done, `failed` was set aside with a reason."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """One stored command; nobody holds it where `lease_owner` is `None`.

    `held_until` is when somebody let a lease run out, who may have acted until then.
    """

    id: int
    subject: str
    command: Command
    due: datetime
    priority: int
    status: CommandStatus = CommandStatus.OPEN
    tries: int = 0
    first_tried_at: datetime | None = None
    last_tried_at: datetime | None = None
    lease_owner: str | None = None
    lease_until: datetime | None = None
    again_due: datetime | None = None
    note: str = ""
    held_until: datetime | None = None

    @property
    def is_held(self) -> bool:
        return self.lease_owner is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A row as it is to be stored; `is_claimed` where its asker now holds it."""

    row: CommandRow
    is_claimed: bool


def asked(known: CommandRow | None, new: NewCommand) -> Asked | None:
    """Return the row after a command was asked for; `None` where nothing changes."""
    if known is None:
        is_claimed = new.lease_owner is not None
        row = CommandRow(
            id=0,
            subject=new.subject,
            command=new.command,
            due=new.due,
            priority=new.priority,
            tries=1 if is_claimed else 0,
            first_tried_at=new.due if is_claimed else None,
            last_tried_at=new.due if is_claimed else None,
            lease_owner=new.lease_owner,
            lease_until=new.lease_until,
        )
        return Asked(row=row, is_claimed=is_claimed)
    if not isinstance(new.command, LEVELS):
        return None
    is_open = known.status is CommandStatus.OPEN
    due = min(known.due, new.due) if is_open and not known.is_held else new.due
    if known.last_tried_at is not None:
        due = max(due, known.last_tried_at + new.spacing)
    if is_open and known.is_held:
        again_due = due if known.again_due is None else min(known.again_due, due)
        return Asked(row=replace(known, again_due=again_due), is_claimed=False)
    was_done = known.status is CommandStatus.DONE
    row = replace(
        known,
        command=new.command,
        due=due,
        priority=new.priority,
        status=CommandStatus.OPEN,
        # A deed that was ticked off had no unknown outcome: its next one starts afresh.
        tries=0 if was_done else known.tries,
        first_tried_at=None if was_done else known.first_tried_at,
        held_until=None if was_done else known.held_until,
        again_due=None,
    )
    return _claimed_if_wanted(row, new)


def _claimed_if_wanted(row: CommandRow, new: NewCommand) -> Asked:
    """Let the asker hold the row, if it wants to and the row is not to wait longer."""
    if new.lease_owner is None or row.due > new.due:
        return Asked(row=row, is_claimed=False)
    return Asked(
        row=replace(
            row,
            tries=row.tries + 1,
            first_tried_at=row.first_tried_at or new.due,
            last_tried_at=new.due,
            lease_owner=new.lease_owner,
            lease_until=new.lease_until,
        ),
        is_claimed=True,
    )


def ticked_off(row: CommandRow) -> CommandRow:
    """Return the row after it was done: open again where it was asked for meanwhile."""
    if row.status is not CommandStatus.OPEN or _is_stale(row):
        return row
    if row.again_due is None:
        return replace(row, status=CommandStatus.DONE, lease_owner=None, lease_until=None)
    return replace(
        row,
        due=row.again_due,
        tries=0,
        first_tried_at=None,
        held_until=None,
        lease_owner=None,
        lease_until=None,
        again_due=None,
    )


def set_aside(row: CommandRow, why: str) -> CommandRow:
    """Return the row after it failed for good: open again where it was asked for meanwhile."""
    if row.status is not CommandStatus.OPEN or _is_stale(row):
        return row
    is_again = row.again_due is not None
    return replace(
        row,
        due=row.again_due or row.due,
        status=CommandStatus.OPEN if is_again else CommandStatus.FAILED,
        lease_owner=None,
        lease_until=None,
        again_due=None,
        note=why,
    )


def postponed(row: CommandRow, due: datetime, why: str) -> CommandRow:
    """Return the row after its holder gave up for now; the next try sees what was asked for."""
    if row.status is not CommandStatus.OPEN:
        return row
    return replace(row, due=due, lease_owner=None, lease_until=None, again_due=None, note=why)


def _is_stale(row: CommandRow) -> bool:
    """Tell whether an end is that of an earlier holder, and the level was asked for since."""
    return isinstance(row.command, LEVELS) and not row.is_held


def merged(batch: Batch) -> dict[tuple[str, str], NewCommand]:
    """Return the commands of a batch by subject and key, each once.

    Of a level asked for twice the earlier moment counts; of anything else the first.
    """
    found: dict[tuple[str, str], NewCommand] = {}
    for new in batch.commands:
        place = (new.subject, new.command.key)
        known = found.get(place)
        if known is None or (isinstance(new.command, LEVELS) and new.due < known.due):
            found[place] = new
    return found


def claimed(row: CommandRow) -> ClaimedCommand:
    """Return what the holder of a row is told."""
    assert row.first_tried_at is not None, "a claimed row has been tried"
    return ClaimedCommand(
        id=row.id,
        subject=row.subject,
        command=row.command,
        tries=row.tries,
        first_tried_at=row.first_tried_at,
        held_until=row.held_until,
    )


def unknown(key: str) -> ValueError:
    """Return the mistake that it is to write about an orchestration that is not there."""
    return ValueError(f"{key} is to be written about, and is not there")


def orchestration_row(state: Orchestration) -> OrchestrationRow:
    """Return one line of the list; what never started counts as the oldest."""
    return OrchestrationRow(
        id=state.id,
        definition_repository_id=state.plan.origin.repository_id,
        definition_id=state.plan.definition.id,
        name=state.plan.definition.name,
        number=state.plan.number,
        status=state.status.value,
        started_at=state.started_at or EPOCH,
        ended_at=state.ended_at,
    )


def gate_since(state: Orchestration) -> datetime | None:
    """Return since when the gate is open that has waited longest."""
    if state.has_ended:
        return None
    return min((gate.opened_at for gate in _open_gates(state)), default=None)


def _open_gates(state: Orchestration) -> Iterator[Gate]:
    for task in state.tasks.values():
        if task.has_ended or task.status is TaskStatus.WAITING:
            continue
        if task.question is not None and task.status is TaskStatus.ASKING:
            yield task.question
        for leg in task.legs.values():
            if leg.gate is not None and leg.status is LegStatus.AWAITING:
                yield leg.gate
        for wave in task.waves.values():
            if wave.gate is not None and wave.status is WaveStatus.ASKING:
                yield wave.gate
