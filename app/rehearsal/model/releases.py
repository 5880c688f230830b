"""Releases. https://docs.github.com/rest/releases/releases"""

from app.rehearsal.model import git
from app.rehearsal.model.refused import Refused, invalid
from app.rehearsal.model.state import Account, Release, Repository
from app.rehearsal.model.world import World
from app.rehearsal.shapes import pulls as shapes


def publish(
    world: World,
    repository: Repository,
    tag: str,
    author: Account,
    *,
    name: str = "",
    body: str = "",
    target: str | None = None,
    is_prerelease: bool = False,
) -> Release:
    """Publish a release, with its tag made if need be, and tell the App."""
    if find(repository, tag) is not None:
        error = {"resource": "Release", "code": "already_exists", "field": "tag_name"}
        raise Refused(422, "Validation Failed", errors=[error])
    if f"tags/{tag}" not in repository.refs:
        sha = git.resolve(repository, target or repository.default_branch)
        if sha is None:
            raise invalid(
                "Validation Failed",
                resource="Release",
                code="invalid",
                field="target_commitish",
            )
        git.move_ref(world, repository, f"tags/{tag}", sha, author)
    made = Release(
        id=world.new_id(),
        tag=tag,
        name=name or tag,
        author=author,
        at=world.now(),
        is_prerelease=is_prerelease,
        body=body,
    )
    repository.releases.append(made)
    shape = shapes.release(world.at, repository, made)
    world.emit("release", repository, author, {"action": "published", "release": shape})
    return made


def find(repository: Repository, tag: str) -> Release | None:
    """Return the release of a tag, if there is one."""
    return next((each for each in repository.releases if each.tag == tag), None)
