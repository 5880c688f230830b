"""Markdown in which strangers' words stay words.

Names, reasons, branches, titles and outputs come from outside. Whoever writes one of them
must not be able to write a link, a tag, a table row, a mention or a reference with it. So
nothing gets into a text but through these functions. They know nothing of orchestrations.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from itertools import accumulate

from app.core.telling.masking import mask_text

INVISIBLE = "\u200b"
"""Put behind `@` and `#` it keeps GitHub from making a mention or a reference of them.

A backslash would not: GitHub looks for them when the Markdown has become HTML already.
"""

URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9./_~%?=&#:,+-]*)?")
URL_MAX = 1_000
FOREIGN_LINE_MAX = 1_000

_SPECIAL = re.compile(r"[\\`*\[\]|~$<>&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BLOCK = re.compile(r"(?:[#+=-]|\d+[.)])")
_NOT_PLAIN_CODE = re.compile(r"[`|\\]")
# What follows may make a name or a number of it, also if it is another's text that follows.
_MENTION = re.compile(r"@|#(?=\d|$)|(?<=\b[gG][hH])-(?=\d|$)")
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(([^)]*)\)")
_TICK = re.compile(r"(?<!\\)`")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_CODE = re.compile(r"</?code>")
_FOREIGN = re.compile(r"<(?=\S)|@(?=\S)|#(?=\d)|(?<=\b[gG][hH])-(?=\d)|!(?=\[)")


def one_line(text: str, length_max: int) -> str:
    """Return the text masked, on one line, without control characters, and cut to length.

    This is for places where GitHub shows text as it is, such as a check's title.
    """
    line = " ".join("".join(map(_visible, mask_text(text))).split())
    return line if len(line) <= length_max else f"{line[: length_max - 1]}…"


def plain(text: str, length_max: int = 300) -> str:
    """Return Markdown that shows exactly this text, on one line."""
    return _beginning(_escaped(one_line(text, length_max)))


def prose(text: str, length_max: int = 300) -> str:
    """Return Markdown that shows this text, on one line, with what is in backticks as code."""
    parts = one_line(text, length_max).split("`")
    if len(parts) % 2 == 0 or not all(part.strip() for part in parts[1::2]):
        return plain(text, length_max)
    shown = (code(part) if at % 2 else _escaped(part) for at, part in enumerate(parts))
    return _beginning("".join(shown))


def html(text: str, length_max: int = 300) -> str:
    """Return HTML that shows exactly this text, for where Markdown is not read."""
    escaped = re.sub(r"[<>&]", _escape, one_line(text, length_max))
    return _MENTION.sub(lambda found: f"{found[0]}&#8203;", escaped)


def code(text: str, length_max: int = 300) -> str:
    """Return Markdown that shows exactly this text as code, on one line; empty for no text."""
    line = one_line(text, length_max)
    if not line:
        return ""
    if not _NOT_PLAIN_CODE.search(line):
        return f"`{line}`"
    # A code span cannot hold everything everywhere; numbers of characters can.
    return f"<code>{''.join(map(_numbered, line))}</code>"


def unmarked(markdown: str) -> str:
    """Return as plain text what a sentence shows that was written by these functions.

    Code stays in backticks; behind the words of a link stands its address.
    """
    parts = _TICK.split(markdown)
    for at in range(0, len(parts), 2):
        text = _CODE.sub("", _LINK.sub(r"\1 (\2)", parts[at]))
        parts[at] = _ESCAPED.sub(r"\1", text)
        parts[at] = unescape(parts[at]).replace(INVISIBLE, "")
    return "`".join(parts)


def link(shown: str, url: str) -> str:
    """Return a link with the Markdown `shown`, or `shown` alone where the address is odd."""
    return f"[{shown}]({url})" if is_url(url) else shown


def is_url(url: str) -> bool:
    """Tell whether an address can stand in Markdown as it is."""
    return len(url) <= URL_MAX and URL.fullmatch(url) is not None


def foreign(text: str) -> str:
    """Return a stranger's Markdown as a quotation out of which nothing can break.

    Tables, lists, links and code stay; HTML, pictures, mentions and references become text.
    """
    return "\n".join(
        f"> {_FOREIGN.sub(lambda found: found[0] + INVISIBLE, line)}".rstrip()
        for line in readable(text).split("\n")
    )


def readable(text: str) -> str:
    """Return a text masked, with its lines, and without what nobody sees."""
    lines = mask_text(text).replace("\r\n", "\n").split("\n")
    return "\n".join("".join(map(_visible, line.expandtabs(4))).rstrip() for line in lines)


def row(cells: Iterable[str]) -> str:
    """Return one row of a table."""
    return f"| {' | '.join(cells)} |"


def table(heads: Sequence[str]) -> tuple[str, str]:
    """Return the first two lines of a table."""
    return row(heads), row("---" for _ in heads)


def details(summary: str, body: str) -> str:
    """Return a part that is closed until somebody opens it: a line of HTML, and Markdown."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def size(text: str) -> int:
    """Return the length in bytes: so limits hold, whether GitHub counts these or letters."""
    return len(text.encode())


def fit(parts: Sequence[str], size_max: int, rest: Callable[[int], str]) -> list[str]:
    """Return as many parts as fit, one to a line; `rest` says how many are left out."""
    if sum(size(part) + 1 for part in parts) <= size_max:
        return list(parts)
    free = size_max - size(rest(len(parts))) - 1
    kept = sum(used <= free for used in accumulate(size(part) + 1 for part in parts))
    return [*parts[:kept], rest(len(parts) - kept)]


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category == "Cf":
        # Marks without a width can turn the direction of what follows, or hide in a name.
        return ""
    return " " if category in ("Cc", "Zl", "Zp") else character


def _escaped(line: str) -> str:
    escaped = _SPECIAL.sub(_escape, line)
    return _MENTION.sub(lambda found: f"{found[0]}&#8203;", escaped)


def _beginning(escaped: str) -> str:
    """Keep what could start a heading or a list from doing so at the beginning of a line."""
    return f"&#{ord(escaped[0])};{escaped[1:]}" if _BLOCK.match(escaped) else escaped


def _escape(found: re.Match[str]) -> str:
    return _ENTITIES.get(found[0]) or f"\\{found[0]}"


def _numbered(character: str) -> str:
    is_word = character.isalnum() or character == " "
    return character if is_word else f"&#{ord(character)};"
