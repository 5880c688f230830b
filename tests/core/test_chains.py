"""What may be started by what: targets, consent, and the chain that it becomes."""

from dataclasses import replace

import pytest

from app.core.chains import Refusal, child_id, link_of, plan_child
from app.core.commands import StartChild
from app.core.hearing.catalogue import catalogue
from app.core.plan import Plan
from app.core.values import RepositoryName
from tests.core.routed import covered, entry
from tests.kit import build

TRAIN = "acme/release/.github/orchestrations/train.yml"


def parent() -> Plan:
    """Return a plan of another repository."""
    plan = build.plan("build")
    there = replace(plan.origin, repository_id=2, repository=RepositoryName("acme/other"))
    return replace(plan, origin=there)


def asked(target: str, policy: str | None = None) -> Plan | Refusal:
    """Ask for a child of `acme/release`, whose policy is this."""
    known = catalogue((covered(),), (entry("{manual: {}}"),))
    attempt = build.attempt("build")
    command = StartChild(attempt=attempt, target=target, inputs={}, marker="sb-1")
    return plan_child(parent(), command, known, lambda _repository: policy)


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("nonsense", "child-unknown"),
        ("acme/release/.github/workflows/train.yml@main", "child-unknown"),
        ("acme/release/.github/orchestrations/train.yaml", "child-unknown"),
        (f"{TRAIN}@v1", "child-not-at-default-branch"),
        (TRAIN, "consent-missing"),
    ],
)
def test_a_child_that_cannot_be_is_refused_with_a_code(target: str, code: str) -> None:
    """It must be in force, at the default branch, and let itself be started."""
    refused = asked(target)

    assert isinstance(refused, Refusal)
    assert refused.code == code


@pytest.mark.parametrize(
    ("accepted", "is_given"),
    [
        ("{from: acme/other}", True),
        ("{from: 'acme/*'}", True),
        ("{from: ACME/Other, definitions: [train]}", True),
        ("{from: acme/other, definitions: [plane]}", False),
        ("{from: acme/another}", False),
    ],
)
def test_consent_names_who_may_start(accepted: str, is_given: bool) -> None:
    """An entry of `accept` lets the definition in that asks, whatever it asks for."""
    found = asked(f"{TRAIN}@refs/heads/main", f"{{version: 1, accept: [{accepted}]}}")

    assert isinstance(found, Plan) is is_given


def test_a_child_knows_where_it_comes_from() -> None:
    """Its id follows from the marker, its chain from its parent, its cause from both."""
    child = asked(TRAIN, "{version: 1, accept: [{from: acme/other}]}")

    assert isinstance(child, Plan)
    assert child.id == child_id("sb-1")
    assert child.chain == (link_of(parent()),) == ("2/train",)
    assert child.parent is not None
    assert child.parent.orchestration == parent().id
    assert (child.cause.event_name, child.cause.repository) == ("orchestrate", "acme/release")
