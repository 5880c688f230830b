"""What is told of a question that is asked again: what differs from the one before."""

from dataclasses import replace

import pytest

from app.core.commands import DispatchWorkflow
from app.core.doorways.explaining import explain_orchestration, gates_as_json
from app.core.gate_events import GateId
from app.core.state import Orchestration
from app.core.telling.differences import differences
from app.core.values import Json, JsonObject, TaskName
from tests.core.ballot import GATE, HEAD, TASKS, TWO_TEAMS
from tests.core.told import COMMIT, START, Told, plan_of
from tests.kit.stage import Stage, graph

OLD = "f" * 40


def caused(name: str = "pull_request", **event: Json) -> Orchestration:
    """Return an orchestration whose gate waits, set off by this."""
    plan = plan_of(HEAD + TASKS % TWO_TEAMS)
    payload: JsonObject = event
    return (
        Told(replace(plan, cause=replace(plan.cause, event_name=name, event=payload)))
        .begin()
        .state
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            caused(action="synchronize", before=OLD),
            (f"the commit was {OLD[:12]} and is {COMMIT[:12]}",),
        ),
        (
            caused(action="edited", changes={"base": {"ref": {"from": "next"}}}),
            ("the base was `next`",),
        ),
        (caused(action="converted_to_draft"), ("it is a draft now",)),
        (caused(action="ready_for_review"), ("it is no draft any more",)),
        (caused(action="opened", before=OLD), ()),
        (caused(action="edited", changes={"title": {"from": "x"}}), ()),
        (caused(action="synchronize"), ()),
        (caused(action=5), ()),
        (caused("push", action="synchronize", before=OLD), ()),
    ],
)
def test_what_a_push_has_changed_is_said(state: Orchestration, words: tuple[str, ...]) -> None:
    """Only as far as GitHub says it; where nothing is known to differ, nothing is said."""
    assert differences(state, GATE) == words


def test_it_stands_where_people_look() -> None:
    """Under `/why`, and for programs."""
    state = caused(action="synchronize", before=OLD)
    [gate] = gates_as_json(state, START)

    assert f"asked anew: the commit was {OLD[:12]}" in explain_orchestration(state, START)
    assert gate["changed"] == [f"the commit was {OLD[:12]} and is {COMMIT[:12]}"]


def test_what_was_tried_again_before_a_gate_is_named() -> None:
    """It may have come to something else than what was voted about."""
    rules = [{"require": [{"permission": "write"}]}]
    tasks = {
        "build": {"dispatch": "acme/api/.github/workflows/b.yml@main"},
        "ask": {
            "needs": ["build"],
            "approval": {"rules": rules},
        },
    }
    stage = Stage.of(graph(tasks))
    where = GateId(task=TaskName("ask"))
    stage.run("build")
    first = differences(stage.state, where)
    stage.choose("ask")
    stage.retry("build")
    stage.run("build")

    assert first == ()
    assert differences(stage.state, where) == ("`build` was tried again",)
    assert len(stage.asked(DispatchWorkflow)) == 2
