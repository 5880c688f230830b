"""Calls under a token: budget, token, ETag, pages. What the endpoints are built on.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import httpx

from app.core.values import Json, RepositoryName
from app.github.answers import Answer, next_page
from app.github.auth import AppKey, Grant, Tokens, repository_path
from app.github.budget import AWAY_PAUSE, Budget, Urgency
from app.github.errors import (
    AwayError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    RepositoryAwayError,
    UnauthorizedError,
    UnavailableError,
    UnprocessableError,
)
from app.github.grants import Grants
from app.github.transport import Capabilities, Pause, Transport
from app.ports import Clock
from app.ports.metering import UNMETERED, Meter

PAGE_SIZE: Final = 100
PAGES_MAX: Final = 50
KEY_REFUSED: Final = (
    "GitHub does not take what the App's key signs: see whether GITHUB_PRIVATE_KEY is of the "
    "App GITHUB_APP_ID, GITHUB_API_URL is where that App lives, and the clock is right"
)
REMEMBERED_MAX: Final = 1_000
REMEMBERED_BYTES_MAX: Final = 32 * 1024 * 1024
SOUGHT_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """In whose name a call is made, on which repository, and how urgent it is.

    Without a repository it is about the whole installation. A probe finds out whether an
    installation that was away is back.
    """

    installation_id: int
    repository: RepositoryName | None = None
    repository_id: int | None = None
    urgency: Urgency = Urgency.DECISION
    is_probe: bool = False

    def grant(self, permissions: Mapping[str, str]) -> Grant:
        """Return the least that a call with these permissions needs."""
        return Grant(
            installation_id=self.installation_id,
            repository=None if self.repository_id is not None else self.repository,
            repository_id=self.repository_id,
            permissions=tuple(sorted(permissions.items())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list endpoint gave; not complete where it has more pages than we read."""

    items: tuple[Mapping[str, Any], ...]
    is_complete: bool


class Client:
    """GitHub on one host, as one App."""

    def __init__(
        self,
        *,
        api_url: str,
        app_id: str,
        private_key: str,
        clock: Clock,
        pause: Pause = asyncio.sleep,
        http: httpx.AsyncBaseTransport | None = None,
        meter: Meter = UNMETERED,
    ) -> None:
        """Raises ValueError where the private key cannot be used."""
        self._transport = Transport(api_url, clock=clock, pause=pause, http=http, meter=meter)
        self._key = AppKey(app_id, private_key, clock=clock)
        self._remembered = _Remembered()
        self._elsewhere: OrderedDict[Grant, Grant] = OrderedDict()
        self._unreached: OrderedDict[int, datetime] = OrderedDict()
        self._sought: OrderedDict[RepositoryName, datetime] = OrderedDict()
        self.clock = clock
        self.tokens = Tokens(self._key, self._transport, clock=clock)
        self.budget = Budget(clock=clock, meter=meter)
        self._grants = Grants(self._transport, self._key, clock=clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    def forget_grants(self, installation_id: int) -> None:
        """Drop what is known of an installation: what it grants and covers may have changed."""
        self._unreached.clear()
        self.tokens.forget_installation(installation_id)
        self._grants.forget(installation_id)

    async def capabilities(self) -> Capabilities:
        """Return what the host can do."""
        return await self._transport.capabilities()

    async def call(
        self,
        access: Access | None,
        method: str,
        target: str,
        *,
        permissions: Mapping[str, str],
        parameters: Mapping[str, str | int] | None = None,
        body: Json = None,
    ) -> Answer:
        """Make one call, as the installation or (without access) as the App itself.

        What is read of a repository whose id is known is read under that id.
        """
        if method == "GET" and access is not None:
            target = _under_id(target, access)
        if parameters:
            target = f"{target}?{urlencode(parameters)}"
        grant = access.grant(permissions) if access is not None else None
        try:
            return await self._call(access, grant, method, target, body)
        except UnauthorizedError:
            # The token was revoked, or its repository added since: `_call` has dropped it.
            if grant is None:
                raise
        except NotFoundError:
            # Nothing was done: the same under another token is no second time.
            # That a file is not there is nothing unusual.
            if grant is None or access is None or "/contents/" in target:
                raise
            if not await self._has_moved(grant, access):
                raise
        try:
            return await self._call(access, grant, method, target, body)
        except UnauthorizedError as error:
            # Not even a new token: the App or the host is in trouble, and it may pass.
            raise UnavailableError(error.message, effect_unknown=False) from error

    async def pages(
        self,
        access: Access | None,
        target: str,
        *,
        permissions: Mapping[str, str],
        parameters: Mapping[str, str | int] | None = None,
        key: str | None = None,
        pages_max: int = PAGES_MAX,
    ) -> Listing:
        """Read a list page after page; `key` names it where it is wrapped in an object."""
        items: list[Mapping[str, Any]] = []
        parameters = {"per_page": PAGE_SIZE, **(parameters or {})}
        following: str | None = f"{target}?{urlencode(parameters)}"
        for _ in range(pages_max):
            assert following is not None
            answer = await self.call(access, "GET", following, permissions=permissions)
            body = answer.json()
            listed = body.get(key) if key is not None and isinstance(body, Mapping) else body
            if isinstance(listed, list):
                items.extend(item for item in listed if isinstance(item, Mapping))
            following = next_page(answer.headers)
            if following is None:
                break
        return Listing(items=tuple(items), is_complete=following is None)

    async def _call(
        self, access: Access | None, grant: Grant | None, method: str, target: str, body: Json
    ) -> Answer:
        account = access.installation_id if access is not None else None
        urgency = access.urgency if access is not None else Urgency.DECISION
        if access is None or not access.is_probe:
            self.budget.check_presence(account)
        if access is not None and grant is not None:
            self._check_reach(access)
            self._grants.check(grant)
        await self.budget.admit(
            account,
            urgency,
            is_write=method != "GET",
            is_creation=method == "POST" and "/actions/" not in target,
        )
        known = self._remembered.get((target, grant)) if method == "GET" else None
        headers = {"If-None-Match": known.headers["etag"]} if known is not None else None
        authorization = ""
        try:
            authorization, grant = await self._authorization(grant, access)
            answer = await self._transport.send(
                method, target, authorization=authorization, body=body, headers=headers
            )
        except UnauthorizedError as error:
            if grant is None:
                raise _of_the_key(error) from error
            self.tokens.invalidate(grant, authorization)
            raise
        except RateLimitedError as error:
            until = self.budget.limited(account, error)
            raise RateLimitedError(error.message, until=until, kind=error.kind) from error
        except RepositoryAwayError:
            raise
        except AwayError as error:
            raise AwayError(error.message, until=self.budget.away(account)) from error
        except PermissionMissingError as error:
            if grant is None:
                raise
            # What was minted before does not hold any more either.
            grant = self._elsewhere.get(grant, grant)
            self.tokens.forget_installation(grant.installation_id)
            raise await self._grants.explain(grant, error) from error
        self.budget.answered(account, answer.headers)
        if answer.status == 304 and known is not None:
            return replace(known, headers={**known.headers, **answer.headers})
        if method == "GET" and "etag" in answer.headers:
            self._remembered.put((target, grant), answer)
        return answer

    async def _authorization(
        self, grant: Grant | None, access: Access | None
    ) -> tuple[str, Grant | None]:
        """Return the header for a call, and the grant under which it is made."""
        if grant is None or access is None:
            return self._key.authorization(), None
        try:
            if (elsewhere := self._elsewhere.get(grant)) is not None:
                return await self.tokens.authorization(elsewhere), elsewhere
            return await self.tokens.authorization(grant), grant
        except (NotFoundError, UnprocessableError) as error:
            return await self._follow(grant, access, error)
        except UnauthorizedError as error:
            # It is the App's own key that is not accepted; no other token will help.
            why = f"{error.message}; {KEY_REFUSED}"
            raise UnavailableError(why, effect_unknown=False) from error

    def _check_reach(self, access: Access) -> None:
        """Raise RepositoryAwayError where nobody was found to cover a repository just now."""
        until = self._unreached.get(access.repository_id or 0)
        if until is None or until <= self.clock.now() or access.repository is None:
            return
        raise RepositoryAwayError(
            f"the App does not reach {access.repository} any more: "
            "install it on the account that has it",
            until=until,
        )

    async def _follow(
        self, grant: Grant, access: Access, error: NotFoundError | UnprocessableError
    ) -> tuple[str, Grant]:
        """Find who covers the repository now: the App was installed anew, or it has moved.

        A token for the id of a repository is minted only where that very one is covered.
        """
        self._elsewhere.pop(grant, None)
        self.tokens.forget_installation(grant.installation_id)
        found = grant.installation_id
        if access.repository is not None:
            with suppress(NotFoundError):
                found = await self.tokens.installation_of(access.repository, is_anew=True)
        if found == grant.installation_id:
            if isinstance(error, NotFoundError):
                raise AwayError(
                    f"the App is not installed any more: {error.message}"
                ) from error
            if access.repository_id is None or access.repository is None:
                # Whoever asks by one of both finds out for itself whether it is there.
                raise error
            self._unreached[access.repository_id] = self.clock.now() + AWAY_PAUSE
            while len(self._unreached) > REMEMBERED_MAX:
                self._unreached.popitem(last=False)
            self._check_reach(access)
        elsewhere = self._elsewhere[grant] = replace(grant, installation_id=found)
        while len(self._elsewhere) > REMEMBERED_MAX:
            self._elsewhere.popitem(last=False)
        return await self.tokens.authorization(elsewhere), elsewhere

    async def _has_moved(self, grant: Grant, access: Access) -> bool:
        """Tell whether somebody else covers a repository that was not found, or nobody does.

        Its old token is good for an hour, but for nothing. Some things are not found because
        they are not there, so that this is asked once a minute for each repository.
        """
        now, name = self.clock.now(), access.repository
        if name is None or now < self._sought.get(name, now):
            return False
        self._sought[name] = now + SOUGHT_EVERY
        self._sought.move_to_end(name)
        while len(self._sought) > REMEMBERED_MAX:
            self._sought.popitem(last=False)
        grant = self._elsewhere.get(grant, grant)
        try:
            found = await self.tokens.installation_of(name, is_anew=True)
        except NotFoundError:
            found = 0
        if found == grant.installation_id:
            return False
        self.tokens.forget_installation(grant.installation_id)
        return True


def _under_id(target: str, access: Access) -> str:
    """Return where a repository stands whatever it is called: its name may be another's by now.

    GitHub leads from names that were given up to addresses of this form, and from one page of
    a list to the next. A write needs no such care: the token is for this repository alone.
    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """
    if access.repository_id is None or access.repository is None:
        return target
    named = f"/repos/{repository_path(access.repository)}"
    rest = target.removeprefix(named)
    is_of_it = rest != target and rest[:1] in ("", "/", "?")
    return f"/repositories/{access.repository_id}{rest}" if is_of_it else target


def _of_the_key(error: UnauthorizedError) -> UnauthorizedError:
    """Return that it was the App's own key that was not taken, and what may be the reason."""
    return UnauthorizedError(f"{error.message}; {KEY_REFUSED}", answered_at=error.answered_at)


class _Remembered:
    """Answers with an ETag, the oldest dropped first. An unchanged one costs no budget.

    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, Grant | None], Answer] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str, Grant | None]) -> Answer | None:
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: tuple[str, Grant | None], answer: Answer) -> None:
        old = self._answers.pop(key, None)
        self._bytes += len(answer.body) - (len(old.body) if old is not None else 0)
        self._answers[key] = answer
        while len(self._answers) > REMEMBERED_MAX or self._bytes > REMEMBERED_BYTES_MAX:
            self._bytes -= len(self._answers.popitem(last=False)[1].body)
