"""Pages that follow what happens: streams that tell of changes, to whom they may, and end."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.cli.serving import Server, config_of
from app.core.commands import WriteCheck
from app.core.copying import replace
from app.core.state import new_orchestration
from app.core.values import OrchestrationId
from app.ports import Batch, NewCommand, Saved, StoreUnavailable
from app.store.memory import MemoryStore
from app.web.bodies import Crowded
from app.web.live import OF_ONE_MAX, Changes, TooMany, mark_of
from app.web.pacing import Pace
from app.web.pages import Site
from tests.kit import build
from tests.kit.build import START
from tests.shell.test_pages import MONA
from tests.shell.web_kit import Server as Doors

pytestmark = pytest.mark.anyio
QUICK = 0.01


async def yes() -> bool:
    """Let somebody go on seeing it."""
    return True


async def house() -> tuple[MemoryStore, OrchestrationId]:
    """Return a store with one orchestration."""
    store, state = MemoryStore(), new_orchestration(build.plan("build"))
    await store.commit(Batch(states=[Saved(state=state, version=1)]))
    return store, state.id


async def told(stream: AsyncIterator[bytes]) -> str:
    """Return the next thing that a stream tells, its beats left out."""
    async with asyncio.timeout(5):
        async for part in stream:
            if part.startswith(b"data: "):
                return part.decode().removeprefix("data: ").strip()
    return "the end"


async def saved_again(store: MemoryStore, id_: OrchestrationId) -> None:
    """Save an orchestration once more, as somebody paused it."""
    saved = (await store.load([id_]))[id_]
    state = replace(saved.state, events=saved.state.events + 1)
    await store.commit(Batch(states=[Saved(state=state, version=saved.version + 1)]))


async def put_off(store: MemoryStore, id_: OrchestrationId) -> None:
    """Let a command be put off."""
    command = NewCommand(subject=id_, command=WriteCheck(), due=START, priority=1)
    await store.commit(Batch(commands=[command]))
    lease = timedelta(minutes=1)
    [claimed] = await store.claim(owner="one", now=START, lease=lease, limit=1)
    await store.postpone(claimed.id, due=START + lease, why="GitHub's rate limit")


async def test_a_stream_tells_what_is_so_and_each_change() -> None:
    """At once, and whenever it was saved again; a delay is a change, too."""
    store, id_ = await house()
    changes = Changes(lambda: store, look_seconds=QUICK)
    stream = changes.follow(id_, MONA.id, yes)
    first = await told(stream)
    await saved_again(store, id_)
    second = await told(stream)
    await put_off(store, id_)
    third = await told(stream)
    changes.close()

    assert (first, second) == ("1", "2")
    assert third == mark_of(2, await store.delayed(id_))
    assert third.startswith("2.")
    assert await told(stream) == "the end"


async def test_one_look_serves_all() -> None:
    """However many are open, each is told; when all are gone nobody looks any more."""
    store, id_ = await house()
    changes = Changes(lambda: store, look_seconds=QUICK)
    streams = [changes.follow(id_, number, yes) for number in range(5)]
    found = [await told(each) for each in streams]
    for each in streams:
        await each.aclose()  # type: ignore[attr-defined]  # a generator, as it happens
    await asyncio.sleep(QUICK * 3)

    assert found == ["1"] * 5
    assert [it for it in asyncio.all_tasks() if it.get_name() == "changes"] == []


async def test_streams_are_bounded() -> None:
    """For each visitor, and in all; who leaves makes room."""
    store, id_ = await house()
    changes = Changes(lambda: store, look_seconds=QUICK, streams_max=OF_ONE_MAX + 1)
    streams = [changes.follow(id_, MONA.id, yes) for _ in range(OF_ONE_MAX)]
    for each in streams:
        await told(each)
    with pytest.raises(TooMany):
        changes.follow(id_, MONA.id, yes)
    other = changes.follow(id_, 8, yes)
    await told(other)
    with pytest.raises(TooMany):
        changes.follow(id_, 9, yes)
    await streams[0].aclose()  # type: ignore[attr-defined]  # a generator, as it happens

    assert await told(changes.follow(id_, 9, yes)) == "1"
    changes.close()


async def test_a_burst_gets_no_more_streams_than_there_are() -> None:
    """Also where all had asked before the first was told anything."""
    store, id_ = await house()
    changes = Changes(lambda: store, look_seconds=QUICK)
    streams = [changes.follow(id_, MONA.id, yes) for _ in range(OF_ONE_MAX + 2)]
    found = [await told(each) for each in streams]
    changes.close()

    assert found == ["1"] * OF_ONE_MAX + ["the end"] * 2


async def test_a_stream_ends_when_somebody_may_not_see_it_any_more() -> None:
    """It is asked again and again as long as it is open."""
    store, id_ = await house()
    answers = [True, False]

    async def may_see() -> bool:
        return answers.pop(0)

    changes = Changes(lambda: store, look_seconds=QUICK, checked_seconds=QUICK)
    stream = changes.follow(id_, MONA.id, may_see)

    assert (await told(stream), await told(stream)) == ("1", "the end")
    assert answers == []


async def test_a_database_that_is_away_is_no_change() -> None:
    """The stream stays, and tells again when it is back."""
    store, id_ = await house()
    away = [False]

    def opened() -> MemoryStore:
        if away[0]:
            raise StoreUnavailable("away")
        return store

    changes = Changes(opened, look_seconds=QUICK)
    stream = changes.follow(id_, MONA.id, yes)
    first = await told(stream)
    away[0] = True
    await saved_again(store, id_)
    await asyncio.sleep(QUICK * 5)
    away[0] = False

    assert (first, await told(stream)) == ("1", "2")
    changes.close()


@asynccontextmanager
async def served(
    changes: Changes, id_: OrchestrationId
) -> AsyncIterator[tuple[asyncio.Task[None], Server, str]]:
    """Serve a stream over real HTTP, as `signalbox serve` would."""

    async def follow(_request: Request) -> Response:
        return StreamingResponse(changes.follow(id_, MONA.id, yes))

    async def front(_request: Request) -> Response:
        return Response("hello")

    site = Site(front=front, routes=[Route("/stream", follow)], leave=changes.close)
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(config_of(Doors(site=site).app()))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    yield running, server, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await running


async def test_a_server_that_is_told_to_stop_ends_its_streams_at_once() -> None:
    """It does not wait for pages that somebody left open."""
    store, id_ = await house()
    changes = Changes(lambda: store, look_seconds=QUICK)
    loop = asyncio.get_running_loop()
    async with (
        served(changes, id_) as (running, server, url),
        httpx.AsyncClient() as client,
        client.stream("GET", f"{url}/stream") as answer,
    ):
        parts = answer.aiter_bytes()
        first = await told(parts)
        asked = loop.time()
        server.should_exit = True
        last = await told(parts)
        await running
        took = loop.time() - asked

    assert (first, last) == ("1", "the end")
    assert took < 3


async def test_pages_take_a_share_of_the_time_and_no_more() -> None:
    """After each there is a rest as long as it took, where they may take half."""
    pace, loop = Pace(share=0.5), asyncio.get_running_loop()
    began = loop.time()
    for _ in range(3):
        async with pace.turn():
            await asyncio.sleep(0.05)
    took = loop.time() - began

    assert 0.25 <= took < 1


async def test_whoever_comes_when_too_many_wait_comes_again_later() -> None:
    """One has its turn, one waits, and the third is told at once; afterwards there is room."""
    pace, may_end = Pace(waiting_max=2), asyncio.Event()

    async def visit() -> None:
        async with pace.turn():
            await may_end.wait()

    visits = [asyncio.create_task(visit()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Crowded):
        await visit()
    may_end.set()
    await asyncio.gather(*visits)
    await visit()

    assert all(each.done() for each in visits)
