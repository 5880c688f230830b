"""`signalbox doctor`: what is amiss with an installation is found, with what to do about it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.cli.doctoring import examine_with
from app.cli.saying import Refused
from app.rehearsal import EVENTS, PERMISSIONS, CallFault
from tests.shell.doctor_kit import AWAY, Clinic, clinic, front, marks, of

OF_GITHUB = ("clock", "App", "permissions", "events", "webhook", "deliveries", "installations")


@pytest.fixture
def here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Clinic]:
    with clinic(tmp_path, capsys) as made:
        # What told of the installation went nowhere.
        made.github.world.deliveries.clear()
        yield made


def test_all_settings_that_are_wrong_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """As `serve` says them, and nothing is asked."""
    with pytest.raises(Refused) as raised:
        examine_with({"PORT": "http"}, as_json=True)

    printed = capsys.readouterr()
    said = printed.err + raised.value.message
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "SIGNALBOX_URL", "PORT"):
        assert name in said
    assert (raised.value.code, printed.out) == (2, "")


def test_a_key_that_only_looks_like_one_is_refused(here: Clinic) -> None:
    """It is found before GitHub is asked, and not repeated."""
    lines = here.github.app_private_key_pem.strip().splitlines()
    damaged = "\n".join([lines[0], *reversed(lines[1:-1]), lines[-1]])

    with pytest.raises(Refused) as raised:
        here.ask(GITHUB_PRIVATE_KEY=damaged)

    assert raised.value.code == 2
    assert raised.value.message.startswith("GITHUB_PRIVATE_KEY")
    assert lines[2] not in raised.value.message


def test_github_that_is_away_leaves_the_rest_to_be_looked_at(here: Clinic) -> None:
    """What only GitHub knows is not asked, and does not pass for well."""
    said = here.ask(GITHUB_API_URL=AWAY)

    [(mark, found, remedy)] = of(said, "GitHub")
    assert (said.code, mark, said.json["is_well"]) == (3, "problem", False)
    assert f"{AWAY} does not answer" in found
    assert "GITHUB_API_URL" in remedy
    for check in OF_GITHUB:
        assert of(said, check) == [("not asked", "GitHub does not answer", "")]
    assert of(said, "database")[0][0] == "ok"


def test_a_key_of_another_app_is_said(here: Clinic) -> None:
    """The clocks are alike, so that is no reason."""
    said = here.ask(GITHUB_APP_ID="4711")

    [(mark, found, remedy)] = of(said, "GitHub")
    assert (said.code, mark) == (1, "problem")
    assert "does not take what the App's key signs" in found
    assert "GITHUB_PRIVATE_KEY is of the App GITHUB_APP_ID" in remedy
    assert of(said, "clock")[0][0] == "ok"
    assert of(said, "webhook") == [("not asked", "GitHub does not know us", "")]


def test_what_is_not_github_is_said(here: Clinic) -> None:
    """An address at which something else answers is one to correct."""
    with front({}) as elsewhere:
        said = here.ask(GITHUB_API_URL=elsewhere)

    [(mark, found, remedy)] = of(said, "GitHub")
    assert (said.code, mark) == (1, "problem")
    assert "does not know the App" in found
    assert "GITHUB_API_URL" in remedy


def test_github_that_asks_to_wait_is_asked_no_more(here: Clinic) -> None:
    """It is said until when; the exit code is that of no answer."""
    here.github.faults.plan_call(CallFault.TOO_MANY, path="^/app$", times=9)
    said = here.ask()

    [(mark, found, remedy)] = of(said, "GitHub")
    assert (said.code, mark) == (3, "problem")
    assert "GitHub asks us to wait" in found
    assert "UTC" in remedy


def test_one_question_that_is_not_answered_spares_the_others(here: Clinic) -> None:
    """The exit code says that not all was answered."""
    here.github.faults.plan_call(CallFault.ERROR_BEFORE, path="/hook/config", times=9)
    said = here.ask()

    [(mark, found, _)] = of(said, "webhook")
    assert (said.code, mark) == (3, "problem")
    assert "502" in found
    assert of(said, "installations")[0][0] == "ok"


def test_a_limit_that_is_met_on_the_way_is_said(here: Clinic) -> None:
    """What was answered before stands."""
    here.github.faults.plan_call(CallFault.TOO_MANY, path="/hook/config", times=9)
    said = here.ask()

    [(mark, found, _)] = of(said, "webhook")
    assert (said.code, mark) == (3, "problem")
    assert "GitHub asks us to wait" in found
    assert of(said, "events")[0][0] == "ok"


def test_one_question_that_is_refused_is_said(here: Clinic) -> None:
    """With GitHub's own words, and without a guess."""
    app = {
        "id": here.github.app_id,
        "slug": "signalbox",
        "owner": {"login": "signalbox-makers", "type": "Organization"},
        "events": list(EVENTS),
        "permissions": PERMISSIONS,
    }
    with front({"/app": (200, app)}) as curt:
        said = here.ask(GITHUB_API_URL=curt)

    assert said.code == 1
    for check in ("webhook", "deliveries", "installations"):
        [(mark, found, remedy)] = of(said, check)
        assert mark == "problem"
        assert found.startswith("GitHub does not tell: GET /app/")
        assert remedy.endswith(f"see {here.page()}")
        assert "404" in found


@pytest.mark.parametrize(("seconds", "side"), [(45, "behind"), (-45, "ahead of")])
def test_a_clock_that_differs_is_said_before_it_hurts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seconds: int, side: str
) -> None:
    """GitHub still takes what is signed, and will not for long."""
    with clinic(tmp_path, capsys, ahead=timedelta(seconds=seconds)) as here:
        said = here.ask()

    [(mark, found, remedy)] = of(said, "clock")
    assert (said.code, mark) == (1, "problem")
    assert f"seconds {side} GitHub's" in found
    assert "NTP" in remedy
    assert of(said, "App")[0][0] == "ok"


def test_a_clock_that_is_wrong_is_the_reason_for_a_refusal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Then nobody has to doubt the key."""
    with clinic(tmp_path, capsys, ahead=timedelta(minutes=-5)) as here:
        said = here.ask()

    assert [(mark, remedy) for mark, _, remedy in of(said, "GitHub")] == [
        ("problem", "set the clock right first")
    ]
    assert of(said, "clock")[0][0] == "problem"


def test_a_client_id_of_another_app_is_said(here: Clinic) -> None:
    """People would be sent to sign in elsewhere."""
    theirs = {"GITHUB_CLIENT_ID": "Iv23liAnotherApp", "GITHUB_CLIENT_SECRET": "s" * 40}
    wrong = here.ask(**theirs)
    right = here.ask(**{**theirs, "GITHUB_CLIENT_ID": here.github.client_id})

    [(mark, found, remedy)] = of(wrong, "App")
    assert (wrong.code, mark) == (1, "problem")
    assert f"Iv23liAnotherApp, and the App's is {here.github.client_id}" in found
    assert remedy.endswith(here.page())
    assert of(right, "App")[0][0] == "ok"


def test_the_app_may_be_named_by_its_client_id(here: Clinic) -> None:
    """GitHub takes both as issuer."""
    assert of(here.ask(GITHUB_APP_ID=here.github.client_id), "App")[0][0] == "ok"


def test_what_the_app_may_not_do_is_said_with_what_it_is_for(here: Clinic) -> None:
    """One that is missing, one that is too low; those that are optional are a note."""
    fewer = {**PERMISSIONS, "checks": "read"}
    for name in ("members", "security_events"):
        del fewer[name]
    here.github.ask_for(fewer)
    said = here.ask()

    assert said.code == 1
    checks, members, alerts = of(said, "permissions")
    assert checks[:2] == (
        "problem",
        "Checks is Read-only, and Read and write is needed for: the check run of each "
        "orchestration, and the problems of definitions",
    )
    assert f"Read and write for Checks at {here.page('permissions')}" in checks[2]
    assert "Members is not granted, and Read-only is needed" in members[1]
    assert alerts[0] == "note"
    assert "without Code scanning alerts" in alerts[1]


def test_what_is_optional_alone_is_well(here: Clinic) -> None:
    """Notes about permissions and events leave the exit code 0."""
    optional = ("security_events", "vulnerability_alerts", "secret_scanning_alerts")
    here.github.ask_for(
        {name: level for name, level in PERMISSIONS.items() if name not in optional},
        [name for name in EVENTS if not name.endswith("_alert")],
    )
    said = here.ask()

    assert said.code == 0
    assert marks(said)["permissions"] == ["ok", "note"]
    assert marks(said)["events"] == ["ok", "note"]
    assert "the App has the 9 that it needs" in of(said, "permissions")[0][1]


def test_an_event_that_is_not_subscribed_is_said(here: Clinic) -> None:
    """The App would be deaf to it, though it is ready."""
    here.github.ask_for(events=[name for name in EVENTS if name != "workflow_run"])
    said = here.ask()

    [(mark, found, remedy)] = of(said, "events")
    assert (said.code, mark) == (1, "problem")
    assert "does not hear of Workflow run" in found
    assert "how far dispatched workflow runs are" in found
    assert f"tick Workflow run under Subscribe to events at {here.page('permissions')}" in (
        remedy
    )


def test_checks_are_heard_of_by_whoever_may_write_them(here: Clinic) -> None:
    """Their two events need no subscription then, and do where that is not granted."""
    events = [name for name in EVENTS if name not in ("check_run", "check_suite")]
    here.github.ask_for(events=events)
    may_write = here.ask()
    here.github.ask_for({**PERMISSIONS, "checks": "read"})
    may_read = here.ask()

    assert marks(may_write)["events"] == ["ok"]
    assert marks(may_read)["events"] == ["problem", "problem"]


@pytest.mark.parametrize(
    ("changed", "found", "remedy"),
    [
        ({"url": f"{AWAY}/hooks"}, "and Signalbox is at", "let the webhook URL be"),
        ({"url": ""}, "delivers to no address", "let the webhook URL be"),
        ({"content_type": "form"}, "the content type is form", "application/json"),
        ({"insecure_ssl": "1"}, "does not verify", "SSL verification"),
        ({"has_secret": False}, "has no webhook secret", "GITHUB_WEBHOOK_SECRET"),
    ],
)
def test_a_webhook_that_is_set_up_wrong_is_said(
    here: Clinic, changed: dict[str, Any], found: str, remedy: str
) -> None:
    """Each way of being wrong has its own finding, and the page to mend it on."""
    here.github.set_webhook(**changed)
    said = here.ask()

    [(mark, told, advice)] = of(said, "webhook")
    assert (said.code, mark) == (1, "problem")
    assert found in told
    assert remedy in advice
    assert here.page() in advice


def test_no_delivery_at_all_is_said(here: Clinic) -> None:
    """Nobody knows then whether GitHub gets through."""
    said = here.ask()

    [(mark, found, remedy)] = of(said, "deliveries")
    assert (said.code, mark) == (0, "warning")
    assert "has not tried" in found
    assert remedy.endswith(here.page("advanced"))


def test_an_app_that_nobody_has_is_said(here: Clinic) -> None:
    """With the page on which it is installed."""
    here.github.world.installations.clear()
    said = here.ask()

    [(mark, found, remedy)] = of(said, "installations")
    assert (said.code, mark, found) == (1, "problem", "the App is installed nowhere")
    assert remedy == f"install it: {here.github.web_url}/apps/signalbox/installations/new"


def test_an_installation_that_is_suspended_is_said(here: Clinic) -> None:
    """The others are well all the same."""
    here.github.add_organization("globex")
    theirs = here.github.install_app("globex")
    here.github.suspend(theirs)
    said = here.ask()

    well, suspended = of(said, "installations")
    assert well[:2] == ("ok", "the App is installed on acme")
    assert suspended[0] == "warning"
    assert "globex has suspended it" in suspended[1]
    assert suspended[2].endswith(f"/organizations/globex/settings/installations/{theirs.id}")


@pytest.mark.parametrize(
    ("name", "mark"), [("checks", "problem"), ("security_events", "warning")]
)
def test_an_installation_that_has_not_accepted_what_is_new_is_said(
    here: Clinic, name: str, mark: str
) -> None:
    """Its owner has to; how bad it is depends on whether Signalbox needs it."""
    [ours] = here.github.world.installations.values()
    here.github.set_permissions(ours, {k: v for k, v in PERMISSIONS.items() if k != name})
    here.github.world.deliveries.clear()
    said = here.ask()

    _, (found_mark, found, remedy) = of(said, "installations")
    assert (found_mark, said.code) == (mark, 1 if mark == "problem" else 0)
    assert "acme does not grant what the App asks for by now" in found
    assert remedy.endswith(f"/settings/installations/{ours.id}")
