"""What stories about pages share: a page of a state, and what is looked for on it."""

from datetime import timedelta

from app.core.events import Event
from app.core.state import Orchestration
from app.core.telling.page.delays import PutOff
from app.core.telling.page.model import Page, Row, page_of
from app.core.telling.page.sentences import Sentence, text_of
from tests.core.test_summary_waiting import HEAD
from tests.core.told import START

GITHUB = "https://github.com"
LATER = START + timedelta(hours=1)
MATRIX = (
    HEAD
    + """
tasks:
  build:
    strategy: {matrix: {os: [linux, mac]}}
    dispatch: acme/api/.github/workflows/build.yml@main
    outputs: {image: {type: string}, api_token: {type: string}}
"""
)


def page(
    state: Orchestration, *events: Event, delayed: tuple[PutOff, ...] = (), **span: float
) -> Page:
    """Return the page, some time after the start."""
    now = START + timedelta(**span) if span else LATER
    return page_of(state, list(enumerate(events, 1)), delayed, now=now, github=GITHUB)


def row(shown: Page, name: str) -> Row:
    """Return the row of this name."""
    [found] = [each for each in shown.rows if each.name == name]
    return found


def facts(shown: Page) -> dict[str, str]:
    """Return the facts at its head, as text."""
    return {name: text_of(said) for name, said in shown.facts}


def links(said: Sentence) -> list[str]:
    """Return the addresses in a sentence."""
    return [piece.url for piece in said if piece.url]
