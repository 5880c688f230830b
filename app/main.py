"""The only place where the rooms are joined: from settings to a server that runs.

`build` makes the application; starting it opens the database, migrates it, takes up where an
earlier life stopped, and keeps engine and courier running until it is closed.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

import httpx
from fastapi import FastAPI

from app.clock import SystemClock
from app.core.shared import Shared
from app.core.values import OrchestrationId
from app.courier import LEASE, Courier
from app.engine import Engine
from app.github.deliveries import Deliveries
from app.github.limits import SharedLimits
from app.github.notifying import Webhooks
from app.github.oidc import IdentityError, RunIdentity
from app.github.performer import GitHubPerformer
from app.github.visits import GitHubVisits
from app.github.webhooks import hear
from app.interpreter import tidy_when_quiet
from app.metrics import Metrics
from app.parts import client_of, exporter_of, verifier_of, web_flow_of
from app.ports import Clock, Delivery, KnownRepository, Performer, Report, StoreUnavailable
from app.repair import Repair
from app.repair.missed import REACH
from app.repair.patience import Patience
from app.repair.sweeping import REACH_OF_SERVERS, Ages
from app.settings import Settings
from app.store.inbox import GroupInbox
from app.store.migrations import migrate
from app.store.sql import SqlStore, open_store
from app.store.sql.news import News
from app.supervision import Loop
from app.tracing import Tracer
from app.web.api import web_app
from app.web.control import ControlDoor
from app.web.figures import MetricsDoor
from app.web.hooks import EVENTS_HEARD, WebhookDoor
from app.web.live import Changes
from app.web.pages import PATH, Pages, Site, unset_site
from app.web.reports import ReportDoor, Unproven
from app.web.sessions import Cookies, Sessions
from app.web.sign_in import SignInDoor

_log = logging.getLogger(__name__)


def build(
    settings: Settings,
    *,
    clock: Clock | None = None,
    http: httpx.AsyncBaseTransport | None = None,
    owner: str | None = None,
    lease: timedelta = LEASE,
) -> FastAPI:
    """Join the rooms. Raises `SettingsError` where a setting turns out to be unusable.

    `http` is what GitHub is reached through, `owner` what this process calls itself when it
    leases commands: the next process on this machine and port takes over from it. `lease` is
    by the clock: one that runs faster than ours needs a longer one.
    """
    server = _Server(
        settings,
        clock=clock,
        http=http,
        owner=owner or f"{socket.gethostname()}:{settings.port}",
        lease=lease,
    )
    return web_app(
        webhooks=WebhookDoor(
            secret=settings.webhook_secret,
            inbox=server,
            clock=server.clock,
            wake=server.wake,
            meter=server.metrics,
        ),
        reports_door=ReportDoor(
            inbox=server,
            clock=server.clock,
            identify=server.identify,
            knows_repository=server.knows_repository,
            wake=server.wake,
        ),
        trouble=server.trouble,
        lifespan=server.lifespan,
        control=_control(settings, server),
        metrics=_metrics(settings, server),
        site=_pages(settings, server),
    )


def _control(settings: Settings, server: "_Server") -> ControlDoor | None:
    if not settings.api_token:
        return None
    return ControlDoor(
        token=settings.api_token,
        inbox=server,
        clock=server.clock,
        look=server,
        wake=server.wake,
    )


def _metrics(settings: Settings, server: "_Server") -> MetricsDoor | None:
    if not settings.metrics_token:
        return None
    return MetricsDoor(token=settings.metrics_token, read=server.figures)


def _pages(settings: Settings, server: "_Server") -> Site:
    """Return what is for people: nothing of any orchestration where nobody can sign in."""
    if server.visits is None:
        return unset_site()
    cookies = Cookies(
        secret=settings.client_secret,
        clock=server.clock,
        is_secure=settings.url.startswith("https:"),
    )
    sessions = Sessions(cookies)
    sign_in = SignInDoor(
        visits=server.visits, cookies=cookies, sessions=sessions, url=settings.url
    )
    pages = Pages(
        visits=server.visits,
        sessions=sessions,
        cookies=cookies,
        store=server.opened,
        find=server.repository,
        clock=server.clock,
        changes=Changes(server.opened),
        github=settings.server_url,
    )
    return pages.site(sign_in.routes())


class _Server:
    """All that lives as long as the process does."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None,
        http: httpx.AsyncBaseTransport | None,
        owner: str,
        lease: timedelta,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._is_time_rehearsed = clock is not None
        self.metrics = Metrics()
        self._settings = settings
        self._owner = owner
        self._lease = lease
        self._client = client_of(settings, self.clock, http, self.metrics)
        self._verifier = verifier_of(settings, self.clock, http)
        self._flow = web_flow_of(settings, self.clock, http, self.metrics)
        self.visits = (
            GitHubVisits(client=self._client, flow=self._flow, find=self.repository)
            if self._flow is not None
            else None
        )
        self._exporter = exporter_of(settings)
        self._webhooks = Webhooks(urls=settings.notify_urls, secret=settings.notify_secret)
        self._store: SqlStore | None = None
        self._inbox: GroupInbox | None = None
        self._engine: Engine | None = None
        self._repair: Repair | None = None
        self._loops: tuple[Loop, ...] = ()

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Open everything, run the loops, and close everything in the opposite order."""
        async with AsyncExitStack() as closing:
            closing.push_async_callback(self._client.aclose)
            closing.push_async_callback(self._verifier.aclose)
            if self._flow is not None:
                closing.push_async_callback(self._flow.aclose)
            await asyncio.to_thread(migrate, self._settings.database_url)
            store = open_store(
                self._settings.database_url, is_time_rehearsed=self._is_time_rehearsed
            )
            closing.push_async_callback(store.close)
            # By then nothing is under way any more: others may take it up at once.
            closing.push_async_callback(_hand_over, store, self._owner, self.clock)
            inbox = GroupInbox(store)
            closing.push_async_callback(inbox.close)
            engine = self._engine_of(store)
            courier = Courier(
                store=store,
                engine=engine,
                performer=self._performer(store),
                clock=self.clock,
                owner=self._owner,
                meter=self.metrics,
                lease=self._lease,
            )
            await engine.open()
            self._store, self._inbox, self._engine = store, inbox, engine
            repair = self._repair = self._repair_of(store, inbox)
            self._loops = (
                Loop("engine", engine.run),
                Loop("courier", courier.run),
                Loop("listener", partial(self._listen, store, engine, courier)),
                *self._side_loops(store, repair, engine),
            )
            for loop in self._loops:
                task = asyncio.create_task(loop.keep_running(), name=loop.name)
                closing.push_async_callback(_stop, task)
            # The first to be called: the engine still takes in what comes of it.
            closing.push_async_callback(courier.close)
            await repair.open()  # from now on what fails is missed
            _log.info("ready", extra={"url": self._settings.url, "owner": self._owner})
            yield
            _log.info("closing")
            self._inbox = None

    def _engine_of(self, store: SqlStore) -> Engine:
        return Engine(
            store=store,
            clock=self.clock,
            read=partial(hear, app_id=self._settings.app_id),
            owner=self._owner,
            lease=self._lease,
            meter=self.metrics,
        )

    def _performer(self, store: SqlStore) -> Performer:
        pages = f"{self._settings.url}{PATH}" if self.visits is not None else ""
        performer = GitHubPerformer(self._client, self._webhooks, pages=pages)
        return Patience(performer, store=store, clock=self.clock)

    def _side_loops(self, store: SqlStore, repair: Repair, engine: Engine) -> tuple[Loop, ...]:
        """Return what runs beside the work itself."""
        return (
            *self._tracing(store, engine),
            Loop("limits", self._limits(store).run),
            Loop("repair", repair.run),
            Loop("garbage", tidy_when_quiet),
        )

    def _tracing(self, store: SqlStore, engine: Engine) -> tuple[Loop, ...]:
        if self._exporter is None:
            return ()
        tracer = Tracer(store=store, exporter=self._exporter)
        engine.tell_ends_to(tracer.ended)
        return (Loop("tracer", tracer.run),)

    def _limits(self, store: SqlStore) -> SharedLimits:
        return SharedLimits(budget=self._client.budget, store=store, clock=self.clock)

    async def _listen(self, store: SqlStore, engine: Engine, courier: Courier) -> None:
        """Hear what other replicas tell, and turn to it at once."""
        turns = {
            News.DELIVERIES: engine.wake,
            News.COMMANDS: courier.wake,
            News.CATALOGUE: engine.outdate,
        }
        await store.hear(lambda news: turns[news]())

    def _repair_of(self, store: SqlStore, inbox: GroupInbox) -> Repair:
        return Repair(
            store=store,
            inbox=inbox,
            deliveries=Deliveries(self._client),
            clock=self.clock,
            hears=EVENTS_HEARD,
            wake=self.wake,
            ages=_ages(self._settings),
        )

    async def take_in(self, delivery: Delivery) -> bool:
        """Take a delivery in, if we are open."""
        if self._inbox is None:
            raise StoreUnavailable("the server is not open")
        try:
            return await self._inbox.take_in(delivery)
        except StoreUnavailable:
            if self._repair is not None:
                self._repair.suspect()
            raise

    def wake(self) -> None:
        """Tell the engine that something has come in."""
        if self._engine is not None:
            self._engine.wake()

    def knows_repository(self, repository_id: int) -> bool:
        """Tell whether an installation of ours covers a repository."""
        return self._engine is not None and self._engine.knows_repository(repository_id)

    def repository(self, repository_id: int) -> KnownRepository | None:
        """Return a repository that an installation of ours covers."""
        return self._engine.library.head(repository_id) if self._engine is not None else None

    async def identify(self, token: str) -> RunIdentity:
        """Find out whom an OIDC token speaks for. Raises `Unproven`."""
        try:
            return await self._verifier.verify(token)
        except IdentityError as error:
            may_pass = error.code == "issuer-unavailable"
            raise Unproven(error.code, error.message, may_pass=may_pass) from error

    async def is_known(self, id_: OrchestrationId) -> bool:
        """Tell whether there is an orchestration of this id."""
        return id_ in await self.opened().load([id_])

    async def shared(self, kind: str) -> Sequence[Shared]:
        """Return the locks or the calendars."""
        return [saved.state for saved in await self.opened().shared_of_kind(kind)]

    async def reports(self, id_: OrchestrationId) -> Sequence[Report]:
        """Return the evidence packs of an orchestration, the oldest first."""
        return await self.opened().reports(id_)

    def opened(self) -> SqlStore:
        """Return the store. Raises `StoreUnavailable` while the server is not open."""
        if self._store is None:
            raise StoreUnavailable("the server is not open")
        return self._store

    async def figures(self) -> bytes:
        """Return all figures for Prometheus."""
        now = self.clock.now()
        standing = await self.opened().standing(now)
        return self.metrics.exposition(standing, self._client.budget.figures(), now)

    async def trouble(self) -> str:
        """Say why we are not ready, if we are not."""
        if self._store is None or self._inbox is None:
            return "the server is starting or closing"
        try:
            await self._store.ready()
        except StoreUnavailable as error:
            _log.warning("the database is not ready", extra={"why": str(error)})
            return "the database does not answer, cannot write or is of another version"
        return "; ".join(loop.trouble for loop in self._loops if loop.trouble)


def _ages(settings: Settings) -> Ages:
    """Say how long things are kept; 0 days of journals are for ever."""
    ended = settings.keep_ended_days
    return Ages(
        deliveries=timedelta(days=settings.keep_deliveries_days),
        ended=timedelta(days=ended) if ended else None,
        again=REACH_OF_SERVERS if settings.api_url.endswith("/api/v3") else REACH,
    )


async def _hand_over(store: SqlStore, owner: str, clock: Clock) -> None:
    """Give up our leases; should the database be away, they run out."""
    with suppress(StoreUnavailable):
        await store.take_back(owner=owner, now=clock.now())


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
