"""The subject of a rehearsal: a definition, and what stands beside it in its folder.

Children and templates that it names are looked for in the same folder, by their file's name.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.actions import Agent, Dispatch
from app.core.definition import Definition, TaskDefinition
from app.core.parse import FILE_BYTES_MAX, join_templates, parse, templates_of
from app.core.problems import Problem

NEIGHBOURS_MAX = 200
OWNER = "acme"
_REPOSITORY = re.compile(r"([\w.-]+/[\w.-]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One definition with its text and its neighbours, by the names of their files."""

    file: str
    text: str
    definition: Definition
    neighbours: Mapping[str, str]
    templates: Mapping[str, str]

    @property
    def repository(self) -> str:
        """The repository it most likely stands in: the one that it dispatches to most."""
        named = Counter(repositories_in(self.definition))
        return named.most_common(1)[0][0] if named else f"{OWNER}/{self.definition.id}"


def subject_of(
    file: Path, text: str, templates: Path | None = None
) -> tuple[Subject | None, tuple[Problem, ...]]:
    """Read a definition and find its neighbours, or say what is wrong with it."""
    neighbours = {name: each for name, each in _texts(file.parent).items() if name != file.name}
    found = _found(text, _texts(templates) if templates else neighbours)
    definition, problems = parse(text, file.as_posix(), found)
    if definition is None:
        return None, problems
    subject = Subject(
        file=file.name,
        text=join_templates(text, found),
        definition=definition,
        neighbours=neighbours,
        templates=found,
    )
    return subject, ()


def repositories_in(definition: Definition) -> Iterator[str]:
    """Name the repositories of all targets that are written out."""
    for task in tasks_in(definition):
        for action in actions_of(task):
            if isinstance(action, Dispatch):
                found = _REPOSITORY.match(str(action.target.value))
                if found:
                    yield found[1]


def tasks_in(definition: Definition) -> Iterator[TaskDefinition]:
    """Return every task, also those of a machine's states."""
    yield from definition.tasks.values()
    for state in definition.machine.states.values() if definition.machine else ():
        yield from state.tasks.values()


def actions_of(task: TaskDefinition) -> Iterator[object]:
    """Return what a task does, and what may follow from it."""
    yield task.action.dispatch if isinstance(task.action, Agent) else task.action
    if task.compensate is not None:
        yield task.compensate.action
    strategy = task.strategy
    for part in (strategy.bake_check, strategy.rollback) if strategy is not None else ():
        if part is not None:
            yield part.action


def _found(text: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the templates that a text uses and that are known by their file's name."""
    found = {}
    for name in templates_of(text):
        file = name.partition("@")[0].rpartition("/")[2]
        if file in known:
            found[name] = known[file]
    return found


def _texts(folder: Path) -> dict[str, str]:
    texts = {}
    files = sorted(each for each in folder.iterdir() if each.suffix in (".yml", ".yaml"))
    for file in files[:NEIGHBOURS_MAX]:
        try:
            content = file.read_bytes()
            if len(content) <= FILE_BYTES_MAX:
                texts[file.name] = content.decode()
        # What cannot be read is no neighbour; whoever needs it will say that it is missing.
        except (OSError, UnicodeDecodeError):
            continue
    return texts
