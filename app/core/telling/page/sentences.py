"""Sentences that were written as Markdown, taken apart for where no Markdown is read.

Only what `telling.markdown` writes is understood: words, code, links, what is strong. The
parts hold plain text, which whoever shows them escapes; an address is one that may stand.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import TypeAlias

from app.core.telling.markdown import INVISIBLE, is_url

_MARK = re.compile(
    r"\\(?P<escaped>[^A-Za-z0-9\s])"
    r"|`(?P<code>[^`]*)`"
    r"|<code>(?P<odd>.*?)</code>"
    r"|\[(?P<shown>(?:\\.|[^\]\\])*)\]\((?P<url>[^)]*)\)"
    r"|<(?P<address>https?://[^>\s]*)>"
    r"|\*\*(?P<strong>(?:\\.|[^*\\])+)\*\*"
    r"|\*(?P<stressed>(?:\\.|[^*\\])+)\*"
    r"|(?P<entity>&(?:#\d+|[a-z]+);)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a sentence, as plain text."""

    text: str
    is_code: bool = False
    is_strong: bool = False
    url: str = ""


Sentence: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a list, and what stands under it."""

    says: Sentence
    under: tuple[Sentence, ...] = ()


def sentence(markdown: str) -> Sentence:
    """Take a sentence apart."""
    joined: list[Piece] = []
    for piece in _pieces(markdown):
        if joined and replace(joined[-1], text="") == replace(piece, text=""):
            joined[-1] = replace(piece, text=joined[-1].text + piece.text)
        else:
            joined.append(piece)
    cleaned = (replace(each, text=each.text.replace(INVISIBLE, "")) for each in joined)
    return tuple(each for each in cleaned if each.text)


def text_of(says: Sentence) -> str:
    """Return a sentence as plain text."""
    return "".join(piece.text for piece in says)


def lines(markdown: Iterable[str]) -> tuple[Line, ...]:
    """Take a list of two levels apart, as it is written for checks."""
    found: list[Line] = []
    for each in markdown:
        if each.startswith("  - ") and found:
            last = found[-1]
            found[-1] = replace(last, under=(*last.under, sentence(each[4:])))
        elif each:
            found.append(Line(says=sentence(each.removeprefix("- "))))
    return tuple(found)


def _pieces(markdown: str) -> Iterator[Piece]:
    at = 0
    for found in _MARK.finditer(markdown):
        if found.start() > at:
            yield Piece(text=markdown[at : found.start()])
        at = found.end()
        yield from _marked(found)
    if at < len(markdown):
        yield Piece(text=markdown[at:])


def _marked(found: re.Match[str]) -> Iterator[Piece]:
    kind, text = str(found.lastgroup), found[str(found.lastgroup)]
    match kind:
        case "escaped":
            yield Piece(text=text)
        case "code":
            yield Piece(text=text, is_code=True)
        case "odd":
            yield Piece(text=unescape(text), is_code=True)
        case "url":
            url = text if is_url(text) else ""
            yield from (replace(each, url=url) for each in _pieces(found["shown"]))
        case "address":
            yield Piece(text=text, url=text if is_url(text) else "")
        case "strong" | "stressed":
            yield from (replace(each, is_strong=True) for each in _pieces(text))
        case _:
            yield Piece(text=unescape(text))
