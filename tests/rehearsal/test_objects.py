"""Trees, commits and refs made one by one, pull requests from them, and tokens of people."""

from typing import Any

import httpx
import pytest

from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio

FILE = {"mode": "100644", "type": "blob"}


async def made(stage: Stage, path: str, body: Any) -> str:
    """Make an object and return its SHA."""
    return str((await stage.ask("POST", f"{R}/git/{path}", body)).json()["sha"])


async def as_person(stage: Stage, token: str, method: str, path: str) -> httpx.Response:
    """Make one call with a personal token, and an empty object for what it would write."""
    body = {} if method != "GET" else None
    return await stage.ask(method, path, body, authorization=f"Bearer {token}")


async def test_a_tree_is_made_as_a_change_of_another() -> None:
    """What it does not name stays, what it names without content is gone."""
    stage = Stage()
    head = stage.repository.head
    entries = [
        {"path": "src/new.py", "content": "1\n", **FILE},
        {"path": "README.md", "sha": None, **FILE},
    ]
    tree = await made(stage, "trees", {"base_tree": head.tree_sha, "tree": entries})
    given = {"message": "Change", "tree": tree, "parents": [head.sha]}
    commit = stage.repository.commits[await made(stage, "commits", given)]

    assert {*commit.tree} == {*head.tree, "src/new.py"} - {"README.md"}
    assert stage.repository.head is head


async def test_a_ref_moves_forward_unless_it_is_forced() -> None:
    """A commit that does not have the present one before it is no way forward."""
    stage = Stage()
    head = stage.repository.head
    given = {"message": "Begin anew", "tree": head.tree_sha, "parents": []}
    sha = await made(stage, "commits", given)
    path = f"{R}/git/refs/heads/main"
    refused = await stage.ask("PATCH", path, {"sha": sha})
    forced = await stage.ask("PATCH", path, {"sha": sha, "force": True})

    assert (refused.status_code, forced.status_code) == (422, 200)
    assert refused.json()["message"] == "Update is not a fast forward"
    assert stage.repository.head.sha == sha


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "git/trees", {"tree": [{"path": "a", "mode": "1"}]}, "valid tree.path"),
        ("POST", "git/trees", {"tree": [{"path": "a", "sha": "0", **FILE}]}, "valid blob"),
        ("POST", "git/trees", {"tree": [], "base_tree": "0"}, "valid tree oid"),
        ("POST", "git/commits", {"message": "a", "tree": "0"}, "Tree SHA does not exist"),
        ("PATCH", "git/refs/heads/none", {"sha": "0"}, "Reference does not exist"),
        ("PATCH", "git/refs/heads/main", {"sha": "0"}, "Object does not exist"),
    ],
)
async def test_what_git_does_not_take(
    method: str, path: str, body: dict[str, Any], message: str
) -> None:
    """What stands on something that is not there is answered 422."""
    stage = Stage()
    said = await stage.ask(method, f"{R}/{path}", body)

    assert said.status_code == 422
    assert message in said.json()["message"]


async def test_one_branch_has_one_pull_request() -> None:
    """A second one, one without a branch, and one without a change are refused."""
    stage = Stage()
    stage.github.push(API, {"a": "1"}, branch="change")
    given = {"title": "Change", "head": "acme:change", "base": "main", "body": "why"}
    opened = await stage.ask("POST", f"{R}/pulls", given)
    again = await stage.ask("POST", f"{R}/pulls", given)
    nowhere = await stage.ask("POST", f"{R}/pulls", {**given, "head": "nowhere"})
    same = await stage.ask("POST", f"{R}/pulls", {**given, "head": "main"})
    await stage.github.advance(1)

    assert (opened.status_code, opened.json()["body"]) == (201, "why")
    [error] = again.json()["errors"]
    assert error["message"] == "A pull request already exists for acme:change."
    assert nowhere.json()["errors"][0]["field"] == "head"
    assert same.json()["errors"][0]["message"] == "No commits between main and main"
    assert "pull_request.opened" in stage.receiver.events


async def test_an_empty_repository_has_no_objects() -> None:
    """Its files are not found, and git's own objects are in conflict."""
    stage = Stage()
    stage.github.add_repository("acme/empty", is_empty=True)
    empty = "/repos/acme/empty"
    statuses = [
        (await stage.ask("GET", f"{empty}/{path}")).status_code
        for path in ("git/ref/heads/main", "git/trees/main", "contents/README.md")
    ]

    assert statuses == [409, 409, 404]
    stage.judge.check()


@pytest.mark.parametrize(
    ("login", "reads_only", "read", "write"),
    [
        ("hubot", False, 200, 422),  # the body is wrong, and it got so far
        ("hubot", True, 200, 403),
        ("mona", False, 200, 404),
        ("stranger", False, 404, 404),
    ],
)
async def test_a_person_may_do_what_their_role_allows(
    login: str, *, reads_only: bool, read: int, write: int
) -> None:
    """Hubot maintains it, mona is a member, and a stranger does not see it."""
    stage = Stage()
    token = stage.github.personal_token(login, reads_only=reads_only)
    seen = await as_person(stage, token, "GET", R)
    written = await as_person(stage, token, "POST", f"{R}/git/trees")

    assert (seen.status_code, written.status_code) == (read, write)


async def test_what_a_person_asks_counts_for_them() -> None:
    """The limit of the App is another."""
    stage = Stage()
    token = stage.github.personal_token("hubot")
    await as_person(stage, token, "GET", R)
    stage.github.world.limits.per_hour = 1
    theirs = await as_person(stage, token, "GET", R)
    ours = await stage.ask("GET", R)

    assert (theirs.status_code, ours.status_code) == (403, 200)
    assert theirs.json()["message"].startswith("API rate limit exceeded for user ID")
