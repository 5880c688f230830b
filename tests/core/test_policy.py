"""Consent: whom a repository lets in, and what is said to those it does not."""

import pytest

from app.core.plan import Origin
from app.core.policy import (
    consent_to_dispatch,
    consent_to_operate,
    consent_to_release,
    consent_to_write,
    read_policy,
)
from app.core.values import RepositoryName

ORIGIN = Origin(
    repository_id=1,
    repository=RepositoryName("acme/release"),
    installation_id=7,
    path=".github/orchestrations/train.yml",
)
API = RepositoryName("acme/api")


def asked(policy: str | None, target: RepositoryName = API, ref: str = "main") -> str:
    """Ask for consent to dispatch `deploy.yml`; return the code of the refusal, or ''."""
    return consent_to_dispatch(
        policy,
        target=target,
        origin=ORIGIN,
        definition="train",
        workflow="deploy.yml",
        ref=ref,
    ).code


def accepting(*entries: str) -> str:
    """Write a policy with these entries of `accept`."""
    return "version: 1\naccept:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries)


def test_a_definition_needs_no_consent_at_home() -> None:
    """A repository need not let its own definitions in, whatever the case of its name."""
    assert asked(None, RepositoryName("Acme/Release")) == ""


def test_nothing_is_dispatched_without_a_policy() -> None:
    """A repository that says nothing consents to nothing, and the remedy is spelt out."""
    consent = consent_to_dispatch(
        None,
        target=API,
        origin=ORIGIN,
        definition="train",
        workflow="deploy.yml",
        ref="main",
    )

    assert consent.code == "consent-missing"
    assert (
        "from: acme/release, definitions: [train], workflows: [deploy.yml]" in consent.message
    )


@pytest.mark.parametrize(
    "entry",
    [
        "from: acme/release",
        "from: ACME/Release",
        "from: 'acme/*'",
        "from: acme/release, definitions: [train]",
        "from: acme/release, definitions: ['tr*'], workflows: [deploy.yml], refs: [main]",
    ],
)
def test_an_entry_that_fits_lets_in(entry: str) -> None:
    """One entry that fits in all it names is enough."""
    assert asked(accepting("from: acme/other", entry)) == ""


@pytest.mark.parametrize(
    "entry",
    [
        "from: acme/other",
        "from: acme/release, definitions: [other]",
        "from: acme/release, workflows: [test.yml]",
        "from: acme/release, refs: ['release/*']",
    ],
)
def test_an_entry_that_does_not_fit_lets_nobody_in(entry: str) -> None:
    """What an entry names must fit, every part of it."""
    assert asked(accepting(entry)) == "consent-missing"


def test_a_commit_passes_only_where_refs_are_free() -> None:
    """A SHA is on no branch that can be told from its name, so a list of refs shuts it out."""
    sha = "a" * 40

    assert asked(accepting("from: acme/release"), ref=sha) == ""
    assert asked(accepting("from: acme/release, refs: [main]"), ref=sha) == "consent-missing"


def test_a_policy_that_cannot_be_read_lets_nobody_in() -> None:
    """It fails shut, and says where the mistake is."""
    consent = consent_to_write(
        "version: 1\naccept:\n  - {form: acme/release}\n",
        target=API,
        origin=ORIGIN,
        definition="train",
    )

    assert consent.code == "policy-unreadable"
    assert "line 3" in consent.message


def test_writing_needs_any_entry_that_names_the_definition() -> None:
    """Checks and comments need consent too, but no particular workflow."""

    def may(policy: str | None, target: RepositoryName = API) -> bool:
        return consent_to_write(
            policy, target=target, origin=ORIGIN, definition="train"
        ).is_given

    assert may(accepting("from: acme/release, workflows: [deploy.yml]"))
    assert may(None, ORIGIN.repository)
    assert not may(None)
    assert not may(accepting("from: acme/release, definitions: [other]"))


def test_an_environment_is_answered_for_only_where_it_is_named() -> None:
    """Whoever is let in has not thereby the say over what is protected."""

    def may(policy: str | None, target: RepositoryName = API) -> str:
        return consent_to_release(
            policy,
            target=target,
            origin=ORIGIN,
            definition="train",
            environment="production",
        ).code

    assert may(None, ORIGIN.repository) == ""
    assert may(accepting("from: acme/release, environments: ['prod*']")) == ""
    assert may(None) == "consent-missing"
    assert may(accepting("from: acme/release")) == "consent-missing"
    assert may(accepting("from: acme/other, environments: [production]")) == "consent-missing"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("- a list", "wrong-type", 1),
        ("accept: [\n", "yaml-syntax", 2),
        ("accept: []", "wrong-value", 1),
        ("version: 2", "wrong-value", 1),
        ("version: true", "wrong-value", 1),
        ("version: 1\naccept: yes", "wrong-type", 2),
        ("version: 1\naccept: [yes]", "wrong-type", 2),
        ("version: 1\naccept: [{workflows: [a.yml]}]", "missing-key", 2),
        ("version: 1\naccept: [{from: acme}]", "wrong-value", 2),
        ("version: 1\naccept: [{from: '*/release'}]", "wrong-value", 2),
        ("version: 1\naccept: [{from: a/b, refs: ['[']}]", "bad-filter", 2),
        ("version: 1\naccept: [{from: a/b, environments: ['[']}]", "bad-filter", 2),
        ("version: 1\nroles: []", "wrong-type", 2),
        ("version: 1\norganization: []", "wrong-type", 2),
        ("version: 1\nallow: []", "unknown-key", 2),
        ("version: 1\naccept:\n" + "- {from: a/b}\n" * 501, "too-many", 3),
    ],
)
def test_a_mistake_in_a_policy_is_a_problem_with_its_line(
    text: str, code: str, line: int
) -> None:
    """Policies are read by the rules of definitions: strictly, and with the place."""
    policy, problems = read_policy(text)

    assert policy is None
    assert (problems[0].code, problems[0].line) == (code, line)
    assert problems[0].hint


@pytest.mark.parametrize(
    ("entry", "operation", "code"),
    [
        ("from: acme/release", "refs.resolve", ""),
        ("from: acme/release", "file.read", ""),
        ("from: acme/release", "issue.create", "consent-missing"),
        ("from: acme/release, operations: [issue.create]", "issue.create", ""),
        (
            "from: acme/release, operations: ['issue.*']",
            "pull-request.merge",
            "consent-missing",
        ),
        ("from: acme/release, operations: ['*']", "pull-request.merge", ""),
        ("from: acme/other, operations: ['*']", "file.read", "consent-missing"),
        ("operations: ['*']", "file.read", "policy-unreadable"),
    ],
)
def test_an_operation_that_writes_must_be_named(entry: str, operation: str, code: str) -> None:
    """Whoever is let in may read; what changes something must stand in `operations`."""
    consent = consent_to_operate(
        accepting(entry), target=API, origin=ORIGIN, definition="train", operation=operation
    )

    assert consent.code == code


def test_a_definition_may_operate_at_home() -> None:
    """In its own repository a definition needs no consent for any operation."""
    consent = consent_to_operate(
        None,
        target=ORIGIN.repository,
        origin=ORIGIN,
        definition="train",
        operation="pull-request.merge",
    )

    assert consent.is_given
