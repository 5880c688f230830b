"""Stories about notices: told once, where people look, and to addresses of the settings."""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from app.core.commands import Notify
from app.core.definition import ReportTo
from app.core.state import Orchestration
from app.core.terms import Place, Template
from app.core.values import RepositoryName
from app.github.notifying import Webhooks
from app.github.performer import GitHubPerformer
from app.ports import Carried, Postponed
from app.rehearsal import CallFault
from tests.github.house import House, reporting_to

pytestmark = pytest.mark.anyio

LOST = {"method": "POST", "path": "/(comments|issues)$"}
SRE = "https://hooks.acme.example/sre?key=1"
SECRET = "a long random text"


def notice(via: str, **changes: Any) -> Notify:
    given = {"about": "escalation/api/1", "to": "acme/sre", "text": "It has waited for 4 h."}
    return Notify(via=via, **{**given, **changes})


def with_issue(state: Orchestration, number: int) -> Orchestration:
    template = Template(value=number, place=Place(line=1, column=1))
    return reporting_to(state, ReportTo(issue=template))


# --- comments ---------------------------------------------------------------------------------


async def test_a_comment_goes_to_the_pull_request(here: House) -> None:
    """It mentions whom it is for, and no other words of strangers become mentions."""
    number = here.github.open_pull_request("acme/release", {"a.txt": "x"}).number
    text = "@all <b>look</b> [here](https://evil.example)"
    outcome = await here.perform(notice("comment", text=text), here.state(pull_request=number))

    [comment] = here.github.comments("acme/release", number)
    assert outcome == Carried()
    assert comment.body.startswith("@acme/sre **train")
    assert "@all" not in comment.body
    assert "<b>" not in comment.body
    assert r"\[here\](https" in comment.body


@pytest.mark.parametrize("via", ["comment", "issue"])
@pytest.mark.parametrize("fault", [CallFault.ERROR_AFTER, CallFault.DROP_AFTER])
async def test_a_notice_in_doubt_is_not_told_twice(
    here: House, via: str, fault: CallFault
) -> None:
    """After a lost answer the comment or the issue is found again."""
    number = here.github.open_pull_request("acme/release", {"a.txt": "x"}).number
    here.github.faults.plan_call(fault, **LOST)
    state = here.state(pull_request=number)
    outcomes = [await here.perform(notice(via), state) for _ in range(2)]

    told = [*here.github.comments("acme/release", number), *here.github.issues("acme/release")]
    assert isinstance(outcomes[0], Postponed)
    assert outcomes[1] == Carried()
    assert len(told) == 1


async def test_without_a_pull_request_the_issue_of_report_to_is_told(here: House) -> None:
    """There people look already."""
    number = here.github.open_issue("acme/release", "Incident").number
    await here.perform(notice("comment"), with_issue(here.state(), number))

    assert len(here.github.comments("acme/release", number)) == 1


async def test_where_there_is_no_place_for_a_comment_an_issue_is_opened(here: House) -> None:
    """In the definition's own repository, so that nothing stays unsaid."""
    await here.perform(notice("comment"))

    [issue] = here.github.issues("acme/release")
    assert issue.title == "train #1: It has waited for 4 h."


@pytest.mark.parametrize(
    ("repository", "is_comment"), [("acme/api", True), ("acme/closed", False)]
)
async def test_a_comment_elsewhere_needs_consent(
    here: House, repository: str, is_comment: bool
) -> None:
    """Without it the definition's own repository gets an issue instead."""
    number = here.github.open_pull_request(repository, {"a.txt": "x"}).number
    state = here.state(
        repository=RepositoryName(repository),
        repository_id=here.repository_id(repository),
        pull_request=number,
    )
    await here.perform(notice("comment"), state)

    assert bool(here.github.comments(repository, number)) is is_comment
    assert bool(here.github.issues("acme/release")) is not is_comment


async def test_a_comment_that_github_refuses_becomes_an_issue(here: House) -> None:
    """The pull request may be locked or gone."""
    await here.perform(notice("comment"), here.state(pull_request=4711))

    assert len(here.github.issues("acme/release")) == 1


# --- issues -----------------------------------------------------------------------------------


async def test_each_notice_has_an_issue_of_its_own(here: House) -> None:
    """Another time is another issue, and a name that is none is no mention."""
    await here.perform(notice("issue"))
    await here.perform(notice("issue", about="escalation/api/2", to="who is this?"))

    first, second = here.github.issues("acme/release")
    assert first.body.startswith("@acme/sre ")
    assert second.body.startswith("who is this? ")


async def test_what_cannot_be_told_holds_nothing_up(here: House) -> None:
    """Without the permission the notice is dropped, and the log says so."""
    here.installation.permissions = {"metadata": "read"}

    assert await here.perform(notice("issue")) == Carried()


# --- webhooks ---------------------------------------------------------------------------------


@dataclass
class Listener:
    """Somebody who listens at an address, and answers as told."""

    statuses: list[int] = field(default_factory=list)
    heard: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.heard.append(request)
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 0:
            raise httpx.ConnectError("nobody listens")
        return httpx.Response(status, headers={"location": "https://evil.example"})


def listening(here: House, **urls: str) -> Listener:
    """Let somebody listen at the addresses of the settings."""
    listener = Listener()
    addresses = urls or {"acme/sre": SRE}
    here.performer = GitHubPerformer(
        here.client,
        Webhooks(urls=addresses, secret=SECRET, http=httpx.MockTransport(listener)),
    )
    return listener


async def test_a_webhook_is_signed_and_says_what_it_is_about(here: House) -> None:
    """It goes to the address of the settings for whom it is for."""
    listener = listening(here)
    state = here.state()
    outcome = await here.perform(notice("webhook"), state)

    [request] = listener.heard
    body = request.content
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert outcome == Carried()
    assert str(request.url) == SRE
    assert request.headers["x-signalbox-signature-256"] == f"sha256={signature}"
    assert request.headers["x-signalbox-delivery"] == told["id"]
    assert told["text"] == "train #1: It has waited for 4 h."
    assert told["orchestration"]["id"] == state.id


async def test_everybody_else_has_one_address(here: House) -> None:
    """A star stands for whoever has none of their own."""
    listener = listening(here, **{"*": "https://hooks.acme.example/all"})
    await here.perform(notice("webhook"))

    assert listener.heard[0].url.path == "/all"


async def test_nothing_goes_to_an_address_of_a_definition(here: House) -> None:
    """Whom the settings do not know is not told, wherever the definition says they are."""
    listener = listening(here)
    outcome = await here.perform(notice("webhook", to="https://evil.example/hook"))

    assert outcome == Carried()
    assert listener.heard == []


@pytest.mark.parametrize(
    ("status", "is_tried_again"),
    [(500, True), (503, True), (429, True), (0, True), (404, False), (302, False)],
)
async def test_a_webhook_is_tried_again_where_it_may_pass(
    here: House, status: int, is_tried_again: bool
) -> None:
    """What the receiver refuses for good is dropped, and nobody is followed elsewhere."""
    listener = listening(here)
    listener.statuses = [status]
    outcome = await here.perform(notice("webhook"))

    assert isinstance(outcome, Postponed) is is_tried_again
    assert len(listener.heard) == 1
    assert "hooks.acme.example" not in str(outcome)
