"""Releases. https://docs.github.com/rest/releases/releases"""

from app.rehearsal.model import releases
from app.rehearsal.model.refused import not_found
from app.rehearsal.shapes import pulls as shapes
from app.rehearsal.wire.exchange import Answer, Ask, Route


def list_releases(ask: Ask) -> Answer:
    """Return the releases, the newest first."""
    found, headers = ask.page(list(reversed(ask.repository.releases)))
    shown = [shapes.release(ask.world.at, ask.repository, each) for each in found]
    return Answer(200, shown, headers)


def get_by_tag(ask: Ask) -> Answer:
    """Return the release of a tag."""
    found = releases.find(ask.repository, ask.parameters["tag"])
    if found is None:
        raise not_found()
    return Answer(200, shapes.release(ask.world.at, ask.repository, found))


def create(ask: Ask) -> Answer:
    """Publish a release."""
    given = ask.body()
    ask.demand(given, tag_name=str)
    made = releases.publish(
        ask.world,
        ask.repository,
        given["tag_name"],
        ask.who,
        name=given.get("name") or "",
        body=given.get("body") or "",
        target=given.get("target_commitish"),
        is_prerelease=given.get("prerelease", False),
    )
    shape = shapes.release(ask.world.at, ask.repository, made)
    return Answer(201, shape, {"location": shape["url"]})


R = "/repos/{owner}/{repo}"
READ = (("contents", "read"),)
WRITE = (("contents", "write"),)
ROUTES = (
    Route("GET", f"{R}/releases", list_releases, needs=READ),
    Route("GET", f"{R}/releases/tags/{{tag+}}", get_by_tag, needs=READ),
    Route("POST", f"{R}/releases", create, needs=WRITE),
)
