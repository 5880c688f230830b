"""What `signalbox doctor` makes of what GitHub tells, case by case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.cli.diagnosing import (
    Wanted,
    judge_app,
    judge_clock,
    judge_hook,
    judge_places,
    settings_page,
)
from app.cli.diagnosing_deliveries import judge_deliveries
from app.cli.findings import (
    Finding,
    Mark,
    count_of,
    exit_code,
    not_asked,
    note,
    ok,
    problem,
    unanswered,
    warning,
)
from app.github.registration import App, Delivered, Hook, Installed

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEB = "https://github.com"
WANTED = Wanted(app_id="7", client_id="", url="https://sb.acme.example", web=WEB)
APP = App(
    id=7,
    client_id="Iv23liSeven",
    slug="acme-box",
    page=f"{WEB}/apps/acme-box",
    owner="acme",
    owner_type="Organization",
    permissions={"checks": "write"},
    events=frozenset(),
    answered_at=NOON,
)
HOOK = Hook(
    url="https://sb.acme.example/webhooks/github",
    content_type="json",
    is_verified=True,
    has_secret=True,
)
GOOD = Delivered(status="OK", code=202)


def deliveries(*tries: Delivered) -> list[Finding]:
    return judge_deliveries(tries, "the list", "the settings", WANTED)


@pytest.mark.parametrize(
    ("changed", "page"),
    [
        ({}, f"{WEB}/organizations/acme/settings/apps/acme-box/permissions"),
        ({"owner_type": "User"}, f"{WEB}/settings/apps/acme-box/permissions"),
        # An enterprise has its settings elsewhere: no address is made up.
        ({"owner_type": ""}, f"{WEB}/apps/acme-box"),
        ({"slug": ""}, f"{WEB}/apps/acme-box"),
        ({"slug": "", "page": ""}, WEB),
        ({"slug": "a/b?c"}, f"{WEB}/organizations/acme/settings/apps/a%2Fb%3Fc/permissions"),
    ],
)
def test_the_page_to_change_it_on_depends_on_the_owner(
    changed: dict[str, str], page: str
) -> None:
    """An organisation's App has its settings in the organisation, a person's in theirs."""
    assert settings_page(replace(APP, **changed), WEB, "permissions") == page


def test_a_clock_within_half_a_minute_is_well() -> None:
    """Where GitHub's answer tells no time it cannot be known."""
    for seconds in (-30, 0, 30):
        assert judge_clock(NOON, NOON + timedelta(seconds=seconds)).mark is Mark.OK
    assert judge_clock(None, NOON).mark is Mark.NOT_ASKED


def test_an_app_of_another_id_is_said() -> None:
    """With the id that GitHub knows."""
    [found] = judge_app(APP, replace(WANTED, app_id="8"))

    assert found.mark is Mark.PROBLEM
    assert "GITHUB_APP_ID is 8, and the key is that of the App 7" in found.found
    assert found.remedy.startswith("set GITHUB_APP_ID to 7")


@pytest.mark.parametrize(
    ("url", "mark"),
    [
        ("https://sb.acme.example/webhooks/github", Mark.OK),
        ("https://SB.acme.example:443/webhooks/github", Mark.OK),
        ("https://sb.acme.example/webhooks/github/", Mark.WARNING),
        ("https://sb.acme.example/front/webhooks/github", Mark.NOTE),
        ("https://sb.acme.example/webhooks/github?a=b", Mark.NOTE),
        ("https://sb.acme.example/WEBHOOKS/github", Mark.PROBLEM),
        ("http://sb.acme.example/webhooks/github", Mark.PROBLEM),
        ("https://sb.acme.example:8443/webhooks/github", Mark.PROBLEM),
        ("https://other.example/webhooks/github", Mark.PROBLEM),
        ("https://[broken/webhooks/github", Mark.PROBLEM),
    ],
)
def test_where_github_delivers_has_to_be_where_signalbox_is(url: str, mark: Mark) -> None:
    """A front may have paths of its own, a slash too many is warned of."""
    [found] = judge_hook(replace(HOOK, url=url), APP, WANTED)

    assert found.mark is mark


@pytest.mark.parametrize(
    ("status", "code", "found", "remedy"),
    [
        ("timed out", 0, "(timed out): GitHub reaches nobody", "open to the world"),
        ("", 0, "(no answer)", "open to the world"),
        ("Bad Request", 400, "(400): headers", "all headers on"),
        ("Unauthorized", 401, "(401): so Signalbox answers a wrong signature", "the settings"),
        ("Forbidden", 403, "(403): so Signalbox never answers", "its secret differs"),
        ("Not Found", 404, "(404): there is nothing at that path", "the settings"),
        ("Method Not Allowed", 405, "(405): there is nothing at that path", "the settings"),
        ("Content Too Large", 413, "(413): it is too large", "25 MB"),
        ("Unsupported", 415, "(415): it is no JSON", "application/json"),
        ("Bad Gateway", 502, "(502): Signalbox, or its database,", "see below"),
        ("Unavailable", 503, "(503): Signalbox, or its database,", "see below"),
        ("Gateway Timeout", 504, "(504): Signalbox, or its database,", "see below"),
        ("Found", 302, "(302): what answers there leads elsewhere", "the settings"),
        ("Oops", 500, "(500): that is not expected", "the log of Signalbox"),
    ],
)
def test_a_status_tells_what_is_amiss(status: str, code: int, found: str, remedy: str) -> None:
    """Each has its own meaning and its own remedy."""
    [said] = deliveries(Delivered(status=status, code=code))

    assert said.mark is Mark.PROBLEM
    assert f"1 of the last 1 failed {found}" in said.found
    assert remedy in said.remedy


def test_what_failed_before_the_newest_arrived_is_a_warning() -> None:
    """It is over, and is taken in by itself."""
    bad = Delivered(status="Bad Gateway", code=502)
    [said] = deliveries(GOOD, bad, bad, GOOD)

    assert said.mark is Mark.WARNING
    assert said.found.startswith("2 of the last 4 failed (502)")
    assert "so did the newest" not in said.found
    assert "taken in by itself" in said.remedy


def test_only_what_befell_the_newest_is_a_problem() -> None:
    """Whatever else went wrong earlier stands beside it."""
    away, wrong = Delivered(status="timed out", code=0), Delivered(status="", code=401)
    said = deliveries(wrong, away, wrong)

    assert [each.mark for each in said] == [Mark.PROBLEM, Mark.WARNING]
    assert said[0].found.startswith("2 of the last 3 failed (401)")
    assert said[0].found.endswith("so did the newest")


def test_deliveries_that_arrive_are_well() -> None:
    """Their number says how much that is worth."""
    assert deliveries(GOOD, GOOD) == [ok("deliveries", "all of the last 2 arrived")]


def test_many_installations_are_named_in_part() -> None:
    """The first few, and how many more."""
    places = [
        Installed(account=f"org-{n}", page="", is_suspended=False, permissions=APP.permissions)
        for n in range(7)
    ]
    [said] = judge_places(places, APP, WANTED)

    assert said.found == (
        "the App is installed on org-0, org-1, org-2, org-3, org-4 and 2 more"
    )


def test_a_person_cannot_grant_what_only_an_organization_has() -> None:
    """Nobody has members on the account of a person, so nothing is amiss there."""
    app = replace(APP, permissions={"checks": "write", "members": "read"})
    granted = {"checks": "write"}
    person = Installed(
        account="mona", page="", is_suspended=False, permissions=granted, account_type="User"
    )
    organization = replace(person, account="acme", account_type="Organization")

    assert [it.mark for it in judge_places([person], app, WANTED)] == [Mark.OK]
    _, said = judge_places([organization], app, WANTED)
    assert (said.mark, said.found) == (
        Mark.PROBLEM,
        "acme does not grant what the App asks for by now: Members (Read-only)",
    )


def test_what_is_asked_for_beyond_our_needs_is_a_warning() -> None:
    """It has its name in the API, since we know no other; what is granted above it is well."""
    app = replace(APP, permissions={"pages": "admin", "checks": "read"})
    place = Installed(
        account="acme", page="the page", is_suspended=False, permissions={"checks": "write"}
    )
    _, said = judge_places([place], app, WANTED)

    assert said.mark is Mark.WARNING
    assert said.found.endswith("asks for by now: pages (Read and write)")


def test_the_worst_decides_the_exit_code() -> None:
    """What does not answer comes before what is wrong; warnings and notes are no reason."""
    fine = [ok("a", ""), note("b", ""), warning("c", "", ""), not_asked("d", "")]
    wrong = [*fine, problem("e", "", "")]

    assert exit_code(fine) == 0
    assert exit_code(wrong) == 1
    assert exit_code([*wrong, unanswered("f", "", "")]) == 3


def test_the_last_line_counts_what_is_not_well() -> None:
    """Notes do not count."""
    some = [problem("a", "", ""), problem("b", "", ""), warning("c", "", ""), note("d", "")]

    assert count_of([ok("a", ""), note("b", "")]) == "all is well"
    assert count_of(some) == "2 problems, 1 warning"
    assert count_of([not_asked("a", "")]) == "1 not asked"
