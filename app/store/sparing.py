"""Values as objects of JSON, without the fields that say nothing.

Of a state most fields are empty most of the time. Without them its text is less than half as
long, and is made in half the time, though it is Python that leaves them out. One is left out
only where its default says the same: nothing, no, nought or empty.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, TypeAlias

Writer: TypeAlias = Callable[[Any], dict[str, Any]]


def fields_of(value: object) -> dict[str, Any]:
    """Return the fields of a dataclass's value that say something, by name.

    Raises `TypeError` where it is no such value.
    """
    return _WRITERS[type(value)](value)


class _Writers(dict[type[Any], Writer]):
    """What takes the values of each kind apart, written when the first of a kind is met."""

    def __missing__(self, kind: type[Any]) -> Writer:
        """Write a line for each field, as `dataclasses` does: a loop takes twice as long."""
        text = "\n    ".join(["def written(value):", "said = {}", *map(_line, fields(kind))])
        room: dict[str, Any] = {}
        exec(f"{text}\n    return said", room)  # noqa: S102 - it holds names of our fields only
        writer: Writer = room["written"]
        self[kind] = writer
        return writer


_WRITERS = _Writers()


def _line(field: Field[Any]) -> str:
    """Write down a field, if it says anything that its default does not."""
    write = f'said["{field.name}"]'
    default = field.default
    if field.default_factory is not MISSING:
        default = field.default_factory()
    if default is None:
        return f"if (it := value.{field.name}) is not None: {write} = it"
    if default is MISSING or default:
        return f"{write} = value.{field.name}"
    return f"if it := value.{field.name}: {write} = it"
