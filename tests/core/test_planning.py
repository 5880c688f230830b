"""From a definition and a delivery to a plan: the cause, the inputs, the id."""

from typing import Any

import pytest

from app.core.planning import make_plan, manual_cause, orchestration_id
from app.core.values import RepositoryName
from tests.core.routed import (
    HEAD,
    NEXT,
    RUN,
    covered,
    entry,
    heard_of,
    known,
    proposed,
    pushed,
    routed,
)


@pytest.mark.parametrize(
    ("event", "payload", "sha", "ref", "number"),
    [
        ("push", pushed(), NEXT, "refs/heads/main", None),
        ("pull_request", proposed(), NEXT, "refs/pull/5/head", 5),
        (
            "workflow_run",
            heard_of("", action="completed", workflow_run=RUN, workflow={"name": "CI"}),
            NEXT,
            "refs/heads/main",
            None,
        ),
        (
            "release",
            heard_of("", action="published", release={"tag_name": "v1"}),
            HEAD,
            "refs/tags/v1",
            None,
        ),
        ("release", heard_of("", action="published"), HEAD, "refs/heads/main", None),
        ("repository_dispatch", heard_of("", action="x"), HEAD, "refs/heads/main", None),
    ],
)
def test_the_cause_says_where_and_at_which_commit(
    event: str, payload: dict[str, Any], sha: str, ref: str, number: int | None
) -> None:
    """`sha` and `ref` are those of GitHub Actions, but for a pull request's head."""
    on = "{workflow_run: {workflows: [CI]}, push: {}, pull_request: {}, release: {}, "
    [start] = routed(event, payload, entry(on + "repository_dispatch: {}}")).starts

    cause = start.cause
    assert (cause.sha, cause.ref, cause.pull_request) == (sha, ref, number)
    assert (cause.actor, cause.repository, cause.installation_id) == ("mona", "acme/release", 7)


def test_a_plan_is_made_with_the_inputs_filled_in() -> None:
    """Its id is derived from the delivery, so that the same one never starts it twice."""
    manual = entry("manual", more="inputs: {dry_run: {type: boolean, default: false}}\n")
    cause = manual_cause(covered(), "mona", {"dry_run": "true"})

    plan, faults = make_plan(manual, cause, {"dry_run": "true"}, delivery_id="g", number=3)

    assert plan is not None
    assert (plan.inputs, plan.title, faults) == ({"dry_run": True}, "train #3", ())
    assert plan.id == orchestration_id(manual, "g") != orchestration_id(manual, "h")
    assert (cause.event_name, cause.sha, cause.ref) == ("manual", HEAD, "refs/heads/main")


def test_wrong_inputs_make_no_plan() -> None:
    """All that is wrong with them is told."""
    cause = manual_cause(covered(), "mona", {})

    plan, faults = make_plan(entry("manual"), cause, {"x": 1}, delivery_id="g", number=1)

    assert plan is None
    assert faults == ("`x` is not an input",)


def test_a_catalogue_finds_by_name_whatever_its_case() -> None:
    """GitHub does not tell upper from lower case in names."""
    there = known(entry("push"))

    assert there.find("Acme/Release", "train") is not None
    assert there.find("acme/release", "other") is None
    assert there.repository(RepositoryName("ACME/API")) == covered(2, "acme/api")
    assert there.repository(RepositoryName("acme/none")) is None
