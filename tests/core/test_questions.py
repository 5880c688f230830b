"""What a gate asks in its own words, and what is told of it once it is answered."""

import json
from typing import Any

import pytest

from app.core.doorways.explaining import explain_orchestration, gates_as_json
from app.core.evidence import evidence
from app.core.telling.task_table import rows_of
from app.core.values import TaskName
from tests.kit.stage import Stage, graph, happening

RULES = [{"require": [{"teams": ["acme/sre"]}]}]
RUN = {"dispatch": "acme/app/.github/workflows/run.yml@main"}


def asking(title: str, **task: Any) -> Stage:
    """Begin a gate that asks this."""
    ask = {"approval": {"title": title, "rules": RULES}, **task}
    return Stage.of(graph({"ask": ask}, cause=happening("push", {"risk": 3})))


def table(stage: Stage) -> str:
    """Return the table of tasks."""
    return "\n".join(map(str, rows_of(stage.state)))


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Ship ${{ event.risk }}?", "Ship 3?"),
        ("Ship ${{ event.no.such }}?", "Ship ${{ event.no.such }}?"),
        ("Ship?", "Ship?"),
    ],
)
def test_a_gate_asks_in_the_words_of_its_title(title: str, told: str) -> None:
    """In the table, under `/why`, for programs and in the evidence; what has no value stands
    there as it is written, since nothing hangs on it."""
    stage = asking(title)
    [gate] = gates_as_json(stage.state, stage.now)
    pack = evidence(stage.state, [], ("json", "markdown"), ("approvals",), stage.now)
    shown = told.replace("$", "\\$")

    assert f"asks “{shown}” and waits for 1 vote from acme/sre, until" in table(stage)
    assert f"`ask` asks “{shown}” and waits" in explain_orchestration(stage.state, stage.now)
    assert gate["title"] == told
    assert json.loads(pack["json"])["approvals"][0]["title"] == told
    assert f"| {shown} |" in pack["markdown"]


def test_each_leg_asks_its_own_question() -> None:
    """A title may name the cell of the matrix."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    agent = {
        "agent": RUN["dispatch"],
        "outputs": {"schema": schema},
        "review": {"title": "Open ${{ matrix.region }}?", "rules": RULES},
        "strategy": {"matrix": {"region": ["eu", "us"]}},
    }
    stage = Stage.of(graph({"mend": agent}))
    stage.run("mend/eu", outputs={"n": 1})
    stage.run("mend/us", outputs={"n": 1})

    assert "asks “Open eu?”" in table(stage)
    assert "asks “Open us?”" in table(stage)


def test_a_wave_and_the_review_of_an_agent_ask_so_too() -> None:
    """Whoever is asked reads what about."""
    go_on = {"title": "Go on?", "rules": RULES}
    waves = [{"name": "one", "percent": 100, "approval": go_on}]
    rollout = {**RUN, "strategy": {"matrix": {"region": ["eu"]}, "waves": waves}}
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    agent = {"agent": RUN["dispatch"], "outputs": {"schema": schema}, "review": go_on}
    stage = Stage.of(graph({"rollout": rollout, "mend": agent}))
    stage.run("mend", outputs={"n": 1})

    assert "waits for its wave one, which asks “Go on?” and waits for 1 vote" in table(stage)
    assert table(stage).count("asks “Go on?”") == 2


@pytest.mark.parametrize("review", ["none", {"rules": RULES}])
def test_what_asks_nobody_has_no_title(review: Any) -> None:
    """An agent without a review, or with one that has no words of its own, asks nothing so."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    agent = {
        "agent": RUN["dispatch"],
        "outputs": {"schema": schema},
        "review": review,
        "on-failure": "ask",
    }
    stage = Stage.of(graph({"mend": agent}))
    stage.run("mend", "failure")
    pack = evidence(stage.state, [], ("json",), ("approvals",), stage.now)

    assert [it["title"] for it in json.loads(pack["json"])["approvals"]] == [""]


def test_of_an_answered_gate_it_is_told_what_was_chosen_and_by_whom() -> None:
    """Under `/why` of just this task: who comes later need not look into the journal."""
    stage = asking("Ship?")
    stage.choose("ask", reason="all green")
    told = explain_orchestration(stage.state, stage.now, TaskName("ask"))

    assert "- `ask` succeeded: `approve` by mona: all green" in told
