"""A gallery: orchestrations as recorded journals tell them, each at some moment of its life.

It is a server with nothing but pages, at which anybody may see everything.
"""

import asyncio
import socket
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response

from app.core.commands import WriteCheck
from app.core.copying import replace
from app.core.events import Event
from app.core.replay import replay
from app.core.values import OrchestrationId
from app.ports import Batch, ClaimedCommand, JournalEntry, NewCommand, Saved
from app.ports.visiting import Visitor
from app.store.journals import read_journal
from app.store.memory import MemoryStore
from app.web.answers import SecurityHeaders
from app.web.live import Changes
from app.web.pages import Pages
from app.web.sessions import Cookies, Sessions
from tests.journals.recorded import file_of

MONA: Final = Visitor(id=7, login="mona")
SCENES: Final = (
    ("release-train/shipped", 30),
    ("release-train/shipped", 39),
    ("release-train/shipped", None),
    ("release-train/rolled-back", None),
    ("change-approval/applied", 12),
    ("change-approval/reverted", None),
    ("rollout/rolled-out", 46),
    ("rollout/half-burns", None),
    ("incident/contained", 31),
    ("integration/flaky", None),
    ("ai-repair/repaired", 37),
)
"""Which journal, and how many of its events are told."""


class Standing:
    """A clock that stands where the last event was."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class Everybody:
    """A GitHub on which everybody may read everything, and nobody has to sign in."""

    def sign_in_url(self, *, state: str, challenge: str, back: str) -> str:
        return back

    async def visitor(self, *, code: str, verifier: str, back: str) -> Visitor:
        return MONA

    async def readable(
        self, visitor: Visitor, repository_ids: Collection[int]
    ) -> frozenset[int]:
        return frozenset(repository_ids)


@dataclass(slots=True)
class Gallery:
    """The server, and the orchestrations in it."""

    loop: asyncio.AbstractEventLoop
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: Standing = field(default_factory=Standing)
    events: dict[OrchestrationId, list[Event]] = field(default_factory=dict)
    url: str = ""

    def app(self) -> Starlette:
        """Return the web application."""
        cookies = Cookies(secret="a secret of the gallery", clock=self.clock, is_secure=False)
        pages = Pages(
            visits=Everybody(),
            sessions=Sessions(cookies),
            cookies=cookies,
            store=lambda: self.store,
            find=lambda _id: None,
            clock=self.clock,
            changes=Changes(lambda: self.store, look_seconds=0.1),
            github="https://github.com",
        )
        site = pages.site([])
        app = Starlette(routes=list(site.routes))
        app.add_route("/", site.front)
        app.add_middleware(SecurityHeaders)
        app.state.cookies = cookies
        return app

    def cookie(self) -> str:
        """Return the cookie of somebody who is signed in."""
        cookies = Cookies(secret="a secret of the gallery", clock=self.clock, is_secure=False)
        response = Response()
        Sessions(cookies).begin(response, MONA)
        return response.headers["set-cookie"].partition(";")[0]

    async def hang(self, name: str, count: int | None, number: int) -> OrchestrationId:
        """Put an orchestration in, as it was when so much of its journal had been told."""
        journal = read_journal(file_of(name).read_text(encoding="utf-8"))
        id_ = OrchestrationId(f"{number:016x}")
        plan = replace(journal.plan, id=id_, number=number)
        events = list(journal.events)
        told = events[:count]
        self.events[id_] = events[len(told) :]
        await self._tell(replay(plan, told).state, told, 1, 1)
        self.clock.at = max(self.clock.at, told[-1].at + timedelta(minutes=2))
        return id_

    def go_on(self, id_: OrchestrationId) -> None:
        """Tell the next event of an orchestration."""
        asyncio.run_coroutine_threadsafe(self._go_on(id_), self.loop).result(timeout=10)

    async def _go_on(self, id_: OrchestrationId) -> None:
        saved = (await self.store.load([id_]))[id_]
        event = self.events[id_].pop(0)
        before = [entry.event for entry in await self.store.journal(id_)]
        state = replay(saved.state.plan, [*before, event]).state
        await self._tell(state, [event], saved.version + 1, len(before) + 1)

    async def put_off(self, id_: OrchestrationId) -> None:
        """Let the writing of a check be put off by a rate limit."""
        now = self.clock.at
        command = NewCommand(subject=id_, command=WriteCheck(), due=now, priority=1)
        await self.store.commit(Batch(commands=[command]))
        claimed: list[ClaimedCommand] = list(
            await self.store.claim(
                owner="gallery", now=now, lease=timedelta(minutes=1), limit=1
            )
        )
        await self.store.postpone(
            claimed[0].id,
            due=now + timedelta(minutes=21),
            why="GitHub's rate limit: 0 of 5000 calls are left",
        )

    async def _tell(self, state: object, told: list[Event], version: int, first: int) -> None:
        saved = Saved(state=state, version=version)
        entries = [
            JournalEntry(orchestration_id=saved.state.id, seq=seq, event=event)
            for seq, event in enumerate(told, first)
        ]
        await self.store.commit(Batch(states=[saved], journal=entries))


@contextmanager
def opened() -> Iterator[Gallery]:
    """Open the gallery at an address of this machine, for as long as somebody looks."""
    loop = asyncio.new_event_loop()
    gallery = Gallery(loop=loop)
    for number, (name, count) in enumerate(SCENES, 1):
        loop.run_until_complete(gallery.hang(name, count, number))
    loop.run_until_complete(gallery.put_off(OrchestrationId(f"{2:016x}")))
    listening = socket.create_server(("127.0.0.1", 0))
    gallery.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(gallery.app(), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(server.serve(sockets=[listening])), daemon=True
    )
    thread.start()
    try:
        yield gallery
    finally:
        server.force_exit = server.should_exit = True
        thread.join(timeout=10)
        loop.close()
