"""Deliveries and definitions for the stories about routing and planning."""

from typing import Any

from app.core.hearing.catalogue import Catalogue, Covered, Entry, catalogue
from app.core.hearing.heard import Repository
from app.core.parse import parse
from app.core.plan import Origin
from app.core.routing import Routed, route
from app.core.values import RepositoryName, Sha
from app.github.webhooks import read

HEAD = "a" * 40
NEXT = "b" * 40
TASK = "tasks: {test: {dispatch: acme/api/.github/workflows/test.yml@main}}\n"


def covered(number: int = 1, name: str = "acme/release") -> Covered:
    """Return a repository of the installation."""
    repository = Repository(id=number, name=RepositoryName(name), default_branch="main")
    return Covered(repository=repository, installation_id=7, head_sha=Sha(HEAD))


def entry(on: str, stem: str = "train", more: str = "") -> Entry:
    """Return a definition of `acme/release` that listens to `on`."""
    text = f"version: 1\non: {on}\n{more}{TASK}"
    found, problems = parse(text, f"{stem}.yml")
    assert found is not None, problems
    origin = Origin(
        repository_id=1,
        repository=RepositoryName("acme/release"),
        installation_id=7,
        path=f".github/orchestrations/{stem}.yml",
    )
    return Entry(origin=origin, definition=found, text=text)


def known(*entries: Entry) -> Catalogue:
    """Return a catalogue of two repositories and these definitions."""
    return catalogue((covered(), covered(2, "acme/api")), entries)


def heard_of(
    event: str, *, repository: int = 1, name: str = "acme/release", **payload: Any
) -> dict[str, Any]:
    """Return a payload of a repository."""
    about = {"id": repository, "full_name": name, "default_branch": "main"}
    who = {"id": 3, "login": "mona", "type": "User"}
    return {"repository": about, "installation": {"id": 7}, "sender": who, **payload}


def pushed(ref: str = "refs/heads/main", *files: str, **payload: Any) -> dict[str, Any]:
    """Return the payload of a push of one commit."""
    commit = {"added": list(files), "modified": [], "removed": []}
    given = {
        "ref": ref,
        "before": HEAD,
        "after": NEXT,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": [commit],
    }
    return heard_of("push", **{**given, **payload})


def proposed(action: str = "opened", head: int = 1, **more: Any) -> dict[str, Any]:
    """Return the payload of a pull request whose head is in a repository."""
    pull = {
        "number": 5,
        "head": {"sha": NEXT, "ref": "change", "repo": {"id": head}},
        "base": {"sha": HEAD, "ref": "main", "repo": {"id": 1}},
    }
    return heard_of("pull_request", action=action, pull_request=pull, **more)


def routed(
    event: str, payload: dict[str, Any], *entries: Entry, files: tuple[str, ...] | None = None
) -> Routed:
    """Route a delivery among these definitions."""
    return route(read(event, payload), known(*entries), "guid", files)


RUN = {
    "id": 9,
    "run_attempt": 1,
    "status": "completed",
    "conclusion": "success",
    "event": "push",
    "path": ".github/workflows/ci.yml",
    "head_sha": NEXT,
    "head_branch": "main",
    "display_title": "CI",
    "html_url": "https://github.com/acme/release/actions/runs/9",
    "head_repository": {"id": 1},
}
