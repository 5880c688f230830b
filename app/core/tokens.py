"""The pieces of an expression, and the `${{ }}` in a text, found without understanding them.

CEL says what an expression means. This file only finds where names stand, so that a problem
can point at them, and where an expression inside a text ends.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<text>(?:[rR][bB]?|[bB][rR])(?:"[^"\n]*"|'[^'\n]*')
        |[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
            |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[uU]?)
    |(?P<mark>&&|\|\||[=!<>]=|.)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece: `kind` is text, name, number or mark; spaces and comments are left out."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Names joined by dots, as in `needs.build.result`, that do not follow a value."""

    names: tuple[str, ...]
    start: int
    end: int
    is_called: bool


@dataclass(frozen=True, slots=True)
class Hole:
    """One `${{ }}` in a text: the source inside and where it starts."""

    source: str
    start: int


class UnclosedError(Exception):
    """A `${{` has no `}}`. `start` is where it stands."""

    def __init__(self, start: int) -> None:
        super().__init__("a `${{` without its `}}`")
        self.start = start


def tokens(source: str) -> Iterator[Token]:
    """Split an expression; every character belongs to some token, also in nonsense."""
    for found in _TOKEN.finditer(source):
        if found.lastgroup != "space":
            yield Token(str(found.lastgroup), found.group(), found.start())


def chains(source: str) -> tuple[Chain, ...]:
    """Find the dotted names of an expression, in order."""
    found: list[Chain] = []
    pieces = [*tokens(source), Token("mark", "", len(source))]
    at = 0
    while at < len(pieces) - 1:
        first = pieces[at]
        follows_value = at > 0 and pieces[at - 1].text == "."
        at += 1
        if first.kind != "name" or follows_value:
            continue
        names = [first]
        while pieces[at].text == "." and pieces[at + 1].kind == "name":
            names.append(pieces[at + 1])
            at += 2
        last = names[-1]
        found.append(
            Chain(
                names=tuple(name.text for name in names),
                start=first.start,
                end=last.start + len(last.text),
                is_called=pieces[at].text == "(",
            )
        )
    return tuple(found)


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[str | Hole, ...]:
    """Cut a text into what stands there as it is and what stands in `${{ }}`.

    A `}}` inside a quoted text or closing an object of the expression does not end it.
    Raises `UnclosedError`.
    """
    parts: list[str | Hole] = []
    at = 0
    while (start := text.find("${{", at)) >= 0:
        if start > at:
            parts.append(text[at:start])
        end = _end_of_hole(text, start + 3)
        if end is None:
            raise UnclosedError(start)
        source = text[start + 3 : end]
        lead = len(source) - len(source.lstrip())
        parts.append(Hole(source.strip(), start + 3 + lead))
        at = end + 2
    if at < len(text):
        parts.append(text[at:])
    return tuple(parts)


def _end_of_hole(text: str, start: int) -> int | None:
    depth = 0
    for found in _TOKEN.finditer(text, start):
        if found.lastgroup != "mark":
            continue
        if found.group() == "{":
            depth += 1
        elif found.group() == "}":
            if depth == 0 and text.startswith("}}", found.start()):
                return found.start()
            depth = max(0, depth - 1)
    return None
