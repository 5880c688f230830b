"""From a workflow run that was seen to the event of its attempt; and what is still wanted."""

from dataclasses import replace

import pytest

from app.core.chores import (
    CheckDefinitions,
    ListChangedFiles,
    ListInstallations,
    ListRepositories,
    ReadRepository,
)
from app.core.commands import (
    DispatchWorkflow,
    LookUpWorkflowRun,
    RemoveTag,
    WriteCheck,
    WriteComment,
)
from app.core.events import Conclusion, RunStatus
from app.core.hearing.heard import WorkflowRunFacts
from app.core.hearing.observing import marker_in, observed
from app.core.legs.wanted import is_over, is_wanted, look_up_instead
from app.core.state import new_orchestration
from app.core.values import RepositoryName, Sha
from tests.kit import build

MARKER = "sb-0123456789abcdef-89abcdef"
FACTS = WorkflowRunFacts(
    id=9,
    run_attempt=1,
    status="completed",
    conclusion="success",
    event="workflow_dispatch",
    path=".github/workflows/a.yml",
    head_sha=Sha("a" * 40),
    head_branch="main",
    title=f"Build [{MARKER}]",
    url="https://github.com/acme/api/actions/runs/9",
)


def test_a_marker_is_found_in_the_title_or_in_the_tag() -> None:
    """And only in a workflow run that was dispatched: a push may bear any title."""
    in_tag = replace(FACTS, title="Build", head_branch=f"signalbox/{MARKER}")

    assert marker_in(FACTS) == marker_in(in_tag) == MARKER
    assert marker_in(replace(FACTS, title="Build")) is None
    assert marker_in(replace(FACTS, event="push")) is None


@pytest.mark.parametrize(
    ("word", "status"),
    [("requested", RunStatus.QUEUED), ("waiting", RunStatus.WAITING)],
)
def test_what_goes_on_has_no_conclusion(word: str, status: RunStatus) -> None:
    """Whatever the payload says beside its status."""
    event = observed(build.attempt("a"), replace(FACTS, status=word), build.START)

    assert event is not None
    assert (event.status, event.conclusion) == (status, None)


@pytest.mark.parametrize(
    ("word", "conclusion"),
    [
        ("timed_out", Conclusion.TIMED_OUT),
        ("brand_new", Conclusion.FAILURE),
        (None, Conclusion.FAILURE),
    ],
)
def test_a_conclusion_that_we_do_not_know_is_no_success(
    word: str | None, conclusion: Conclusion
) -> None:
    """It fails shut."""
    event = observed(build.attempt("a"), replace(FACTS, conclusion=word), build.START)

    assert event is not None
    assert event.conclusion is conclusion


def test_a_status_that_we_do_not_know_says_nothing() -> None:
    """GitHub may make one up."""
    assert observed(build.attempt("a"), replace(FACTS, status="paused"), build.START) is None


def test_a_dispatch_is_wanted_until_it_is_cancelled() -> None:
    """It may have waited for long; meanwhile somebody changed their mind."""
    begun = build.begun(build.plan("a"))
    [command] = build.asked(begun, DispatchWorkflow)
    cancelled = build.after(begun, build.cancelled())

    assert is_wanted(begun.state, command)
    assert not is_wanted(cancelled.state, command)
    assert not is_wanted(new_orchestration(begun.state.plan), command)


def test_an_unwanted_dispatch_that_may_have_left_is_looked_up() -> None:
    """Unless it is known how it ended."""
    begun = build.begun(build.plan("a"))
    [command] = build.asked(begun, DispatchWorkflow)
    cancelled = build.after(begun, build.cancelled())
    over = build.after(cancelled, build.refused("a"))

    instead = look_up_instead(cancelled.state, command)

    assert isinstance(instead, LookUpWorkflowRun)
    assert instead.marker == command.marker
    assert look_up_instead(over.state, command) is None
    assert not is_over(cancelled.state, instead)
    assert is_over(over.state, instead)


def test_commands_have_keys_so_that_twice_is_once() -> None:
    """The same wish has the same key, another wish another."""
    files = ListChangedFiles(
        installation_id=7, repository_id=1, delivery_id="g", number=None, base="a", head="b"
    )
    commands = (
        RemoveTag(repository=RepositoryName("acme/api"), tag="signalbox/x"),
        WriteCheck(),
        WriteComment(),
        ListInstallations(),
        ListRepositories(installation_id=7),
        ReadRepository(installation_id=7, repository_id=1),
        CheckDefinitions(installation_id=7, repository_id=1, sha=Sha("a")),
        files,
        replace(files, delivery_id="h"),
    )

    assert len({command.key for command in commands}) == len(commands)
