"""Definitions that the stories read: whole ones from files, short ones made of a few words."""

from pathlib import Path

from app.core.definition import Definition, MachineDefinition, TaskDefinition
from app.core.parse import parse
from app.core.values import TaskName

DEFINITIONS = Path(__file__).parents[2] / "definitions"
DISPATCH = "dispatch: acme/api/.github/workflows/a.yml@main"
HEAD = "version: 1\non: manual\n"


def definition(text: str) -> Definition:
    """Read what is right."""
    found, problems = parse(text, "train.yml")
    assert found is not None, problems
    return found


def good() -> Definition:
    """Return the graph with every word."""
    return definition((DEFINITIONS / "good.yml").read_text(encoding="utf-8"))


def machine() -> MachineDefinition:
    """Return the machine with every word."""
    found = definition((DEFINITIONS / "machine.yml").read_text(encoding="utf-8")).machine
    assert found is not None
    return found


def task(name: str) -> TaskDefinition:
    """Return one task of the graph with every word."""
    return good().tasks[TaskName(name)]


def tasks(text: str) -> list[TaskDefinition]:
    """Read tasks, indented by two."""
    return list(definition(f"{HEAD}tasks:\n{text}").tasks.values())


def codes(text: str) -> list[str]:
    """Read what is wrong, and say how."""
    found, problems = parse(text, "train.yml")
    assert found is None
    return [each.code for each in problems]
