"""Pages for people: what is under way, and one page for each orchestration.

They show and change nothing. What somebody sees is what GitHub lets them read, asked each
time; what does not exist and what is not theirs to see look the same.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from app.core.moves import ENDED, OrchestrationStatus
from app.core.telling.headline import headline
from app.core.telling.markdown import one_line
from app.core.telling.page.delays import PutOff
from app.core.telling.page.model import STYLES, page_of, style_of
from app.core.telling.task_table import duration
from app.core.values import OrchestrationId
from app.ports import Clock, KnownRepository, OrchestrationRow, Saved, Store, StoreUnavailable
from app.ports.visiting import Visits, VisitsUnavailable
from app.web import html, statics
from app.web.bodies import Crowded
from app.web.live import Changes, TooMany, mark_of
from app.web.pacing import Pace
from app.web.sessions import Cookies, Session, Sessions
from app.web.sign_in import SIGN_IN, unavailable, unset_routes

PATH: Final = "/orchestrations"
ROWS_LOOKED_AT: Final = 200
REPOSITORIES_ASKED: Final = 30
ROWS_SHOWN: Final = 50
NAME_MAX: Final = 120
_STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the first page."""

    id: OrchestrationId
    title: str
    repository: str
    style: str
    status: str
    headline: str
    started_at: datetime
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All that is for people: the first page, further addresses, and how streams are ended."""

    front: Callable[[Request], Awaitable[Response]]
    routes: Sequence[Route]
    leave: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Answers browsers. `github` is where GitHub's own pages are.

    `store` raises `StoreUnavailable` while the server is not open; `find` returns a
    repository that an installation of ours covers.
    """

    visits: Visits
    sessions: Sessions
    cookies: Cookies
    store: Callable[[], Store]
    find: Callable[[int], KnownRepository | None]
    clock: Clock
    changes: Changes
    github: str
    pace: Pace = field(default_factory=Pace)

    def site(self, sign_in: Sequence[Route]) -> Site:
        """Return everything that is for people."""
        own = (
            Route(f"{PATH}/{{id}}", self.run),
            Route(f"{PATH}/{{id}}/changes", self.follow),
        )
        routes = (*own, *sign_in, *statics.routes())
        return Site(front=self.front, routes=routes, leave=self.changes.close)

    async def front(self, request: Request) -> Response:
        """Return the first page: how to sign in, or what is under way."""
        session = self.sessions.of(request)
        if session is None:
            return html.render("home.html", listed=None, path=PATH)
        try:
            listed = await self._listed(session)
        except StoreUnavailable:
            return _away()
        except VisitsUnavailable as away:
            return unavailable(away, html.error, self.cookies)
        return html.render("home.html", listed=listed, path=PATH, session=session)

    async def run(self, request: Request) -> Response:
        """Return the page of one orchestration."""
        session = self.sessions.of(request)
        if session is None:
            return RedirectResponse(f"{SIGN_IN}?to={quote(request.url.path)}", 303)
        id_ = OrchestrationId(request.path_params["id"])
        try:
            saved = await self._seen(session, id_)
            if saved is None:
                return _nothing(session)
            journal = await self.store().journal(id_)
            delayed = await self.store().delayed(id_)
        except StoreUnavailable:
            return _away()
        except VisitsUnavailable as away:
            return unavailable(away, html.error, self.cookies)
        try:
            async with self.pace.turn():
                page = page_of(
                    saved.state,
                    [(entry.seq, entry.event) for entry in journal],
                    [PutOff(key=it.name, until=it.until, why=it.why) for it in delayed],
                    now=self.clock.now(),
                    github=self.github,
                )
                mark = mark_of(saved.version, delayed)
                return html.render("run.html", page=page, mark=mark, path=PATH, session=session)
        except Crowded:
            return html.unavailable("Too many pages are asked for at once.")

    async def follow(self, request: Request) -> Response:
        """Return a stream that tells when the page has changed, as long as it may be seen."""
        session = self.sessions.of(request)
        if session is None:
            return Response(status_code=401)
        id_ = OrchestrationId(request.path_params["id"])

        async def may_see() -> bool:
            now = self.sessions.of(request)
            try:
                return now is not None and await self._seen(now, id_) is not None
            except (StoreUnavailable, VisitsUnavailable):
                return False

        if not await may_see():
            return Response(status_code=404)
        if request.method == "HEAD":
            return Response(media_type=_STREAM)
        try:
            stream = self.changes.follow(id_, session.visitor.id, may_see)
        except TooMany:
            return Response(status_code=429, headers={"retry-after": "60"})
        headers = {"x-accel-buffering": "no"}  # nginx would keep it until there is more
        return StreamingResponse(stream, media_type=_STREAM, headers=headers)

    async def _seen(self, session: Session, id_: OrchestrationId) -> Saved | None:
        """Return an orchestration if there is one that GitHub lets somebody read.

        Its check stands in one repository, and its definition may stand in another: whoever
        sees the page may read both. Where there is none, something else is asked about, so
        that the time it takes does not tell.
        """
        store = self.store()
        saved = (await store.load([id_])).get(id_)
        if saved is None:
            newest = await store.orchestrations(limit=1)
            places = {row.definition_repository_id for row in newest}
        else:
            plan = saved.state.plan
            places = {plan.origin.repository_id, plan.cause.repository_id}
        readable = await self.visits.readable(session.visitor, places)
        return saved if saved is not None and places <= readable else None

    async def _listed(self, session: Session) -> Sequence[Listed]:
        store = self.store()
        opened = await store.orchestrations(limit=ROWS_LOOKED_AT // 2, open_only=True)
        newest = await store.orchestrations(limit=ROWS_LOOKED_AT // 2)
        rows = {row.id: row for row in (*opened, *newest)}
        places = list(dict.fromkeys(row.definition_repository_id for row in rows.values()))
        asked = places[:REPOSITORIES_ASKED]
        readable = await self.visits.readable(session.visitor, asked)
        found = [row for row in rows.values() if row.definition_repository_id in readable]
        # Stable: what is open stands first, and else the newest does.
        shown = sorted(found, key=lambda row: row.status in ENDED)[:ROWS_SHOWN]
        states = await store.load([row.id for row in shown])
        # Whoever reads a definition may know nothing of the repository that set it off.
        began = {id_: saved.state.plan.cause.repository_id for id_, saved in states.items()}
        others = sorted(set(began.values()) - set(asked))[:REPOSITORIES_ASKED]
        readable |= await self.visits.readable(session.visitor, others)
        return [self._line(row, states) for row in shown if began.get(row.id) in readable]

    def _line(self, row: OrchestrationRow, states: Mapping[OrchestrationId, Saved]) -> Listed:
        known = self.find(row.definition_repository_id)
        saved = states[row.id] if row.status not in ENDED else None
        return Listed(
            id=row.id,
            title=one_line(f"{row.name} #{row.number}", NAME_MAX),
            repository=known.repository.name if known is not None else "",
            style=style_of(saved.state) if saved else STYLES[OrchestrationStatus(row.status)],
            status=row.status,
            headline=headline(saved.state) if saved is not None else "",
            started_at=row.started_at,
            took=duration(row.ended_at - row.started_at) if row.ended_at is not None else "",
        )


def unset_site() -> Site:
    """Return what is for people where signing in is not set up: nothing but how to do that."""

    async def front(_request: Request) -> Response:
        return html.render("unset.html")

    routes = (*unset_routes(), *statics.routes())
    return Site(front=front, routes=routes, leave=lambda: None)


def _nothing(session: Session) -> Response:
    return html.error(
        404,
        "There is nothing here for you",
        "No orchestration has this address, or GitHub does not let you read its repository.",
        "Ask for access on GitHub, or see what you may read on the first page.",
        session=session,
    )


def _away() -> Response:
    return html.unavailable("The database cannot be asked at the moment.")
