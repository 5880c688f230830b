"""The nodes of a YAML document: values that remember where in the file they stand.

`app.core.parse` makes them from text. They hold only what JSON can hold, with text for keys.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from app.core.terms import Place
from app.core.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value without parts. `raw` is how it is written, `style` the sign that starts it."""

    value: None | bool | int | float | str
    place: Place
    raw: str = field(repr=False)
    style: str = ""

    def place_of(self, offset: int) -> Place:
        """Say where in the file a character of a text stands."""
        text = str(self.value)
        before = sum(not sign.isspace() for sign in text[:offset])
        is_inside = offset < len(text) and not text[offset].isspace()
        spots = [spot for spot, _ in zip(self._spots(), range(before + 1), strict=False)]
        if is_inside and before < len(spots):
            return self._place_in_raw(spots[before])
        return self._place_in_raw(spots[before - 1] + 1 if before and spots else 0)

    def _spots(self) -> Iterator[int]:
        # Folding and indentation touch only white space, so that the characters which are not
        # stand in the same order in the value and in the file; escapes count as one.
        raw, at = self.raw, 0
        if self.style in ("|", ">"):
            at = raw.find("\n") + 1
        elif self.style in ("'", '"'):
            at = 1
        while at < len(raw):
            length = self._length_at(at)
            is_space = raw[at].isspace() or (length == 2 and raw[at + 1 : at + 2] in "nrt0 \n")
            if not is_space:
                yield at
            at += length

    def _length_at(self, at: int) -> int:
        if self.style == "'" and self.raw.startswith("''", at):
            return 2
        if self.style == '"' and self.raw[at] == "\\":
            return {"x": 4, "u": 6, "U": 10}.get(self.raw[at + 1 : at + 2], 2)
        return 1

    def _place_in_raw(self, spot: int) -> Place:
        lines = self.raw[:spot].split("\n")
        if len(lines) == 1:
            return Place(line=self.place.line, column=self.place.column + spot)
        return Place(line=self.place.line + len(lines) - 1, column=len(lines[-1]) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    nodes: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """A mapping; `keys` says where each key stands."""

    nodes: Mapping[str, "Node"]
    keys: Mapping[str, Scalar]
    place: Place


Node: TypeAlias = Scalar | Items | Entries


def plain(node: Node) -> Json:
    """Forget the places."""
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(each) for each in node.nodes]
        case Entries():
            return {name: plain(each) for name, each in node.nodes.items()}
        case _:
            assert_never(node)


def texts(node: Node) -> Iterator[Scalar]:
    """Find every text inside a node, in order."""
    match node:
        case Scalar():
            if isinstance(node.value, str):
                yield node
        case Items():
            for each in node.nodes:
                yield from texts(each)
        case Entries():
            for each in node.nodes.values():
                yield from texts(each)
        case _:
            assert_never(node)
