"""Stories about state machines: states left, places and checks given up, and the end."""

import pytest

from app.core.commands import (
    AskSeat,
    CancelWorkflowRun,
    ConcludeCheck,
    DispatchWorkflow,
    LeaveSeat,
)
from app.core.events import (
    CancelRequested,
    PauseRequested,
    RetryRequested,
    RollBackRequested,
    SkipRequested,
    Surface,
    SurfaceWritten,
)
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.summary import summarise_check
from app.core.values import TaskName
from tests.kit.stage import Stage, happening, pull
from tests.kit.states import WORK, listening, on, simple, story, working

# Leaving and ending.


def test_leaving_stops_what_runs_and_does_not_wait_for_it() -> None:
    """The next state begins at once; what was waiting never begins."""
    tasks = {**WORK, "later": {**WORK["work"], "needs": ["work"]}}
    first = {**working(on("command.go", "next")), "tasks": tasks}
    stage = Stage.of(story(first=first, next=working()))
    stage.run("first.1.work", "success")
    stage.command("go")
    stage.run("next.1.work")
    waits = stage.state.has_ended
    stage.run("first.1.later", "cancelled")

    assert stage.asked(CancelWorkflowRun) != []
    assert waits is False
    assert stage.end == ("success", "")


def test_what_was_left_is_not_tried_again() -> None:
    """Neither by name, nor by a retry of all, nor by a re-run on GitHub."""
    stage = Stage.of(story(first=working(on("tasks.failed", "next")), next=working()))
    stage.run("work", "failure")
    before = stage.state
    stage.tell(RetryRequested(at=stage.now, task=TaskName("first.1.work"), by="mona"))
    stage.tell(RetryRequested(at=stage.now, task=None, by="mona"))

    assert stage.state is before


def test_a_final_state_is_final() -> None:
    """What is asked for while it still waits for what stops comes too late."""
    stage = Stage.of(story(first=working(on("command.go", "done"))))
    stage.command("go")
    stage.tell(CancelRequested(at=stage.now, by="mona", reason=""))
    stage.run("first.1.work", "cancelled")
    over = stage.state
    stage.tell(RetryRequested(at=stage.now, task=None, by="mona"))

    assert stage.end == ("success", "")
    assert over.status is OrchestrationStatus.SUCCEEDED
    assert stage.state is over


@pytest.mark.parametrize(
    ("conclusion", "status"),
    [
        ("success", OrchestrationStatus.SUCCEEDED),
        ("neutral", OrchestrationStatus.SUCCEEDED),
        ("failure", OrchestrationStatus.FAILED),
        ("cancelled", OrchestrationStatus.CANCELLED),
    ],
)
def test_the_final_state_says_how_it_ended(
    conclusion: str, status: OrchestrationStatus
) -> None:
    """Its conclusion is that of the check, too."""
    final = {"final": True, "conclusion": conclusion}
    stage = Stage.of(story(first=working(), done=final))
    stage.run("work")

    assert stage.state.status is status
    assert summarise_check(stage.state).conclusion == conclusion


def test_a_machine_is_cancelled_like_anything_else() -> None:
    """What runs is stopped, and what was asked for is the reason."""
    stage = Stage.of(simple())
    stage.tell(CancelRequested(at=stage.now, by="mona", reason="wrong one"))
    stage.run("work", "cancelled")

    assert stage.end == ("cancelled", "cancelled")


def test_a_bad_end_undoes_what_every_visit_did() -> None:
    """Compensation goes back over all visits, the last one first."""
    tasks = {"work": {**WORK["work"], "compensate": WORK["work"]}}
    again = [on("tasks.succeeded", "first"), on("tasks.failed", "lost")]
    bound = {"max-visits": 2, "on-max-visits": {"to": "lost"}}
    stage = Stage.of(story(first={"tasks": tasks, "transitions": again, **bound}))
    stage.run("work")
    stage.run("work")
    undoing = stage.state.status
    stage.run("first.2.work~undo")
    stage.run("first.1.work~undo")

    assert undoing is OrchestrationStatus.COMPENSATING
    assert [str(each.attempt.task) for each in stage.asked(DispatchWorkflow)][2:] == [
        "first.2.work~undo",
        "first.1.work~undo",
    ]
    assert stage.end == ("failure", "final-state")


def test_a_skipped_task_of_a_state_lets_it_succeed() -> None:
    """Who skips a task with a reason lets the machine go on."""
    stage = Stage.of(simple())
    stage.tell(
        SkipRequested(at=stage.now, task=TaskName("first.1.work"), by="mona", reason="known")
    )
    stage.run("work", "cancelled")

    assert stage.task("first.1.work").status is TaskStatus.SKIPPED
    assert stage.end == ("success", "")


# Places.

PLACE = {"group": "prod", "scope": "organization"}


def test_a_state_waits_for_its_place_and_gives_it_back() -> None:
    """Nothing of it begins before; once it is left and all has stopped the place is free."""
    states = {
        "first": working(on("tasks.succeeded", "next"), concurrency=PLACE),
        "next": working(concurrency=PLACE),
    }
    stage = Stage.of(story(**states))
    stage.run("work")
    stage.run("work")

    assert [each.holder for each in stage.asked(AskSeat)] == ["@first.1", "@next.1"]
    assert [each.holder for each in stage.asked(LeaveSeat)] == ["@first.1", "@next.1"]
    assert stage.asked(AskSeat)[0].lock == "organization/acme/prod"
    assert stage.state.seats == {}


def test_without_its_place_nothing_of_a_state_begins() -> None:
    """A full group keeps it waiting; leaving the state stops the waiting."""
    first = working(on("command.go", "done"), concurrency=PLACE)
    stage = Stage.of(story(first=first), busy={"prod"})
    waiting = stage.status("work")
    stage.command("go")

    assert waiting is TaskStatus.WAITING
    assert stage.asked(DispatchWorkflow) == []
    assert [each.holder for each in stage.asked(LeaveSeat)] == ["@first.1"]
    assert stage.end == ("success", "")


def test_a_place_is_not_asked_for_while_paused() -> None:
    """A paused machine stands in nobody's way."""
    states = {
        "first": listening(on("command.go", "next")),
        "next": working(concurrency=PLACE),
    }
    stage = Stage.of(story(**states))
    stage.command("go")
    stage.run("work")
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))

    assert len(stage.asked(AskSeat)) == 1


def test_a_place_without_a_name_fails_the_whole() -> None:
    """A group that has no value locks nothing, so nothing is begun."""
    place = {"group": "${{ event.pull_request.base.ref }}"}
    stage = Stage.of(story(first=working(concurrency=place)))

    assert stage.end == ("failure", "expression-failed")
    assert stage.asked(DispatchWorkflow) == []


@pytest.mark.parametrize(
    ("holder", "end"), [("@first.1", ("cancelled", "superseded")), ("@other.1", ("", ""))]
)
def test_who_loses_the_place_of_the_state_is_cancelled(
    holder: str, end: tuple[str, str]
) -> None:
    """Somebody newer takes it; a place of a state that was left is nobody's loss."""
    stage = Stage.of(story(first=working(concurrency=PLACE)))
    seat = stage.state.seats[stage.asked(AskSeat)[0].holder]
    stage.lose(holder, seat.lock)
    if end != ("", ""):
        stage.run("work", "cancelled")

    assert stage.end == end


# The check on a commit of before.


def written(stage: Stage, remote_id: int, sha: str = "a") -> SurfaceWritten:
    return SurfaceWritten(
        at=stage.now,
        surface=Surface.CHECK,
        remote_id=remote_id,
        digest="d",
        sha=sha * 40,
    )


def moved(*, is_written: bool = True) -> Stage:
    listen = {"first": listening(on("pull_request.synchronize", "next")), "next": working()}
    stage = Stage.of(story(**listen))
    if is_written:
        stage.tell(written(stage, 41))
    stage.hear("pull_request.synchronize", pull("synchronize", "b"))
    return stage


def test_a_new_commit_gets_a_check_of_its_own() -> None:
    """The one on the old commit is concluded, and the new one is not mistaken for it."""
    stage = moved()
    stage.tell(written(stage, 42, "b"))

    assert [each.remote_id for each in stage.asked(ConcludeCheck)] == [41]
    assert stage.asked(ConcludeCheck)[0].by == "b" * 40
    assert stage.asked(ConcludeCheck)[0].key == "conclude-check/41"
    assert stage.state.surfaces[Surface.CHECK].remote_id == 42


def test_a_check_that_was_written_too_late_is_concluded() -> None:
    """It went on while the old one was being written."""
    stage = moved(is_written=False)
    stage.tell(written(stage, 41))

    assert [each.remote_id for each in stage.asked(ConcludeCheck)] == [41]
    assert Surface.CHECK not in stage.state.surfaces


def test_a_check_that_was_refused_is_tried_on_the_new_commit() -> None:
    """There is nothing to conclude."""
    listen = {"first": listening(on("pull_request.synchronize", "next")), "next": working()}
    stage = Stage.of(story(**listen))
    stage.refuse_surface()
    stage.hear("pull_request.synchronize", pull("synchronize", "b"))

    assert stage.asked(ConcludeCheck) == []
    assert stage.state.surfaces == {}


# What random histories found.


def test_what_a_wait_has_heard_leads_on_once() -> None:
    """The wait ends, its state is left, and the next does not take the same event again."""
    next_ = {**working(on("push", "lost")), "timeout-minutes": 60}
    next_["transitions"].append(on("timeout", "lost"))
    first = {
        "wait": {"event": "push", "for": "7d"},
        "transitions": [on("wait.elapsed", "next"), on("tasks.failed", "lost")],
    }
    stage = Stage.of(story(first=first, next=next_))
    stage.hear("push", happening("push", {"size": 1}))
    once = stage.where
    stage.hear("push", happening("push", {"size": 2}))

    assert (once, stage.where) == ("next", "lost")


def test_a_roll_back_takes_a_final_state_back() -> None:
    """Asked for while something still has to stop, it decides how the whole ends."""
    stage = Stage.of(story(first=working(on("command.go", "done"))))
    stage.command("go")
    stage.tell(RollBackRequested(at=stage.now, by="mona", reason="wrong one"))
    stage.run("first.1.work", "cancelled")

    assert stage.end == ("cancelled", "rolled-back")


def test_a_retry_of_all_answers_a_task_that_asks() -> None:
    """Whoever wants all tried again wants that, too."""
    asks = {"work": {**WORK["work"], "on-failure": "ask"}}
    stage = Stage.of(story(first={**working(), "tasks": asks}))
    stage.run("work", "failure")
    asking = stage.status("work")
    stage.tell(RetryRequested(at=stage.now, task=None, by="mona"))

    assert (asking, stage.status("work")) == (TaskStatus.ASKING, TaskStatus.RUNNING)
