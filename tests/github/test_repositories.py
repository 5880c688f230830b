"""Stories about reading repositories and writing checks and comments."""

import base64
import json
from typing import Any

import pytest

from app.core.hearing.heard import Repository
from app.core.values import RepositoryName
from app.github import repositories, surfaces
from app.github.client import Access
from app.github.errors import NotFoundError, RefusedError
from tests.github.wire import ACCESS, API, Wire

pytestmark = pytest.mark.anyio

HERE = f"{API}/repos/acme/api"
BY_ID = Access(installation_id=7, repository_id=42)


def content(text: bytes, **changes: Any) -> dict[str, Any]:
    # GitHub breaks base64 into lines.
    encoded = base64.encodebytes(text).decode()
    return {
        "type": "file",
        "encoding": "base64",
        "content": encoded,
        "sha": "b" * 40,
        **changes,
    }


async def test_a_file_is_read_with_its_blob(github: Wire) -> None:
    """A file's text and git's hash of it are told, at the ref that was asked for."""
    asked = github.router.get(f"{HERE}/contents/.github/a%20b.yml", params={"ref": "v1"})
    asked.respond(json=content("name: Zürich\n".encode() * 9))
    file = await repositories.read_file(github.client, ACCESS, ".github/a b.yml", "v1")

    assert (file.text, file.blob_sha) == ("name: Zürich\n" * 9, "b" * 40)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ([content(b"")], NotFoundError),
        (content(b"", type="symlink"), NotFoundError),
        (content(b"", encoding="none"), RefusedError),
        (content(b"\xff\xfe"), RefusedError),
        (content(b"", content="A"), RefusedError),
    ],
)
async def test_what_is_no_text_is_not_read(
    github: Wire, answer: Any, kind: type[RefusedError]
) -> None:
    """A directory, a link, a huge or a binary file is refused."""
    github.router.get(f"{HERE}/contents/a.yml").respond(json=answer)
    with pytest.raises(kind):
        await repositories.read_file(github.client, ACCESS, "a.yml", "main")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc", "a//b", ""])
async def test_a_path_stays_in_its_repository(github: Wire, path: str) -> None:
    """A path that would climb is never asked for."""
    with pytest.raises(RefusedError, match="not a path"):
        await repositories.read_file(github.client, ACCESS, path, "main")

    assert not github.router.calls


async def test_a_directory_that_is_not_there_is_empty(github: Wire) -> None:
    """A repository without definitions is no mistake."""
    github.router.get(f"{HERE}/contents/.github/orchestrations").respond(404, json={})
    found = await repositories.list_directory(
        github.client, ACCESS, ".github/orchestrations", "main"
    )

    assert found == ()


async def test_a_repository_is_found_by_its_id(github: Wire) -> None:
    """Whatever its name is now, the id tells which one is meant."""
    told = {"id": 42, "full_name": "acme/renamed", "default_branch": "trunk"}
    github.router.get(f"{API}/installation/repositories").respond(json={"repositories": [told]})

    assert await repositories.get_repository(github.client, BY_ID) == Repository(
        id=42, name=RepositoryName("acme/renamed"), default_branch="trunk"
    )
    [asked] = github.sent("POST", "/app/installations/7/access_tokens")
    assert json.loads(asked.read())["repository_ids"] == [42]


async def test_a_repository_that_is_not_covered_is_not_found(github: Wire) -> None:
    """GitHub mints no token for it, which is how we learn."""
    github.router.post(f"{API}/app/installations/7/access_tokens").respond(
        422, json={"message": "There is at least one repository that does not exist"}
    )
    with pytest.raises(NotFoundError):
        await repositories.get_repository(github.client, BY_ID)


async def test_a_renamed_file_counts_under_both_names(github: Wire) -> None:
    """A rename touches the old path and the new one."""
    files = [{"filename": "b", "previous_filename": "a"}, {"filename": "c"}]
    github.router.get(f"{HERE}/pulls/5/files").respond(json=files)
    found = await repositories.list_pull_request_files(github.client, ACCESS, 5)

    assert (found.paths, found.is_complete) == (("a", "b", "c"), True)


async def test_a_long_comparison_says_that_it_was_cut(github: Wire) -> None:
    """GitHub compares at most 300 files; then the list may not be whole."""
    github.router.get(f"{HERE}/compare/feature%2Fx...{'a' * 40}").respond(
        json={"files": [{"filename": str(n)} for n in range(300)]}
    )
    found = await repositories.compare(github.client, ACCESS, "feature/x", "a" * 40)

    assert not found.is_complete


async def test_many_annotations_are_written_in_parts(github: Wire) -> None:
    """GitHub takes 50 annotations at once and adds those of later calls to them."""
    created = github.router.post(f"{HERE}/check-runs").respond(201, json={"id": 9})
    updated = github.router.patch(f"{HERE}/check-runs/9").respond(json={"id": 9})
    annotations = [{"n": n} for n in range(120)]
    check = {
        "name": "plan",
        "head_sha": "a" * 40,
        "output": {"title": "t", "summary": "s", "annotations": annotations},
    }
    written = await surfaces.create_check_run(github.client, ACCESS, check)

    bodies = [json.loads(call.request.read()) for call in (*created.calls, *updated.calls)]
    assert written.id == 9
    assert [len(body["output"]["annotations"]) for body in bodies] == [50, 50, 20]
    assert ["head_sha" in body for body in bodies] == [True, False, False]


async def test_a_check_without_annotations_is_one_call(github: Wire) -> None:
    """What needs no parts is written as it is."""
    updated = github.router.patch(f"{HERE}/check-runs/9").respond(json={"id": 9})
    check = {"status": "in_progress", "output": {"title": "t", "summary": "s"}}
    await surfaces.update_check_run(github.client, ACCESS, 9, check)

    assert [json.loads(call.request.read()) for call in updated.calls] == [check]


async def test_a_comment_tells_which_app_wrote_it(github: Wire) -> None:
    """Ours is told from those of people and of other Apps."""
    github.router.get(f"{HERE}/issues/5/comments").respond(
        json=[
            {"id": 1, "body": "hello", "performed_via_github_app": None},
            {"id": 2, "body": "state", "performed_via_github_app": {"id": 4711}},
        ]
    )
    comments = await surfaces.list_comments(github.client, ACCESS, 5)

    assert [(comment.id, comment.app_id) for comment in comments] == [(1, None), (2, 4711)]
