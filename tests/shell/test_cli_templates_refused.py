"""What keeps `signalbox templates` from its work is said, with what to do about it."""

import logging
import socket
from collections.abc import Iterator

import pytest

from app.cli.offering_templates import BRANCH
from app.cli.refused_templates import Place, refusal
from app.rehearsal import CallFault
from tests.shell.doctor_kit import AWAY, front
from tests.shell.templates_kit import HOME, Desk, desk

TOKEN = "ghp_" + "never-shown" * 3


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    with desk(capsys) as made:
        yield made


@pytest.mark.parametrize("token", ["", "  ", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\N{EURO SIGN}"])
def test_without_a_token_nothing_is_asked(here: Desk, token: str) -> None:
    """One that no header can carry would be repeated by whoever fails to send it."""
    said = here.offer(environ={"GITHUB_TOKEN": token})

    assert (said.code, said.out) == (2, "")
    assert "GITHUB_TOKEN is " in said.err
    assert "gh auth token" in said.err
    assert TOKEN not in said.err
    assert not here.github.calls


@pytest.mark.parametrize(
    ("wrong", "about"),
    [
        ({"organization": "acme/api"}, "--organization acme"),
        ({"repository": "acme/.github"}, "write its name alone: .github"),
        ({"repository": ".."}, "write its name alone: .github"),
        ({"action": "acme/signalbox"}, "--action acme/signalbox@SHA"),
        ({"server_url": "http://signalbox.acme.example"}, "--server-url is not https"),
        ({"environ": {"SIGNALBOX_URL": "signalbox"}}, "SIGNALBOX_URL is not a URL"),
        ({"environ": {"GITHUB_API_URL": "github"}}, "GITHUB_API_URL is not a URL"),
    ],
)
def test_wrong_arguments_are_refused(here: Desk, wrong: dict[str, object], about: str) -> None:
    """Before anything is asked."""
    said = here.offer(**wrong)  # type: ignore[arg-type]

    assert (said.code, said.out) == (2, "")
    assert about in said.err
    assert not here.github.calls


def test_a_token_that_github_does_not_take_is_said(here: Desk) -> None:
    """It is a setting that is wrong; how to come by a good one is said."""
    said = here.offer(environ={"GITHUB_TOKEN": TOKEN})

    assert (said.code, said.out) == (2, "")
    assert "GitHub does not take GITHUB_TOKEN: Bad credentials" in said.err
    assert "gh auth token" in said.err


def test_a_repository_that_is_not_there_is_said(here: Desk) -> None:
    """With how it is made, and whom a private one would serve."""
    here.github.add_repository("umbrella/.github")
    for organization in ("nobody", "umbrella"):
        said = here.offer(organization=organization)

        assert (said.code, said.out) == (1, "")
        assert f"there is no repository {organization}/.github, or you may not" in said.err
        assert f"`gh repo create {organization}/.github --public --add-readme`" in said.err
        assert "a private one serves private repositories only" in said.err


@pytest.mark.parametrize(("login", "reads_only"), [("hubot", False), ("mona", True)])
def test_whoever_may_not_write_is_told(here: Desk, login: str, *, reads_only: bool) -> None:
    """GitHub says so by 404 to whoever may only read, and by 403 to a token for reading."""
    token = here.github.personal_token(login, reads_only=reads_only)
    said = here.offer(environ={"GITHUB_TOKEN": token})

    assert said.code == 1
    assert f"you may not write to {HOME}" in said.err
    assert "a token of yours that may write contents and pull requests" in said.err
    assert here.writes == []


def test_whoever_may_not_write_may_look(here: Desk) -> None:
    """A dry run needs no more than to read."""
    token = here.github.personal_token("hubot")

    assert here.offer(environ={"GITHUB_TOKEN": token}, is_dry_run=True).code == 0


def test_an_empty_repository_is_said(here: Desk) -> None:
    """It has no branch that a pull request could be for."""
    here.github.add_repository("acme/empty", is_empty=True, roles={"mona": "admin"})
    said = here.offer(repository="empty")

    assert (said.code, said.out) == (1, "")
    assert "acme/empty is empty, and so has no branch yet" in said.err
    assert "give it a first commit" in said.err


@pytest.mark.parametrize("kind", [CallFault.TOO_MANY, CallFault.FORBIDDEN])
def test_a_limit_is_said_and_not_waited_for(here: Desk, kind: CallFault) -> None:
    """When to call it again stands there, if GitHub tells."""
    here.github.faults.plan_call(kind, retry_after=77)
    said = here.offer()

    assert (said.code, said.out) == (3, "")
    assert "GitHub asks us to wait" in said.err
    assert "call it again in 77 seconds" in said.err


def test_an_hour_that_is_used_up_is_said(here: Desk) -> None:
    """It names the time at which the next one begins."""
    here.github.world.limits.per_hour = 2
    said = here.offer()

    assert said.code == 3
    assert "API rate limit exceeded for user ID" in said.err
    assert "UTC" in said.err


def test_a_github_that_is_away_is_said(here: Desk) -> None:
    """With what the network says, which names the reason."""
    said = here.offer(environ={"GITHUB_API_URL": AWAY})

    assert (said.code, said.out) == (3, "")
    assert f"{AWAY} does not answer" in said.err
    assert "refused" in said.err
    assert "GITHUB_API_URL" in said.err


def test_a_github_that_says_nothing_is_not_waited_for(here: Desk) -> None:
    """Whoever waits at the keyboard gets an answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said = here.offer(environ={"GITHUB_API_URL": url}, timeout_seconds=1)

    assert said.code == 3
    assert "timed out" in said.err


@pytest.mark.parametrize("answer", [b"<html>", b"{broken", {}, {"default_branch": 4}])
def test_what_is_not_github_is_said(here: Desk, answer: object) -> None:
    """An address at which something else answers is one to correct."""
    with front({f"/repos/{HOME}": (200, answer)}) as elsewhere:
        said = here.offer(environ={"GITHUB_API_URL": elsewhere})

    assert (said.code, said.out) == (1, "")
    assert f"{elsewhere} is not GitHub's API" in said.err


@pytest.mark.parametrize("path", ["/git/trees$", "/git/commits$", "/git/refs$", "/pulls$"])
@pytest.mark.parametrize("kind", [CallFault.ERROR_AFTER, CallFault.DROP_BEFORE])
def test_a_write_is_sent_once(here: Desk, kind: CallFault, path: str) -> None:
    """Whether it was done is not known; the next call goes on with whatever there is."""
    here.github.faults.plan_call(kind, method="POST", path=path)
    said = here.offer()
    sent = [call for call in here.github.calls if call.method == "POST"]
    again = here.offer()

    assert said.code == 3
    assert "call it again" in said.err
    assert len({call.path for call in sent}) == len(sent)
    assert again.code == 0
    assert [pull.head_ref for pull in here.pulls] == [BRANCH]


def test_what_else_github_refuses_is_told_in_its_words() -> None:
    """Its reasons stand in a list; a token in them is not passed on."""
    answer = {
        "message": "Validation Failed",
        "errors": [{"message": f"No, {TOKEN},\nnot now."}, {"field": "head"}, "odd"],
    }
    place = Place(repository=HOME, api_url=AWAY, token=TOKEN)
    said = refusal(place, 422, answer, {}, is_writing=True)

    assert said.code == 1
    assert said.message == (
        f"{HOME}: GitHub says no (422): Validation Failed: No, ***, not now.: head"
    )
    assert "if somebody changed it just now, call it again" in said.remedy
    assert TOKEN not in repr(place)


@pytest.mark.parametrize(
    ("status", "answer", "is_writing", "code", "message", "remedy"),
    [
        # What an organisation answers that demands single sign-on of a token.
        (403, {"message": "SAML"}, False, 1, "you may not read acme/.github: SAML", "gh auth"),
        (
            403,
            {"message": "Archived"},
            True,
            1,
            "not write to acme/.github: Archived",
            "gh auth",
        ),
        (429, {}, False, 3, "asks us to wait: no reason given", "in a few minutes"),
        (503, ["odd"], False, 3, "does not answer: 503 no reason given", "GITHUB_API_URL"),
        (502, {"message": "Server Error"}, True, 3, "502 Server Error", "call it again"),
    ],
)
def test_each_answer_has_its_remedy(
    *, status: int, answer: object, is_writing: bool, code: int, message: str, remedy: str
) -> None:
    """What is to be done differs by what GitHub says, and by whether something was begun."""
    place = Place(repository=HOME, api_url=AWAY, token=TOKEN)
    said = refusal(place, status, answer, {}, is_writing=is_writing)

    assert said.code == code
    assert message in said.message
    assert remedy in said.remedy


def test_the_token_is_in_no_log(here: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Even when everything that there is to log is logged."""
    caplog.set_level(logging.DEBUG)
    here.offer()

    assert f"/repos/{HOME}" in caplog.text
    assert here.environ["GITHUB_TOKEN"] not in caplog.text
