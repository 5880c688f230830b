"""What an installation grants to the App: which permission a call lacks, and where to grant it.

GitHub says only that a call may not be made. What is missing is found out by comparing what
the call needs with what the installation grants, and remembered for a while: whoever needs
the same meanwhile is told so without asking GitHub again.
"""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from app.github.auth import AppKey, Grant
from app.github.budget import AWAY_PAUSE
from app.github.errors import (
    AwayError,
    ForbiddenError,
    NotFoundError,
    PermissionMissingError,
    RefusedError,
)
from app.github.transport import Transport
from app.ports import Clock

KEPT_MAX: Final = 1_000
LEVELS: Final[Mapping[object, int]] = {"read": 1, "write": 2, "admin": 3}

_Needs: TypeAlias = tuple[int, tuple[tuple[str, str], ...]]


class Grants:
    """Knows what was found missing. One per client."""

    def __init__(self, transport: Transport, key: AppKey, *, clock: Clock) -> None:
        self._transport = transport
        self._key = key
        self._clock = clock
        self._missing: OrderedDict[_Needs, tuple[datetime, str]] = OrderedDict()

    def check(self, grant: Grant) -> None:
        """Raise PermissionMissingError where it was found missing a moment ago."""
        known = self._missing.get((grant.installation_id, grant.permissions))
        if known is not None and self._clock.now() < known[0]:
            raise PermissionMissingError(known[1], status=403, until=known[0])

    def forget(self, installation_id: int) -> None:
        """Drop what is known of an installation: what it grants may have changed."""
        for needs in [it for it in self._missing if it[0] == installation_id]:
            del self._missing[needs]

    async def explain(self, grant: Grant, error: PermissionMissingError) -> RefusedError:
        """Return what a refusal means: a permission that is missing, or a plain no.

        Raises AwayError where there is no such installation any more.

        https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app
        """
        try:
            answer = await self._transport.send(
                "GET",
                f"/app/installations/{grant.installation_id}",
                authorization=self._key.authorization(),
            )
        except NotFoundError as gone:
            message = f"the App is not installed any more: {gone.message}"
            until = self._clock.now() + AWAY_PAUSE
            raise AwayError(message, until=until) from error
        body = answer.json()
        found: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
        lacking = _lacking(found.get("permissions"), grant)
        if not lacking:
            return ForbiddenError(
                error.message, status=error.status, call=error.call, request_id=error.request_id
            )
        until = self._clock.now() + AWAY_PAUSE
        message = _said(found, lacking)
        self._missing[grant.installation_id, grant.permissions] = (until, message)
        while len(self._missing) > KEPT_MAX:
            self._missing.popitem(last=False)
        return PermissionMissingError(
            message,
            status=error.status,
            call=error.call,
            request_id=error.request_id,
            until=until,
        )


def _lacking(permissions: object, grant: Grant) -> list[str]:
    given = permissions if isinstance(permissions, Mapping) else {}
    return [
        f"{name.replace('_', ' ').capitalize()}: {level}"
        for name, level in grant.permissions
        # Every App may read metadata.
        if name != "metadata" and LEVELS.get(given.get(name), 0) < LEVELS.get(level, 0)
    ]


def _said(installation: Mapping[str, Any], lacking: list[str]) -> str:
    account = installation.get("account")
    login = account.get("login") if isinstance(account, Mapping) else None
    where = installation.get("html_url")
    at = f" of {login}" if isinstance(login, str) and login else ""
    accept = f" at {where}" if isinstance(where, str) and where else " where it is installed"
    return (
        f"the installation{at} does not grant {' and '.join(lacking)}: "
        f"let the App ask for it in its settings, and accept that{accept}"
    )
