"""What an answer of GitHub's means. Pure: a status, headers and bytes in; a value or error out.

The network is `transport`'s, and what to do about an error is its receiver's.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from app.github.errors import (
    AwayError,
    ConflictError,
    ForbiddenError,
    GitHubError,
    GoneError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    RefusedError,
    UnauthorizedError,
    UnavailableError,
    UnprocessableError,
)

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
# "Otherwise, wait for at least one minute before retrying."
PAUSE_WITHOUT_ADVICE = timedelta(minutes=1)
# The primary limit is counted by the hour, so a longer wait is a mistake of somebody's clock.
PAUSE_MAX = timedelta(hours=1)

_LINK = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, read whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    # What was asked, as `GET /path`, for messages.
    call: str = ""

    def json(self) -> Any:
        """Return the body as JSON, or None where there is none that can be read."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What the `x-ratelimit-*` headers say is left of the primary limit."""

    limit: int
    remaining: int
    reset: datetime


def allowance(headers: Mapping[str, str]) -> Allowance | None:
    """Read what is left of the primary limit, if GitHub says so."""
    limit = _number(headers.get("x-ratelimit-limit"))
    remaining = _number(headers.get("x-ratelimit-remaining"))
    reset = _instant(headers.get("x-ratelimit-reset"))
    if limit is None or remaining is None or reset is None:
        return None
    return Allowance(limit=limit, remaining=remaining, reset=reset)


def next_page(headers: Mapping[str, str]) -> str | None:
    """Return the address of the next page.

    https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api
    """
    found = _LINK.search(headers.get("link", ""))
    return found[1] if found else None


def answered_at(headers: Mapping[str, str]) -> datetime | None:
    """Return what the clock of whoever answered showed, if that is said.

    https://www.rfc-editor.org/rfc/rfc9110#field.date
    """
    return _date(headers.get("date", ""))


def fault(answer: Answer, now: datetime, *, is_write: bool) -> GitHubError | None:
    """Tell what is wrong with an answer, or None if GitHub did as asked."""
    if answer.status < 400:
        return None
    message, messages = _messages(answer)
    if answer.status >= 500:
        return UnavailableError(
            f"{answer.call}: GitHub answered {answer.status}", effect_unknown=is_write
        )
    if answer.status == 401:
        why = f"{answer.call}: 401 {message}"
        return UnauthorizedError(why, answered_at=answered_at(answer.headers))
    if answer.status == 403 and "installation has been suspended" in message.lower():
        return AwayError(f"{answer.call}: {message}")
    limited = _rate_limit(answer, message, now)
    if limited is not None:
        return limited
    request_id = answer.headers.get("x-github-request-id", "")[:100]
    if answer.status == 422 and not _lacks_permission(message):
        return UnprocessableError(
            message, messages=messages, call=answer.call, request_id=request_id
        )
    kind = _REFUSALS.get(answer.status, RefusedError)
    if _lacks_permission(message):
        kind = PermissionMissingError
    return kind(message, status=answer.status, call=answer.call, request_id=request_id)


_REFUSALS: Mapping[int, type[RefusedError]] = {
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
}


def _rate_limit(answer: Answer, message: str, now: datetime) -> RateLimitedError | None:
    """Tell a rate limit from a plain refusal: both may be 403.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
    """
    if answer.status not in (403, 429):
        return None
    is_spent = answer.headers.get("x-ratelimit-remaining") == "0"
    says_so = "rate limit" in message.lower() or "abuse detection" in message.lower()
    advice = _retry_after(answer.headers.get("retry-after"), now)
    spent = is_spent and not _lacks_permission(message)
    if not (answer.status == 429 or advice is not None or spent or says_so):
        return None
    kind: Literal["primary", "secondary"] = "secondary"
    until = now + PAUSE_WITHOUT_ADVICE
    reset = _instant(answer.headers.get("x-ratelimit-reset"))
    if advice is not None:
        until = advice
    elif is_spent and reset is not None:
        kind, until = "primary", reset
    until = min(max(until, now + timedelta(seconds=1)), now + PAUSE_MAX)
    return RateLimitedError(f"{answer.call}: {message}", until=until, kind=kind)


def _retry_after(value: str | None, now: datetime) -> datetime | None:
    """Read `Retry-After`: seconds from now, or a date.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    if not value:
        return None
    seconds = _number(value)
    if seconds is not None:
        return now + min(timedelta(seconds=seconds), PAUSE_MAX)
    return _date(value)


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _lacks_permission(message: str) -> bool:
    # The wordings of GitHub for a missing permission, at a call and when minting a token.
    lowered = message.lower()
    return "not accessible by integration" in lowered or "permissions requested" in lowered


def _messages(answer: Answer) -> tuple[str, tuple[str, ...]]:
    """Return GitHub's message, with the faults it lists.

    https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed
    """
    body = answer.json()
    if not isinstance(body, Mapping):
        return f"GitHub answered {answer.status}", ()
    message = body.get("message")
    text = message if isinstance(message, str) else f"GitHub answered {answer.status}"
    errors = body.get("errors")
    listed = (
        errors if isinstance(errors, Sequence) and not isinstance(errors, str) else [errors]
    )
    details = tuple(detail for error in listed if (detail := _detail(error)))
    joined = "; ".join(detail for detail in details if detail not in text)
    return (f"{text}: {joined}" if joined else text), (text, *details)


def _detail(error: object) -> str:
    if isinstance(error, str):
        return error
    if not isinstance(error, Mapping):
        return ""
    if isinstance(error.get("message"), str):
        return str(error["message"])
    words = (error.get("resource"), error.get("field"), error.get("code"))
    return " ".join(word for word in words if isinstance(word, str))


def _number(value: str | None) -> int | None:
    # Longer numbers are nobody's limit, and would not fit a date.
    if value is None or not value.strip().isascii() or not value.strip().isdigit():
        return None
    return int(value) if len(value.strip()) <= 12 else None


def _instant(value: str | None) -> datetime | None:
    seconds = _number(value)
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
