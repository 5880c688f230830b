"""`signalbox templates`: workflow templates come to an organisation as one pull request."""

from collections.abc import Iterator

import pytest

from app.cli.offering_templates import BRANCH
from app.cli.shipped_templates import TITLE, shipped
from tests.shell.templates_kit import (
    HOME,
    PROPERTIES,
    WORKFLOW,
    Desk,
    as_files,
    desk,
    differing,
    files,
)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with desk(capsys) as made:
        yield made


def test_templates_that_are_not_there_are_offered(here: Desk) -> None:
    """One commit on a branch of its own, and a pull request that says what they are for."""
    before = here.home.head
    said = here.offer()

    [pull] = here.pulls
    assert (said.code, files(said)) == (0, {PROPERTIES: "new", WORKFLOW: "new"})
    assert said.json["pull_request"] == {
        "url": f"{here.github.web_url}/{HOME}/pull/{pull.number}",
        "number": pull.number,
        "outcome": "opened",
    }
    assert (pull.title, pull.base_ref, pull.head_ref) == (TITLE, "main", BRANCH)
    assert "**Orchestrated workflow**: A workflow that Signalbox starts" in pull.body
    assert "all repositories of the organization" in pull.body
    assert here.branch.parents == (before.sha,)
    assert here.text(here.branch, WORKFLOW) == as_files(shipped())[WORKFLOW]
    assert here.branch.author.login == "mona"


def test_the_default_branch_and_the_files_of_others_stay(here: Desk) -> None:
    """Nothing is pushed to it, and what the folder and the repository hold is kept."""
    before = here.home.head
    here.offer()

    assert here.home.head is before
    assert differing(before, here.branch) == {PROPERTIES, WORKFLOW}
    assert here.writes == [
        "POST /git/trees",
        "POST /git/commits",
        "POST /git/refs",
        "POST /pulls",
    ]


def test_what_was_merged_is_the_same(here: Desk) -> None:
    """There is nothing to change, and nothing is changed."""
    here.offer()
    here.github.merge_pull_request(HOME, here.pulls[0].number)
    count = len(here.writes)
    said, shown = here.offer(), here.offer(as_json=False)

    assert (said.code, files(said)) == (0, {PROPERTIES: "same", WORKFLOW: "same"})
    assert said.json["pull_request"] is None
    assert (shown.code, shown.out.splitlines()[-1]) == (0, "nothing to change")
    assert len(here.writes) == count


def test_what_another_version_brought_is_changed(here: Desk) -> None:
    """Only the file that differs is written."""
    here.github.push(HOME, {**as_files(shipped()), WORKFLOW: "name: older\n"})
    said = here.offer()

    assert files(said) == {PROPERTIES: "same", WORKFLOW: "changed"}
    assert differing(here.home.head, here.branch) == {WORKFLOW}


def test_a_dry_run_changes_nothing(here: Desk) -> None:
    """It says the same as a real one before it begins."""
    said, shown = here.offer(is_dry_run=True), here.offer(is_dry_run=True, as_json=False)

    assert (said.code, files(said)) == (0, {PROPERTIES: "new", WORKFLOW: "new"})
    assert (said.json["is_dry_run"], said.json["pull_request"]) == (True, None)
    assert f"new     {WORKFLOW}" in shown.out
    assert shown.out.splitlines()[-1] == "nothing was changed (--dry-run)"
    assert here.writes == []


def test_a_second_call_takes_the_same_pull_request(here: Desk) -> None:
    """It has all of it already, so nothing is written at all."""
    first = here.offer()
    count = len(here.writes)
    said, shown = here.offer(), here.offer(as_json=False)

    assert said.json["pull_request"] == {**first.json["pull_request"], "outcome": "unchanged"}
    assert said.json["pull_request"]["url"] in shown.out.splitlines()[-1]
    assert (len(here.pulls), len(here.writes)) == (1, count)


def test_an_open_pull_request_is_brought_up_to_date(here: Desk) -> None:
    """One commit comes on top, and what others did on that branch is kept."""
    here.offer()
    here.github.push(HOME, {"README.md": "# ours\n"}, branch=BRANCH)
    before = here.branch
    said = here.offer(server_url="https://signalbox.acme.example")

    [pull] = here.pulls
    assert said.json["pull_request"]["outcome"] == "updated"
    assert (pull.head_sha, here.branch.parents) == (here.branch.sha, (before.sha,))
    assert here.text(here.branch, "README.md") == "# ours\n"
    assert "server: https://signalbox.acme.example\n" in here.text(here.branch, WORKFLOW)


@pytest.mark.parametrize("is_merged", [True, False])
def test_a_branch_that_is_left_over_is_taken(here: Desk, *, is_merged: bool) -> None:
    """Not by force: its commits stay in the history, and nothing of them is proposed again."""
    here.offer()
    here.github.push(HOME, {"stray.txt": "left\n"}, branch=BRANCH)
    left_over, [first] = here.branch.sha, here.pulls
    if is_merged:
        here.github.merge_pull_request(HOME, first.number)
    else:
        here.github.close_pull_request(HOME, first.number)
    here.github.push(HOME, {WORKFLOW: "name: older\n", "new.txt": "later\n"})
    said = here.offer()

    assert said.json["pull_request"]["outcome"] == "opened"
    assert [pull.state for pull in here.pulls] == ["closed", "open"]
    assert here.branch.parents == (left_over, here.home.head.sha)
    changed = {WORKFLOW} if is_merged else {WORKFLOW, PROPERTIES}
    assert differing(here.home.head, here.branch) == changed


def test_it_is_shown_to_people(here: Desk) -> None:
    """Which files, what is left to do by hand, to whom they are offered, and where to look."""
    said = here.offer(as_json=False)

    assert said.out.splitlines() == [
        "workflow templates in acme/.github, branch main:",
        f"  new     {PROPERTIES}",
        f"  new     {WORKFLOW}",
        f"by hand: {WORKFLOW} takes the address of Signalbox from the variable SIGNALBOX_URL: "
        "set it for the organization, or give --server-url",
        f"by hand: {WORKFLOW} takes the Action from your-organization/signalbox@v1: put in the "
        "organization that holds your copy, or give --action",
        "since it is public, GitHub offers them to all repositories of the organization",
        f"pull request opened: {here.github.web_url}/{HOME}/pull/1",
    ]


def test_a_private_one_serves_private_repositories(here: Desk) -> None:
    """Whoever merges it should know before why nothing shows up elsewhere."""
    here.github.add_repository("acme/hidden", roles={"mona": "admin"})
    said = here.offer(as_json=False, repository="hidden")

    [pull] = here.github.world.repository("acme/hidden").pulls.values()
    assert "since it is private, GitHub offers them to the private repositories" in said.out
    assert "to the private repositories of the organization alone" in pull.body


def test_signalbox_url_fills_in_where_signalbox_is(here: Desk) -> None:
    """The setting that `serve` has does, and an option counts more."""
    by_setting = {"SIGNALBOX_URL": "https://one.acme.example/"}
    said = here.offer(environ=by_setting)
    first = here.text(here.branch, WORKFLOW)
    here.offer(environ=by_setting, server_url="https://two.acme.example")

    assert "server: https://one.acme.example\n" in first
    assert "server: https://two.acme.example\n" in here.text(here.branch, WORKFLOW)
    [left] = said.json["by_hand"]
    assert "your-organization" in left


def test_the_action_is_filled_in(here: Desk) -> None:
    """Then nothing is left to be done by hand, and the same call finds the same."""
    server, action = "https://signalbox.acme.example", f"acme/signalbox@{'c' * 40}"
    said = here.offer(server_url=server, action=action)
    here.github.merge_pull_request(HOME, 1)
    again = here.offer(server_url=server, action=action)

    assert said.json["by_hand"] == []
    assert f"uses: {action}\n" in here.text(here.branch, WORKFLOW)
    assert files(again) == {PROPERTIES: "same", WORKFLOW: "same"}
