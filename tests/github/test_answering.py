"""Stories about who is judged and answered: once, where it was asked, and shut in doubt."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.chores import AnswerRequests, Elsewhere, JudgeRequests
from app.core.gate_commands import AnswerVote
from app.core.gate_events import GateId
from app.core.hearing.findings import RequestsJudged
from app.core.values import TaskName
from tests.github.house import House
from tests.kit import build

pytestmark = pytest.mark.anyio


def judge(here: House, **changed: Any) -> JudgeRequests:
    """Return the command to find out about mona."""
    command = JudgeRequests(
        installation_id=here.installation.id,
        repository_id=here.repository_id("acme/release"),
        delivery_id="d-1",
        by="mona",
        by_id=0,
        is_bot=False,
        at=build.START,
        source="comment",
        reference="comment/1",
        text="/why",
    )
    return replace(command, **changed)


async def judged(here: House, command: JudgeRequests) -> RequestsJudged:
    """Judge it."""
    found = await here.finding(command)
    assert isinstance(found, RequestsJudged)
    return found


async def test_who_asks_is_looked_up_in_each_repository_that_may_be_meant(here: House) -> None:
    """With the policies there; of what is not there nothing is known."""
    here.github.world.repository("acme/release").roles["mona"] = "write"
    here.github.world.repository("acme/api").roles["mona"] = "admin"
    places = tuple(
        Elsewhere(installation_id=here.installation.id, repository_id=number)
        for number in (here.repository_id("acme/api"), 999_999)
    )
    found = await judged(here, judge(here, reference="page/1", origins=places))

    voters = [each.voter for each in found.standings]
    assert [str(it.permission) if it else None for it in voters] == ["write", "admin", None]
    assert not found.is_changed


async def test_a_name_that_is_another_account_now_is_nobody(here: House) -> None:
    """Names may be given up and taken by others; numbers are not."""
    found = await judged(here, judge(here, reference="page/1", by_id=424_242))

    assert [each.voter for each in found.standings] == [None]


async def test_a_comment_is_read_again_before_it_is_obeyed(here: House) -> None:
    """One that says something else by now, or is gone, is not."""
    pull = here.github.open_pull_request("acme/release", {"a": "b"})
    comment = here.github.comment("acme/release", pull.number, "Hm\n\n/why", "mona")
    command = judge(
        here, reference=f"comment/{comment.id}", number=pull.number, is_pull_request=True
    )
    same = await judged(here, command)
    here.github.edit_comment("acme/release", comment, "/cancel")
    changed = await judged(here, replace(command, delivery_id="d-2"))
    here.github.delete_comment("acme/release", comment)
    gone = await judged(here, replace(command, delivery_id="d-3", number=999))

    assert (same.is_changed, changed.is_changed, gone.is_changed) == (False, True, True)
    assert (same.head_sha, same.is_fork) == (pull.head_sha, False)
    assert (gone.head_sha, gone.is_fork) == ("", True)


async def test_an_answer_is_given_once(here: House) -> None:
    """An earlier try that had its effect is found by its mark."""
    pull = here.github.open_pull_request("acme/release", {"a": "b"})
    comment = here.github.comment("acme/release", pull.number, "/why", "mona")
    command = AnswerRequests(
        installation_id=here.installation.id,
        repository_id=here.repository_id("acme/release"),
        delivery_id="d-1",
        reference=f"comment/{comment.id}",
        number=pull.number,
        is_pull_request=True,
        sign="eyes",
        text="Because.",
    )
    for _ in range(3):
        await here.perform(command)
    gone = replace(command, repository_id=999_999, delivery_id="d-2")
    await here.perform(gone)

    said = [it.body for it in here.github.comments("acme/release", pull.number)][1:]
    assert said == ["<!-- signalbox answer d-1 -->\nBecause."]
    assert [each.content for each in comment.reactions] == ["eyes"]


async def test_where_nobody_can_be_answered_nobody_is(here: House) -> None:
    """A comment that is gone, a button without a place: it is done all the same."""
    vote = AnswerVote(
        gate=GateId(task=TaskName("ask")),
        reference="comment/999",
        is_counted=False,
        code="voter-not-asked",
        sentence="no rule asks for them",
    )
    counted = replace(vote, reference="review/1", is_counted=True, sentence="")
    await here.perform(vote, here.state(pull_request=5))
    await here.perform(counted, here.state())

    assert here.calls("POST", "/issues/5/comments") == 0
    assert here.calls("POST", "/reactions") == 1
