"""`/orchestrate` and `/freeze`: what may be begun or closed by a command, and by whom."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.actions import Permission
from app.core.approvals.people import Voter
from app.core.approvals.requests import FreezeRequest, StartRequest
from app.core.approvals.survey import PolicyText
from app.core.doorways.beginning import freezing, starting
from app.core.doorways.responding import Reply
from app.core.hearing.catalogue import Catalogue, Covered, Entry, catalogue
from app.core.hearing.heard import Repository
from app.core.parse import parse
from app.core.plan import Origin
from app.core.routing import Start
from app.core.values import RepositoryName
from tests.core.test_doorways import ADMIN, asked
from tests.core.told import COMMIT, START

GUARDED = """
tasks:
  ask: {approval: {rules: [{require: [{teams: [acme/sre]}]}]}}
  act: {needs: [ask], dispatch: acme/api/.github/workflows/b.yml@main}
"""
OPEN = "tasks: {act: {dispatch: acme/api/.github/workflows/b.yml@main}}\n"


def known(on: str = "{}", tasks: str = OPEN, *, origin: int = 1, times: int = 1) -> Catalogue:
    """Return a catalogue with one definition, `roll`, or with several of its name."""
    text = f"version: 1\nname: Roll\non: {{command: {on}}}\n{tasks}"
    path = ".github/orchestrations/roll.yml"
    definition, problems = parse(text, path)
    assert definition is not None, problems
    entries = [
        Entry(
            origin=Origin(
                repository_id=number,
                repository=RepositoryName("acme/release" if number == 1 else f"acme/o{number}"),
                installation_id=7,
                path=path,
            ),
            definition=definition,
            text=text,
        )
        for number in range(origin, origin + times)
    ]
    name = RepositoryName("acme/release")
    here = Repository(id=1, name=name, default_branch="main")
    return catalogue([Covered(repository=here, installation_id=7, head_sha=COMMIT)], entries)


def begun(about: Catalogue, **judged: Any) -> tuple[Start | None, Reply]:
    """Ask for `roll` to be begun."""
    reply = Reply()
    request = StartRequest(definition="roll", inputs={"image": "v1"})
    return starting(request, asked("/orchestrate roll", **judged), about, reply), reply


def test_it_begins_at_the_head_of_the_pull_request_or_of_the_default_branch() -> None:
    """So that the check stands where the command was given."""
    at_pull, _ = begun(known(), head_sha="b" * 40)
    at_issue, _ = begun(known())

    assert at_pull is not None
    assert at_issue is not None
    assert (at_pull.cause.sha, at_pull.cause.pull_request) == ("b" * 40, 12)
    assert (at_issue.cause.sha, at_issue.cause.pull_request) == (COMMIT, None)
    assert at_issue.cause.ref == "refs/heads/main"
    assert at_pull.cause.event["inputs"] == {"image": "v1"}


@pytest.mark.parametrize(
    "about",
    [
        known("{repositories: [acme/other]}"),
        known("{if: \"actor == 'mona'\"}"),
        known("{if: 'event.no.such == 1'}"),
        known("{repositories: ['acme/*']}", times=2),
        catalogue(known().repositories.values(), ()),
    ],
)
def test_what_does_not_want_to_be_begun_here_is_none(about: Catalogue) -> None:
    """Its `on` says where and when; of two of one name none is meant."""
    start, reply = begun(about)

    assert start is None
    assert "definition-unknown" in reply.text


def test_a_condition_that_holds_lets_it_begin() -> None:
    """The first `on` entry for this repository says so."""
    start, _ = begun(known("{if: \"actor == 'ada'\"}"))

    assert start is not None


def test_who_may_not_start_is_refused_where_the_definition_stands() -> None:
    """Of the definition's repository nothing is known, so nobody may."""
    _, here = begun(known(), voter=replace(ADMIN, permission=Permission.READ))
    _, elsewhere = begun(known("{repositories: ['acme/*']}", origin=5))

    assert "role-missing" in here.text
    assert "role-unknown-person" in elsewhere.text


def test_for_a_fork_only_what_waits_for_people_begins() -> None:
    """Whoever opens it chooses what is run."""
    refused, reply = begun(known(), head_sha="b" * 40, is_fork=True)
    allowed, _ = begun(known(tasks=GUARDED), head_sha="b" * 40, is_fork=True)

    assert refused is None
    assert "comes from a fork" in reply.text
    assert allowed is not None
    assert allowed.cause.event["pull_request"] == {
        "number": 12,
        "head": {"sha": "b" * 40, "repo": None},
    }


def test_nothing_begins_where_we_are_not_any_more() -> None:
    """The App was uninstalled meanwhile."""
    start, reply = begun(catalogue((), ()))

    assert (start, reply.text) == (None, "")


UNTIL = datetime(2026, 12, 24, tzinfo=UTC)
POLICY = "version: 1\norganization: {roles: {override: {%s}}}\n"


def frozen(*policies: str, voter: Voter | None = ADMIN, calendars: Any = ("nights",)) -> Reply:
    """Ask for the calendars to be closed."""
    reply = Reply()
    texts = tuple(PolicyText(owner="acme/.github", text=each) for each in policies)
    freezing(
        FreezeRequest(until=UNTIL, reason="fire"),
        asked("/freeze", policies=texts, voter=voter),
        "acme",
        calendars,
        reply,
        START,
    )
    return reply


def test_the_organisation_says_who_closes_its_calendars() -> None:
    """By name or team; what a person may in one repository does not count."""
    named, others = POLICY % "users: [ada]", POLICY % "users: [mona]"
    admins = POLICY % "permission: admin, users: [mona]"

    assert frozen("", named).sign == "+1"
    assert frozen(others).text.endswith("mona.")
    assert frozen(admins).sign == "-1"
    assert "names nobody" in frozen("version: 1\n").text
    assert "names nobody" in frozen(named, voter=None).text
    assert "no-calendar" in frozen(named, calendars=()).text


def test_a_definition_that_begins_is_answered() -> None:
    """So are inputs that do not fit."""
    good, bad = Reply(), Reply()
    good.begun(())
    bad.begun(("`image` is missing",))

    assert (good.sign, bad.sign) == ("+1", "confused")
