"""Signing in with GitHub, and out again.

`/sign-in` sends somebody to GitHub, GitHub sends them back to `/sign-in/back` with a code, and
the code is exchanged for who they are. A cookie ties both halves to one browser, so that nobody
can be signed in as somebody else by a link.
"""

import base64
import hashlib
import hmac
import logging
import math
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.ports.visiting import SignInRefused, Visits, VisitsUnavailable
from app.web import html
from app.web.answers import RETRY_AFTER_SECONDS
from app.web.bodies import Crowded, Room, TooLarge, read_body
from app.web.sessions import Cookies, Sessions, is_own_form

SIGN_IN: Final = "/sign-in"
BACK: Final = "/sign-in/back"
SIGN_OUT: Final = "/sign-out"
# The field of a form that carries the token of the session.
CSRF_FIELD: Final = "csrf"
# GitHub's codes are good for ten minutes, too.
ATTEMPT_LIFE: Final = timedelta(minutes=10)
TO_LENGTH_MAX: Final = 1_000
CODE_LENGTH_MAX: Final = 200
FORM_BYTES_MAX: Final = 4_096
FORMS_BYTES_MAX: Final = 1024 * 1024

# Status, title, what is wrong, and what to do about it.
ErrorPage: TypeAlias = Callable[[int, str, str, str], Response]

_log = logging.getLogger(__name__)

# A path of ours: printable, and nothing in front that browsers take for another host.
_OURS = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInDoor:
    """Lets people in and out. `url` is the address under which browsers reach us."""

    visits: Visits
    cookies: Cookies
    sessions: Sessions
    url: str
    room: Room = field(default_factory=lambda: Room(FORMS_BYTES_MAX))

    def routes(self) -> list[Route]:
        """Return the addresses."""
        return [
            Route(SIGN_IN, self.go),
            Route(BACK, self.back),
            Route(SIGN_OUT, self.out, methods=["POST"]),
        ]

    async def go(self, request: Request) -> Response:
        """Send somebody to GitHub, to come back to where they wanted to go."""
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        address = self.visits.sign_in_url(
            state=state, challenge=challenge_of(verifier), back=self.url + BACK
        )
        response = RedirectResponse(address, 303)
        to = path_of_ours(request.query_params.get("to", ""))
        self.cookies.put(response, _KIND, [state, verifier, to], ATTEMPT_LIFE)
        return response

    async def back(self, request: Request) -> Response:
        """Take in who comes back from GitHub."""
        response = await self._back(request)
        # One attempt, one answer: whatever came of it, this one is over.
        self.cookies.drop(response, _KIND)
        return response

    async def _back(self, request: Request) -> Response:
        attempt = self.cookies.read(request, _KIND)
        if attempt is None:
            text = "This sign-in took longer than ten minutes, or began in another browser."
            return self._refused(400, text, "Sign in again.")
        _, (state, verifier, to) = attempt
        query = request.query_params
        if not hmac.compare_digest(query.get("state", "").encode(), state.encode()):
            text = "This answer of GitHub's belongs to another sign-in."
            return self._refused(400, text, "Sign in again, in one tab.")
        if "error" in query:
            # What GitHub adds in words could be anybody's words: its code is known or not.
            return self._refused(403, *_SAID_NO.get(query["error"], _NO))
        code = query.get("code", "")
        if not code or len(code) > CODE_LENGTH_MAX:
            return self._refused(400, "GitHub's answer holds no code.", "Sign in again.")
        try:
            visitor = await self.visits.visitor(
                code=code, verifier=verifier, back=self.url + BACK
            )
        except SignInRefused as refused:
            return self._refused(403, refused.message, refused.remedy)
        except VisitsUnavailable as away:
            return unavailable(away, html.error, self.cookies)
        _log.info("signed in", extra={"login": visitor.login, "user": visitor.id})
        response = RedirectResponse(self.url + to, 303)
        self.sessions.begin(response, visitor)
        return response

    async def out(self, request: Request) -> Response:
        """Sign somebody out, if it is a page of ours that asks for it."""
        session = self.sessions.of(request)
        if session is not None:
            try:
                form = await self._form(request)
            except ClientDisconnect:
                return Response(status_code=400)
            except (TooLarge, Crowded):
                return self._refused(413, "The form is too large.", "Sign out on our page.")
            if not is_own_form(session, form.get(CSRF_FIELD, "")):
                text = "You are still signed in: no page of this session asked for it."
                return self._refused(403, text, "Go back, reload the page, and sign out there.")
        response = RedirectResponse(f"{self.url}/", 303)
        self.sessions.end(response)
        return response

    async def _form(self, request: Request) -> Mapping[str, str]:
        body = await read_body(
            request.scope, request.receive, bytes_max=FORM_BYTES_MAX, room=self.room
        )
        return dict(parse_qsl(body.decode("utf-8", "replace")))

    def _refused(self, status: int, text: str, remedy: str) -> Response:
        return html.error(status, "You are not signed in", text, remedy, again=SIGN_IN)


def unset_routes() -> list[Route]:
    """Return the addresses of pages where signing in is not set up: nothing is shown there."""

    async def unset(_request: Request) -> Response:
        return html.error(
            404,
            "Pages are not set up",
            "This Signalbox cannot tell who you are, so it shows nothing here. The checks "
            "on GitHub have all of it.",
            "Whoever operates it sets GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET.",
        )

    return [Route(path, unset) for path in (SIGN_IN, BACK, "/orchestrations/{rest:path}")]


def unavailable(away: VisitsUnavailable, error: ErrorPage, cookies: Cookies) -> Response:
    """Return the page for when GitHub cannot be asked, with the time to come again."""
    response = error(503, "GitHub cannot be asked now", away.message, "Come again later.")
    seconds = float(RETRY_AFTER_SECONDS)
    if away.until is not None:
        seconds = max((away.until - cookies.clock.now()).total_seconds(), 1)
    response.headers["retry-after"] = str(math.ceil(seconds))
    return response


def path_of_ours(to: str) -> str:
    """Return where somebody wants to go, if that is one of our pages; else our first one."""
    is_ours = len(to) <= TO_LENGTH_MAX and _OURS.fullmatch(to)
    return to if is_ours and not to.startswith((SIGN_IN, SIGN_OUT)) else "/"


def challenge_of(verifier: str) -> str:
    """Return what of a PKCE verifier may be seen: https://www.rfc-editor.org/rfc/rfc7636"""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


_KIND: Final = "sign-in"
_NO: Final = ("GitHub did not sign you in.", "Sign in again.")
# https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-authorization-request-errors
_SAID_NO: Final[Mapping[str, tuple[str, str]]] = {
    "access_denied": ("You told GitHub not to sign you in.", "Sign in again to see pages."),
    "application_suspended": (
        "GitHub has suspended this App.",
        "Ask whoever operates this Signalbox.",
    ),
    "redirect_uri_mismatch": (
        "The App on GitHub has another callback URL than this Signalbox.",
        f"Whoever operates it sets the App's callback URL to SIGNALBOX_URL{BACK}.",
    ),
}
