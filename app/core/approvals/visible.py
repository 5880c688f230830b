"""Which lines of a comment its author says in their own voice.

Not those in quotes, code blocks and HTML comments: what is quoted or shown is not said.
Where GitHub's Markdown and this differ, a line is rather left out; whoever meant it can say
it again on a line of its own. https://github.github.com/gfm/ has the rules.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TEXT_LENGTH_MAX = 65_536
"""GitHub takes no longer comment; what stands behind it is not read."""

_LIST = re.compile(r"(?:[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+)+")
_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_SHOWN = re.compile(r" {0,3}<(pre|script|style|textarea|blockquote|code)\b", re.IGNORECASE)
_TICKS_OR_COMMENT = re.compile(r"`+|<!--")


@dataclass(frozen=True, slots=True)
class _Fence:
    """The beginning of a code block: its sign, how many of it, and where it stands."""

    sign: str
    length: int
    column: int
    is_in_list: bool

    def is_closed_by(self, line: str) -> bool:
        text = line.strip()
        is_sign = len(text) >= self.length and not text.strip(self.sign)
        return is_sign and _indent(line) <= self.column + 3


def said_lines(text: str) -> Iterator[tuple[int, str]]:
    """Go through the lines that are said, each with its number from 1."""
    fence: _Fence | None = None
    shown = ""
    is_comment = is_quote = False
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text[:TEXT_LENGTH_MAX]), 1):
        if is_comment:
            # What stands behind the end of a comment belongs to the same piece of HTML.
            is_comment = "-->" not in line
            continue
        if shown:
            shown = "" if f"</{shown}" in line.lower() else shown
            continue
        if fence is not None:
            is_left = fence.is_in_list and line.strip() and _indent(line) < fence.column
            if not is_left:
                fence = None if fence.is_closed_by(line) else fence
                continue
            fence = None
        # A line without `>` right below a quoted one still belongs to the quote.
        is_quote = line.lstrip().startswith(">") or (is_quote and bool(line.strip()))
        if is_quote:
            continue
        fence = _opened(line)
        if fence is not None:
            continue
        found = _SHOWN.match(line)
        if found is not None:
            tag = found.group(1).lower()
            shown = "" if f"</{tag}" in line.lower() else tag
            continue
        kept, is_comment = _without_comments(line)
        if kept.strip() and _indent(kept) < 4:
            yield number, kept


def _opened(line: str) -> _Fence | None:
    lead = _LIST.match(line)
    start = lead.end() if lead else len(line) - len(line.lstrip())
    found = _FENCE.match(line, start)
    if lead is None and _indent(line) >= 4:
        return None
    # Ticks behind the ticks make it a piece of code within a line.
    if found is None or (found.group(1)[0] == "`" and "`" in found.group(2)):
        return None
    column = len(line[:start].expandtabs(4))
    return _Fence(found.group(1)[0], len(found.group(1)), column, lead is not None)


def _without_comments(line: str) -> tuple[str, bool]:
    """Cut the comments out of a line; say whether the last of them goes on.

    A line that begins with a comment is all HTML, and nothing of it is left.
    """
    kept, at = "", 0
    while (found := _TICKS_OR_COMMENT.search(line, at)) is not None:
        end = found.end()
        if found.group() != "<!--":
            # Code within the line: up to as many ticks again, if there are.
            close = re.compile(f"(?<!`){found.group()}(?!`)").search(line, end)
            end = close.end() if close else end
            kept, at = kept + line[at:end], end
            continue
        kept += line[at : found.start()]
        if not kept.strip():
            return "", line.rfind("<!--") > line.rfind("-->")
        stop = line.find("-->", end)
        if stop < 0:
            return kept, True
        at = stop + len("-->")
    return kept + line[at:], False


def _indent(line: str) -> int:
    text = line.expandtabs(4)
    return len(text) - len(text.lstrip())
