"""`signalbox audit`: nobody lays a hand on a journal without its being seen."""

import asyncio
import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import SystemClock
from app.store.sql import open_store
from tests.shell.cli_kit import NIGHTLY, RELEASE, House, Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def house(tmp_path: Path, terminal: Terminal) -> House:
    house = House(tmp_path)
    house.knows("acme/release", 1, {"release.yml": RELEASE, "nightly.yml": NIGHTLY})
    for train in ("2026.02", "2026.03"):
        terminal.run("start", "release", f"train={train}", "--database", house.url)
    house.work_off()
    terminal.run("cancel", "release#2", "--reason", "no", "--database", house.url)
    house.work_off()
    return house


def tamper(house: House, statement: str) -> None:
    connection = sqlite3.connect(house.url.removeprefix("sqlite:///"))
    changed = connection.execute(statement).rowcount
    connection.commit()
    connection.close()
    assert changed > 0, "the story changes something"


FIRST = "SELECT id FROM orchestrations WHERE definition_id = 'release' AND number = 1"
SECOND = "SELECT id FROM orchestrations WHERE definition_id = 'release' AND number = 2"
OF_SECOND = f"orchestration_id = ({SECOND})"


def test_what_nobody_touched_is_whole(terminal: Terminal, house: House) -> None:
    """All journals, or one by its name, with the head that evidence names."""
    every = terminal.run("audit", "verify", "--database", house.url)
    one = terminal.run("audit", "verify", "release#2", "--json", "--database", house.url)
    told = terminal.run("audit", "verify", "release#2", "--database", house.url)

    assert (every.code, every.out) == (0, "2 journals, as written\n")
    assert (one.code, one.json[0]["is_whole"]) == (0, True)
    assert one.json[0]["head"] in told.out


def test_a_journal_whose_beginning_was_dropped_goes_on(
    terminal: Terminal, house: House
) -> None:
    """Nothing is broken; what cannot be replayed any more says why."""
    at = ("--database", house.url)

    async def drop() -> None:
        store = open_store(house.url)
        await store.drop_ended(SystemClock().now() + timedelta(days=1))
        await store.close()

    tamper(house, f"UPDATE orchestrations SET ended_at = 1 WHERE id = ({FIRST})")
    asyncio.run(drop())
    gone = terminal.run("audit", "verify", "release#1", *at)
    terminal.run("pause", "release#1", "--reason", "wait", *at)
    house.work_off()
    verified = terminal.run("audit", "verify", "release#1", *at)
    pack = terminal.run("audit", "export", "release#1", "--format", "markdown", *at)
    replayed = terminal.run("replay", "release#1", *at)

    assert gone.code == 0
    assert "0 entries, 1 dropped for their age" in gone.out
    assert verified.code == 0
    assert "1 entry, head" in verified.out
    assert "1 dropped for their age" in verified.out
    assert "1 before them were dropped for their age" in pack.out
    assert replayed.code == 1
    assert "of its journal the entries up to 1 were dropped for their age" in replayed.err


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (f"UPDATE journal SET event = '{{}}' WHERE seq = 1 AND {OF_SECOND}", "entry-changed"),
        (f"DELETE FROM journal WHERE seq = 1 AND {OF_SECOND}", "entry-missing"),
        (f"DELETE FROM journal WHERE seq = 2 AND {OF_SECOND}", "end-missing"),
    ],
)
def test_the_first_broken_link_is_named(
    terminal: Terminal, house: House, statement: str, code: str
) -> None:
    """Changed, taken out or cut off: the answer is no, and no evidence is handed out."""
    tamper(house, statement)
    every = terminal.run("audit", "verify", "--database", house.url)
    found = terminal.run("audit", "verify", "--json", "--database", house.url)
    export = terminal.run("audit", "export", "release#2", "--database", house.url)

    assert every.code == 1
    assert "1 of 2 journals are broken" in every.out
    assert [each["code"] for each in found.json if not each["is_whole"]] == [code]
    assert (export.code, export.out) == (1, "")
    assert "no evidence" in export.err


def test_evidence_is_handed_out(terminal: Terminal, house: House, tmp_path: Path) -> None:
    """As JSON or for people, with the head of the chain in it."""
    whole = terminal.run("audit", "export", "release#2", "--database", house.url)
    pack = json.loads(whole.out)
    [checked] = terminal.run(
        "audit", "verify", "release#2", "--json", "--database", house.url
    ).json
    file = tmp_path / "evidence.md"
    arguments = ("--format", "markdown", "--to", file, "--database", house.url)
    written = terminal.run("audit", "export", "release#2", *arguments)

    assert pack["chain"] == {"entries": checked["entries"], "head": checked["head"]}
    assert pack["journal"][0]["event"] == "OrchestrationRequested"
    assert written.code == 0
    assert checked["head"] in file.read_text(encoding="utf-8")


def test_what_cannot_be_done_is_said(terminal: Terminal, house: House, tmp_path: Path) -> None:
    """An unknown name, an unknown format, a file that cannot be written."""
    unknown = terminal.run("audit", "verify", "nobody", "--database", house.url)
    nothing = terminal.run("audit", "export", "nobody", "--database", house.url)
    form = terminal.run("audit", "export", "release#2", "--format", "pdf")
    where = ("--to", tmp_path, "--database", house.url)
    folder = terminal.run("audit", "export", "release#2", *where)

    assert [it.code for it in (unknown, nothing, form, folder)] == [2, 2, 2, 2]
    assert "there is no orchestration nobody" in unknown.err + nothing.err
    assert "json or markdown" in form.err
    assert "cannot be written" in folder.err
