"""`signalbox inbox`: what could not be done is seen, tried again, or given up."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.ports import Delivery
from app.store.sql import open_store
from tests.shell.cli_kit import RELEASE, House, Terminal

GUID = "1c0ffee0-0000-4000-8000-000000000000"


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A database with one delivery that cannot be read."""
    house = House(tmp_path)
    house.knows("acme/release", 1, {"release.yml": RELEASE})

    async def bring() -> None:
        store = open_store(house.url)
        now = SystemClock().now()
        await store.save_deliveries(
            [Delivery(id=GUID, event="push", body=b"{ no json", received_at=now)]
        )
        await store.close()

    asyncio.run(bring())
    house.work_off()
    return house


def test_what_was_set_aside_is_listed_with_its_error(terminal: Terminal, house: House) -> None:
    """In a table for people, whole for programs, and one by one."""
    listed = terminal.run("inbox", "list", "--database", house.url)
    told = terminal.run("inbox", "list", "--json", "--database", house.url)
    shown = terminal.run("inbox", "show", GUID, "--database", house.url)
    one = terminal.run("inbox", "show", GUID, "--json", "--database", house.url)

    assert GUID in listed.out
    assert "JSONDecodeError" in listed.out
    assert [(each["kind"], each["name"]) for each in told.json] == [("delivery", "push")]
    assert "JSONDecodeError" in shown.out
    assert one.json == told.json[0]


def test_it_is_tried_again_by_hand(terminal: Terminal, house: House) -> None:
    """What is still wrong is set aside again; what has been mended is done."""
    again = terminal.run("inbox", "retry", GUID, "--database", house.url)
    between = terminal.run("inbox", "list", "--database", house.url)
    house.work_off()
    after = terminal.run("inbox", "list", "--database", house.url)

    assert (again.code, again.out) == (0, f"{GUID} is tried again\n")
    assert between.out == "nothing was set aside, and nothing waits\n"
    assert GUID in after.out


def test_it_is_dropped_by_hand(terminal: Terminal, house: House) -> None:
    """It is listed no more, and cannot be dropped twice."""
    first = terminal.run("inbox", "drop", GUID, "--json", "--database", house.url)
    second = terminal.run("inbox", "drop", GUID, "--database", house.url)
    listed = terminal.run("inbox", "list", "--json", "--database", house.url)

    assert (first.code, first.json) == (0, {"id": GUID, "outcome": "is dropped"})
    assert (second.code, listed.json) == (2, [])
    assert "nothing was set aside as" in second.err


def test_a_command_is_named_by_its_number(terminal: Terminal, house: House) -> None:
    """It is tried again by whoever runs the server."""
    terminal.run("start", "release", "--database", house.url)
    house.work_off()
    connection = sqlite3.connect(house.url.removeprefix("sqlite:///"))
    connection.execute("UPDATE commands SET status = 'failed', note = 'no', last_tried_at = 1")
    connection.commit()
    connection.close()
    listed = terminal.run("inbox", "list", "--json", "--database", house.url).json
    number = next(each["id"] for each in listed if each["kind"] == "command")
    shown = terminal.run("inbox", "show", number, "--database", house.url)
    again = terminal.run("inbox", "retry", number, "--database", house.url)
    unknown = terminal.run("inbox", "show", "no-such-id", "--database", house.url)

    assert "why    no" in shown.out
    assert again.code == 0
    assert unknown.code == 2


def test_what_was_put_off_is_shown_with_its_orchestration(
    terminal: Terminal, house: House
) -> None:
    """Until when, and why: for people and for programs."""
    terminal.run("start", "release", "--database", house.url)
    house.work_off()
    plain = terminal.run("show", "release#1", "--database", house.url)
    connection = sqlite3.connect(house.url.removeprefix("sqlite:///"))
    connection.execute(
        "UPDATE commands SET note = 'GitHub asked us to wait', due = 1795615500000000,"
        " lease_owner = NULL, lease_until = NULL WHERE key LIKE 'write/check'"
    )
    connection.commit()
    connection.close()
    told = terminal.run("show", "release#1", "--database", house.url)
    whole = terminal.run("show", "release#1", "--json", "--database", house.url)

    assert "Put off" not in plain.out
    line = "write/check: delayed until 2026-11-25 14:05 UTC: GitHub asked us to wait"
    assert line in told.out
    assert [each["command"] for each in whole.json["delayed"]] == ["write/check"]


def test_what_waits_for_its_repository_is_listed_with_the_rest(
    terminal: Terminal, house: House
) -> None:
    """With what it waits for; it is worked off by itself then, and can be dropped."""
    waits = "waits until the definitions of acme/app are read"
    connection = sqlite3.connect(house.url.removeprefix("sqlite:///"))
    connection.execute(
        "UPDATE deliveries SET status = 'parked', waits_for = 'repository/2', note = ?",
        (waits,),
    )
    connection.commit()
    connection.close()
    listed = terminal.run("inbox", "list", "--database", house.url)
    shown = terminal.run("inbox", "show", GUID, "--database", house.url)
    told = terminal.run("inbox", "show", GUID, "--json", "--database", house.url).json
    again = terminal.run("inbox", "retry", GUID, "--database", house.url)
    dropped = terminal.run("inbox", "drop", GUID, "--database", house.url)
    after = terminal.run("inbox", "list", "--database", house.url)

    assert "waits" in listed.out.splitlines()[1]
    assert f"why    {waits}" in shown.out
    assert (told["is_waiting"], told["subject"], told["why"]) == (True, "repository/2", waits)
    assert "it waits, and is worked off by itself" in again.err
    assert (again.code, dropped.code) == (2, 0)
    assert after.out == "nothing was set aside, and nothing waits\n"
