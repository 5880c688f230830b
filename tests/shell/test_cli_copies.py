"""`signalbox migrate`, `backup` and `restore`: a database is made, copied, and put back."""

import sqlite3
from pathlib import Path

import pytest

from app.store.sql import open_store
from tests.kit import postgres
from tests.shell.cli_kit import RELEASE, House, Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def house(tmp_path: Path, terminal: Terminal) -> House:
    house = House(tmp_path)
    house.knows("acme/release", 1, {"release.yml": RELEASE})
    terminal.run("start", "release", "--database", house.url)
    house.work_off()
    return house


def test_a_backup_is_restored_whole(terminal: Terminal, house: House, tmp_path: Path) -> None:
    """What is there when it is made comes back, and what came later is gone."""
    made = terminal.run("backup", str(tmp_path / "copy"), "--database", house.url)
    before = terminal.run("list", "--json", "--database", house.url).json
    terminal.run("start", "release", "--database", house.url)
    house.work_off()
    refused = terminal.run("restore", str(tmp_path / "copy"), "--database", house.url)
    done = terminal.run("restore", str(tmp_path / "copy"), "--force", "--database", house.url)

    assert (made.code, refused.code, done.code) == (0, 2, 0)
    assert "--force" in refused.err
    assert terminal.run("list", "--json", "--database", house.url).json == before
    assert house.deliveries() == []
    assert {path.name for path in tmp_path.iterdir()} >= {"copy", "signalbox.db"}
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_backup_goes_where_nothing_is(
    terminal: Terminal, house: House, tmp_path: Path
) -> None:
    """A new machine takes it, and an old backup is never written over."""
    new = f"sqlite:///{tmp_path}/new.db"
    terminal.run("backup", str(tmp_path / "copy"), "--database", house.url)
    again = terminal.run("backup", str(tmp_path / "copy"), "--database", house.url)
    restored = terminal.run("restore", str(tmp_path / "copy"), "--database", new)

    assert (again.code, restored.code) == (2, 0)
    assert "is there already" in again.err
    assert len(terminal.run("list", "--json", "--database", new).json) == 1


@pytest.mark.anyio
async def test_nothing_is_restored_under_a_server(terminal: Terminal, tmp_path: Path) -> None:
    """Whoever has the database open would go on with what it remembers: it is refused."""
    house = House(tmp_path)
    terminal.run("backup", str(tmp_path / "copy"), "--database", house.url)
    server = open_store(house.url)
    await server.ready()
    refused = terminal.run(
        "restore", str(tmp_path / "copy"), "--force", "--database", house.url
    )
    await server.close()

    assert refused.code == 3
    assert "is in use" in refused.err


def test_what_is_no_backup_is_refused(terminal: Terminal, house: House, tmp_path: Path) -> None:
    """The database stays as it is."""
    (tmp_path / "text").write_text("no database" * 1000)
    sqlite3.connect(tmp_path / "other").execute("CREATE TABLE a (b)").connection.close()
    said = [
        terminal.run("restore", str(tmp_path / name), "--force", "--database", house.url)
        for name in ("text", "other", "missing")
    ]

    assert [it.code for it in said] == [3, 3, 2]
    assert "it is no database of Signalbox" in said[1].err
    assert len(terminal.run("list", "--json", "--database", house.url).json) == 1


def test_postgresql_is_made_and_copied_by_its_own(terminal: Terminal, tmp_path: Path) -> None:
    """`migrate` makes its tables, the other commands know it; a copy is pg_dump's business."""
    url = postgres.empty_database()
    early = terminal.run("list", "--database", url)
    made = terminal.run("migrate", "--database", url)
    listed = terminal.run("list", "--json", "--database", url)
    copied = terminal.run("backup", str(tmp_path / "copy"), "--database", url)

    assert (early.code, made.code, listed.code, copied.code) == (3, 0, 0, 2)
    assert listed.json == []
    assert "pg_dump" in copied.err


def test_a_database_that_is_away_is_said_so(terminal: Terminal, tmp_path: Path) -> None:
    """Nobody listens there: the exit code says that it is not our fault."""
    url = f"postgresql://nobody@/s?host={tmp_path}"

    assert terminal.run("migrate", "--database", url).code == 3
    assert terminal.run("list", "--database", url).code == 3
