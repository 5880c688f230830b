"""Stories about state machines: states entered, and what leads on from them."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.commands import (
    DispatchWorkflow,
    SetTimer,
)
from app.core.events import (
    CancelRequested,
    GitHubEventHeard,
    PauseRequested,
    ResumeRequested,
)
from app.core.legs.context import cause_of
from app.core.limits import HEARD_MAX
from app.core.moves import OrchestrationStatus, TaskStatus
from tests.kit.build import later
from tests.kit.stage import Stage, happening, pull
from tests.kit.states import WORK, listening, on, simple, story, working

# Entering and leading on.


def test_the_initial_state_is_entered_at_the_beginning() -> None:
    """Its tasks are those of its first visit, and they begin at once."""
    stage = Stage.of(story({"rounds": {"type": "integer", "default": 0}}, first=working()))

    assert stage.state.machine is not None
    assert stage.state.machine.visits == {"first": 1}
    assert stage.state.machine.data == {"rounds": 0}
    assert [each.key for each in stage.asked(DispatchWorkflow)] == ["dispatch/first.1.work/1"]


@pytest.mark.parametrize(("how", "end"), [("success", "success"), ("failure", "failure")])
def test_how_the_tasks_end_leads_on(how: str, end: str) -> None:
    """All that passed or was skipped is a success; anything else is not."""
    stage = Stage.of(simple())
    stage.run("work", how)

    assert stage.state.conclusion == end


def test_a_skipped_task_is_no_failure() -> None:
    """A task whose condition does not hold lets the state succeed."""
    tasks = {**WORK, "never": {**WORK["work"], "if": "false"}}
    stage = Stage.of(story(first={**working(), "tasks": tasks}))
    stage.run("work")

    assert stage.end == ("success", "")


def test_nothing_leads_on_before_all_tasks_have_ended() -> None:
    """One that still runs keeps the state, though another failed."""
    tasks = {**WORK, "other": {"dispatch": "acme/app/.github/workflows/other.yml@main"}}
    stage = Stage.of(story(first={**working(), "tasks": tasks}))
    stage.run("work", "failure")
    before = stage.where
    stage.run("other")

    assert (before, stage.where) == ("first", "lost")


def test_the_first_transition_whose_condition_holds_is_taken() -> None:
    """They are tried in the order of the file, with the data as they are."""
    data = {"rounds": {"type": "integer", "default": 2}}
    never = on("tasks.succeeded", "lost", when="data.rounds > 2")
    stage = Stage.of(story(data, first=working(never)))
    stage.run("work")

    assert stage.where == "done"


def test_what_is_set_sees_the_data_as_they_were() -> None:
    """Two that exchange their values do."""
    data = {
        "one": {"type": "integer", "default": 1},
        "two": {"type": "integer", "default": 2},
        "three": {"type": "integer"},
    }
    swap = on("tasks.succeeded", "done", set={"one": "data.two", "two": "data.one"})
    stage = Stage.of(story(data, first=working(swap)))
    stage.run("work")

    assert stage.state.machine is not None
    assert stage.state.machine.data == {"one": 2, "two": 1}


def test_a_state_is_visited_anew_each_time() -> None:
    """Its tasks are new ones, whose markers were never used before."""
    again = on("tasks.failed", "first")
    bound = {"max-visits": 3, "on-max-visits": {"to": "lost"}}
    stage = Stage.of(story(first=working(again, **bound)))
    for _ in range(3):
        stage.run("work", "failure")

    assert stage.state.machine is not None
    assert stage.state.machine.history == ("first", "first", "first", "lost")
    assert list(stage.state.tasks) == [f"first.{visit}.work" for visit in (1, 2, 3)]
    assert len({each.marker for each in stage.asked(DispatchWorkflow)}) == 3
    assert stage.end == ("failure", "final-state")


# It fails shut.


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"when": "data.limit > 1"}, "the state first cannot be left: "),
        ({"set": {"limit": "data.limit + 1"}}, "the state first cannot be left: "),
        (
            {"set": {"risk": '"none"'}},
            'the state first cannot be left: `data.risk` = `"none"` ',
        ),
    ],
)
def test_an_expression_without_a_value_fails_the_whole(
    more: dict[str, Any], message: str
) -> None:
    """No way is taken on a guess: neither on a missing value nor with one that does not fit."""
    data = {"limit": {"type": "integer"}, "risk": {"type": "string", "enum": ["low", "high"]}}
    stage = Stage.of(story(data, first=working(on("tasks.succeeded", "done", **more))))
    stage.run("work")

    assert stage.end == ("failure", "expression-failed")
    assert stage.state.reason is not None
    assert stage.state.reason.message.startswith(message)


def test_a_machine_that_nothing_leads_on_fails() -> None:
    """It does not hang for ever, and the reason names the state."""
    only = on("tasks.succeeded", "done", when="false")
    ways = {"tasks": WORK, "transitions": [only, on("tasks.failed", "lost")]}
    stage = Stage.of(story(first=ways))
    stage.run("work")

    assert stage.end == ("failure", "no-transition")
    assert stage.state.reason is not None
    assert "the state first" in stage.state.reason.message


def test_a_machine_that_listens_waits() -> None:
    """What may still be heard may lead on, until the whole has taken too long."""
    only = on("tasks.succeeded", "done", when="false")
    ways = [only, on("tasks.failed", "lost"), on("command.go", "done")]
    stage = Stage.of(story(first={"tasks": WORK, "transitions": ways}))
    stage.run("work")
    open_ = stage.state.status
    stage.wait(days=8)

    assert open_ is OrchestrationStatus.RUNNING
    assert stage.end == ("failure", "timed-out")


# What is heard.


def test_an_event_leads_on_and_is_what_expressions_see_from_then_on() -> None:
    """The commit, the ref and the event are those of the latest that led on."""
    listen = {"first": listening(on("pull_request.synchronize", "next")), "next": working()}
    stage = Stage.of(story(**listen))
    stage.hear("pull_request.synchronize", pull("synchronize", "b"))

    assert stage.where == "next"
    assert cause_of(stage.state).sha == "b" * 40


def test_what_nobody_listens_to_changes_nothing() -> None:
    """Other events, other commands, and those of another state are forgotten at once."""
    stage = Stage.of(story(first=listening(on("command.go", "done"))))
    before = stage.state
    stage.hear("pull_request.closed", pull("closed"))
    stage.command("stop")

    assert stage.state is before


def test_a_condition_sees_the_event() -> None:
    """One that does not fit is forgotten; the next is another chance."""
    merged = on("pull_request.closed", "done", when="event.pull_request.merged")
    other = on("pull_request.closed", "first", when="event.pull_request.number == 1")
    bound = {"max-visits": 2, "on-max-visits": {"to": "lost"}}
    stage = Stage.of(story(first=listening(merged, other, **bound)))
    stage.hear("pull_request.closed", pull("closed", facts={"merged": False}))
    before = stage.state
    stage.hear("pull_request.closed", pull("closed", facts={"merged": True}))

    assert (before.events, before.heard) == (1, ())
    assert stage.where == "done"


def test_an_event_of_any_action_may_be_named() -> None:
    """What has no fixed actions is named by the event alone."""
    stage = Stage.of(story(first=listening(on("repository_dispatch", "done"))))
    stage.hear("repository_dispatch.deployed", pull("deployed"))

    assert stage.where == "done"


def test_a_command_leads_on() -> None:
    """Whoever may give it, gives it once."""
    bound = {"max-visits": 5, "on-max-visits": {"to": "lost"}}
    stage = Stage.of(story(first=listening(on("command.go", "first"), **bound)))
    stage.command("go")
    stage.command("go")

    assert stage.state.machine is not None
    assert stage.state.machine.visits == {"first": 3}


def test_the_very_same_event_leads_on_once() -> None:
    """A delivery that comes twice is no second one; another of its kind is."""
    bound = {"max-visits": 5, "on-max-visits": {"to": "lost"}}
    stage = Stage.of(story(first=listening(on("push", "first"), **bound)))
    event = GitHubEventHeard(at=later(minutes=1), name="push", cause=happening("push", {}))
    stage.tell(event)
    stage.tell(event)
    once = stage.state.machine
    stage.tell(replace(event, at=later(minutes=2)))

    assert once is not None
    assert once.visits == {"first": 2}
    assert stage.state.machine is not None
    assert stage.state.machine.visits == {"first": 3}


def test_what_is_heard_while_paused_is_kept_in_order() -> None:
    """Nothing is entered while it is paused; then each leads on from where the last led."""
    states = {
        "first": listening(on("command.stop", "lost"), on("command.go", "next")),
        "next": listening(on("command.go", "done")),
    }
    stage = Stage.of(story(**states))
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))
    for _ in range(2):
        stage.command("go")
    paused = stage.where, len(stage.state.heard)
    stage.tell(ResumeRequested(at=stage.now, by="mona"))

    assert paused == ("first", 2)
    assert stage.where == "done"
    assert stage.state.heard == ()


def test_what_was_heard_leads_on_before_anything_begins() -> None:
    """Of the states that are only passed through nothing is dispatched."""
    states = {
        "first": listening(on("command.go", "next")),
        "next": working(on("command.go", "last")),
        "last": working(),
    }
    stage = Stage.of(story(**states))
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))
    for _ in range(2):
        stage.command("go")
    stage.tell(ResumeRequested(at=stage.now, by="mona"))

    assert [each.attempt.task for each in stage.asked(DispatchWorkflow)] == ["last.1.work"]
    assert stage.status("next.1.work") is TaskStatus.CANCELLED


def test_what_is_kept_is_bounded() -> None:
    """Of a long pause the latest is remembered."""
    stage = Stage.of(story(first=listening(on("command.go", "done"))))
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))
    for _ in range(HEARD_MAX + 5):
        stage.command("go")
    stage.tell(CancelRequested(at=stage.now, by="mona", reason=""))

    assert len(stage.state.heard) == 0
    assert stage.end == ("cancelled", "cancelled")


def test_a_pause_keeps_what_has_happened() -> None:
    """Tasks that end while it is paused lead on when it is resumed."""
    stage = Stage.of(simple())
    stage.tell(PauseRequested(at=stage.now, by="mona", reason=""))
    stage.run("work")
    paused = stage.where
    stage.tell(ResumeRequested(at=stage.now, by="mona"))

    assert (paused, stage.where) == ("first", "done")


# Time.


def test_a_state_has_its_time() -> None:
    """Its time-out counts from when it was entered, and what runs is stopped."""
    stage = Stage.of(story(first=working(on("timeout", "lost"), **{"timeout-minutes": 30})))
    stage.wait(minutes=31)
    left = stage.where, stage.state.has_ended
    stage.run("first.1.work", "cancelled")

    assert later(minutes=30) in [each.due for each in stage.asked(SetTimer)]
    assert left == ("lost", False)
    assert stage.end == ("failure", "final-state")


def test_a_time_out_that_does_not_lead_on_is_the_end() -> None:
    """Past it nothing can happen any more."""
    only = on("timeout", "done", when="false")
    stage = Stage.of(story(first={"timeout-minutes": 5, "transitions": [only]}))
    stage.wait(minutes=5)

    assert stage.end == ("failure", "no-transition")
