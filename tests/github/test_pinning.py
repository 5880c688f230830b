"""Stories about the operations that read: refs pinned to commits, and files."""

from dataclasses import replace

import pytest

from app.core.events import OperationPerformed
from tests.github.house import House
from tests.github.operating import OPS, made, operation, refused
from tests.kit import build

pytestmark = pytest.mark.anyio


# --- refs.resolve -----------------------------------------------------------------------------


async def test_refs_are_pinned(here: House) -> None:
    """A branch, a tag, a SHA or nothing at all stands for a commit, in several repositories."""
    old = here.github.world.repository("acme/api").head.sha
    tagged = here.github.push_tag("acme/api", "v1")
    new = here.github.push("acme/api", {"a.txt": "x"})
    outputs = await made(
        here,
        "refs.resolve",
        refs={
            "branch": "acme/api@main",
            "tag": "acme/api@v1",
            "sha": f"acme/api@{old}",
            "default": "acme/api",
            "own": "acme/release@main",
        },
    )

    own = here.github.world.repository("acme/release").head.sha
    assert outputs == {
        "shas": {"branch": new, "tag": tagged, "sha": old, "default": new, "own": own},
        "untrusted": False,
    }


async def test_an_override_takes_the_place_of_its_repository(here: House) -> None:
    """The commit of a branch of the repository itself is trusted, and only it is replaced."""
    pull = here.github.open_pull_request("acme/api", {"a.txt": "x"})
    plain = here.github.world.repository("acme/plain").head.sha
    outputs = await made(
        here,
        "refs.resolve",
        refs={"api": "acme/api@main", "plain": "acme/plain@main"},
        override={"repository": "Acme/API", "sha": pull.head_sha},
    )

    assert outputs == {"shas": {"api": pull.head_sha, "plain": plain}, "untrusted": False}


async def test_the_commit_of_a_fork_is_untrusted(here: House) -> None:
    """GitHub serves it as the repository's own, and it is not."""
    here.github.fork("acme/api", "mallory")
    pull = here.github.open_pull_request(
        "acme/api", {"a.txt": "x"}, author="mallory", fork="mallory/api"
    )
    outputs = await made(
        here,
        "refs.resolve",
        refs={"api": "acme/api@main"},
        override={"repository": "acme/api", "sha": pull.head_sha},
    )

    assert outputs == {"shas": {"api": pull.head_sha}, "untrusted": True}


@pytest.mark.parametrize("where", ["main", "queue", "merged", "nowhere", "orphan"])
async def test_a_commit_is_trusted_where_it_was_brought_in(here: House, where: str) -> None:
    """In main's history, in the merge queue, at a pull request's head; else nobody knows."""
    pull = here.github.open_pull_request("acme/api", {"a.txt": "x"})
    sha = here.github.world.repository("acme/api").head.sha
    if where == "main":
        here.github.push("acme/api", {"b.txt": "x"})
    if where == "queue":
        sha = here.github.enqueue("acme/api", pull.number)
    if where == "merged":
        sha = pull.head_sha
        here.github.close_pull_request("acme/api", pull.number)
        del here.github.world.repository("acme/api").refs["heads/change"]
    if where == "nowhere":
        sha = pull.head_sha
        here.github.push("acme/api", {"b.txt": "x"}, branch="change", is_forced=True)
    if where == "orphan":
        sha = here.github.push("acme/api", {"b.txt": "x"}, branch="alone")
        here.github.world.repository("acme/api").commits[sha].parents = ()
        del here.github.world.repository("acme/api").refs["heads/alone"]
    outputs = await made(
        here,
        "refs.resolve",
        refs={"api": "acme/api"},
        override={"repository": "acme/api", "sha": sha},
    )

    assert outputs["untrusted"] is (where in ("nowhere", "orphan"))


async def test_refs_that_are_not_there_are_named(here: House) -> None:
    """The refusal says which ref of which repository."""
    event = await refused(here, "refs.resolve", refs={"api": "acme/api@next"})

    assert event.code == "ref-not-found"
    assert "acme/api has no branch, tag or commit next" in event.message


# --- file.read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content"), [("data.json", {"a": [1, 2]}), ("note.txt", "hello\n")]
)
async def test_a_file_is_read(here: House, path: str, content: object) -> None:
    """JSON comes as its value, anything else as text."""
    outputs = await made(here, "file.read", repository=OPS, path=path, ref="main")

    assert outputs["content"] == content


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        ("regions: {type: array}", {"regions": ["fra", "iad"]}),
        ("whole: {type: object}", {"whole": {"regions": ["fra", "iad"], "since": 2026}}),
        ("since: {type: integer}, sha: {type: string}", {"since": 2026}),
    ],
)
async def test_a_file_gives_what_is_declared(
    here: House, declared: str, read: dict[str, object]
) -> None:
    """Its members by name, or the whole under the one output that is declared."""
    here.github.push(OPS, {"regions.json": '{"regions": ["fra", "iad"], "since": 2026}'})
    task = "api: {github: file.read, with: {repository: acme/ops, path: regions.json}"
    definition = f"version: 1\non: push\ntasks:\n  {task}, outputs: {{{declared}}}}}\n"
    state = here.state()
    plan = replace(state.plan, definition=build.definition(definition))
    command = operation("file.read", repository=OPS, path="regions.json")
    event = await here.event(command, replace(state, plan=plan))
    assert isinstance(event, OperationPerformed), event

    assert {name: event.outputs.get(name) for name in read} == read


@pytest.mark.parametrize(
    ("text", "code"), [('{"a": NaN}', "file-unreadable"), ("x" * 65_536, "file-too-large")]
)
async def test_a_file_that_is_no_output_is_refused(here: House, text: str, code: str) -> None:
    """JSON that is none, and what is too much to keep."""
    here.github.push("acme/release", {"x.json": text})
    event = await refused(here, "file.read", path="x.json")

    assert event.code == code


async def test_a_file_that_is_not_there_is_refused(here: House) -> None:
    """With what was looked for."""
    event = await refused(here, "file.read", path="no.json")

    assert event.code == "not-found"
    assert "no.json" in event.message
