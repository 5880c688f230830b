"""Stories about the operations that write: made once, with consent, and with least rights."""

from dataclasses import replace

import pytest

from app.core.events import OperationPerformed
from app.core.values import JsonObject
from app.ports import Postponed
from app.rehearsal import CallFault
from tests.github.house import MARKER, House
from tests.github.operating import OPS, made, operation, refused
from tests.kit import build

pytestmark = pytest.mark.anyio

MARK = f"<!-- signalbox {MARKER} -->"
LOST = (CallFault.ERROR_AFTER, CallFault.DROP_AFTER)


# --- issues, comments, labels -----------------------------------------------------------------


async def test_an_issue_is_opened(here: House) -> None:
    """With its labels, and the marker where nobody sees it."""
    outputs = await made(
        here, "issue.create", repository=OPS, title="It broke", body="Oh.", labels=["incident"]
    )

    [issue] = here.github.issues(OPS)
    assert outputs["number"] == issue.number
    assert (issue.title, issue.labels) == ("It broke", ["incident"])
    assert issue.body == f"Oh.\n\n{MARK}"


@pytest.mark.parametrize("fault", LOST)
async def test_an_issue_in_doubt_is_found_again(here: House, fault: CallFault) -> None:
    """After a lost answer it is looked for once GitHub shows it, and not opened twice."""
    here.github.faults.plan_call(fault, method="POST", path="/issues$")
    first = await here.perform(operation("issue.create", title="It broke"))
    await here.wait(minutes=2)
    outputs = await made(here, "issue.create", title="It broke")

    [issue] = here.github.issues("acme/release")
    assert isinstance(first, Postponed)
    assert outputs["number"] == issue.number


async def test_a_stranger_cannot_pass_an_issue_off_as_ours(here: House) -> None:
    """Anybody may copy a marker; only the App's own issue counts."""
    here.github.open_issue("acme/release", "Mine", MARK, by="mallory")
    here.github.faults.plan_call(CallFault.ERROR_BEFORE, method="POST", path="/issues$")
    await here.perform(operation("issue.create", title="It broke"))
    outputs = await made(here, "issue.create", title="It broke")

    assert [issue.number for issue in here.github.issues("acme/release")] == [1, 2]
    assert outputs["number"] == 2


@pytest.mark.parametrize("fault", LOST)
async def test_a_comment_is_written_once(here: House, fault: CallFault) -> None:
    """On an issue or a pull request; after a lost answer it is found again."""
    number = here.github.open_issue(OPS, "It broke").number
    here.github.comment(OPS, number, MARK, by="mallory")
    here.github.faults.plan_call(fault, method="POST", path="/comments$")
    given = {"repository": OPS, "number": str(number), "body": "Look."}
    await here.perform(operation("comment.create", **given))
    await here.wait(minutes=2)
    outputs = await made(here, "comment.create", **given)

    _, ours = here.github.comments(OPS, number)
    assert ours.body == f"Look.\n\n{MARK}"
    assert outputs["id"] == ours.id
    assert str(outputs["url"]).endswith(f"#issuecomment-{ours.id}")


async def test_labels_are_added_to_those_that_are_there(here: House) -> None:
    """Twice is once, and a single label need not be a list."""
    number = here.github.open_pull_request(OPS, {"a.txt": "x"}).number
    here.github.label(OPS, number, "ready")
    for labels in (["incident"], "incident"):
        outputs = await made(here, "labels.add", repository=OPS, number=number, labels=labels)

    assert outputs == {"labels": ["ready", "incident"]}


# --- merges and releases ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", [None, *LOST])
async def test_a_pull_request_is_merged_once(here: House, fault: CallFault | None) -> None:
    """At the commit that was decided on; a merge in doubt is recognised."""
    pull = here.github.open_pull_request(OPS, {"a.txt": "x"})
    given = {"repository": OPS, "number": pull.number, "sha": pull.head_sha}
    if fault is not None:
        here.github.faults.plan_call(fault, method="PUT", path="/merge$")
        await here.perform(operation("pull-request.merge", **given))
        await here.wait(minutes=2)
    outputs = await made(here, "pull-request.merge", **given, method="squash")

    head = here.github.world.repository(OPS).head.sha
    assert pull.merge_commit_sha == head
    assert outputs == {"merged": True, "sha": head if fault is None else ""}


async def test_a_pull_request_that_moved_is_not_merged(here: House) -> None:
    """What was pushed since has not been decided on."""
    pull = here.github.open_pull_request(OPS, {"a.txt": "x"})
    decided = pull.head_sha
    here.github.push(OPS, {"a.txt": "evil"}, branch="change")
    event = await refused(
        here, "pull-request.merge", repository=OPS, number=pull.number, sha=decided
    )

    assert event.code == "head-moved"
    assert pull.merged_at is None


async def test_a_pull_request_that_is_blocked_is_not_merged(here: House) -> None:
    """GitHub's own rules stand above ours."""
    pull = here.github.open_pull_request(OPS, {"a.txt": "x"})
    pull.is_blocked = True
    event = await refused(
        here, "pull-request.merge", repository=OPS, number=pull.number, sha=pull.head_sha
    )

    assert event.code == "not-mergeable"


@pytest.mark.parametrize("fault", [None, *LOST])
async def test_a_release_is_published_once(here: House, fault: CallFault | None) -> None:
    """With its tag at the commit that was asked for; one in doubt is found by its tag."""
    sha = here.github.world.repository(OPS).head.sha
    here.github.push(OPS, {"later.txt": "x"})
    given = {"repository": OPS, "tag": "v1/x", "target": sha, "prerelease": "true"}
    if fault is not None:
        here.github.faults.plan_call(fault, method="POST", path="/releases$")
        await here.perform(operation("release.create", **given))
        await here.wait(minutes=2)
    outputs = await made(here, "release.create", **given)

    [release] = here.github.world.repository(OPS).releases
    assert (release.name, release.is_prerelease) == ("v1/x", True)
    assert outputs["id"] == release.id
    assert here.github.world.repository(OPS).refs["tags/v1/x"] == sha


async def test_a_release_of_somebody_else_is_not_ours(here: House) -> None:
    """A tag that is taken is refused, and what GitHub minds otherwise is said."""
    here.github.release(OPS, "v1")
    taken = await refused(here, "release.create", repository=OPS, tag="v1")
    nowhere = await refused(here, "release.create", repository=OPS, tag="v2", target="no")

    assert (taken.code, nowhere.code) == ("release-exists", "operation-refused")


# --- consent and rights -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repository", "name", "arguments", "code"),
    [
        ("acme/api", "issue.create", {"title": "x"}, "consent-missing"),
        ("acme/api", "labels.add", {"number": 1, "labels": ["x"]}, "consent-missing"),
        ("acme/api", "comment.create", {"number": 1, "body": "x"}, "consent-missing"),
        ("acme/api", "release.create", {"tag": "v1"}, "consent-missing"),
        ("acme/api", "pull-request.merge", {"number": 1, "sha": "a" * 40}, "consent-missing"),
        ("acme/closed", "file.read", {"path": "README.md"}, "consent-missing"),
        ("other/repo", "file.read", {"path": "README.md"}, "app-not-installed"),
    ],
)
async def test_without_consent_nothing_is_done(
    here: House, repository: str, name: str, arguments: JsonObject, code: str
) -> None:
    """Who may dispatch may not thereby write, and a private repository is not even read."""
    event = await refused(here, name, repository=repository, **arguments)

    assert event.code == code
    assert not [c for c in here.github.calls if c.method != "GET" and "/app/" not in c.path]


async def test_a_public_repository_may_be_read(here: House) -> None:
    """Everybody may read it, so its consent is not asked for; to write, it is."""
    here.github.add_repository("acme/public", {"a.json": "1"}, is_private=False)
    outputs = await made(here, "file.read", repository="acme/public", path="a.json")
    event = await refused(here, "issue.create", repository="acme/public", title="x")

    assert outputs["content"] == 1
    assert event.code == "consent-missing"


async def test_each_call_has_a_token_of_its_own(here: House) -> None:
    """For one repository, and for the permission of that call alone."""
    await made(here, "issue.create", repository=OPS, title="x")

    grants = here.github.service.keyring.grants.values()
    assert {(*grant.permissions.items(),) for grant in grants} == {
        (("metadata", "read"), ("contents", "read")),
        (("metadata", "read"), ("issues", "write")),
    }
    assert {len(grant.repository_ids or ()) for grant in grants} == {1}


async def test_a_missing_permission_is_named_and_waited_for(here: House) -> None:
    """The reason says what the operation needs."""
    here.installation.permissions = {"contents": "read", "metadata": "read"}
    outcome = await here.perform(operation("issue.create", title="x"))

    assert isinstance(outcome, Postponed)
    assert outcome.pauses is not None
    assert outcome.pauses.code == "permission-missing"
    assert "Issues: write" in outcome.pauses.message


async def test_a_lost_connection_is_no_doubt(here: House) -> None:
    """What never reached GitHub is simply tried again."""
    here.github.faults.plan_call(CallFault.FORBIDDEN, method="POST", path="/issues$")
    outcome = await here.perform(operation("issue.create", title="x"))

    assert isinstance(outcome, Postponed)
    assert here.github.issues("acme/release") == []


# --- arguments --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("refs.resolve", {}),
        ("refs.resolve", {"refs": ["acme/api@main"]}),
        ("refs.resolve", {"refs": {"api": 1}}),
        ("refs.resolve", {"refs": {"api": "acme/.."}}),
        (
            "refs.resolve",
            {
                "refs": {"api": "acme/api"},
                "override": {"repository": "acme/api", "sha": "main"},
            },
        ),
        ("file.read", {"path": ""}),
        ("file.read", {"path": "a", "repository": "acme"}),
        ("issue.create", {"title": "x" * 257}),
        ("issue.create", {"title": "x", "body": ["x"]}),
        ("issue.create", {"title": "x", "labels": [1]}),
        ("issue.create", {"title": "x", "labels": 1}),
        ("comment.create", {"number": 0, "body": "x"}),
        ("comment.create", {"number": True, "body": "x"}),
        ("comment.create", {"number": "1.5", "body": "x"}),
        ("labels.add", {"number": 1, "labels": []}),
        ("pull-request.merge", {"number": 1}),
        ("pull-request.merge", {"number": 1, "sha": "main"}),
        ("pull-request.merge", {"number": 1, "sha": "a" * 40, "method": "octopus"}),
        ("release.create", {"tag": "v1", "prerelease": "perhaps"}),
    ],
)
async def test_an_argument_that_makes_no_sense_is_named(
    here: House, name: str, arguments: JsonObject
) -> None:
    """Nothing is sent, and the refusal says which argument is wrong."""
    event = await refused(here, name, **arguments)

    assert event.code == "bad-argument"
    assert event.message.startswith("`with.")


async def test_an_operation_that_nobody_knows_is_refused(here: House) -> None:
    """A definition of a later version may name it."""
    event = await refused(here, "moon.land")

    assert event.code == "unknown-operation"


async def test_a_title_may_come_out_as_a_number(here: House) -> None:
    """An expression may give one where a text is meant."""
    await made(here, "issue.create", title=7, labels=None, prerelease=False)

    assert here.github.issues("acme/release")[0].title == "7"


async def test_an_operation_keeps_its_attempt(here: House) -> None:
    """The event is about the attempt that asked."""
    command = replace(operation("issue.create", title="x"), attempt=build.attempt("api/eu#3"))
    event = await here.event(command)

    assert isinstance(event, OperationPerformed)
    assert event.attempt == build.attempt("api/eu#3")
    assert event.url.endswith("/issues/1")
