"""From what a delivery says of a workflow run to the event of the attempt it belongs to."""

import re
from collections.abc import Mapping
from datetime import datetime

from app.core.events import AttemptId, Conclusion, RunStatus, WorkflowRunObserved
from app.core.hearing.heard import WorkflowRunFacts

MARKER = re.compile(r"sb-[0-9a-f]{16}-[0-9a-f]{8}")

STATUSES: Mapping[str, RunStatus] = {
    "requested": RunStatus.QUEUED,
    "queued": RunStatus.QUEUED,
    "pending": RunStatus.QUEUED,
    "waiting": RunStatus.WAITING,
    "action_required": RunStatus.WAITING,
    "in_progress": RunStatus.IN_PROGRESS,
    "completed": RunStatus.COMPLETED,
}
"""GitHub's words for how far a workflow run is, and ours.

https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run
"""


def marker_in(facts: WorkflowRunFacts) -> str | None:
    """Find the marker that a workflow run carries in its title or its branch, if it does.

    A marker counts only in a workflow run that was dispatched: a push may bear any title.
    """
    if facts.event != "workflow_dispatch":
        return None
    found = MARKER.search(facts.title) or MARKER.search(facts.head_branch)
    return found[0] if found else None


def observed(
    attempt: AttemptId, facts: WorkflowRunFacts, at: datetime
) -> WorkflowRunObserved | None:
    """Say that an attempt's workflow run was seen; `None` for a status we do not know."""
    status = STATUSES.get(facts.status)
    if status is None:
        return None
    return WorkflowRunObserved(
        at=at,
        attempt=attempt,
        workflow_run_id=facts.id,
        run_attempt=facts.run_attempt,
        status=status,
        conclusion=conclusion(facts.conclusion) if status is RunStatus.COMPLETED else None,
        head_sha=facts.head_sha,
        url=facts.url,
    )


def conclusion(word: str | None) -> Conclusion:
    """Read a conclusion; one that we do not know is no success."""
    try:
        return Conclusion(word or "")
    except ValueError:
        return Conclusion.FAILURE
