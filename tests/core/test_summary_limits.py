"""Whatever the state and whoever wrote the words in it, the text is sound and within limits."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from app.core.events import Surface
from app.core.state import Orchestration, Written
from app.core.summary import (
    comment_mark,
    comment_mark_start,
    summarise_check,
    summarise_comment,
)
from app.core.telling.drawing import draw_mermaid, draw_tree
from app.core.telling.markdown import code, foreign, html, one_line, plain, prose, row, table
from tests.core.hostile import NASTY, TEXTS, states
from tests.core.rendered import INVISIBLE, read

# A state is large; a few of them say what a hundred would.
few = settings(max_examples=40)

OUR_TAGS = {
    "p",
    "strong",
    "em",
    "ul",
    "li",
    "h3",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "code",
    "pre",
}
OUR_TAGS |= {"details", "summary"}
QUOTED_TAGS = OUR_TAGS | {"blockquote", "em", "s", "ul", "ol", "li", "h1", "h2"}
GOOD_LINK = re.compile(r"https://github\.com/[\w/.-]+")
MENTION = re.compile(rf"@(?![\s{INVISIBLE}]|[0-9a-f]{{12}})|#(?=\d)|\bGH-\d", re.IGNORECASE)
LABEL = r'"(?:[\w ,.<>/-]|#\d+;|[^\x00-\x7f])*"'
NODE = re.compile(rf"  t\d+(?:\[{LABEL}\]|\[\[{LABEL}\]\])")
LINE_OF_GRAPH = re.compile(r"flowchart LR|  t\d+ --> t\d+|  class(Def)? [\w, :;#-]+")


def shown(text: str) -> str:
    """Return a text as it should be seen on one line."""
    return one_line(text, 300)


@given(TEXTS)
def test_a_strangers_words_are_shown_and_do_nothing(text: str) -> None:
    """In a table, plain text, prose and code show exactly what was written, and no more."""
    cells = (plain(text), code(text), plain(f"x{text}"))
    seen = read("\n".join([*table(("a", "b", "c")), row(cells)]))

    assert seen.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert len(seen.rows) == 2
    told = [cell.replace(INVISIBLE, "").strip() for cell in seen.rows[1]]
    assert told == [shown(text), shown(text), shown(f"x{text}").strip()]
    assert not MENTION.search(seen.unquoted)


@pytest.mark.parametrize("text", NASTY)
def test_the_usual_tricks_do_nothing(text: str) -> None:
    """Each known trick is shown as it was written, wherever it stands."""
    words = (plain(text), prose(text), code(text))
    seen = read("\n".join([*table(("a", "b", "c")), row(words)]))

    assert seen.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert {len(cells) for cells in seen.rows} == {3}
    assert not MENTION.search(seen.unquoted)
    assert read(foreign(text)).tags.isdisjoint({"img", "script", "details"})
    assert read(f"<details>\n<summary>{html(text)}</summary>\n\n</details>").tags == {
        "details",
        "summary",
    }


@given(TEXTS)
def test_words_at_the_beginning_of_a_line_start_nothing(text: str) -> None:
    """A paragraph that begins with a stranger's words is a paragraph, also around code."""
    for each in (plain(text), prose(text)):
        seen = read(each)

        assert seen.tags <= {"p", "code"}
        assert _letters(seen.text) == _letters(shown(text))
        assert not MENTION.search(seen.unquoted)


def _letters(text: str) -> str:
    return re.sub(rf"[\s`{INVISIBLE}]", "", text)


@given(TEXTS)
def test_html_shows_strangers_words(text: str) -> None:
    """Where Markdown is not read, the same holds."""
    seen = read(f"<details>\n<summary>{html(text)}</summary>\n\n</details>")

    assert seen.tags == {"details", "summary"}
    assert not MENTION.search(seen.unquoted)


@given(TEXTS)
def test_a_quotation_is_not_left(text: str) -> None:
    """A stranger's Markdown brings no HTML, picture or mention, and ends where it should."""
    seen = read(f"{foreign(text)}\n\nafterwards")

    assert not seen.tags & {"img", "script", "details", "summary"}
    assert seen.text.rstrip().endswith("afterwards")
    assert not MENTION.search(seen.text)


@few
@given(states())
def test_any_state_gives_a_sound_check(state: Orchestration) -> None:
    """The check keeps to GitHub's limits, has whole rows and holds nothing but our own tags."""
    check = summarise_check(state)

    assert len(check.title) <= 255
    assert "\n" not in check.title
    assert len(check.summary.encode()) <= 65_535
    assert len(check.text.encode()) <= 65_535
    assert (check.conclusion is not None) == (check.status == "completed") == state.has_ended
    seen = read(check.summary)
    assert seen.tags <= OUR_TAGS
    assert {len(cells) for cells in seen.rows} == {5}
    assert all(GOOD_LINK.fullmatch(link) for link in seen.links)
    assert not MENTION.search(seen.unquoted)
    assert read(check.text).tags <= QUOTED_TAGS


@few
@given(states())
def test_any_state_gives_a_sound_comment(state: Orchestration) -> None:
    """The same holds for the comment, and its first line can be found again."""
    comment = summarise_comment(state)
    first, rest = comment.body.split("\n", 1)

    assert first == comment_mark(state.plan)
    assert re.fullmatch(r"<!-- signalbox [\w./%-]* #\d+ -->", first)
    assert first.startswith(
        comment_mark_start(state.plan.origin.repository, state.plan.definition.id)
    )
    assert len(comment.body.encode()) <= 65_536
    seen = read(rest)
    assert seen.tags <= OUR_TAGS
    assert {len(cells) for cells in seen.rows} == {3}
    assert all(GOOD_LINK.fullmatch(link) for link in seen.links)
    assert not MENTION.search(seen.unquoted)


@few
@given(states())
def test_a_graph_is_made_of_known_lines(state: Orchestration) -> None:
    """No label can say anything to Mermaid, and the tree has each task once."""
    definition = state.plan.definition
    for drawn in (draw_mermaid(definition), draw_mermaid(definition, state)):
        assert drawn is not None
        for line in drawn.split("\n"):
            assert NODE.fullmatch(line) or LINE_OF_GRAPH.fullmatch(line), line

    for tree in (draw_tree(definition), draw_tree(definition, state)):
        lines = tree.split("\n")
        assert len(lines) == len(definition.tasks) + 1
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", tree)


@few
@given(states())
def test_what_is_not_shown_does_not_count(state: Orchestration) -> None:
    """The digest is that of what is shown: our own bookkeeping does not change it."""
    written = Written(remote_id=1, digest="x")
    later = replace(state, surfaces={Surface.CHECK: written}, deadline=None)
    other = replace(state, plan=replace(state.plan, number=state.plan.number + 1))

    assert summarise_check(later) == summarise_check(state)
    assert summarise_comment(later) == summarise_comment(state)
    assert summarise_check(other).digest != summarise_check(state).digest
    assert summarise_comment(other).digest != summarise_comment(state).digest
