"""The names that expressions may read, and what the reading of tasks stands on.

What a definition's parts may read grows from part to part: first what set it off, then the
inputs, a machine's data, the tasks that are needed, the cell of a matrix.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from app.core.definition import Retry
from app.core.expressions import NameType, Scope, Types
from app.core.reading.declarations import Declared
from app.core.reading.filling import NO_FILLING, Filling
from app.core.reading.formulas import Formulas
from app.core.reading.reader import Reader
from app.core.reading.remedies import Surroundings

OF_EVENT: Types = (
    ("actor", NameType.STRING),
    ("event", NameType.ANY),
    ("event_name", NameType.STRING),
    ("ref", NameType.STRING),
    ("repository", NameType.STRING),
    ("sha", NameType.STRING),
)
OF_ORCHESTRATION: Types = (
    ("now", NameType.TIMESTAMP),
    ("orchestration.id", NameType.STRING),
    ("orchestration.number", NameType.INTEGER),
    ("orchestration.name", NameType.STRING),
    ("orchestration.age", NameType.DURATION),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What tasks have that name none of their own."""

    retry: Retry | None = None
    timeout: timedelta | None = None
    queue_timeout: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What tasks stand on: names that all may read, defaults, and how long the whole lasts."""

    names: Types
    timeout: timedelta
    defaults: Defaults = field(default_factory=Defaults)
    filling: Filling = NO_FILLING

    def formulas(
        self, reader: Reader, names: Types = (), legs: tuple[tuple[str, Types], ...] = ()
    ) -> Formulas:
        """Read expressions that may read what is common, and these."""
        scope = Scope(names=self.names + names, legs=legs)
        return Formulas(reader, Surroundings(scope=scope, filling=self.filling))


def of(prefix: str, types: Iterable[tuple[str, NameType]]) -> Types:
    """Put a word before names: `image` becomes `outputs.image`."""
    return tuple((f"{prefix}.{name}", type_) for name, type_ in types)


def of_declared(prefix: str, declared: Declared) -> Types:
    """Name what is declared, as `inputs.train`."""
    return of(prefix, declared.types.items())


def start_scope(inputs: Types) -> Scope:
    """Return what may be read from the beginning: what set it off, and the inputs."""
    return Scope(names=OF_EVENT + OF_ORCHESTRATION + inputs)
