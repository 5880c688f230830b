"""Whether a failed attempt is followed by another, and when."""

import hashlib
from datetime import datetime, timedelta

from app.core.copying import replace
from app.core.definition import Backoff, Retry
from app.core.events import Conclusion
from app.core.expressions import ExpressionError, evaluate_condition
from app.core.limits import PASSAGE_STALE, REST_MAX
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.state import Leg, Orchestration, Reason
from app.core.values import JsonObject

NEVER_AGAIN = frozenset(
    {
        "withdrawn",
        "could-not-dispatch",
        "workflow-run-lost",
        "rejected",
        "expression-failed",
        "policy-denies",
        "policy-attempts",
        "app-not-installed",
        "bad-argument",
        "bad-input",
        "consent-missing",
        "environment-not-found",
        "input-missing",
        "not-dispatchable",
        "policy-unreadable",
        "too-many-inputs",
        "unexpected-inputs",
        "unknown-operation",
        "workflow-disabled",
        "workflow-not-found",
    }
)
"""After these a workflow run may be there all the same, a person or a policy said no, or it is
the same until somebody mends it. A ref that is not there may still come.

Only a person may ask for another try.
"""


def may_retry(
    state: Orchestration, retry: Retry | None, leg: Leg, reason: Reason, values: JsonObject
) -> bool:
    """Tell whether another attempt follows; a `when` that has no value means no."""
    if retry is None or reason.code in NEVER_AGAIN or not leg.attempts:
        return False
    if state.status not in (OrchestrationStatus.RUNNING, OrchestrationStatus.COMPENSATING):
        return False
    if len(leg.attempts) - leg.spent >= retry.max_attempts:
        return False
    if retry.when is None:
        return True
    try:
        return evaluate_condition(
            retry.when, {**values, "last.conclusion": last_conclusion(leg, reason)}
        )
    except ExpressionError:
        return False


def put_off(leg: Leg, calendars: tuple[str, ...], reason: Reason, now: datetime) -> Leg | None:
    """Let a leg wait for calendars that a policy wants to be open; `None` if it did just now.

    That an attempt was put off counts against nobody.
    """
    new = tuple(each for each in calendars if each not in leg.calendars)
    is_long_ago = bool(calendars) and now - leg.attempt.asked_at > PASSAGE_STALE
    if not (new or is_long_ago):
        return None
    leg = replace(leg, spent=leg.spent + 1, calendars=(*leg.calendars, *new))
    return replace(leg.to(LegStatus.RESTING, reason), rest_until=now)


def last_conclusion(leg: Leg, reason: Reason) -> str:
    """Return what `last.conclusion` is: GitHub's word, or for our own reasons their code."""
    ended = leg.attempt.conclusion
    if ended in (None, Conclusion.SUCCESS, Conclusion.NEUTRAL, Conclusion.CANCELLED):
        return reason.code.replace("-", "_")
    assert ended is not None, "it has just been looked at"
    return ended.value


def pause(backoff: Backoff, tries: int, marker: str) -> timedelta:
    """Return the pause after so many tries.

    Jitter is derived from the marker of the attempt, so that a replay finds the same pause.
    """
    # A factor above one passes any maximum long before a hundred tries.
    grown = backoff.initial.total_seconds() * backoff.factor ** min(tries - 1, 100)
    seconds = min(grown, backoff.max.total_seconds(), REST_MAX.total_seconds())
    if backoff.jitter == "full":
        drawn = int.from_bytes(hashlib.sha256(f"{marker}/{tries}".encode()).digest()[:4], "big")
        seconds *= drawn / 2**32
    return timedelta(seconds=int(seconds))
