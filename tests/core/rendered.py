"""Markdown read as a browser would read it, so that tests can ask what there is to see."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

INVISIBLE = "\u200b"


@dataclass
class Seen:
    """What a page shows: its tags, its links, and the text of each cell of each table row."""

    tags: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    text: str = ""
    unquoted: str = ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = Seen()
        self._in_cell = False
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.tags.add(tag)
        self._open.append(tag)
        if tag == "a":
            self.seen.links.append(dict(attrs)["href"] or "")
        elif tag == "tr":
            self.seen.rows.append([])
        elif tag in ("td", "th"):
            self.seen.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "what is opened last is closed first"
        if tag in ("td", "th"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        self.seen.text += data
        if "code" not in self._open:
            self.seen.unquoted += data
        if self._in_cell:
            self.seen.rows[-1][-1] += data

    def close(self) -> None:
        super().close()
        assert not self._open, "what is opened is closed"


def to_html(markdown: str) -> str:
    """Render Markdown much as GitHub does, before it takes away what it thinks dangerous."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown))


def read(markdown: str) -> Seen:
    """Return what there is to see of Markdown."""
    reader = _Reader()
    reader.feed(to_html(markdown).replace("<br />", "").replace("<hr />", ""))
    reader.close()
    return reader.seen
