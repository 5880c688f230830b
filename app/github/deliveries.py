"""The deliveries that GitHub made to the App, with what was in them.

GitHub delivers once and never again by itself, but keeps for some days what it sent.
https://docs.github.com/en/webhooks/using-webhooks/handling-failed-webhook-deliveries
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.github.answers import Answer, next_page
from app.github.client import PAGE_SIZE, Client
from app.github.errors import (
    GitHubError,
    GoneError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
)
from app.ports.mending import Listed, NotNow, NotThere, Part

PAGES_MAX: Final = 20
"""Two thousand tries at once; what lies further back is the next part."""
REFUSED_FOR: Final = timedelta(minutes=30)
"""A refusal that is none of a list which is not there may pass, though hardly soon."""

_GUID: Final = re.compile(r"[0-9A-Za-z-]{1,100}")
_EVENT: Final = re.compile(r"[a-z0-9_]{1,100}")


class Deliveries:
    """Reads the list of the App's deliveries. `ports.mending` says what is asked of it."""

    def __init__(self, client: Client, *, pages_max: int = PAGES_MAX) -> None:
        self._client = client
        self._pages_max = pages_max

    async def since(self, moment: datetime, begin: str = "") -> Part:
        """Return tries since a moment, from the newest on or from where a part begins.

        The list is read without a filter by status: a try that timed out has none.
        https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
        """
        found: list[Listed] = []
        following = begin or f"/app/hook/deliveries?per_page={PAGE_SIZE}"
        for _ in range(self._pages_max):
            answer = await self._get(following)
            page = self._read(answer)
            found += [each for each in page if each.at >= moment]
            # They stand in the order in which they were made, the newest first, and none was
            # tried before it was made: after a page of older tries come only such.
            is_past = bool(page) and all(each.at < moment for each in page)
            following = "" if is_past else next_page(answer.headers) or ""
            if not following:
                break
        return Part(listed=found, following=following)

    async def body(self, listed: Listed) -> bytes | None:
        """Return what was, or was to be, delivered; `None` where it cannot be had.

        https://docs.github.com/en/rest/apps/webhooks#get-a-delivery-for-an-app-webhook
        """
        try:
            answer = await self._get(f"/app/hook/deliveries/{listed.id}")
        except NotThere:
            return None
        found = answer.json()
        request = found.get("request") if isinstance(found, Mapping) else None
        payload = request.get("payload") if isinstance(request, Mapping) else None
        return json.dumps(payload).encode() if isinstance(payload, Mapping) else None

    async def _get(self, target: str) -> Answer:
        try:
            return await self._client.call(None, "GET", target, permissions={})
        except RateLimitedError as error:
            raise NotNow(str(error), until=error.until) from error
        except (NotFoundError, GoneError) as error:
            raise NotThere(str(error)) from error
        except RefusedError as error:
            until = self._client.clock.now() + REFUSED_FOR
            raise NotNow(str(error), until=until) from error
        except GitHubError as error:
            raise NotNow(str(error)) from error

    def _read(self, answer: Answer) -> list[Listed]:
        items = answer.json()
        if not isinstance(items, list):
            return []
        now = self._client.clock.now()
        return [each for item in items if (each := _listed(item, now)) is not None]


def _listed(item: object, now: datetime) -> Listed | None:
    """Read one entry, leniently; `None` where it could not be taken in anyway."""
    found: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
    number, guid, event = found.get("id"), found.get("guid"), found.get("event")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    if not isinstance(guid, str) or not _GUID.fullmatch(guid):
        return None
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        return None
    code, action = found.get("status_code"), found.get("action")
    return Listed(
        id=number,
        guid=guid,
        event=event,
        at=_instant(found.get("delivered_at"), now),
        is_answered=isinstance(code, int) and 200 <= code < 300,
        action=action if isinstance(action, str) else "",
    )


def _instant(value: object, now: datetime) -> datetime:
    """Read when a try was made: one that has not been made yet counts as made now."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else now
    except ValueError:
        return now
    return at if at.tzinfo else at.replace(tzinfo=UTC)
