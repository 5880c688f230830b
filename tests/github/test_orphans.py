"""Stories about check runs that nobody knows any more, told against a whole GitHub."""

from dataclasses import replace

import pytest

from app.core.chores import ConcludeOrphan, DisownComment
from app.core.commands import WriteCheck, WriteComment
from app.core.summary import comment_mark_start
from app.core.values import OrchestrationId
from app.ports import Carried
from app.rehearsal.model.state import CheckRun, Comment
from tests.github.house import House

pytestmark = pytest.mark.anyio


async def left(here: House) -> tuple[CheckRun, ConcludeOrphan]:
    """Write a check, forget whose it is, and return it with the wish to conclude it."""
    state = here.state()
    await here.event(WriteCheck(), state)
    [check] = here.github.world.repository("acme/release").check_runs.values()
    command = ConcludeOrphan(
        installation_id=here.installation.id,
        repository_id=state.plan.origin.repository_id,
        check_run_id=check.id,
        orchestration=state.id,
    )
    return check, command


async def test_what_is_ours_is_concluded_and_says_why(here: House) -> None:
    """Nobody can press its buttons any more, and nothing is asked of GitHub twice."""
    check, command = await left(here)
    await here.perform(command)
    writes = check.writes
    await here.perform(command)

    assert (check.status, check.conclusion) == ("completed", "cancelled")
    assert check.title == "unknown to this Signalbox"
    assert check.actions == []
    assert check.writes == writes


async def test_what_is_not_ours_is_let_be(here: House) -> None:
    """Another App may call its check runs whatever it likes; so may another orchestration."""
    check, command = await left(here)
    await here.perform(replace(command, orchestration=OrchestrationId("0123456789abcdef")))
    other = check.app_id
    check.app_id = 1
    await here.perform(command)
    untouched = check.status
    check.app_id = other

    assert untouched != "completed"


async def commented(here: House) -> tuple[Comment, DisownComment]:
    """Write a comment, forget whose it is, and return it with the wish to let it go."""
    pull = here.github.open_pull_request("acme/release", {"README.md": "x\n"})
    state = here.state(pull_request=pull.number, number=45)
    await here.event(WriteComment(), state)
    [comment] = here.github.comments("acme/release", pull.number)
    command = DisownComment(
        installation_id=here.installation.id,
        repository_id=state.plan.origin.repository_id,
        comment_id=comment.id,
        mark=comment_mark_start(state.plan.origin.repository, state.plan.definition.id),
        number=45,
    )
    return comment, command


async def test_a_comment_of_ours_says_so_and_is_free_for_the_next(here: House) -> None:
    """Its number is the lowest there is; what has been taken over is let be."""
    comment, command = await commented(here)
    await here.perform(replace(command, number=46))
    other = comment.body
    await here.perform(command)

    assert "unknown to this Signalbox" not in other
    assert comment.body.startswith(f"{command.mark}0 -->")
    assert "restored from a backup" in comment.body


async def test_a_comment_of_somebody_else_is_let_be(here: House) -> None:
    """Whoever copies our words has not become us."""
    comment, command = await commented(here)
    copied = here.github.comment("acme/release", 1, comment.body)
    await here.perform(replace(command, comment_id=copied.id))

    assert "unknown to this Signalbox" not in copied.body


async def test_what_is_gone_holds_nobody_up(here: House) -> None:
    """A check run that is not there, a repository that we do not reach."""
    _, command = await left(here)
    wishes = [
        replace(command, check_run_id=1),
        replace(command, repository_id=1),
        replace(command, installation_id=1),
    ]

    assert [await here.perform(each) for each in wishes] == [Carried()] * 3
