"""What Signalbox needs of its App is said alike to people, to GitHub and by the code."""

import re
from collections.abc import Iterator

from app.github.needs import EVENTS, PERMISSIONS
from app.rehearsal import EVENTS as REHEARSED_EVENTS
from app.rehearsal import PERMISSIONS as REHEARSED_PERMISSIONS
from app.web.hooks import EVENTS_HEARD
from tests.kit import tree
from tests.kit.material import openapi

# These come to every App, and cannot be subscribed to.
UNASKED = {"installation", "installation_repositories"}
ACCESS = {"read": "read", "write": "read and write"}


def _rows(heading: str) -> Iterator[list[str]]:
    """Yield the cells of the README's table with this heading."""
    readme = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition(f"| {heading} |")
    # Below the heading stands the line that makes it a table.
    for line in rest.splitlines()[2:]:
        if not line.strip().startswith("|"):
            return
        yield [cell.strip() for cell in line.strip().strip("|").split("|")]


def _titles(cell: str) -> list[str]:
    """Read titles, without what is said about them in parentheses."""
    return re.sub(r"\s*\([^)]*\)", "", cell).split(", ")


def test_the_readme_names_the_permissions_that_are_needed() -> None:
    """With how far they go, and which only some definitions need."""
    told = {
        (title, access, "only if a definition" in why)
        for titles, access, why in _rows("permission")
        for title in _titles(titles)
    }

    assert told == {(each.title, ACCESS[each.level], each.optional) for each in PERMISSIONS}


def test_the_readme_names_the_events_that_are_needed() -> None:
    """Those that only some definitions need are marked as such."""
    told = {
        (title, "if a definition listens" in why)
        for titles, why in _rows("event")
        for title in _titles(titles)
    }

    assert told == {(each.title, each.optional) for each in EVENTS}


def test_the_names_are_those_of_github() -> None:
    """A name that GitHub does not know would be missing for ever."""
    for host in ("api.github.com", "ghes-3.19"):
        known = openapi(host)["components"]["schemas"]["app-permissions"]["properties"]
        assert {each.name for each in PERMISSIONS} <= set(known)
    webhooks = openapi("api.github.com")["x-webhooks"]
    for each in EVENTS:
        name = re.escape(each.name.replace("_", "-"))
        assert any(re.fullmatch(rf"{name}(-.+)?", webhook) for webhook in webhooks)


def test_every_event_that_is_heard_is_asked_for() -> None:
    """And none that would be thrown away."""
    assert {each.name for each in EVENTS} == EVENTS_HEARD - UNASKED


def test_the_rehearsed_app_has_what_is_needed() -> None:
    """What works in a rehearsal must not do so by more than people are told to grant."""
    assert {each.name: each.level for each in PERMISSIONS} == REHEARSED_PERMISSIONS
    assert {each.name for each in EVENTS} <= set(REHEARSED_EVENTS)
