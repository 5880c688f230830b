"""Laws about stopping: what runs elsewhere is asked to stop once, and once by force."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from app.core.commands import CancelChild, CancelWorkflowRun
from app.core.events import AttemptId
from app.core.limits import CANCEL_GRACE
from app.core.rules import Decision
from app.core.state import Attempt, Orchestration


def check(before: Orchestration, decision: Decision, now: datetime) -> None:
    """Assert the laws about stopping."""
    wanted: list[tuple[AttemptId, int | None, bool]] = []
    children: list[str] = []
    for where, was, attempt in _attempts(before, decision.state):
        polite = was.cancel_asked_at if was else None
        force = was.force_asked_at if was else None
        assert polite in (None, attempt.cancel_asked_at), "asked politely once"
        assert force in (None, attempt.force_asked_at), "asked by force once"
        if polite is None and attempt.cancel_asked_at is not None:
            if attempt.child is not None:
                children.append(attempt.child)
            else:
                wanted.append((where, attempt.workflow_run_id, False))
        if force is None and attempt.force_asked_at is not None:
            assert polite is not None, "first politely"
            assert now >= polite + CANCEL_GRACE, "by force only after a while"
            assert attempt.child is None, "a child is never forced"
            wanted.append((where, attempt.workflow_run_id, True))
    asked = [
        (each.attempt, each.workflow_run_id, each.force)
        for each in decision.commands
        if isinstance(each, CancelWorkflowRun)
    ]
    told = [each.child for each in decision.commands if isinstance(each, CancelChild)]
    assert Counter(asked) == Counter(wanted), "each wish to cancel is asked for once"
    assert told == children, "each child is told to cancel once"


def _attempts(
    before: Orchestration, after: Orchestration
) -> Iterable[tuple[AttemptId, Attempt | None, Attempt]]:
    for name, task in after.tasks.items():
        known = before.tasks.get(name)
        if known is task:
            continue
        for key, leg in task.legs.items():
            old = known.legs.get(key) if known is not None else None
            for place, attempt in enumerate(leg.attempts):
                was = None
                if old is not None and place < len(old.attempts):
                    was = old.attempts[place]
                yield AttemptId(task=name, leg=key, number=attempt.number), was, attempt
