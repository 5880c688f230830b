"""GitHub's web flow, by which somebody proves who they are, and nothing more.

The token that GitHub gives for somebody is used for one question, who that is, and then given
back. None is kept, logged or shown.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

import asyncio
import base64
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlencode

import httpx

from app.github.auth import Secret
from app.github.errors import GitHubError, RateLimitedError
from app.github.repositories import number_of, object_of, text_of
from app.github.transport import USER_AGENT, Transport
from app.ports import Clock
from app.ports.metering import UNMETERED, Meter
from app.ports.visiting import SignInRefused, Visitor, VisitsUnavailable

EXCHANGE_SECONDS_MAX: Final = 10
ANSWER_BYTES_MAX: Final = 64 * 1024
REVOKE_SECONDS_MAX: Final = 5
# Whoever makes up codes must not keep us busy asking GitHub about them.
EXCHANGES_MAX: Final = 20

_log = logging.getLogger(__name__)


class WebFlow:
    """Sends people to GitHub, and learns from it who came back."""

    def __init__(
        self,
        *,
        server_url: str,
        api_url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        http: httpx.AsyncBaseTransport | None = None,
        meter: Meter = UNMETERED,
    ) -> None:
        self._server_url = server_url
        self._client_id = client_id
        self._secret = Secret(client_secret)
        self._transport = Transport(api_url, clock=clock, http=http, meter=meter)
        self._http = httpx.AsyncClient(
            transport=http,
            follow_redirects=False,
            timeout=EXCHANGE_SECONDS_MAX,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )
        self._room = asyncio.Semaphore(EXCHANGES_MAX)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
        await self._http.aclose()

    def address(self, *, state: str, challenge: str, back: str) -> str:
        """Return where somebody proves who they are.

        https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication
        A GitHub Enterprise Server that does not know PKCE passes over it.
        """
        query = {
            "client_id": self._client_id,
            "redirect_uri": back,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._server_url}/login/oauth/authorize?{urlencode(query)}"

    async def visitor(self, *, code: str, verifier: str, back: str) -> Visitor:
        """Return whom a code stands for.

        Raises `SignInRefused` and `VisitsUnavailable`.
        """
        if self._room.locked():
            raise VisitsUnavailable("Too many people sign in at once.")
        async with self._room:
            token = await self._exchange(code, verifier, back)
            try:
                return await self._who(token)
            except RateLimitedError as error:
                message = "GitHub asks to wait before it tells who somebody is."
                raise VisitsUnavailable(message, until=error.until) from error
            except GitHubError as error:
                raise VisitsUnavailable("GitHub does not tell who this is.") from error
            finally:
                await self._give_back(token)

    async def _exchange(self, code: str, verifier: str, back: str) -> Secret:
        form = {
            "client_id": self._client_id,
            "client_secret": self._secret.value,
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        url = f"{self._server_url}/login/oauth/access_token"
        try:
            async with asyncio.timeout(EXCHANGE_SECONDS_MAX):
                response = await self._http.post(url, data=form)
        except (httpx.HTTPError, TimeoutError) as error:
            why = type(error).__name__
            _log.warning("no code could be exchanged", extra={"why": why})
            raise VisitsUnavailable("GitHub does not answer.") from error
        answer = _answer(response)
        token = text_of(answer, "access_token")
        if response.status_code == 200 and token:
            return Secret(token)
        wrong = text_of(answer, "error")
        _log.warning(
            "a code was not exchanged",
            extra={"status": response.status_code, "why": wrong[:100]},
        )
        if wrong == "bad_verification_code":
            raise SignInRefused("GitHub's code was used before, or is older than ten minutes.")
        if wrong == "incorrect_client_credentials":
            remedy = "Whoever operates this Signalbox sets GITHUB_CLIENT_SECRET anew."
            raise SignInRefused("GitHub does not take the App's client secret.", remedy)
        if response.status_code < 429:
            raise SignInRefused("GitHub does not confirm who this is.")
        raise VisitsUnavailable("GitHub does not answer.")

    async def _who(self, token: Secret) -> Visitor:
        """https://docs.github.com/en/rest/users/users#get-the-authenticated-user"""
        answer = await self._transport.send(
            "GET", "/user", authorization=f"Bearer {token.value}"
        )
        user = object_of(answer.json())
        found = Visitor(id=number_of(user, "id"), login=text_of(user, "login"))
        if not found.id or not found.login:
            raise SignInRefused("GitHub does not tell who this is.")
        return found

    async def _give_back(self, token: Secret) -> None:
        """Have GitHub forget the token, if it can be asked: nobody has it but us, who drop it.

        https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
        """
        pair = f"{self._client_id}:{self._secret.value}".encode()
        with suppress(GitHubError, TimeoutError):
            async with asyncio.timeout(REVOKE_SECONDS_MAX):
                await self._transport.send(
                    "DELETE",
                    f"/applications/{self._client_id}/token",
                    authorization=f"Basic {base64.b64encode(pair).decode()}",
                    body={"access_token": token.value},
                )


def _answer(response: httpx.Response) -> Mapping[str, Any]:
    if len(response.content) > ANSWER_BYTES_MAX:
        return {}
    try:
        return object_of(json.loads(response.content))
    except (ValueError, RecursionError):
        return {}
