"""Stories about the check run and comment of an orchestration, told against a whole GitHub."""

from dataclasses import replace

import pytest

from app.core.commands import ConcludeCheck, WriteCheck, WriteComment, WriteIssue
from app.core.definition import ReportTo
from app.core.events import Surface, SurfaceRefused, SurfaceWritten
from app.core.moves import OrchestrationStatus
from app.core.state import Orchestration, Written
from app.core.terms import Place, Template
from app.core.values import Json, RepositoryName, Sha
from app.github.performer import GitHubPerformer
from app.ports import Carried, Postponed
from app.rehearsal import CallFault
from app.rehearsal.model.state import CheckRun, Comment
from tests.github.house import House, reporting_to
from tests.kit import build

pytestmark = pytest.mark.anyio


def checks(here: House, repository: str = "acme/release") -> list[CheckRun]:
    """Return the check runs that Signalbox wrote."""
    world = here.github.world
    found = world.repository(repository).check_runs.values()
    return [run for run in found if run.app_id == here.github.app_id]


def running(state: Orchestration) -> Orchestration:
    return replace(state.to(OrchestrationStatus.RUNNING), started_at=build.START)


def written(state: Orchestration, event: object) -> Orchestration:
    """Return the state with what a write brought back."""
    assert isinstance(event, SurfaceWritten)
    noted = Written(remote_id=event.remote_id, digest=event.digest)
    return replace(state, surfaces={**state.surfaces, event.surface: noted})


# --- the check --------------------------------------------------------------------------------


async def test_a_check_is_created_and_then_updated(here: House) -> None:
    """It stands on the commit of the cause, and the same one follows the state to its end."""
    state = running(here.state())
    state = written(state, await here.event(WriteCheck(), state))
    ended = replace(state.to(OrchestrationStatus.SUCCEEDED), ended_at=build.later(minutes=5))
    await here.event(WriteCheck(), ended)

    [check] = checks(here)
    assert check.head_sha == state.plan.cause.sha
    assert (check.name, check.external_id) == ("Train", state.id)
    assert (check.status, check.conclusion) == ("completed", "success")
    assert check.completed_at == build.later(minutes=5)


async def test_a_check_leads_to_the_page_where_there_are_pages(here: House) -> None:
    """Its details are ours; without pages they are GitHub's own choice."""
    await here.event(WriteCheck(), running(here.state()))
    [plain] = checks(here)
    here.performer = GitHubPerformer(here.client, pages="https://signalbox.test/orchestrations")
    state = running(here.state())
    here.github.world.repository("acme/release").check_runs.clear()
    await here.event(WriteCheck(), state)
    [linked] = checks(here)

    assert plain.details_url is None
    assert linked.details_url == f"https://signalbox.test/orchestrations/{state.id}"


async def test_a_check_on_a_commit_of_before_is_concluded(here: House) -> None:
    """It says where it goes on, and holds nobody up; one that is gone is no trouble."""
    state = running(here.state())
    await here.event(WriteCheck(), state)
    [check] = checks(here)
    told = await here.perform(ConcludeCheck(remote_id=check.id, by=Sha("b" * 40)), state)
    gone = await here.perform(ConcludeCheck(remote_id=999_999, by=Sha("b" * 40)), state)

    [check] = checks(here)
    assert told == gone == Carried()
    assert (check.status, check.conclusion) == ("completed", "neutral")


async def test_what_says_the_same_is_not_written(here: House) -> None:
    """Without a change there is no call at all."""
    state = running(here.state())
    state = written(state, await here.event(WriteCheck(), state))
    calls = len(here.github.world.calls)

    assert await here.perform(WriteCheck(), state) == Carried()
    assert len(here.github.world.calls) == calls


async def test_a_check_whose_creation_is_in_doubt_is_found_again(here: House) -> None:
    """After a lost answer the check is looked for, and not created twice."""
    here.github.world.faults.plan_call(
        CallFault.ERROR_AFTER, method="POST", path="/check-runs$"
    )
    first = await here.perform(WriteCheck(), running(here.state()))
    event = await here.event(WriteCheck(), running(here.state()))

    [check] = checks(here)
    assert isinstance(first, Postponed)
    assert isinstance(event, SurfaceWritten)
    assert event.remote_id == check.id


async def test_a_check_elsewhere_needs_consent(here: House) -> None:
    """A repository that does not let the definition in is not written to."""
    state = here.state(
        repository=RepositoryName("acme/closed"),
        repository_id=here.repository_id("acme/closed"),
    )
    event = await here.event(WriteCheck(), state)

    assert isinstance(event, SurfaceRefused)
    assert "orchestration-policy.yml" in event.message
    assert checks(here, "acme/closed") == []


async def test_a_check_elsewhere_is_written_with_consent(here: House) -> None:
    """One that names the definition's repository is written to."""
    api = here.github.world.repository("acme/api")
    state = here.state(
        repository=RepositoryName("acme/api"), repository_id=api.id, sha=api.head.sha
    )

    assert isinstance(await here.event(WriteCheck(), state), SurfaceWritten)
    assert len(checks(here, "acme/api")) == 1


async def test_a_check_without_permission_is_refused(here: House) -> None:
    """What GitHub forbids is told, and not tried for ever."""
    here.installation.permissions = {"metadata": "read"}
    event = await here.event(WriteCheck())

    assert isinstance(event, SurfaceRefused)
    assert event.surface is Surface.CHECK


# --- the comment ------------------------------------------------------------------------------


def comments(here: House, number: int) -> list[Comment]:
    return here.github.comments("acme/release", number)


async def pull_request(here: House) -> int:
    return here.github.open_pull_request("acme/release", {"a.txt": "x"}).number


async def test_a_comment_is_created_and_edited_in_place(here: House) -> None:
    """The pull request gets one comment, which changes with the state."""
    number = await pull_request(here)
    state = running(here.state(pull_request=number))
    state = written(state, await here.event(WriteComment(), state))
    await here.event(WriteComment(), state.to(OrchestrationStatus.FAILED))

    [comment] = comments(here, number)
    assert comment.body.startswith("<!-- signalbox acme/release/train #1 -->")
    assert "❌" in comment.body


async def test_a_later_orchestration_takes_the_comment_over(here: House) -> None:
    """One definition has one comment; the earlier orchestration then leaves it alone."""
    number = await pull_request(here)
    first = running(here.state(pull_request=number))
    first = written(first, await here.event(WriteComment(), first))
    await here.event(WriteComment(), running(here.state(pull_request=number, number=2)))
    event = await here.event(WriteComment(), first.to(OrchestrationStatus.FAILED))

    [comment] = comments(here, number)
    assert isinstance(event, SurfaceWritten)
    assert comment.body.startswith("<!-- signalbox acme/release/train #2 -->")
    assert "❌" not in comment.body


async def test_somebody_elses_words_are_not_edited(here: House) -> None:
    """A comment of a person is not ours, whatever stands in it."""
    number = await pull_request(here)
    here.github.comment("acme/release", number, "<!-- signalbox acme/release/train #1 --> hi")
    await here.event(WriteComment(), running(here.state(pull_request=number)))

    theirs, ours = comments(here, number)
    assert theirs.body.endswith("hi")
    assert ours.body != theirs.body


async def test_a_comment_that_was_deleted_stays_deleted(here: House) -> None:
    """Whoever deleted it did not want it."""
    number = await pull_request(here)
    state = running(here.state(pull_request=number))
    noted = Written(remote_id=999_999, digest="old")
    state = replace(state, surfaces={Surface.COMMENT: noted})
    event = await here.event(WriteComment(), state)

    assert isinstance(event, SurfaceRefused)
    assert comments(here, number) == []


async def test_a_comment_whose_creation_is_in_doubt_is_found_again(here: House) -> None:
    """After a lost answer the comment is looked for, and not written twice."""
    number = await pull_request(here)
    here.github.world.faults.plan_call(CallFault.DROP_AFTER, method="POST", path="/comments$")
    state = running(here.state(pull_request=number))
    first = await here.perform(WriteComment(), state)
    await here.event(WriteComment(), state)

    assert isinstance(first, Postponed)
    assert len(comments(here, number)) == 1


# --- the issue --------------------------------------------------------------------------------


def on_issue(state: Orchestration, issue: Json) -> Orchestration:
    template = Template(value=issue, place=Place(line=1, column=1))
    return reporting_to(state, ReportTo(issue=template))


async def test_an_issue_gets_a_comment_that_is_edited_in_place(here: House) -> None:
    """It stands in the definition's own repository and follows the state."""
    number = here.github.open_issue("acme/release", "Incident").number
    state = running(on_issue(here.state(), number))
    event = await here.event(WriteIssue(), state)
    state = written(state, event)
    same = await here.perform(WriteIssue(), state)
    await here.event(WriteIssue(), state.to(OrchestrationStatus.FAILED))

    [comment] = comments(here, number)
    assert isinstance(event, SurfaceWritten)
    assert event.surface is Surface.ISSUE
    assert same == Carried()
    assert "❌" in comment.body


async def test_each_orchestration_has_its_own_comment_on_an_issue(here: House) -> None:
    """An issue may be about several; none takes another's over."""
    number = here.github.open_issue("acme/release", "Incident").number
    for count in (1, 2, 11):
        await here.event(WriteIssue(), running(on_issue(here.state(number=count), number)))

    assert len(comments(here, number)) == 3


async def test_while_there_is_no_issue_nothing_is_written(here: House) -> None:
    """Its number may come later, from a task."""
    assert await here.perform(WriteIssue(), running(on_issue(here.state(), ""))) == Carried()


async def test_an_issue_that_is_not_there_is_refused(here: House) -> None:
    """The refusal is kept with the orchestration."""
    event = await here.event(WriteIssue(), running(on_issue(here.state(), 4711)))

    assert isinstance(event, SurfaceRefused)
    assert event.surface is Surface.ISSUE
