"""Labels and reactions as GitHub's JSON."""

from app.rehearsal.model.state import Reaction, Repository
from app.rehearsal.shapes import people
from app.rehearsal.shapes.people import Addresses, Shape, instant

REACTIONS = ("+1", "-1", "confused", "eyes", "heart", "hooray", "laugh", "rocket")


def label(at: Addresses, repository: Repository, name: str) -> Shape:
    """Return a `label`."""
    # A label is its name here, so its id is drawn from its name.
    number = sum(place * ord(letter) for place, letter in enumerate(name, start=1))
    return {
        "id": number,
        "node_id": f"LA_{number}",
        "url": f"{at.api}/repos/{repository.full_name}/labels/{name}",
        "name": name,
        "color": "ededed",
        "default": False,
        "description": None,
    }


def reactions(url: str, given: list[Reaction] | None = None) -> Shape:
    """Return a `reaction-rollup`."""
    signs = [each.content for each in given or ()]
    counts = {sign: signs.count(sign) for sign in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": len(signs), **counts}


def reaction(at: Addresses, given: Reaction) -> Shape:
    """Return a `reaction`."""
    return {
        "id": given.id,
        "node_id": f"REA_{given.id}",
        "user": people.account(at, given.user),
        "content": given.content,
        "created_at": instant(given.created_at),
    }
