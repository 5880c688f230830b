"""Issues, comments, reviews, merges, releases and teams, as people and the App see them."""

import pytest

from tests.rehearsal.stage import API, R, Stage

pytestmark = pytest.mark.anyio


async def test_issues_and_pull_requests_share_their_numbers() -> None:
    """Both are listed as issues, the newest first, and narrowed by state and labels."""
    stage = Stage()
    pull = stage.github.open_pull_request(API, {"a": "1"})
    given = {"title": "Broken", "labels": ["incident"]}
    issue = (await stage.ask("POST", f"{R}/issues", given)).json()
    closed = stage.github.open_issue(API, "Old")
    stage.github.close_issue(API, closed.number)

    async def numbers(query: str) -> list[int]:
        found = (await stage.ask("GET", f"{R}/issues?{query}")).json()
        return [each["number"] for each in found]

    assert (pull.number, issue["number"], closed.number) == (1, 2, 3)
    assert await numbers("state=all") == [3, 2, 1]
    assert await numbers("labels=incident") == [2]
    assert await numbers("since=2099-01-01T00:00:00Z") == []
    stage.judge.check()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("issues", {"title": " "}, 422),
        ("issues", {"title": "x" * 257}, 422),
        ("issues", {"title": "x", "body": "x" * 65_537}, 422),
        ("issues/7/labels", {"labels": ["a"]}, 404),
        ("releases", {"tag_name": "v1"}, 422),
        ("releases", {"tag_name": "v2", "target_commitish": "nowhere"}, 422),
    ],
)
async def test_what_github_does_not_take(path: str, body: object, status: int) -> None:
    """Titles that are empty or long, numbers and refs that are not there, a second release."""
    stage = Stage()
    stage.github.release(API, "v1")

    assert (await stage.ask("POST", f"{R}/{path}", body)).status_code == status


async def test_a_pull_request_is_merged_at_its_head_alone() -> None:
    """At another commit it is 409, blocked or merged already 405."""
    stage = Stage()
    pull = stage.github.open_pull_request(API, {"a": "1"})
    path = f"{R}/pulls/{pull.number}/merge"
    moved = await stage.ask("PUT", path, {"sha": "0" * 40})
    pull.is_blocked = True
    blocked = await stage.ask("PUT", path, {"sha": pull.head_sha})
    pull.is_blocked = False
    merged = await stage.ask("PUT", path, {"sha": pull.head_sha})
    again = await stage.ask("PUT", path, {"sha": pull.head_sha})
    odd = await stage.ask("PUT", path, {"merge_method": "octopus"})

    assert [a.status_code for a in (moved, blocked, merged, again, odd)] == [
        409,
        405,
        200,
        405,
        422,
    ]
    assert stage.repository.refs["heads/main"] == merged.json()["sha"]


async def test_a_merge_group_is_asked_for_and_destroyed() -> None:
    """The queue asks for checks on a commit of its own; merged, it becomes the base's head."""
    stage = Stage()
    pull = stage.github.open_pull_request(API, {"a": "1"})
    sha = stage.github.enqueue(API, pull.number)
    stage.github.leave_queue(API, sha)
    await stage.github.advance(1)
    heard = [body for event, body in stage.receiver.webhooks if event == "merge_group"]

    assert [(b["action"], b.get("reason")) for b in heard] == [
        ("checks_requested", None),
        ("destroyed", "merged"),
    ]
    assert heard[0]["merge_group"]["head_sha"] == sha == stage.repository.head.sha
    assert heard[0]["merge_group"]["head_ref"].startswith(
        f"refs/heads/gh-readonly-queue/main/pr-{pull.number}-"
    )
    assert pull.merged_at is not None


async def test_a_merge_group_stands_on_the_one_before_it() -> None:
    """So it holds both pull requests; one that is squashed holds the commit of neither."""
    stage = Stage()
    first = stage.github.open_pull_request(API, {"a": "1"}, branch="first")
    second = stage.github.open_pull_request(API, {"b": "2"}, branch="second")
    third = stage.github.open_pull_request(API, {"c": "3"}, branch="third")
    one = stage.github.enqueue(API, first.number)
    two = stage.github.enqueue(API, second.number)
    three = stage.github.enqueue(API, third.number, squashes=True)
    await stage.github.advance(1)

    commits = stage.repository.commits
    assert commits[two].parents == (one, second.head_sha)
    assert commits[three].parents == (two,)
    assert {"a", "b", "c"} <= commits[three].tree.keys()
    heard = [body for event, body in stage.receiver.webhooks if event == "merge_group"]
    assert [each["merge_group"]["base_sha"] for each in heard[1:]] == [one, two]


async def test_only_a_decision_can_be_dismissed() -> None:
    """A mere comment cannot, and a review that is not there is 404."""
    stage = Stage()
    pull = stage.github.open_pull_request(API, {"a": "1"})
    said = stage.github.review(API, pull.number, "hubot", "COMMENTED")
    statuses = [
        (
            await stage.ask(
                "PUT",
                f"{R}/pulls/{pull.number}/reviews/{number}/dismissals",
                {"message": "no"},
            )
        ).status_code
        for number in (said.id, 1)
    ]

    assert statuses == [422, 404]


async def test_who_is_in_a_child_team_is_in_the_team() -> None:
    """Membership reaches upwards and not downwards, and ends when somebody leaves."""
    stage = Stage()
    stage.github.add_organization("acme", teams={"sre": ["mona"], "oncall": ["hubot"]})
    stage.github.nest_team("acme", "oncall", "sre")
    stage.github.join_team("acme", "oncall", "octocat")

    async def is_in(team: str, login: str) -> bool:
        path = f"/orgs/acme/teams/{team}/memberships/{login}"
        return (await stage.ask("GET", path)).status_code == 200

    before = [await is_in("sre", "hubot"), await is_in("sre", "octocat")]
    upside_down = await is_in("oncall", "mona")
    stage.github.leave_team("acme", "oncall", "hubot")

    assert (before, upside_down) == ([True, True], False)
    assert not await is_in("sre", "hubot")


async def test_commits_of_a_fork_are_on_no_branch() -> None:
    """GitHub serves them, and says that they are nobody's head here."""
    stage = Stage()
    stage.github.fork(API, "mallory")
    pull = stage.github.open_pull_request(API, {"a": "1"}, author="mallory", fork="mallory/api")
    path = f"{R}/commits/{pull.head_sha}"

    assert (await stage.ask("GET", path)).status_code == 200
    assert (await stage.ask("GET", f"{path}/branches-where-head")).json() == []
