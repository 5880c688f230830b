"""Which definitions there are, and which of them listen to what.

Built anew whenever a repository is read, so that a delivery finds its definitions by event
and repository without looking at the others.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.core.definition import Definition, Listen
from app.core.hearing.heard import Repository
from app.core.plan import Origin
from app.core.values import RepositoryName, Sha


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One definition in force: where it stands, its text, and what it says."""

    origin: Origin
    definition: Definition
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A repository that an installation covers, and the head of its default branch."""

    repository: Repository
    installation_id: int
    head_sha: Sha | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All repositories covered, and all definitions in force, ready to be asked.

    Entries that listen to their own repository only are found by its id; the few that
    name others are found by event.
    """

    repositories: Mapping[int, Covered]
    entries: tuple[Entry, ...]
    own: Mapping[tuple[str, int], tuple[Entry, ...]]
    wide: Mapping[str, tuple[Entry, ...]]
    by_name: Mapping[tuple[str, str], Entry] = field(default_factory=dict)

    def listeners(self, event: str, repository_id: int) -> Iterator[Entry]:
        """Find the definitions that may listen to an event of a repository."""
        yield from self.own.get((event, repository_id), ())
        yield from self.wide.get(event, ())

    def find(self, repository: str, definition_id: str) -> Entry | None:
        """Find a definition by its repository's name and its id."""
        return self.by_name.get((repository.lower(), definition_id))

    def repository(self, name: RepositoryName) -> Covered | None:
        """Find a covered repository by its name."""
        for covered in self.repositories.values():
            if covered.repository.name.lower() == name.lower():
                return covered
        return None


def catalogue(repositories: Iterable[Covered], entries: Iterable[Entry]) -> Catalogue:
    """Put repositories and definitions in order."""
    own: dict[tuple[str, int], list[Entry]] = {}
    wide: dict[str, list[Entry]] = {}
    listed = tuple(entries)
    for entry in listed:
        for event in {each.event for each in entry.definition.on if not each.repositories}:
            own.setdefault((event, entry.origin.repository_id), []).append(entry)
        for event in {each.event for each in entry.definition.on if each.repositories}:
            wide.setdefault(event, []).append(entry)
    return Catalogue(
        repositories={covered.repository.id: covered for covered in repositories},
        entries=listed,
        own={key: tuple(found) for key, found in own.items()},
        wide={key: tuple(found) for key, found in wide.items()},
        by_name={
            # Of two files of one stem the first counts.
            (entry.origin.repository.lower(), entry.definition.id): entry
            for entry in reversed(listed)
        },
    )


def listens(entry: Entry, event: str) -> tuple[Listen, ...]:
    """Return the entries of `on` that are for an event."""
    return tuple(each for each in entry.definition.on if each.event == event)
