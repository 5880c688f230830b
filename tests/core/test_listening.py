"""Stories about live orchestrations that listen: to what, since when, and to whose events."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.events import CancelRequested
from app.core.interests import Interest, concerns, interests
from app.core.plan import Cause, Plan
from tests.kit.stage import Stage, graph, happening, machine, pull
from tests.kit.states import LOST, listening, on, story, working

CLOSED = "pull_request.closed"
GO = {"dispatch": "acme/app/.github/workflows/run.yml@main"}
PUSH = happening("push", {})


def topic(event: str, number: int = 0) -> Interest:
    """Say what is listened to in the repository of all these stories."""
    return Interest(event=event, repository_id=1, number=number)


def waiting(event: str = CLOSED, *, cause: Cause | None = None) -> Plan:
    """Make a graph with a task, a wait after it, and one that hears nothing."""
    wait = {"wait": {"event": event, "for": "7d"}, "needs": ["go"]}
    return graph({"bake": {"wait": {"for": "1h"}}, "go": GO, "hold": wait}, cause=cause)


def listened(stage: Stage) -> set[Interest]:
    """Return the events of GitHub that it listens to; what people say is another story."""
    return {each for each in interests(stage.state) if not each.event.startswith("(")}


def test_a_machine_listens_to_what_its_state_names() -> None:
    """Of GitHub's events only: tasks, gates, time and commands it hears of otherwise."""
    ways = [on("push", "next"), on(CLOSED, "lost"), on("command.go", "next")]
    first = working(*ways, on("tasks.succeeded", "next"))
    stage = Stage.of(story(first=first, next=listening(on("release.created", "done"))))
    before = listened(stage)
    stage.run("work")

    assert before == {topic("push"), topic(CLOSED, 7)}
    assert listened(stage) == {topic("release.created")}


def test_a_wait_listens_only_while_it_waits() -> None:
    """Neither before it begins, nor after it has heard."""
    stage = Stage.of(waiting())
    before = listened(stage)
    stage.run("go")
    open_ = listened(stage)
    stage.hear(CLOSED, pull("closed"))

    assert before == set()
    assert open_ == {topic(CLOSED, 7)}
    assert listened(stage) == set()


def test_a_wait_of_a_state_listens_too() -> None:
    """Beside the transitions of its state."""
    ways = [on("wait.elapsed", "lost"), on("tasks.failed", "lost"), on(CLOSED, "lost")]
    first = {"wait": {"event": "push", "for": "7d"}, "transitions": ways}
    stage = Stage.of(machine({"first": first, "lost": LOST}))

    assert listened(stage) == {topic("push"), topic(CLOSED, 7)}


def test_what_is_about_to_stop_listens_to_nothing() -> None:
    """Nothing leads it on any more."""
    stage = Stage.of(story(first=working(on(CLOSED, "lost"))))
    stage.tell(CancelRequested(at=stage.now, by="mona", reason=""))

    assert listened(stage) == set()


def test_without_a_pull_request_of_its_own_any_is_meant() -> None:
    """What a push set off may wait for whatever pull request."""
    stage = Stage.of(waiting(cause=PUSH))
    stage.run("go")

    assert listened(stage) == {topic(CLOSED)}
    assert concerns(stage.state, CLOSED, pull("closed", number=3))


@pytest.mark.parametrize(
    ("payload", "is_concerned"),
    [({"alert": {"number": 3}}, True), ({"alert": {"number": 4}}, False), ({}, True)],
)
def test_another_correlation_is_another_matter(
    payload: dict[str, Any], is_concerned: bool
) -> None:
    """Where the key has a value it must be its own; where it has none it does not tell."""
    correlate = "${{ string(event.alert.number) }}"
    wait = {"wait": {"event": "code_scanning_alert.fixed", "for": "7d"}}
    plan = graph({"hold": wait}, cause=PUSH, correlate=correlate)
    stage = Stage.of(replace(plan, correlation="3"))
    cause = happening("code_scanning_alert", payload)

    assert concerns(stage.state, "code_scanning_alert.fixed", cause) is is_concerned
