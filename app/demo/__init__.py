"""The demo: Signalbox as it is, against a rehearsed GitHub, over real HTTP, before your eyes.

A push releases two components over four repositories; then a pull request fails its test, and
what needs the test is not deployed; then a deployment waits for two people, who approve by a
review and by a comment. At the end all that was promised is looked at.
"""

import asyncio
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from app import logs
from app.cli.serving import Server, config_of, listen
from app.clock import SystemClock
from app.demo.pages import Pages
from app.demo.proof import Gate, Proof, deployments, prove
from app.demo.stage import ACTOR, DEFINITIONS, HOME, REVIEWER, WRITER, set_stage
from app.demo.telling import Teller
from app.demo.visiting import visit
from app.main import build
from app.ports import Store
from app.rehearsal import Rehearsal, serve
from app.settings import Settings
from app.store.sql import open_store
from app.web.pages import PATH

HOST: Final = "127.0.0.1"
SECRET: Final = "the webhook secret of the demo"  # noqa: S105 - it guards nothing
PATIENCE_SECONDS: Final = 30
LOOK_SECONDS: Final = 0.1
HALFWAY_SECONDS: Final = 2
"""Time in which one approval of two would have let the deployment go on."""
INTERRUPTED: Final = 130


class _Server(Server):
    """A server that leaves the signals of the process to the demo."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class DemoError(Exception):
    """Something that the demo waits for did not come."""


def run_demo(*, once: bool, port: int) -> int:
    """Play the demo. Return 0 if all went as it should, 1 if not."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="signalbox-demo-") as folder:
        log_path = Path(folder) / "signalbox.log"
        with log_path.open("w", encoding="utf-8") as log:
            logs.set_up(log)
            try:
                return asyncio.run(_interruptible(console, Path(folder), once, port))
            except DemoError as error:
                console.print(f"[red]{error}")
                console.print(log_path.read_text(encoding="utf-8")[-5_000:], markup=False)
                return 1


async def _interruptible(console: Console, folder: Path, once: bool, port: int) -> int:
    """Play until the end, or until a signal says that it is enough: then all is closed."""
    playing = asyncio.ensure_future(_play(console, folder, once=once, port=port))
    # Windows has no such handlers; there Ctrl-C cancels what `asyncio.run` runs.
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, playing.cancel)
    try:
        return await playing
    except asyncio.CancelledError:
        return INTERRUPTED if once else 0


async def _play(console: Console, folder: Path, *, once: bool, port: int) -> int:
    listening = listen(HOST, port)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    rehearsal = Rehearsal(
        SystemClock(), webhook_url=f"{url}/webhooks/github", webhook_secret=SECRET
    )
    set_stage(rehearsal)
    async with httpx.AsyncClient() as receiver, serve(rehearsal, app=Pages(rehearsal)):
        rehearsal.connect(receiver)
        settings = Settings(
            app_id=str(rehearsal.app_id),
            private_key=rehearsal.app_private_key_pem,
            webhook_secret=SECRET,
            url=url,
            api_url=rehearsal.api_url,
            server_url=rehearsal.web_url,
            oidc_issuer=rehearsal.oidc_issuer,
            client_id=rehearsal.client_id,
            client_secret=rehearsal.client_secret,
            database_url=f"sqlite:///{folder / 'demo.db'}",
            host=HOST,
            port=listening.getsockname()[1],
        )
        server = _Server(config_of(build(settings)))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            await _until(lambda: _is(server.started), "Signalbox does not start")
            store = open_store(settings.database_url)
            try:
                proof = await _scenes(console, rehearsal, store, settings)
                if not once:
                    await _stay(console, settings, rehearsal)
            finally:
                await store.close()
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await serving
    return 0 if proof.holds else 1


async def _scenes(
    console: Console, rehearsal: Rehearsal, store: Store, settings: Settings
) -> Proof:
    console.print(f"Signalbox listens at {settings.url}.")
    console.print(f"GitHub is rehearsed at {rehearsal.web_url}: acme, with four repositories.")

    async def knows_definitions() -> bool:
        return len((await store.catalogue()).definitions) == DEFINITIONS

    await _until(knows_definitions, "Signalbox does not read the definitions")
    teller = Teller(console, rehearsal, store)

    teller.heading(f"{ACTOR} pushes to main of {HOME}")
    async with _telling(teller):
        pushed = rehearsal.push(HOME, {"versions/train.txt": "2026.47\n"}, author=ACTOR)
        await _until(lambda: _concluded(rehearsal, pushed), "the release does not end")
    check = rehearsal.check_runs(HOME, pushed)[0]
    teller.text(
        f"The check on {pushed[:7]}: {check.title}", f"{check.summary}\n\n{check.text or ''}"
    )

    teller.heading(f"{ACTOR} opens a pull request in {HOME}, and its browser test fails")
    async with _telling(teller):
        pull = rehearsal.open_pull_request(HOME, {"README.md": "# Release\n"}, author=ACTOR)
        await _until(lambda: _concluded(rehearsal, pull.head_sha), "the preview does not end")
        await _until(
            lambda: _is(_comment_is_final(rehearsal, pull.number)), "the comment lags behind"
        )
    comment = rehearsal.comments(HOME, pull.number)[0]
    teller.text(f"The one comment on pull request #{pull.number}", comment.body)

    gate = await _gate(teller, rehearsal)

    teller.heading("Was all as it should be?")
    page = await visit(settings.url, await _address(store, gate.sha), WRITER)
    proof = prove(rehearsal, pushed, pull.head_sha, pull.number, gate, page)
    for said, holds in proof.points:
        console.print(f"  [green]✓[/] {said}" if holds else f"  [red]✗ {said}")
    return proof


async def _gate(teller: Teller, rehearsal: Rehearsal) -> Gate:
    """Play the scene in which a deployment waits for people."""
    teller.heading(f"{ACTOR} wants to ship to production, to which two others must agree")
    async with _telling(teller):
        files = {"production/version.txt": "2026.47\n"}
        pull = rehearsal.open_pull_request(
            HOME, files, author=ACTOR, branch="ship", title="Ship 2026.47"
        )
        await _until(
            lambda: _is(_waits(rehearsal, pull.head_sha)), "the gate does not wait for people"
        )
        waiting = deployments(rehearsal)
        asking = rehearsal.check_runs(HOME, pull.head_sha)[0]
        teller.text(f"The check while it waits: {asking.title}", asking.summary or "")
        rehearsal.review(HOME, pull.number, REVIEWER)
        await asyncio.sleep(HALFWAY_SECONDS)
        halfway = deployments(rehearsal)
        comment = rehearsal.comment(HOME, pull.number, "Fine with me.\n\n/approve", WRITER)
        await _until(lambda: _concluded(rehearsal, pull.head_sha), "nothing is shipped")
        await _until(lambda: _is(bool(comment.reactions)), "the comment is not answered")
    check = rehearsal.check_runs(HOME, pull.head_sha)[0]
    teller.text(f"The check on {pull.head_sha[:7]}: {check.title}", check.summary or "")
    signs = tuple(each.content for each in comment.reactions)
    return Gate(sha=pull.head_sha, waiting=waiting, halfway=halfway, signs=signs)


async def _address(store: Store, sha: str) -> str:
    """Return the address of the page of what was begun at a commit."""
    rows = await store.orchestrations(limit=20)
    saved = await store.load([row.id for row in rows])
    found = [it.state for it in saved.values() if it.state.plan.cause.sha == sha]
    return f"{PATH}/{found[0].id}"


def _waits(rehearsal: Rehearsal, sha: str) -> bool:
    checks = rehearsal.check_runs(HOME, sha)
    return bool(checks) and "waiting for people" in (checks[0].title or "")


async def _stay(console: Console, settings: Settings, rehearsal: Rehearsal) -> None:
    """Say where to look, and stay up until interrupted."""
    shell = f"DATABASE_URL={shlex.quote(settings.database_url)} {shlex.quote(sys.executable)}"
    console.print()
    console.print("It stays up; Ctrl-C ends it. Meanwhile:", style="bold")
    console.print(f"  pages              {settings.url}/ (sign in as {ACTOR})")
    console.print(f"  rehearsed GitHub   {rehearsal.web_url}/{HOME}")
    for what in ("list", "show 'release#1'", f"start release --repository {HOME}"):
        console.print(f"  {shell} -m app {what}", soft_wrap=True, highlight=False)
    await asyncio.Event().wait()


@asynccontextmanager
async def _telling(teller: Teller) -> AsyncIterator[None]:
    """Tell what happens while it happens."""

    async def tell_on() -> None:
        while True:
            await teller.tell()
            await asyncio.sleep(LOOK_SECONDS)

    telling = asyncio.create_task(tell_on())
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await teller.tell()


async def _is(value: bool) -> bool:
    return value


async def _concluded(rehearsal: Rehearsal, sha: str) -> bool:
    checks = rehearsal.check_runs(HOME, sha)
    return bool(checks) and all(check.status == "completed" for check in checks)


def _comment_is_final(rehearsal: Rehearsal, number: int) -> bool:
    comments = rehearsal.comments(HOME, number)
    return bool(comments) and "skipped" in comments[0].body


async def _until(holds: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    """Wait until something holds. Raises `DemoError` when patience ends."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            # It is looked at from outside, so there is no event to wait for.
            while not await holds():  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise DemoError(f"{otherwise}, not within {PATIENCE_SECONDS} seconds") from None
