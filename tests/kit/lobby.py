"""The lobby: a page behind the sign-in that says what somebody may see, and their browser.

It is all that a page needs of signing in, and nothing else, so that stories about who may see
what do not hang on how pages look.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.github.oauth import WebFlow
from app.github.visits import GitHubVisits
from app.ports.visiting import VisitsUnavailable
from app.rehearsal import Rehearsal, RehearsalTransport, VirtualClock
from app.web import html
from app.web.answers import SecurityHeaders
from app.web.live import Changes
from app.web.pages import Pages
from app.web.sessions import Cookies, Sessions
from app.web.sign_in import SignInDoor, unavailable
from tests.kit.judge import Judge
from tests.kit.town import Town, town

URL = "https://signalbox.test"
SECRET_REPOSITORY = "acme/secret"
"""Private, and covered by the App; who may see it is for a story to say."""
PUBLIC_REPOSITORY = "acme/public"


@dataclass(slots=True)
class Lobby:
    """Somebody's browser, before a Signalbox and a GitHub."""

    town: Town
    judge: Judge
    cookies: Cookies
    sessions: Sessions
    visits: GitHubVisits
    url: str
    app: Starlette = field(default_factory=Starlette)
    browser: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    @property
    def github(self) -> Rehearsal:
        """The GitHub on which people are."""
        return self.town.github

    def another_browser(self) -> httpx.AsyncClient:
        """Return a browser that knows nothing yet."""
        github = RehearsalTransport(self.judge)
        mounts = {"all://github.com": github, "all://": httpx.ASGITransport(self.app)}
        headers = {"user-agent": "a browser"}
        return httpx.AsyncClient(mounts=mounts, base_url=self.url, headers=headers)

    async def sign_in(self, login: str, to: str = "/me") -> httpx.Response:
        """Sign in as somebody, and return where that leads."""
        self.github.sit_down(login)
        return await self.browser.get(f"/sign-in?to={to}", follow_redirects=True)

    async def code(self, browser: httpx.AsyncClient, login: str) -> tuple[str, str]:
        """Begin to sign in, and return the state and the code that GitHub gives."""
        begun = await browser.get("/sign-in")
        back = await browser.get(begun.headers["location"] + f"&login={login}")
        query = parse_qs(urlsplit(back.headers["location"]).query)
        return query["state"][0], query["code"][0]

    async def sees(self, repository: str) -> int:
        """Return the status of a page that is about a repository."""
        id_ = self.github.world.repository(repository).id
        return (await self.browser.get(f"/about/{id_}")).status_code

    def pass_time(self, **span: float) -> None:
        """Let time pass, and nothing else happen."""
        clock = self.github.clock
        assert isinstance(clock, VirtualClock)
        clock.advance_to(clock.now() + timedelta(**span))

    async def me(self, request: Request) -> Response:
        """Say who is signed in, and until when."""
        session = self.sessions.of(request)
        if session is None:
            return PlainTextResponse("nobody", 401)
        said = {"login": session.visitor.login, "csrf": session.csrf_token}
        return JSONResponse(said)

    async def about(self, request: Request) -> Response:
        """Say something about a repository to whoever may see it."""
        session = self.sessions.of(request)
        if session is None:
            return PlainTextResponse("nobody", 401)
        id_ = request.path_params["id"]
        try:
            readable = await self.visits.readable(session.visitor, [id_])
        except VisitsUnavailable as away:
            return unavailable(away, html.error, self.cookies)
        return PlainTextResponse("something", 200 if id_ in readable else 404)


@asynccontextmanager
async def lobby(
    *, client_secret: str = "", url: str = URL, ship: str = ""
) -> AsyncIterator[Lobby]:
    """Open a lobby, with two repositories besides those of a town."""
    extra = [(SECRET_REPOSITORY, {"README.md": ""}), (PUBLIC_REPOSITORY, {"README.md": ""})]
    async with town(extra=extra, ship=ship) if ship else town(extra=extra) as here:
        github = here.github
        github.world.repository(PUBLIC_REPOSITORY).is_private = False
        github.world.repository(SECRET_REPOSITORY).roles |= {"eve": "none", "carl": "none"}
        github.world.webhook_url = f"{url}/webhooks/github"
        judge = Judge(github.asgi)
        flow = WebFlow(
            server_url=github.web_url,
            api_url=github.api_url,
            client_id=github.client_id,
            client_secret=client_secret or github.client_secret,
            clock=github.clock,
            http=RehearsalTransport(judge),
        )
        visits = GitHubVisits(client=here.client, flow=flow, find=here.engine.library.head)
        is_secure = url.startswith("https:")
        cookies = Cookies(secret=github.client_secret, clock=github.clock, is_secure=is_secure)
        sessions = Sessions(cookies)
        made = Lobby(
            town=here,
            judge=judge,
            cookies=cookies,
            sessions=sessions,
            visits=visits,
            url=url,
        )
        door = SignInDoor(visits=visits, cookies=cookies, sessions=sessions, url=url)
        site = Pages(
            visits=visits,
            sessions=sessions,
            cookies=cookies,
            store=lambda: here.store,
            find=here.engine.library.head,
            clock=github.clock,
            changes=Changes(lambda: here.store),
            github=github.web_url,
        ).site(door.routes())
        pages = [Route("/me", made.me), Route("/about/{id:int}", made.about)]
        made.app = Starlette(routes=[*pages, Route("/", site.front), *site.routes])
        made.app.add_middleware(SecurityHeaders)
        made.browser = made.another_browser()
        yield made
        await flow.aclose()
