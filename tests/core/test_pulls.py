"""Stories about deliveries that leave open to which pull request they belong."""

from typing import Any

import pytest

from app.core.chores import FindPullRequest
from app.core.hearing.pulls import has_to_ask, noted, with_pull
from app.core.values import Sha
from app.github.webhooks import read
from tests.core.routed import HEAD, NEXT, RUN, entry, heard_of, proposed, routed

OWN, FORK = {"id": 1}, {"id": 2}
SUITES, RUNS = "check_suite", "{workflow_run: {workflows: [CI]}}"


def ended(branch: str = "change", **more: Any) -> dict[str, Any]:
    """Say that a workflow run has ended on a branch."""
    run = {**RUN, "head_branch": branch, "head_repository": OWN, **more}
    return heard_of("workflow_run", workflow_run=run, workflow={"name": "CI"})


def suite(sha: str = NEXT, **more: Any) -> dict[str, Any]:
    """Say that a check suite has ended."""
    return heard_of("check_suite", check_suite={"head_sha": sha, "head_branch": "main", **more})


def asks(event: str, payload: dict[str, Any]) -> bool:
    """Tell whether GitHub is to be asked for the pull request."""
    return has_to_ask(read(event, payload), Sha(HEAD))


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("workflow_run", ended(), True),
        ("workflow_run", ended("main"), False),
        ("workflow_run", ended("main", head_repository=FORK), True),
        ("workflow_run", ended("main", head_repository=None), True),
        ("workflow_run", ended(pull_requests=[{"number": 5}]), False),
        ("workflow_run", ended(head_sha=HEAD), False),
        ("check_suite", suite(), True),
        ("check_suite", suite(HEAD), False),
        ("check_suite", suite(pull_requests=[{"number": 5}]), False),
        ("check_suite", suite(""), False),
        ("check_suite", {**suite(), "repository": None}, False),
        ("deployment_protection_rule", heard_of("x", sha=NEXT), True),
        ("pull_request", proposed(), False),
        ("merge_group", heard_of("x", merge_group={"head_sha": NEXT}), False),
    ],
)
def test_github_is_asked_only_where_nothing_says_it(
    event: str, payload: dict[str, Any], expected: bool
) -> None:
    """What is at the head of the default branch leaves nothing open, nor what names its own."""
    assert asks(event, payload) is expected


def test_nothing_begins_before_it_is_known_whose_it_is() -> None:
    """A delivery that starts nothing asks nothing; one that has been answered starts."""
    first = routed("check_suite", suite(), entry(SUITES))
    nobody = routed("check_suite", suite(), entry("push"))
    again = routed("check_suite", suite(), entry(SUITES), files=())
    run = routed("workflow_run", ended(), entry(RUNS))

    expected = FindPullRequest(
        installation_id=7,
        repository_id=1,
        delivery_id="guid",
        sha=Sha(NEXT),
        head_repository_id=None,
    )
    assert (first.starts, first.chores) == ((), (expected,))
    assert (nobody.starts, nobody.chores) == ((), ())
    assert len(again.starts) == 1
    assert [getattr(each, "head_repository_id", None) for each in run.chores] == [1]
    assert expected.key == "find-pull-request/guid"


def test_what_was_found_is_part_of_the_delivery() -> None:
    """The number, and whether a fork has made it; what is known already is not forgotten."""
    heard = read("check_suite", suite())
    stranger = read("workflow_run", ended(head_repository=FORK))
    found = with_pull(heard, noted(12, is_fork=True))
    own = with_pull(heard, noted(12, is_fork=False))
    none = with_pull(stranger, noted(None, is_fork=False))

    assert (found.subject.pull_request, found.subject.is_fork) == (12, True)
    assert (own.subject.pull_request, own.subject.is_fork) == (12, False)
    assert (none.subject.pull_request, none.subject.is_fork) == (None, True)


def test_pull_requests_into_other_repositories_are_not_meant() -> None:
    """A branch may be proposed elsewhere, too: GitHub names those as well."""
    there = {"number": 3, "base": {"repo": {"id": 2}}}
    here = {"number": 5, "base": {"repo": {"id": 1}}}
    both = read("workflow_run", ended(pull_requests=[there, here])).subject
    other = read("workflow_run", ended(pull_requests=[there])).subject

    assert (both.pull_request, other.pull_request) == (5, None)
