"""Contents, refs and pull requests, as git and GitHub have them."""

import base64

import pytest

from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio


async def test_blobs_have_the_sha_that_git_gives_them() -> None:
    """`git hash-object` would say the same."""
    stage = Stage()
    stage.github.push(API, {"hello.txt": "hello world\n"})
    found = (await stage.ask("GET", f"{R}/contents/hello.txt")).json()

    assert found["sha"] == "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"
    assert base64.b64decode(found["content"]) == b"hello world\n"


async def test_a_file_may_be_had_raw_and_at_a_ref() -> None:
    """The raw media type gives the bytes, and `ref` an older state."""
    stage = Stage()
    before = stage.repository.head.sha
    stage.github.push(API, {"README.md": "# newer\n", "src/main.py": None})
    path = f"{R}/contents/README.md"
    accept = {"accept": "application/vnd.github.raw+json"}

    assert (await stage.ask("GET", path, **accept)).text == "# newer\n"
    assert (await stage.ask("GET", f"{path}?ref={before}", **accept)).text == "# api\n"
    assert (await stage.ask("GET", f"{R}/contents/src/main.py")).status_code == 404
    assert (await stage.ask("GET", f"{path}?ref=nowhere")).status_code == 404


async def test_a_directory_lists_one_level() -> None:
    """A directory shows its files and folders, and not what is below them."""
    stage = Stage()
    found = (await stage.ask("GET", f"{R}/contents/")).json()

    assert [(entry["type"], entry["path"]) for entry in found] == [
        ("dir", ".github"),
        ("file", "README.md"),
        ("dir", "src"),
    ]


async def test_a_tree_is_whole_or_one_level() -> None:
    """With `recursive` a tree has everything."""
    stage = Stage()
    flat = (await stage.ask("GET", f"{R}/git/trees/main")).json()
    deep = (await stage.ask("GET", f"{R}/git/trees/main?recursive=1")).json()

    assert [entry["path"] for entry in flat["tree"]] == [".github", "README.md", "src"]
    assert "src/main.py" in [entry["path"] for entry in deep["tree"]]


async def test_what_has_not_changed_is_not_sent_again() -> None:
    """A known ETag is answered 304, which costs nothing of the rate limit."""
    stage = Stage()
    first = await stage.ask("GET", f"{R}/contents/README.md")
    same = await stage.ask(
        "GET", f"{R}/contents/README.md", if_none_match=first.headers["etag"]
    )
    stage.github.push(API, {"README.md": "# newer\n"})
    changed = await stage.ask(
        "GET", f"{R}/contents/README.md", if_none_match=first.headers["etag"]
    )

    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    assert changed.status_code == 200


async def test_a_comparison_tells_what_lies_between() -> None:
    """Commits, files and direction between two refs are told."""
    stage = Stage()
    stage.github.push(API, {"a.txt": "1\n"}, branch="change")
    stage.github.push(API, {"README.md": None}, branch="change")
    ahead = (await stage.ask("GET", f"{R}/compare/main...change")).json()
    behind = (await stage.ask("GET", f"{R}/compare/change...main")).json()
    stage.github.push(API, {"b.txt": "1\n"})
    apart = (await stage.ask("GET", f"{R}/compare/main...change")).json()

    assert (ahead["status"], ahead["ahead_by"]) == ("ahead", 2)
    assert [(f["filename"], f["status"]) for f in ahead["files"]] == [
        ("README.md", "removed"),
        ("a.txt", "added"),
    ]
    assert (behind["status"], apart["status"]) == ("behind", "diverged")


async def test_a_push_is_heard_with_its_paths() -> None:
    """A push webhook lists the commits and what each touched."""
    stage = Stage()
    before = stage.repository.head.sha
    after = stage.github.push(API, {"README.md": "# x\n", "new.txt": "1", "src/main.py": None})
    await stage.github.advance(1)
    name, body = stage.receiver.webhooks[-1]

    assert (name, body["ref"], body["before"], body["after"]) == (
        "push",
        "refs/heads/main",
        before,
        after,
    )
    assert body["head_commit"]["added"] == ["new.txt"]
    assert body["head_commit"]["modified"] == ["README.md"]
    assert body["head_commit"]["removed"] == ["src/main.py"]


async def test_a_forced_push_leaves_the_old_commit_beside() -> None:
    """A forced push is said to be forced, and the old head is no ancestor of the new one."""
    stage = Stage()
    old = stage.github.push(API, {"a.txt": "1"}, branch="change")
    new = stage.github.push(API, {"a.txt": "2"}, branch="change", is_forced=True)
    await stage.github.advance(1)
    compared = (await stage.ask("GET", f"{R}/compare/{old}...{new}")).json()

    assert stage.receiver.webhooks[-1][1]["forced"] is True
    assert compared["status"] == "diverged"


async def test_a_pull_request_follows_its_branch() -> None:
    """A push to its branch synchronises a pull request, and a merge closes it."""
    stage = Stage()
    pull = stage.github.open_pull_request(API, {"a.txt": "1\n"})
    first = pull.head_sha
    second = stage.github.push(API, {"a.txt": "2\n"}, branch="change")
    merged = stage.github.merge_pull_request(API, pull.number)
    await stage.github.advance(1)
    heard = [body for name, body in stage.receiver.webhooks if name == "pull_request"]
    main = (await stage.ask("GET", f"{R}/git/ref/heads/main")).json()

    assert [body["action"] for body in heard] == ["opened", "synchronize", "closed"]
    assert (heard[1]["before"], heard[1]["after"]) == (first, second)
    assert heard[2]["pull_request"]["merged"] is True
    assert main["object"]["sha"] == merged


async def test_a_pull_request_from_a_fork() -> None:
    """Its head is in another repository, and its commits can be read in this one."""
    stage = Stage()
    stage.github.fork(API, "stranger")
    pull = stage.github.open_pull_request(
        API, {"evil.txt": "1\n"}, author="stranger", fork="stranger/api"
    )
    shown = (await stage.ask("GET", f"{R}/pulls/{pull.number}")).json()
    files = (await stage.ask("GET", f"{R}/pulls/{pull.number}/files")).json()
    found = await stage.ask("GET", f"{R}/contents/evil.txt?ref={pull.head_sha}")
    head = await stage.ask("GET", f"{R}/git/ref/pull/{pull.number}/head")

    assert shown["head"]["repo"]["full_name"] == "stranger/api"
    assert shown["head"]["repo"]["fork"] is True
    assert [entry["filename"] for entry in files] == ["evil.txt"]
    assert (found.status_code, head.json()["object"]["sha"]) == (200, pull.head_sha)


async def test_a_review_is_bound_to_its_commit() -> None:
    """REST spells the state in capitals, the webhook in small letters."""
    stage = Stage()
    pull = stage.github.open_pull_request(API, {"a.txt": "1\n"})
    stage.github.review(API, pull.number, "hubot")
    await stage.github.advance(1)
    listed = (await stage.ask("GET", f"{R}/pulls/{pull.number}/reviews")).json()
    heard = stage.receiver.webhooks[-1][1]["review"]

    assert (listed[0]["state"], heard["state"]) == ("APPROVED", "approved")
    assert listed[0]["commit_id"] == pull.head_sha
