"""`signalbox setup` from its first page to settings that a server takes, over real HTTP."""

import asyncio
import json
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest

from app.github.needs import EVENTS, PERMISSIONS
from app.settings import Settings
from tests.shell.setup_kit import (
    FILES,
    URL,
    Command,
    Scene,
    code_in,
    scene,
    settings_in,
)

pytestmark = pytest.mark.anyio


def secrets_of(on: Scene) -> list[str]:
    """Return what nobody may be shown."""
    settings = settings_in(on.folder / "signalbox.env")
    key = (on.folder / "signalbox.private-key.pem").read_text(encoding="utf-8")
    hidden = [settings["GITHUB_WEBHOOK_SECRET"], settings["GITHUB_CLIENT_SECRET"]]
    return [*hidden, key.splitlines()[1], "BEGIN"]


def sourced_from(file: Path) -> dict[str, str]:
    """Return what a plain shell has in its environment after it has read a file."""
    command = ["sh", "-c", f"set -a; . {file}; env -0"]
    done = subprocess.run(command, env={}, capture_output=True, text=True, check=True)
    return dict(each.split("=", 1) for each in done.stdout.split("\0") if each)


async def test_an_app_is_registered_and_a_server_can_be_it(tmp_path: Path) -> None:
    """What is written is what the settings read, and GitHub knows the App by its key."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments, "--organization", "acme")
        address = await on.browser.agree(command.address)
        assert on.left == set(), "nothing is written before GitHub has agreed"
        done = await on.browser.open(address)
        said = await command.ended()
        settings = Settings.from_environ(settings_in(on.folder / "signalbox.env"))
        now = int(datetime.now(UTC).timestamp())  # noqa: TID251  # GitHub's, and the machine's
        claims = {"iat": now - 30, "exp": now + 300, "iss": settings.app_id}
        token = jwt.encode(claims, settings.private_key, algorithm="RS256")
        headers = {"authorization": f"Bearer {token}"}
        app = await on.browser.client.get(f"{settings.api_url}/app", headers=headers)
        known = on.github.world.registered_app()

    assert (said.code, said.err, done.status_code, on.left) == (0, "", 200, FILES)
    assert (settings.url, settings.server_url) == (URL, on.base)
    assert (settings.client_id, settings.client_secret) == (
        known.client_id,
        known.client_secret,
    )
    assert settings.webhook_secret == known.webhook_secret
    assert known.owner.login == "acme"
    assert on.github.world.webhook_url == f"{URL}/webhooks/github"
    assert (app.status_code, app.json()["id"]) == (200, int(settings.app_id))


async def test_both_say_what_to_do_next_and_neither_tells_a_secret(tmp_path: Path) -> None:
    """Where to install the App and how to start stand in the page and on the terminal."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments, "--organization", "acme")
        first = await on.browser.open(command.address)
        done = await on.browser.open(await on.browser.agree(command.address))
        said = await command.ended()
        secrets = secrets_of(on)

    for text in (done.text, said.out):
        assert f"{on.base}/apps/signalbox/installations/new" in text
        assert f". {on.folder}/signalbox.env; set +a; signalbox serve" in text
    shown = first.text + done.text + said.out + said.err
    assert [each for each in secrets if each in shown] == []


async def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    """Nobody else reads either file, though the umask here would let everybody."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        await on.browser.open(await on.browser.agree(command.address))
        await command.ended()
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in on.folder.iterdir()}

    assert modes == dict.fromkeys(FILES, 0o600)


async def test_a_shell_reads_the_settings_as_docker_does(tmp_path: Path) -> None:
    """The file means the same without quotes to a shell and to Docker."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        await on.browser.open(await on.browser.agree(command.address))
        await command.ended()
        file = on.folder / "signalbox.env"

    settings = settings_in(file)
    assert settings.items() <= sourced_from(file).items()
    assert settings["GITHUB_PRIVATE_KEY_FILE"] == str(on.folder / "signalbox.private-key.pem")
    assert set(settings) == {
        "GITHUB_APP_ID",
        "GITHUB_PRIVATE_KEY_FILE",
        "GITHUB_WEBHOOK_SECRET",
        "GITHUB_CLIENT_ID",
        "GITHUB_CLIENT_SECRET",
        "GITHUB_API_URL",
        "SIGNALBOX_URL",
    }


async def test_github_is_asked_for_just_what_signalbox_needs(tmp_path: Path) -> None:
    """The App that GitHub registers has the permissions and events of `needs`, and no more."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        await on.browser.open(await on.browser.agree(command.address))
        await command.ended()
        app = on.github.world.registered_app()

    assert app.permissions == {each.name: each.level for each in PERMISSIONS}
    assert set(app.events) == {each.name for each in EVENTS}
    assert app.owner.login == "mona"


async def test_the_page_sends_its_form_to_that_github_alone(tmp_path: Path) -> None:
    """No script, and no form to anywhere else, runs in the page; it is kept by nobody."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        page = await on.browser.open(command.address)
        await command.interrupt()

    policy = page.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", f"form-action {on.base}", "frame-ancestors 'none'"} <= set(
        policy
    )
    assert "script" not in page.text + page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"


async def test_who_does_not_come_from_here_is_left_alone(tmp_path: Path) -> None:
    """A wrong state, no code or a code that is none asks GitHub nothing, and it goes on."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        good = await on.browser.agree(command.address)
        code = code_in(good)
        [state] = re.findall(r"state=([\w-]+)", good)
        wrong = [
            await on.browser.open(command.back, code=code, state="made up"),
            await on.browser.open(command.back, code=code),
            await on.browser.open(command.back, state=state),
            await on.browser.open(command.back, code="../../user", state=state),
        ]
        asked = on.conversions
        done = await on.browser.open(good)
        said = await command.ended()

    assert [each.status_code for each in wrong] == [400] * 4
    assert "did not begin here" in wrong[0].text
    assert asked == 0
    assert (done.status_code, said.code, on.left) == (200, 0, FILES)
    assert "did not begin here" in said.err


async def test_only_whoever_sees_the_terminal_gets_to_the_first_page(tmp_path: Path) -> None:
    """Without its address, or by another name of this machine, nobody sees a state."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        guessed = await on.browser.open(f"{command.address[:-1]}!")
        root = await on.browser.open(command.back.replace("/registered", "/"))
        named = {"host": "evil.example"}
        rebound = await on.browser.client.get(command.address, headers=named)
        await command.interrupt()

    assert [each.status_code for each in (guessed, root, rebound)] == [404, 404, 400]
    assert not any("state=" in each.text for each in (guessed, root, rebound))


async def test_interrupted_it_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C while it waits is 130, and the folder is as it was."""
    async with scene(tmp_path) as on:
        command = await Command.begin(*on.arguments)
        await on.browser.agree(command.address)
        said = await command.interrupt()

    assert (said.code, on.left) == (130, set())


async def test_a_code_can_be_given_by_hand(tmp_path: Path) -> None:
    """Where the browser finds no way back, the code in its address is enough."""
    async with scene(tmp_path) as on:
        first = await Command.begin(*on.arguments, "--organization", "acme")
        page = await on.browser.open(first.address)
        code = code_in(await on.browser.agree(first.address))
        await first.interrupt()
        second = await Command.begin(*on.arguments, "--code", code)
        said = await second.ended()
        settings = Settings.from_environ(settings_in(on.folder / "signalbox.env"))

    by_hand = f"--organization acme --github {on.base} --folder {on.folder} --code CODE"
    assert by_hand in page.text
    assert (said.code, on.left) == (0, FILES)
    assert settings.app_id == str(on.github.world.registered_app().id)
    assert "installations/new" in said.out


async def test_the_browser_is_opened_only_when_asked(tmp_path: Path) -> None:
    """`--open` opens the very address that the terminal shows."""
    script = tmp_path / "browser.py"
    script.write_text(
        "import pathlib, sys\npathlib.Path(sys.argv[1]).write_text(sys.argv[2])\n",
        encoding="utf-8",
    )
    note = tmp_path / "opened"
    browser = f"{sys.executable} {script} {note} %s"
    async with scene(tmp_path) as on:
        quiet = await Command.begin(*on.arguments, BROWSER=browser)
        await on.browser.open(quiet.address)
        await quiet.interrupt()
        was_opened = note.exists()
        command = await Command.begin(*on.arguments, "--open", BROWSER=browser)
        async with asyncio.timeout(30):
            # Another process sets no event of ours.
            while not (note.exists() and note.read_text(encoding="utf-8")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await command.interrupt()

    assert not was_opened
    assert note.read_text(encoding="utf-8") == command.address


async def test_a_name_and_who_may_install_it_are_asked_for(tmp_path: Path) -> None:
    """What is typed goes into the manifest; the App is private if nobody says otherwise."""
    async with scene(tmp_path) as on:
        asked = []
        for extra in ((), ("--name", "Trains", "--public", "--without", "merge_group")):
            command = await Command.begin(*on.arguments, *extra)
            page = await on.browser.open(command.address)
            await command.interrupt()
            shown = re.findall(r"<pre>(\{.*?\})</pre>", page.text, re.DOTALL)[0]
            asked.append(json.loads(shown.replace("&quot;", '"')))

    said = [(each["name"], each["public"]) for each in asked]
    assert said == [("Signalbox", False), ("Trains", True)]
    assert ["merge_group" in each["default_events"] for each in asked] == [True, False]
