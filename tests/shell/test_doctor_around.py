"""`signalbox doctor` looks at what is around the App, and says what it found."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.clock import SystemClock
from app.ports import Delivery
from app.rehearsal import EVENTS
from app.store.migrations import migrate
from app.store.schema import REVISION
from app.store.sql import open_store
from tests.shell.cli_kit import House
from tests.shell.doctor_kit import AWAY, HEALTHY, Clinic, clinic, front, of


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Clinic]:
    with clinic(tmp_path, capsys) as made:
        # What told of the installation went nowhere.
        made.github.world.deliveries.clear()
        yield made


def test_a_database_that_is_not_there_is_not_made(here: Clinic) -> None:
    """The exit code is that of no answer, as with the other commands."""
    here.file.unlink()
    said = here.ask()

    [(mark, found, remedy)] = of(said, "database")
    assert (said.code, mark) == (3, "problem")
    assert found == f"there is no database {here.file}"
    assert "signalbox migrate" in remedy
    assert of(said, "set aside") == [("not asked", "there is no database", "")]
    assert not here.file.exists()


def test_a_database_that_cannot_be_read_is_said(here: Clinic) -> None:
    """In the database's own words."""
    here.file.write_bytes(b"no database, but long enough to be looked into\n" * 100)
    said = here.ask()

    [(mark, found, _)] = of(said, "database")
    assert (said.code, mark) == (3, "problem")
    assert "does not answer: file is not a database" in found
    assert of(said, "set aside")[0][0] == "not asked"


@pytest.mark.parametrize(
    ("revision", "found", "remedy"),
    [
        ("0001", "is at revision 0001", "signalbox migrate"),
        ("9999", "is at revision 9999", "the version of Signalbox that wrote it"),
        ("", "has no tables of ours", "signalbox migrate"),
    ],
)
def test_a_database_of_another_version_is_said_and_left(
    here: Clinic, revision: str, found: str, remedy: str
) -> None:
    """Which of the two is older decides what to do."""
    here.file.unlink()
    here.file.touch()
    if revision:
        url = here.environ["DATABASE_URL"]
        migrate(url, "head" if revision == "9999" else revision)
        with closing(sqlite3.connect(here.file)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            connection.commit()
    before = here.file.read_bytes()
    said = here.ask()

    [(mark, told, advice)] = of(said, "database")
    assert (said.code, mark) == (1, "problem")
    assert f"{found}, and {REVISION} is needed" in told
    assert remedy in advice
    assert of(said, "set aside")[0][0] == "not asked"
    assert here.file.read_bytes() == before


def test_what_was_set_aside_is_counted(here: Clinic, tmp_path: Path) -> None:
    """It is a warning, with the command that lists it."""
    house = House(tmp_path)
    before = here.ask()
    asyncio.run(_bring_what_cannot_be_read(house.url))
    house.work_off()
    after = here.ask()

    assert of(before, "set aside") == [("ok", "nothing", "")]
    [(mark, found, remedy)] = of(after, "set aside")
    assert (after.code, mark) == (0, "warning")
    assert found == "1 delivery could not be worked off"
    assert "signalbox inbox list" in remedy


async def _bring_what_cannot_be_read(url: str) -> None:
    store = open_store(url)
    now = SystemClock().now()
    await store.save_deliveries(
        [Delivery(id="guid-1", event="push", body=b"{ no json", received_at=now)]
    )
    await store.close()


@pytest.mark.parametrize(
    ("changed", "mark", "found", "remedy"),
    [
        ({}, "ok", "is ready", ""),
        (
            {"/ready": (503, {"error": {"message": "the database is \x1b[2Jaway"}})},
            "problem",
            "/ready answers 503: the database is",
            "the log of the server",
        ),
        ({"/ready": (503, b"<html>")}, "problem", "it does not say why", "the log"),
        ({"/health": (502, b"")}, "problem", "does not reach Signalbox", "signalbox serve"),
        ({"/health": (404, {})}, "problem", "is not Signalbox", "SIGNALBOX_URL"),
        ({"/health": (200, b"hello")}, "problem", "is not Signalbox", "SIGNALBOX_URL"),
    ],
)
def test_the_server_is_asked_how_it_is(
    here: Clinic, changed: dict[str, Any], mark: str, found: str, remedy: str
) -> None:
    """Whatever answers at its address is told apart by what it says."""
    with front({**HEALTHY, **changed}) as url:
        here.github.set_webhook(url=f"{url}/webhooks/github")
        said = here.ask(SIGNALBOX_URL=url)

    [(told_mark, told, advice)] = of(said, "server")
    assert (told_mark, said.code) == (mark, 0 if mark == "ok" else 1)
    assert found in told
    assert remedy in advice


def test_a_server_that_is_not_reached_from_here_is_a_warning(here: Clinic) -> None:
    """GitHub may come from where this machine does not look."""
    said = here.ask()

    [(mark, found, remedy)] = of(said, "server")
    assert (said.code, mark) == (0, "warning")
    assert f"{AWAY} is not reached from here" in found
    assert "signalbox serve" in remedy


def test_people_read_a_line_for_each_finding(here: Clinic) -> None:
    """Mark, check and finding; the remedy below; and in the end how many of which."""
    here.github.ask_for(events=[name for name in EVENTS if name != "push"])
    said = here.ask(as_json=False)

    lines = said.out.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("problem"))
    assert lines[0] == "ok        settings       all that is needed is set"
    assert lines[place].startswith("problem   events         the App does not hear of Push")
    assert lines[place + 1].strip().startswith("tick Push under Subscribe to events at")
    assert lines[-1] == "1 problem, 2 warnings"


def test_what_github_says_does_nothing_to_a_terminal(here: Clinic) -> None:
    """Nor does it make up lines of its own."""
    here.github.world.registered_app().slug = "s\x1b[2J\nok        events         all\u202e"
    said = here.ask(as_json=False)

    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
    [events] = [line for line in said.out.splitlines() if line.startswith("ok        events")]
    assert events.endswith("the App hears of the 19 that it needs")


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_secret_is_printed(here: Clinic, as_json: bool) -> None:
    """Neither where all is well nor where nothing is."""
    secrets = {
        "GITHUB_CLIENT_ID": here.github.client_id,
        "GITHUB_CLIENT_SECRET": here.github.client_secret,
        "API_TOKEN": "a-token-of-the-api-of-32-letters",
        "METRICS_TOKEN": "a-token-for-metrics-of-32-letters",
        "NOTIFY_URLS": "*=https://hooks.test/services/secret-path",
        "NOTIFY_SECRET": "what notices are signed with",
    }
    database = "postgresql://signalbox:pass-of-database@127.0.0.1:9/signalbox"
    said = [
        here.ask(as_json=as_json, **secrets),
        here.ask(as_json=as_json, **secrets, DATABASE_URL=database),
        here.ask(as_json=as_json, **secrets, GITHUB_APP_ID="4711"),
    ]

    printed = "".join(each.out + each.err for each in said)
    key = here.github.app_private_key_pem.splitlines()
    hidden = [value for name, value in secrets.items() if name != "GITHUB_CLIENT_ID"]
    for secret in (*hidden, here.environ["GITHUB_WEBHOOK_SECRET"], *key[1:-1], "pass-of-"):
        assert secret not in printed
