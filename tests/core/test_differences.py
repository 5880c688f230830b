"""What is told of a question that is asked again: what differs from the one before."""

from dataclasses import replace

import pytest

from app.core.commands import DispatchWorkflow
from app.core.decide import decide
from app.core.doorways.explaining import explain_orchestration, gates_as_json
from app.core.events import OrchestrationRequested
from app.core.gate_events import GateId, VoteCast
from app.core.legs.posing import DETAILS_MAX, NEEDS_MAX, handed_on
from app.core.state import Orchestration, Vote, new_orchestration
from app.core.telling.differences import DIFFERENCES_MAX, differences
from app.core.telling.task_table import rows_of
from app.core.values import Json, JsonObject, TaskName
from tests.core.ballot import GATE, HEAD, TASKS, TWO_TEAMS
from tests.core.told import COMMIT, START, Told, plan_of
from tests.kit.stage import Stage, graph, pull
from tests.kit.states import on, story

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

    assert f"asked again: the commit was {OLD[:12]}" in explain_orchestration(state, START)
    assert gate["changed"] == [f"the commit was {OLD[:12]} and is {COMMIT[:12]}"]


RULES = [{"require": [{"permission": "write"}]}]
BUILD = {
    "dispatch": "acme/api/.github/workflows/b.yml@main",
    "outputs": {"version": {"type": "string"}, "api_token": {"type": "string"}},
}
ASK = {"needs": ["build"], "approval": {"rules": RULES}}
OUTPUTS = {"version": "1", "api_token": "x"}
WHERE = GateId(task=TaskName("ask"))


def built(tasks: JsonObject | None = None, /, **outputs: Json) -> Stage:
    """Return a stage on which something is built, and then people are asked about it."""
    stage = Stage.of(graph(tasks or {"build": BUILD, "ask": {**ASK, "join": "all-done"}}))
    stage.run("build", outputs={**OUTPUTS, **outputs})
    return stage


def asked_again(stage: Stage, conclusion: str = "success", **outputs: Json) -> Stage:
    """Let people say yes, and then the build be tried again, and the question with it."""
    stage.choose("ask")
    stage.retry("build")
    stage.run("build", conclusion, outputs={**OUTPUTS, **outputs})
    stage.retry("ask")
    return stage


@pytest.mark.parametrize(
    ("was", "is_now", "words"),
    [
        ({"version": "1.4"}, {"version": "1.5"}, "output `version` of `build`: `1.4` → `1.5`"),
        (
            {"version": "1"},
            {"version": "`|"},
            "output `version` of `build`: `1` → <code>&#96;&#124;</code>",
        ),
        (
            {"api_token": "ghs_aaaaaaaaaaaa"},
            {"api_token": "ghs_bbbbbbbbbbbb"},
            "output `api_token` of `build` is another",
        ),
        (
            {"version": "x" * 100 + "y"},
            {"version": "x" * 100 + "z"},
            "output `version` of `build` is another",
        ),
        ({"version": ""}, {"version": "1.5"}, "output `version` of `build`: empty → `1.5`"),
    ],
)
def test_what_the_tasks_before_came_to_is_compared_value_by_value(
    was: JsonObject, is_now: JsonObject, words: str
) -> None:
    """As far as it may be shown: of a secret, and of what is long, only that it is another."""
    stage = asked_again(built(**was), **is_now)

    assert differences(stage.state, WHERE) == ("`build` was tried again", words)
    assert len(stage.asked(DispatchWorkflow)) == 2


def test_another_end_of_what_came_before_is_named() -> None:
    """A gate that asks whatever the tests came to says what they came to now."""
    stage = asked_again(built(), "failure")
    worse = differences(stage.state, WHERE)
    better = differences(asked_again(stage).state, WHERE)

    assert worse == (
        "the result of `build`: `success` → `failure`",
        "`build` was tried again",
        "output `version` of `build` is not there any more",
        "output `api_token` of `build` is not there any more",
    )
    assert better[2:] == (
        "output `version` of `build` is new: `1`",
        "output `api_token` of `build` is new: `***`",
    )


def test_a_question_is_the_same_until_what_it_needs_has_come_to_something_else() -> None:
    """While the build is tried again it is what it was; once it has ended it is compared with
    what people voted on, however often it was tried since; and back to that is no change."""
    tasks = {
        "build": BUILD,
        "ask": {**ASK, "approval": {"rules": RULES, "options": ["go", "stay"]}},
    }
    stage = built(tasks, version="1")
    vote(stage)
    found = []
    for version in ("2", "3", "1"):
        stage.retry("build")
        meanwhile = differences(stage.state, WHERE)
        stage.run("build", outputs={**OUTPUTS, "version": version})
        found.append((meanwhile, differences(stage.state, WHERE)[1:]))

    assert found[0] == ((), ("output `version` of `build`: `1` → `2`",))
    assert found[1][1] == ("output `version` of `build`: `1` → `3`",)
    assert found[2][1] == ()


def test_what_was_voted_on_is_what_the_next_is_compared_with() -> None:
    """Who has voted on the second build wants to know how the third differs from that."""
    stage = built(version="1")
    for version in ("2", "3"):
        vote(stage)
        stage.retry("build")
        stage.run("build", outputs={**OUTPUTS, "version": version})

    assert differences(stage.state, WHERE)[1:] == ("output `version` of `build`: `2` → `3`",)


def vote(stage: Stage) -> None:
    """Let somebody vote who opens nothing alone."""
    by = Vote(
        by="eve", option="approve", at=stage.now, source="comment", reference=f"{stage.now}"
    )
    stage.tell(VoteCast(at=stage.now, gate=WHERE, vote=by))


def test_what_is_too_much_to_keep_is_told_as_a_whole() -> None:
    """Of many outputs, and of many needs, only that they are others is known."""
    names = {f"o{n}": {"type": "string"} for n in range(DETAILS_MAX + 1)}
    large = {"build": {**BUILD, "outputs": names}, "ask": ASK}
    one = asked_again(built(large, **dict.fromkeys(names, "1")), **dict.fromkeys(names, "2"))
    needs = {f"t{n}": {**BUILD} for n in range(NEEDS_MAX)}
    tasks = {**needs, "build": BUILD, "ask": {**ASK, "needs": ["build", *needs]}}
    stage = Stage.of(graph(tasks))
    for name in needs:
        stage.run(name, outputs=OUTPUTS)
    stage.run("build", outputs=OUTPUTS)
    many = asked_again(stage, version="2")

    assert differences(one.state, WHERE)[1:] == ("the outputs of `build` are others",)
    assert differences(many.state, WHERE) == ("what it needs came to something else",)


def test_only_so_many_differences_are_named() -> None:
    """A sentence is to be read: after the tenth the rest is counted."""
    names = {f"o{n}": {"type": "string"} for n in range(DETAILS_MAX)}
    tasks = {"build": {**BUILD, "outputs": names}, "ask": ASK}
    stage = asked_again(built(tasks, **dict.fromkeys(names, "1")), **dict.fromkeys(names, "2"))
    found = differences(stage.state, WHERE)

    assert (len(found), found[-1]) == (DIFFERENCES_MAX + 1, "and 3 more")


def test_legs_of_a_matrix_are_told_apart() -> None:
    """An output of a matrix is named with the leg that it is of."""
    matrix = {"matrix": {"region": ["eu", "us"]}}
    stage = Stage.of(graph({"build": {**BUILD, "strategy": matrix}, "ask": ASK}))
    for leg in ("eu", "us"):
        stage.run(f"build/{leg}", outputs=OUTPUTS)
    stage.choose("ask")
    stage.retry("build")
    for leg, version in (("eu", "1"), ("us", "2")):
        stage.run(f"build/{leg}", outputs={**OUTPUTS, "version": version})
    stage.retry("ask")

    assert differences(stage.state, WHERE)[1:] == ("output `us/version` of `build`: `1` → `2`",)


def test_a_machine_that_asks_again_says_what_has_changed() -> None:
    """A state that is entered again asks about another commit, and about other data."""
    ways = [
        on("approval.rejected", "first", set={"rounds": "data.rounds + 1"}),
        on("pull_request.synchronize", "first"),
        on("approval.approved", "done"),
        on("timeout", "lost"),
    ]
    first = {"approval": {"rules": RULES}, "timeout-minutes": 60, "transitions": ways}
    rounds = {"rounds": {"type": "integer", "default": 0}}
    stage = Stage.of(
        story(rounds, first={**first, "max-visits": 5, "on-max-visits": {"to": "lost"}})
    )
    stage.choose("approval", "reject")
    again = differences(stage.state, GateId(task=TaskName("first.2.approval")))
    stage.hear("pull_request.synchronize", pull("synchronize", "b"))
    pushed = differences(stage.state, GateId(task=TaskName("first.3.approval")))

    assert again == ("data `rounds`: `0` → `1`",)
    assert pushed == (
        f"the commit was {'a' * 12} and is {'b' * 12}",
        "data `rounds`: `0` → `1`",
    )


def test_a_gate_of_a_wave_says_it_where_people_look() -> None:
    """In the table, under `/why` and for programs: whom the wave waits for, and what is new."""
    waves = [
        {"name": "canary", "percent": 50},
        {"name": "rest", "percent": 100, "approval": {"rules": RULES}},
    ]
    strategy = {"matrix": {"region": ["eu", "us"]}, "waves": waves}
    deploy = {"dispatch": "acme/api/.github/workflows/d.yml@main", "needs": ["build"]}
    stage = built({"build": BUILD, "deploy": {**deploy, "strategy": strategy}}, version="1")
    stage.run("deploy/eu")
    stage.retry("build")
    stage.run("build", outputs={**OUTPUTS, "version": "2"})
    [gate] = gates_as_json(stage.state, stage.now)
    told = explain_orchestration(stage.state, stage.now)
    table = "\n".join(str(row) for row in rows_of(stage.state))
    new = "asked again: `build` was tried again; output `version` of `build`: `1` → `2`"

    assert gate["changed"] == new.removeprefix("asked again: ").split("; ")
    assert "1 vote from people with write permission, until" in table
    assert new in table
    assert new in told


def pulled(base: Json, draft: Json, sha: str = "a") -> Stage:
    """Begin what asks about a pull request, as GitHub describes it."""
    cause = pull("opened", sha, facts={"base": {"ref": base}, "draft": draft})
    return Stage.of(graph({"ask": {"approval": {"rules": RULES}}}, cause=cause))


@pytest.mark.parametrize(
    ("was", "is_now", "words"),
    [
        (pulled("next", False), pulled("main", False), ("the base: `next` → `main`",)),
        (pulled("main", False), pulled("main", True), ("it is a draft now",)),
        (pulled("main", True), pulled("main", False), ("it is no draft any more",)),
        (pulled("main", None), pulled("main", True), ("it is a draft now",)),
        (pulled("main", True), pulled("main", None), ()),
        (
            pulled("main", False),
            pulled("main", False, "b"),
            (f"the commit was {'a' * 12} and is {'b' * 12}",),
        ),
    ],
)
def test_the_next_orchestration_compares_with_the_one_before(
    was: Stage, is_now: Stage, words: tuple[str, ...]
) -> None:
    """What was asked about is handed on to whatever is begun after it."""
    plan = is_now.state.plan
    begun = OrchestrationRequested(at=START, by="mona", posed=handed_on(was.state))
    decision = decide(new_orchestration(plan), begun)

    assert differences(decision.state, WHERE) == words


def test_how_often_something_was_tried_is_said_of_one_orchestration_alone() -> None:
    """What the next one builds for the first time it has not tried again."""
    first = built(version="1")
    stage = Stage(state=new_orchestration(first.state.plan))
    posed = handed_on(first.state)
    stage.tell(OrchestrationRequested(at=START, by="mona", posed=posed))
    stage.run("build", outputs={**OUTPUTS, "version": "2"})

    assert differences(stage.state, WHERE) == ("output `version` of `build`: `1` → `2`",)
