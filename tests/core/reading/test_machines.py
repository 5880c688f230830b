"""State machines: states with work, and the ways between them."""

from datetime import timedelta

from app.core.actions import Approval, Wait
from app.core.values import TaskName
from tests.core.reading.shipped import DISPATCH, HEAD, codes, definition, machine

ENDS = "  done: {final: true, conclusion: success}\n"


def one_state(state: str, more: str = "") -> str:
    """Write a machine with one state besides its end."""
    return f"{HEAD}{more}initial: one\nstates:\n  one: {state}\n{ENDS}"


def test_a_machine_has_states_and_typed_data() -> None:
    """States stand in the order of the file; final ones have a conclusion."""
    found = machine()

    assert found.initial == "draft"
    assert list(found.states)[:2] == ["draft", "building"]
    assert {name: each.default for name, each in found.data.items()} == {
        "rounds": 0,
        "share": 0.5,
        "note": "",
        "done": False,
        "list": [],
    }
    conclusions = {name: each.conclusion for name, each in found.states.items()}
    assert (conclusions["merged"], conclusions["rejected"]) == ("success", "neutral")


def test_a_state_without_work_waits_for_its_transitions() -> None:
    """Time-outs, escalations, and values that are set by plain values or expressions."""
    draft = machine().states["draft"]

    assert (dict(draft.tasks), draft.timeout) == ({}, timedelta(hours=1))
    assert len(draft.escalate) == 1
    ready, rejected, dispatched, late = draft.transitions
    assert {name: each.source for name, each in ready.set.items()} == {
        "rounds": "0",
        "share": "1",
        "done": "true",
        "list": "[1, 2]",
    }
    assert rejected.set["note"].reads == (("actor", "string"),)
    assert (dispatched.on, late.on, late.to) == (
        "repository_dispatch.go",
        "timeout",
        "rejected",
    )


def test_a_state_may_have_tasks() -> None:
    """They need each other as in a graph, read the data, and are read by transitions."""
    building = machine().states["building"]

    assert list(building.tasks) == ["build", "gate"]
    assert (building.max_visits, building.on_max_visits) == (3, "rejected")
    assert building.concurrency is not None
    assert building.concurrency.priority.value == "${{ data.rounds }}"
    shipped = building.transitions[0]
    assert shipped.when is not None
    assert shipped.when.reads == (("tasks.gate.outputs.choice", "string"),)
    assert shipped.set["share"].reads == (("tasks.build.outputs.score", "number"),)


def test_an_approval_or_a_wait_is_the_one_task_of_its_state() -> None:
    """It has the name of what it is, and lasts as long as the whole may."""
    review, waiting = machine().states["in_review"], machine().states["waiting"]

    assert isinstance(review.tasks[TaskName("approval")].action, Approval)
    assert review.tasks[TaskName("approval")].timeout == timedelta(days=7)
    assert review.transitions[0].set["note"].reads == (
        ("tasks.approval.outputs.note", "string"),
    )
    assert isinstance(waiting.tasks[TaskName("wait")].action, Wait)


def test_a_time_out_covers_what_leads_nowhere() -> None:
    """A state that ends by time needs no way out for everything else."""
    ways = "timeout-minutes: 5, transitions: [{on: timeout, to: done}]"
    found = definition(one_state(f"{{approval: {{}}, {ways}}}")).machine

    assert found is not None
    assert [each.on for each in found.states["one"].transitions] == ["timeout"]


def test_a_state_is_left_out_when_it_is_wrong() -> None:
    """One mistake is one problem: nothing is said of ways that could not be read."""
    assert codes(one_state("3")) == ["wrong-type"]
    assert codes(f"{HEAD}initial: one\nstates: 3\n") == ["wrong-type"]
    assert codes(f"{HEAD}initial: one\nstates: {{}}\n") == ["unknown-state", "out-of-range"]
    assert codes(one_state("{approval: 3, transitions: [{on: timeout, to: done}]}")) == [
        "wrong-type",
        "bad-transition",
    ]
    assert codes(one_state("{max-visits: 2, on-max-visits: 3, transitions: []}")) == [
        "wrong-type",
        "out-of-range",
    ]
    assert codes(one_state("{transitions: [3]}")) == ["wrong-type"]
    assert codes(one_state("{transitions: [{on: 3, to: 3, set: 3}]}")) == ["wrong-type"] * 3


def test_broken_data_is_one_mistake() -> None:
    """What sets or reads it is not blamed as well."""
    data = "data: {rounds: {type: whole}}\n"
    way = "{transitions: [{on: push, set: {rounds: 1}, when: data.rounds > 1, to: done}]}"

    assert codes(one_state(way, data)) == ["wrong-value"]


def test_an_expression_for_data_is_checked() -> None:
    """A list is no value to set as it is, and a wrong expression is told where it stands."""
    data = "data: {list: {type: array}}\n"

    assert codes(
        one_state("{transitions: [{on: push, set: {list: [1]}, to: done}]}", data)
    ) == ["wrong-type"]
    assert codes(
        one_state("{transitions: [{on: push, set: {list: lst}, to: done}]}", data)
    ) == ["unknown-name"]


def test_tasks_of_a_state_may_be_wrong_as_those_of_a_graph() -> None:
    """The same reader reads them."""
    ways = "transitions: [{on: tasks.failed, to: done}]"
    state = f"{{tasks: {{a: {{{DISPATCH}, needs: [b]}}}}, {ways}}}"

    assert codes(one_state(state)) == ["endless-state", "unknown-task"]
