"""Stories about what a delivery is about, and which filters it then passes."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.definition import Listen
from app.core.hearing.filters import refusal
from app.core.hearing.heard import Heard, Subject
from app.core.hearing.subjects import READERS
from app.core.terms import Place
from app.github.webhooks import read
from tests.core.routed import HEAD, NEXT, RUN, heard_of, proposed, pushed

MAIN, TOPIC = "refs/heads/main", "refs/heads/topic"
CALLBACK = "https://api.github.com/repos/acme/api/actions/runs/9/deployment_protection_rule"
QUEUE = f"refs/heads/gh-readonly-queue/main/pr-5-{HEAD}"
CHECK = {
    "head_sha": NEXT,
    "check_suite": {"head_branch": "topic"},
    "pull_requests": [{"number": 5}],
    "app": {"id": 12, "client_id": "Iv23li"},
}
SUITE = {"head_sha": NEXT, "head_branch": None, "pull_requests": [], "app": {"id": 15368}}
REVIEWED = {
    "workflow_run": {"id": 9, "name": "Deploy", "head_sha": NEXT, "head_branch": "main"},
    "workflow_job_run": {"environment": "production"},
}


def subject(event: str, payload: dict[str, Any], app_id: str = "") -> Subject:
    return read(event, payload, app_id).subject


def labelled(*names: str) -> dict[str, Any]:
    return {"labels": [{"name": name} for name in names]}


@pytest.mark.parametrize(
    ("event", "payload", "expected"),
    [
        ("push", pushed(), Subject(sha=NEXT, ref=MAIN, filtered=MAIN)),  # type: ignore[arg-type]
        (
            "merge_group",
            {"merge_group": {"head_sha": NEXT, "head_ref": QUEUE, "base_ref": MAIN}},
            Subject(sha=NEXT, ref=QUEUE, filtered=MAIN, queued_pull_request=5),  # type: ignore[arg-type]
        ),
        (
            "issue_comment",
            {"issue": {"number": 5, "pull_request": {}, **labelled("a", "b", "a")}},
            Subject(pull_request=5, labels=("a", "b")),
        ),
        ("issue_comment", {"issue": {"number": 5}}, Subject()),
        (
            "release",
            {"release": {"tag_name": "v1"}},
            Subject(ref="refs/tags/v1", filtered="refs/tags/v1"),
        ),
        (
            "create",
            {"ref": "topic", "ref_type": "branch"},
            Subject(ref=TOPIC, filtered=TOPIC),
        ),
        ("create", {"ref": "topic", "ref_type": "wiki"}, Subject()),
        ("delete", {"ref": "v1", "ref_type": "tag"}, Subject(filtered="refs/tags/v1")),
        (
            "deployment_status",
            {
                "deployment": {"sha": NEXT, "ref": "topic", "environment": "production"},
                "deployment_status": {"environment": "production"},
            },
            Subject(
                sha=NEXT,  # type: ignore[arg-type]
                ref=TOPIC,
                filtered=TOPIC,
                environments=("production",),
            ),
        ),
        (
            "deployment_protection_rule",
            {
                "environment": "production",
                "sha": NEXT,
                "ref": MAIN,
                "deployment_callback_url": CALLBACK,
                "pull_requests": [{"number": 5}],
            },
            Subject(
                sha=NEXT,  # type: ignore[arg-type]
                ref=MAIN,
                filtered=MAIN,
                pull_request=5,
                environments=("production",),
                workflow_run_id=9,
            ),
        ),
        (
            "deployment_review",
            REVIEWED,
            Subject(
                sha=NEXT,  # type: ignore[arg-type]
                ref=MAIN,
                filtered=MAIN,
                environments=("production",),
                workflow="Deploy",
                workflow_run_id=9,
            ),
        ),
        (
            "check_run",
            {"check_run": CHECK},
            Subject(sha=NEXT, ref=TOPIC, filtered=TOPIC, pull_request=5),  # type: ignore[arg-type]
        ),
        ("check_suite", {"check_suite": SUITE}, Subject(sha=NEXT)),  # type: ignore[arg-type]
        (
            "code_scanning_alert",
            {"ref": MAIN, "commit_oid": NEXT},
            Subject(sha=NEXT, ref=MAIN, filtered=MAIN),  # type: ignore[arg-type]
        ),
        ("secret_scanning_alert", {"alert": {"number": 1}}, Subject()),
        ("repository_dispatch", {"action": "nightly"}, Subject()),
    ],
)
def test_each_event_is_about_something(
    event: str, payload: dict[str, Any], expected: Subject
) -> None:
    """Its commit, ref, pull request, labels and environments, as far as it tells them."""
    assert subject(event, heard_of(event, **payload)) == expected


@pytest.mark.parametrize("event", ["pull_request", "pull_request_review"])
@pytest.mark.parametrize(("head", "is_fork"), [(1, False), (2, True)])
def test_a_pull_request_is_seen_at_its_head(event: str, head: int, is_fork: bool) -> None:
    """A review of it, too; and both say whether it comes from a fork."""
    payload = proposed(head=head)
    payload["pull_request"] |= labelled("ready")

    assert subject(event, payload) == Subject(
        sha=NEXT,  # type: ignore[arg-type]
        ref="refs/pull/5/head",
        filtered=MAIN,
        pull_request=5,
        is_fork=is_fork,
        labels=("ready",),
    )


@pytest.mark.parametrize(
    ("repository", "is_fork"), [({"id": 1}, False), ({"id": 2}, True), (None, False)]
)
def test_a_workflow_run_of_a_fork_is_known(
    repository: dict[str, int] | None, is_fork: bool
) -> None:
    """A fork may call its branch `main`, too, and must not pass for ours."""
    run = {**RUN, "head_repository": repository}
    payload = heard_of("workflow_run", workflow_run=run, workflow={"name": "CI"})
    found = subject("workflow_run", payload)

    assert (found.is_fork, found.workflow, found.workflow_run_id) == (is_fork, "CI", 9)
    assert found.filtered == MAIN


@pytest.mark.parametrize(
    ("ref", "expected"), [("refs/tags/v1", "refs/tags/v1"), ("f" * 40, ""), ("", "")]
)
def test_a_deployment_may_be_of_any_ref(ref: str, expected: str) -> None:
    """A full ref stays as it is, and a commit is on no branch that its name tells."""
    payload = heard_of("deployment_status", deployment={"ref": ref, "sha": NEXT})

    assert subject("deployment_status", payload).ref == expected


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://evil.example/",
        CALLBACK.replace("/9/", "/nine/"),
        CALLBACK.replace("/9/", "/0/"),
        f"{CALLBACK}?x=/actions/runs/7",
    ],
)
def test_a_callback_without_a_run_names_none(url: str | None) -> None:
    """Only the number of the run is read, and the address itself goes no further."""
    payload = heard_of("deployment_protection_rule", deployment_callback_url=url)

    assert subject("deployment_protection_rule", payload).workflow_run_id is None


def test_several_environments_are_reviewed_at_once() -> None:
    """Each is told once, and where there is no branch there is no ref."""
    jobs = [{"environment": name} for name in ("eu", "us", "eu")]
    payload = heard_of("deployment_review", workflow_job_runs=jobs, environment="us")
    found = subject("deployment_review", payload)

    assert (found.environments, found.ref) == (("us", "eu"), "")


@pytest.mark.parametrize("app_id", ["12", "Iv23li"])
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("check_run", {"check_run": CHECK}),
        ("check_suite", {"check_suite": CHECK}),
        (
            "issue_comment",
            {"comment": {"performed_via_github_app": {"id": 12, "client_id": "Iv23li"}}},
        ),
    ],
)
def test_what_we_made_ourselves_is_known(
    event: str, payload: dict[str, Any], app_id: str
) -> None:
    """By the id of the App, whichever the settings have; another App's is another's."""
    heard = heard_of(event, **payload)

    assert subject(event, heard, app_id).is_own
    assert not subject(event, heard, "13").is_own
    assert not subject(event, heard).is_own


@pytest.mark.parametrize("event", [*READERS, "ping"])
@pytest.mark.parametrize("odd", [None, [], "x", 7, {}, {"a": 1}])
def test_what_is_odd_is_about_nothing(event: str, odd: object) -> None:
    """Whatever stands where something else should, reading it never fails."""
    payload = dict.fromkeys(
        (
            "pull_request", "workflow_run", "workflow", "merge_group", "issue", "release",
            "ref", "ref_type", "deployment", "deployment_status", "environment", "sha",
            "pull_requests", "workflow_job_runs", "workflow_job_run", "check_run",
            "check_suite", "commit_oid", "comment", "deployment_callback_url",
        ),
        odd,
    )  # fmt: skip

    assert read(event, payload, "12").subject.pull_request is None


# --- filters ----------------------------------------------------------------------------------


def refused(about: Subject, event: str = "release", **filters: tuple[str, ...]) -> str | None:
    """Say why a delivery about something does not pass these filters."""
    heard: Heard = replace(read(event, {}), subject=about)
    listen = Listen(event=event, place=Place(line=1, column=1), **filters)  # type: ignore[arg-type]
    return refusal(listen, heard)


@pytest.mark.parametrize(
    ("about", "filters"),
    [
        (Subject(), {}),
        (Subject(filtered=MAIN), {"branches": ("main",)}),
        (Subject(filtered=MAIN), {"branches_ignore": ("next",)}),
        (Subject(filtered="refs/tags/v1"), {"tags": ("v*",)}),
        (Subject(labels=("a", "ready")), {"labels": ("ready",)}),
        (Subject(environments=("prod-eu",)), {"environments": ("prod-*",)}),
        (Subject(workflow="CI"), {"workflows": ("CI",)}),
    ],
)
def test_what_fits_passes(about: Subject, filters: dict[str, tuple[str, ...]]) -> None:
    """One label or environment that fits is enough."""
    assert refused(about, **filters) is None


@pytest.mark.parametrize(
    ("about", "filters", "why"),
    [
        (Subject(is_own=True), {}, "own making"),
        (Subject(filtered="refs/tags/signalbox/sb-1"), {}, "short-lived tag"),
        (Subject(filtered=TOPIC), {"branches": ("main",)}, "does not pass"),
        (Subject(filtered="refs/tags/v1"), {"tags_ignore": ("v*",)}, "does not pass"),
        (Subject(), {"branches_ignore": ("next",)}, "names no ref"),
        (Subject(labels=("a",)), {"labels": ("ready", "!a")}, "labels"),
        (Subject(), {"labels": ("**",)}, "labels"),
        (Subject(), {"environments": ("**",)}, "environments"),
        (Subject(workflow="CI"), {"workflows": ("Deploy",)}, "workflow"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(
    about: Subject, filters: dict[str, tuple[str, ...]], why: str
) -> None:
    """What a delivery does not tell passes no filter over it."""
    assert why in (refused(about, **filters) or "")
