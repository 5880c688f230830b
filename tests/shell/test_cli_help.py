"""Help: every command has examples, and what the examples say is understood."""

import shlex
import subprocess
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from app.cli import command_line
from app.cli.helping import EXAMPLES
from tests.kit import tree
from tests.shell.cli_kit import Terminal


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


def _commands() -> Iterator[str]:
    group = typer.main.get_command(command_line)
    assert isinstance(group, TyperGroup)
    yield from group.commands


@pytest.mark.parametrize("name", list(_commands()))
def test_the_help_of_a_command_shows_it_at_work(terminal: Terminal, name: str) -> None:
    """Whoever asks how a command is called sees it called."""
    said = terminal.run(name, "--help")

    assert said.code == 0
    assert f"signalbox {name}" in said.out.partition("$ ")[2]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_understood(example: str) -> None:
    """No example names a command, an argument or an option that there is not."""
    words = shlex.split(example.partition(">")[0])
    arguments = words[words.index("signalbox") + 1 :]

    command = typer.main.get_command(command_line)
    while isinstance(command, TyperGroup):
        command = command.commands[arguments.pop(0)]
    command.make_context(str(command.name), arguments)

    assert not arguments, "all of it was taken for something"


def test_whoever_sets_up_to_run_it_gets_the_command() -> None:
    """The README calls it right after `make setup-runtime`, which installs no tests."""
    planned = subprocess.run(
        ["make", "--dry-run", "--always-make", "setup-runtime"],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "pip install -qq --no-deps --no-build-isolation -e ." in planned.stdout
    assert "-r requirements-test.lock" not in planned.stdout


def test_help_begins_with_what_whoever_writes_a_definition_needs(terminal: Terminal) -> None:
    """Commands stand together with those that are used together, the first needed first."""
    said = terminal.run("--help").out

    panels = ("While writing", "What goes on", "The server", "Control")
    places = [said.index(panel) for panel in panels]
    assert places == sorted(places)
