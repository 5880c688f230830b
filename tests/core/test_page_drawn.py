"""The pictures on a page: tasks and states as boxes and arrows, and time as bars."""

from app.core.events import Conclusion
from tests.core.page_kit import MATRIX, page
from tests.core.test_summary_waiting import GATED, gated
from tests.core.told import Told, plan_of
from tests.kit import build
from tests.kit.stage import Stage, graph, machine

# --- pictures -------------------------------------------------------------------------


def test_the_picture_leads_to_the_rows() -> None:
    """Every box to one that is there, coloured and worded as that is."""
    shown = page(gated().state)
    assert shown.drawing is not None
    nodes = {node.name: node for node in shown.drawing.nodes}

    assert {node.anchor for node in nodes.values()} <= {each.anchor for each in shown.rows}
    assert (nodes["build"].style, nodes["build"].told) == ("succeeded", "succeeded")
    assert (nodes["sign_off"].style, nodes["sign_off"].whole) == ("held", "sign_off: awaiting")
    assert [arrow.told for arrow in shown.drawing.arrows][:1] == ["build to sign_off"]


def test_a_task_for_several_counts_them() -> None:
    """Its box stands for all of them."""
    told = Told(plan_of(MATRIX)).begin().accept("build", "linux").run("build", "linux")
    shown = page(told.state)
    assert shown.drawing is not None
    [node] = shown.drawing.nodes

    assert (node.is_several, node.whole) == (True, "build: 1 running, 1 dispatching")
    assert node.told == "1 running, 1 dispatch…"


def test_a_machine_shows_where_it_is_and_where_it_may_go() -> None:
    """States as a picture and as a table; what leads back is told apart."""
    ways = [{"on": "pull_request.closed", "to": "done"}, {"on": "timeout", "to": "draft"}]
    states = {
        "draft": {
            "wait": {"for": "1h"},
            "max-visits": 3,
            "on-max-visits": {"to": "done"},
            "transitions": [{"on": "wait.elapsed", "to": "review"}],
        },
        "review": {"approval": {}, "timeout-minutes": 60, "transitions": ways},
        "done": {"final": True, "conclusion": "success"},
    }
    known = machine(states)
    stage = Stage.of(known)
    early = page(build.after(known).state)
    stage.wait(hours=1)
    shown = page(stage.state)
    drawing = shown.drawing
    assert drawing is not None
    nodes = {node.name: node for node in drawing.nodes}

    assert [(each.name, each.is_now, each.visits) for each in shown.states] == [
        ("draft", False, 1),
        ("review", True, 1),
        ("done", False, 0),
    ]
    assert shown.states[0].leads == (("review", "wait.elapsed"), ("done", "too many visits"))
    assert (nodes["review"].sign, nodes["review"].style) == ("▶", "held")
    assert (nodes["done"].is_final, nodes["done"].style) == (True, "untouched")
    assert [way.told for way in drawing.arrows if way.is_back] == ["review to draft: timeout"]
    assert [each.visits for each in early.states] == [0, 0, 0]
    assert early.drawing is not None


def test_a_state_that_was_entered_again_counts_its_visits() -> None:
    """In its box, too."""
    states = {
        "draft": {
            "wait": {"for": "1h"},
            "max-visits": 3,
            "on-max-visits": {"to": "done"},
            "transitions": [{"on": "wait.elapsed", "to": "draft"}],
        },
        "done": {"final": True, "conclusion": "success"},
    }
    stage = Stage.of(machine(states))
    stage.wait(hours=1)
    drawing = page(stage.state).drawing
    assert drawing is not None

    assert drawing.nodes[0].told == "visit 2"


def test_what_is_too_large_is_no_picture() -> None:
    """A hundred tasks can be read; of more there is the table."""
    many = {f"t{number}": {"wait": {"for": "1h"}} for number in range(101)}

    assert page(build.after(graph(many)).state).drawing is None
    assert len(page(build.after(graph(many)).state).rows) == 101


# --- time -----------------------------------------------------------------------------


def test_bars_tell_waiting_from_running() -> None:
    """On one scale, in the order of the file; a gate is people's time."""
    told = Told(plan_of(GATED)).begin().wait(minutes=1).accept("build").run("build")
    told.wait(minutes=2).end("build")
    found = page(told.state, minutes=10).timeline
    assert found is not None
    built, gate = found.bars

    assert [(it.start, it.width, it.style) for it in built.segments] == [
        (0, 100, "waiting"),
        (100, 200, "succeeded"),
    ]
    assert built.told == "waited 1 min, then ran 2 min"
    assert [(it.start, it.width, it.style) for it in gate.segments] == [(300, 700, "held")]
    assert gate.told == "waited for people 7 min so far"


def test_bars_say_what_still_goes_on_and_what_went_wrong() -> None:
    """What runs, what waits for a runner, what failed."""
    told = Told(plan_of(MATRIX)).begin().accept("build", "linux").wait(minutes=5)
    told.run("build", "linux")
    going = page(told.state, minutes=10).timeline
    told.wait(minutes=5).end("build", "linux", Conclusion.FAILURE)
    over = page(told.state, minutes=10).timeline
    assert going is not None
    assert over is not None

    assert [bar.told for bar in going.bars] == [
        "waited 5 min, then ran 5 min so far",
        "waited 10 min so far",
    ]
    assert over.bars[0].told == "waited 5 min, then ran 5 min, failed"
    assert over.bars[0].segments[-1].style == "failed"


def test_a_gate_that_closed_has_an_end() -> None:
    """That of its task."""
    told = gated().wait(minutes=30).cancel()
    found = page(told.state).timeline
    assert found is not None

    assert found.bars[1].told == "waited for people 30 min"


def test_very_many_bars_are_counted() -> None:
    """Two hundred are drawn."""
    matrix = {"n": [str(number) for number in range(120)]}
    dispatch = "acme/api/.github/workflows/build.yml@main"
    task = {"strategy": {"matrix": matrix}, "dispatch": dispatch}
    found = page(Stage.of(graph({"a": task, "b": task})).state, hours=1).timeline
    assert found is not None

    assert (len(found.bars), found.more) == (200, 40)
