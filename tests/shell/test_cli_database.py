"""`signalbox list`, `show` and `start`: the database alone is enough for them."""

import json
from pathlib import Path

import pytest

from tests.shell.cli_kit import NIGHTLY, RELEASE, House, Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.knows("acme/release", 1, {"release.yml": RELEASE, "nightly.yml": NIGHTLY})
    return house


def _start(terminal: Terminal, house: House, *arguments: str) -> str:
    said = terminal.run("start", "release", *arguments, "--json", "--database", house.url)
    assert said.code == 0, said.err
    number: str = said.json["id"]
    return number


def test_an_empty_database_has_nothing_to_list(terminal: Terminal, house: House) -> None:
    """People are told that there is nothing, programs get an empty list."""
    assert (
        terminal.run("list", "--database", house.url).out == "there is no orchestration yet\n"
    )
    assert terminal.run("list", "--json", "--database", house.url).json == []


def test_a_start_is_written_down_for_the_server(terminal: Terminal, house: House) -> None:
    """The start waits in the inbox, with who wants what."""
    said = terminal.run(
        "start", "release", "train=2026.02", "--actor", "mona", "--database", house.url
    )

    (delivery,) = house.deliveries()
    assert said.code == 0
    assert "acme/release/release is asked for" in said.out
    assert "signalbox serve" in said.out
    assert delivery.event == "signalbox/start"
    assert json.loads(delivery.body) == {
        "repository": "acme/release",
        "definition": "release",
        "inputs": {"train": "2026.02"},
        "actor": "mona",
    }


def test_what_was_started_is_listed_under_the_id_that_was_told(
    terminal: Terminal, house: House
) -> None:
    """The id that `start` prints is the one that `list` and `show` know."""
    number = _start(terminal, house, "train=2026.02")
    house.work_off()

    (row,) = terminal.run("list", "--json", "--open", "--database", house.url).json

    assert row["id"] == number
    assert row["title"] == "release#1"
    assert (row["repository"], row["status"]) == ("acme/release", "running")
    assert "release#1" in terminal.run("list", "--database", house.url).out


@pytest.mark.parametrize("by_id", [True, False])
def test_an_orchestration_is_shown_with_its_journal(
    terminal: Terminal, house: House, by_id: bool
) -> None:
    """Tasks, inputs and journal of one orchestration, found by its id or by its number."""
    number = _start(terminal, house, "train=2026.02", "--actor", "mona")
    house.work_off()
    name = number if by_id else "release#1"

    said = terminal.run("show", name, "--database", house.url)
    shown = terminal.run("show", name, "--json", "--database", house.url).json

    assert said.code == 0
    assert "train = 2026.02" in said.out
    assert "build (api)" in said.out
    assert "OrchestrationRequested by=mona" in said.out
    assert shown["id"] == number
    assert [task["name"] for task in shown["tasks"]] == ["build", "contract", "deploy"]
    assert [leg["key"] for leg in shown["tasks"][0]["legs"]] == ["api", "web"]
    assert shown["journal"][0]["event"] == "OrchestrationRequested"


def test_secrets_are_not_shown(terminal: Terminal, house: House) -> None:
    """An input that is a secret by its name is masked, for people and for programs."""
    _start(terminal, house, "api_token=hunter2")
    house.work_off()

    people = terminal.run("show", "release#1", "--database", house.url)
    programs = terminal.run("show", "release#1", "--json", "--database", house.url)

    assert "api_token = ***" in people.out
    assert "hunter2" not in people.out + programs.out


def test_what_is_not_there_cannot_be_shown(terminal: Terminal, house: House) -> None:
    """An unknown orchestration is refused in one line, with the way to find others."""
    for name in ("release#9", "0123456789abcdef"):
        said = terminal.run("show", name, "--database", house.url)

        assert said.code == 2
        assert f"there is no orchestration {name}" in said.err
        assert "signalbox list" in said.err


def test_whoever_names_a_definition_is_told_its_newest_orchestration(
    terminal: Terminal, house: House
) -> None:
    """A definition is no orchestration, and the refusal says what to write instead."""
    _start(terminal, house)
    house.work_off()

    said = terminal.run("why", "release", "--database", house.url)

    assert said.code == 2
    assert "release is a definition" in said.err
    assert "write for instance release#1" in said.err


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (["relaese"], "there is no definition relaese", "did you mean release?"),
        (["acme/api/release"], "there is no definition release in acme/api", "acme/release"),
        (["nightly"], "may not be started by hand", "manual"),
        (["release", "train=next"], "does not match the pattern", "train (string)"),
        (["release", "car=1"], "`car` is not an input", "train (string)"),
        (["release", "train"], "is not an input", "key=value"),
    ],
)
def test_a_start_that_would_fail_is_refused_at_once(
    terminal: Terminal, house: House, arguments: list[str], message: str, remedy: str
) -> None:
    """What the server would refuse is refused while somebody reads it, and nothing is saved."""
    said = terminal.run("start", *arguments, "--database", house.url)

    assert said.code == 2
    assert message in said.err
    assert remedy in said.err
    assert house.deliveries() == []


def test_two_definitions_of_one_name_must_be_told_apart(
    terminal: Terminal, house: House
) -> None:
    """The same name in two repositories is not guessed at; there are two ways to say which."""
    house.knows("acme/other", 2, {"release.yml": RELEASE})

    vague = terminal.run("start", "release", "--database", house.url)
    exact = terminal.run("start", "acme/other/release", "--database", house.url)
    option = terminal.run(
        "start", "release", "--repository", "ACME/other", "--database", house.url
    )

    assert vague.code == 2
    assert "acme/other/release, acme/release/release" in vague.err
    assert (exact.code, option.code) == (0, 0)


def test_waiting_has_an_end(terminal: Terminal, house: House) -> None:
    """Who waits while no server runs is told so after the time they gave."""
    said = terminal.run("start", "release", "--wait", "1", "--database", house.url)

    assert said.code == 1
    assert "has not begun after 1 s" in said.err
    assert "signalbox serve" in said.err


@pytest.mark.parametrize("command", [["list"], ["show", "release#1"], ["start", "release"]])
def test_no_database_is_made_by_looking(
    terminal: Terminal, tmp_path: Path, command: list[str]
) -> None:
    """A wrong name of the database is said, and no file is left behind."""
    file = tmp_path / "wrong.db"

    said = terminal.run(*command, "--database", f"sqlite:///{file}")

    assert said.code == 3
    assert f"there is no database {file}" in said.err
    assert not file.exists()


def test_a_file_that_is_no_database_is_said(terminal: Terminal, tmp_path: Path) -> None:
    """Another file under the name of the database is refused without a traceback."""
    file = tmp_path / "notes.db"
    file.write_text("these are notes\n" * 100)

    said = terminal.run("list", "--database", f"sqlite:///{file}")

    assert said.code == 3
    assert "file is not a database" in said.err


def test_a_file_that_is_no_database_is_not_brought_up_to_date(
    terminal: Terminal, tmp_path: Path
) -> None:
    """Who names a wrong file learns so in one line, and the file stays as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("no database at all\n" * 100)

    said = terminal.run("migrate", "--database", f"sqlite:///{file}")

    assert said.code == 3
    assert "file is not a database" in said.err
    assert file.read_text() == "no database at all\n" * 100


def test_another_kind_of_database_is_refused(terminal: Terminal) -> None:
    """The URL of a database that we do not know is refused, without being repeated."""
    said = terminal.run("list", "--database", "mysql://root:hunter2@db/signalbox")

    assert said.code == 2
    assert "hunter2" not in said.err
