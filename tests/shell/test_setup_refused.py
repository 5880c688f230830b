"""What `signalbox setup` does not take, and what becomes of it when something goes wrong."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.rehearsal import CallFault, VirtualClock
from app.rehearsal.wire.app import Asgi, Message, Receive, Send
from tests.shell.cli_kit import Terminal
from tests.shell.process_kit import unused_port
from tests.shell.setup_kit import FILES, URL, Command, scene

pytestmark = pytest.mark.anyio
CONVERSIONS = "/app-manifests/"
CODE = "f" * 40


@pytest.fixture
def taken() -> Iterator[str]:
    """A port on which nobody can listen: what should be refused before does not wait there."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield str(listening.getsockname()[1])


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@dataclass
class Slow:
    """A way to GitHub on which its answer with the secrets comes when it is let through."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, app: Asgi) -> Asgi:
        async def slow(scope: Message, receive: Receive, send: Send) -> None:
            if CONVERSIONS in scope.get("path", ""):
                self.asked.set()
                await self.let.wait()
            await app(scope, receive, send)

        return slow


def telling(**odd: Any) -> Callable[[Asgi], Asgi]:
    """Return a way to GitHub on which some fields of the answer with the secrets are others."""

    def through(app: Asgi) -> Asgi:
        async def told(scope: Message, receive: Receive, send: Send) -> None:
            if CONVERSIONS not in scope.get("path", ""):
                await app(scope, receive, send)
                return
            parts: list[Message] = []

            async def keep(part: Message) -> None:
                parts.append(part)

            await app(scope, receive, keep)
            body = json.dumps({**json.loads(parts[1]["body"]), **odd}).encode()
            await send({**parts[0], "headers": [(b"content-type", b"application/json")]})
            await send({"type": "http.response.body", "body": body})

        return told

    return through


async def no_more_listening(port: int | None) -> None:
    """Return once nobody can come any more, which is the first thing that an end brings."""
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                return
            writer.close()
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (("--url", "http://signalbox.acme.example"), "is not https", "use https"),
        (("--url", "signalbox.acme.example"), "is not a URL", "https://host"),
        (("--url", f"{URL}/?a=b"), "holds more than", "leave out"),
        (("--url", f"{URL}/#a"), "holds more than", "leave out"),
        (("--url", f"{URL}/?"), "characters", "without `?` and `#`"),
        (("--url", f"{URL}/a$b"), "characters", "https://host"),
        (("--organization", "acme/api"), "no name of an organization", "github.com/NAME"),
        (("--organization", "-acme"), "no name of an organization", "github.com/NAME"),
        (("--organization", "a" * 40), "no name of an organization", "github.com/NAME"),
        (("--name", "x" * 35), "35 characters", "from 1 to 34"),
        (("--name", "  "), "0 characters", "from 1 to 34"),
        (("--github", "https://api.github.com"), "is not where people see", "github.com"),
        (("--github", "https://ghe.acme.example/api/v3"), "is not where people", "a path"),
        (("--github", "http://github.com"), "is not https", "use https"),
        (("--without", "merge_groups"), "leaves nothing out", "merge_group"),
        (("--code", "../user"), "no code of GitHub's", "code="),
        (("--folder", "nowhere/at/all"), "is no folder", "--folder"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    terminal: Terminal,
    tmp_path: Path,
    taken: str,
    arguments: tuple[str, str],
    message: str,
    remedy: str,
) -> None:
    """Wrong arguments are 2, and say what would be right, before anything is listened on."""
    given = {"--url": URL, "--folder": str(tmp_path), "--port": taken, **dict([arguments])}

    said = terminal.run("setup", *(each for pair in given.items() for each in pair))

    assert said.code == 2
    assert message in said.err
    assert remedy in said.err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_a_shell_would_misread_is_refused(
    terminal: Terminal, tmp_path: Path, taken: str
) -> None:
    """A blank in the path of the key would part it in a shell, and quotes stay with Docker."""
    folder = tmp_path / "my files"
    folder.mkdir()

    said = terminal.run("setup", "--url", URL, "--folder", folder, "--port", taken)

    assert (said.code, list(folder.iterdir())) == (2, [])
    assert "read differently" in said.err


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("is_link", [False, True])
def test_what_is_there_is_not_overwritten(
    terminal: Terminal, tmp_path: Path, taken: str, name: str, is_link: bool
) -> None:
    """One file of an earlier time is enough to refuse, and stands as it was."""
    if is_link:
        (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / name).write_text("precious", encoding="utf-8")

    said = terminal.run("setup", "--url", URL, "--folder", tmp_path, "--port", taken)

    assert said.code == 2
    assert f"{name} is there already" in said.err
    assert [each.name for each in tmp_path.iterdir()] == [name]
    assert is_link or (tmp_path / name).read_text(encoding="utf-8") == "precious"


def test_a_folder_in_which_nothing_can_be_made_is_refused(
    terminal: Terminal, taken: str
) -> None:
    """Whether a folder can be written to is tried, before GitHub is asked for anything."""
    # Nobody can make a file there, not even root.
    said = terminal.run("setup", "--url", URL, "--folder", "/proc/self", "--port", taken)

    assert said.code == 2
    assert "cannot be written" in said.err
    assert "--folder" in said.err


async def test_a_disk_without_room_is_found_out_before(tmp_path: Path) -> None:
    """Room is made before the secrets are handed out, for GitHub does so only once."""
    limited = ("sh", "-c", 'ulimit -f 8; exec "$@"', "sh")
    async with scene(tmp_path) as on:
        code = await on.fresh_code()
        full = await (await Command.begin(*on.arguments, "--code", code, under=limited)).ended()
        left, asked = on.left, on.conversions
        again = await (await Command.begin(*on.arguments, "--code", code)).ended()

    assert (full.code, left, asked) == (2, set(), 0)
    assert "signalbox.private-key.pem cannot be written" in full.err
    assert (again.code, on.left) == (0, FILES)


def test_a_port_that_is_taken_is_refused(
    terminal: Terminal, tmp_path: Path, taken: str
) -> None:
    """Where it cannot listen is 3, and nothing stays behind."""
    said = terminal.run("setup", "--url", URL, "--folder", tmp_path, "--port", taken)

    assert (said.code, list(tmp_path.iterdir())) == (3, [])
    assert f"127.0.0.1:{taken} cannot be listened on" in said.err
    assert "--port" in said.err


async def test_a_file_that_came_meanwhile_costs_nothing(tmp_path: Path) -> None:
    """The code is not used up by it: once the file is away, the same page ends well."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        back = await on.browser.agree(command.address)
        intruder = on.folder / "signalbox.env"
        intruder.write_text("precious", encoding="utf-8")
        refused = await on.browser.open(back)
        kept, asked = intruder.read_text(encoding="utf-8"), on.conversions
        only = on.left
        intruder.unlink()
        done = await on.browser.open(back)
        said = await command.ended()

    assert (kept, asked, only) == ("precious", 0, {"signalbox.env"})
    assert "is there already" in refused.text
    assert (done.status_code, said.code, on.left) == (200, 0, FILES)


async def test_a_code_that_is_too_old_is_told_and_another_one_taken(tmp_path: Path) -> None:
    """After an hour page and terminal say so; beginning anew in the same command works."""
    clock = VirtualClock()
    async with scene(tmp_path, clock) as on:
        command = await Command.begin(*on.arguments)
        back = await on.browser.agree(command.address)
        clock.advance_to(clock.now() + timedelta(hours=1))
        late = await on.browser.open(back)
        left, is_waiting = on.left, command.is_waiting
        done = await on.browser.open(await on.browser.agree(command.address))
        said = await command.ended()

    assert (late.status_code, left, is_waiting) == (502, set(), True)
    assert (done.status_code, said.code, on.left) == (200, 0, FILES)
    for text in (late.text, said.err):
        assert "good once, and for an hour" in text
        assert f"{on.base}/settings/apps" in text


async def test_a_used_code_is_refused(tmp_path: Path) -> None:
    """Given once more it is 1, says where to look, and leaves nothing."""
    async with scene(tmp_path) as on:
        code = await on.fresh_code()
        await (await Command.begin(*on.arguments, "--code", code)).ended()
        for each in on.folder.iterdir():
            each.unlink()
        given = (*on.arguments, "--organization", "acme", "--code", code)
        said = await (await Command.begin(*given)).ended()

    assert (said.code, on.left) == (1, set())
    assert "good once, and for an hour" in said.err
    assert f"{on.base}/organizations/acme/settings/apps: delete it" in said.err
    assert code not in said.out + said.err


async def test_a_github_that_is_away_is_told_apart(tmp_path: Path) -> None:
    """Not reached at all is 3, the code is still good, and nobody reads it."""
    github = f"http://127.0.0.1:{unused_port()}"
    given = ("--url", URL, "--github", github, "--folder", tmp_path, "--code", CODE)
    said = await (await Command.begin(*given)).ended()

    assert (said.code, [*tmp_path.iterdir()]) == (3, [])  # noqa: ASYNC240  # one small folder
    assert "cannot be reached" in said.err
    assert "try the same code again" in said.err
    assert CODE not in said.out + said.err


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        (CallFault.DROP_BEFORE, 200),
        (CallFault.ERROR_BEFORE, 200),
        (CallFault.ERROR_AFTER, 502),
    ],
)
async def test_an_answer_that_did_not_come_is_asked_for_again(
    tmp_path: Path, fault: CallFault, after: int
) -> None:
    """Whether the App is there by then is not known: the page says how to find out."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        back = await on.browser.agree(command.address)
        on.github.faults.plan_call(fault, path=CONVERSIONS)
        broken = await on.browser.open(back)
        left = on.left
        again = await on.browser.open(back)
        said = await (command.ended() if after == 200 else command.interrupt())

    assert (broken.status_code, left) == (502, set())
    assert "did not say what became of the code" in broken.text
    assert f"{on.base}/settings/apps" in broken.text
    assert (again.status_code, said.code) == (after, 0 if after == 200 else 130)


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        ({"webhook_secret": "with $HOME and blanks in it"}, "read differently"),
        ({"client_secret": "short"}, "GITHUB_CLIENT_SECRET has fewer than"),
        ({"pem": "none"}, "holds no private key"),
    ],
)
async def test_secrets_that_cannot_be_kept_are_told_with_a_way_out(
    tmp_path: Path, odd: dict[str, str], why: str
) -> None:
    """The App is registered by then: it is named, with the page to make new secrets on."""
    async with scene(tmp_path, through=telling(**odd)) as on:
        command = await Command.begin(*on.arguments, "--organization", "acme")
        page = await on.browser.open(await on.browser.agree(command.address))
        said = await command.ended()
        app = on.github.world.registered_app()

    assert (page.status_code, said.code, on.left) == (500, 1, set())
    for text in (page.text, said.err):
        assert why in text
        assert f"App ID {app.id}" in text
        assert f"{on.base}/organizations/acme/settings/apps/signalbox" in text
        assert not [each for each in odd.values() if each in text.replace(why, "")]
        assert app.client_secret not in text


async def test_an_answer_without_secrets_is_no_app(tmp_path: Path) -> None:
    """Where GitHub tells no webhook secret, nothing is written and the way out is named."""
    async with scene(tmp_path, through=telling(webhook_secret=None)) as on:
        code = await on.fresh_code()
        said = await (await Command.begin(*on.arguments, "--code", code)).ended()

    assert (said.code, on.left) == (3, set())
    assert "lacks its secrets" in said.err


async def test_interrupted_while_github_is_asked_nothing_is_lost(tmp_path: Path) -> None:
    """What GitHub tells only once is written, though somebody pressed Ctrl-C meanwhile."""
    slow = Slow()
    async with scene(tmp_path, through=slow) as on:
        command = await Command.begin(*on.arguments)
        back = await on.browser.agree(command.address)
        opening = asyncio.ensure_future(on.browser.open(back))
        await slow.asked.wait()
        ending = asyncio.ensure_future(command.interrupt())
        await no_more_listening(urlsplit(command.back).port)
        slow.let.set()
        said, done = await ending, await opening

    assert (said.code, done.status_code, on.left) == (0, 200, FILES)
    assert "installations/new" in said.out


async def test_a_browser_that_asks_twice_gets_one_app(tmp_path: Path) -> None:
    """Two requests with one code at the same moment ask GitHub once, and both are told."""
    slow = Slow()
    async with scene(tmp_path, through=slow) as on:
        command = await Command.begin(*on.arguments)
        back = await on.browser.agree(command.address)
        both = [asyncio.ensure_future(on.browser.open(back)) for _ in range(2)]
        await slow.asked.wait()
        slow.let.set()
        pages = [await each for each in both]
        said = await command.ended()

    assert [each.status_code for each in pages] == [200, 200]
    assert (said.code, on.conversions) == (0, 1)
