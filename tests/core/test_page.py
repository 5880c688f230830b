"""What the page of an orchestration says: the words of the check, and what stands behind."""

import json
from datetime import timedelta

from hypothesis import given, settings

from app.core.copying import replace as changed
from app.core.events import (
    CancelRequested,
    Conclusion,
    DispatchDelayed,
    OrchestrationRequested,
)
from app.core.gate_events import GateId, SubjectGone, VoteCast
from app.core.plan import Parent
from app.core.state import Orchestration, Vote
from app.core.summary import summarise_check
from app.core.telling.page.delays import PutOff
from app.core.telling.page.model import JOURNAL_MAX, LEGS_MAX, ROWS_MAX
from app.core.telling.page.sentences import text_of
from app.core.values import LegKey, OrchestrationId, Sha, TaskName
from tests.core.hostile import states
from tests.core.page_kit import GITHUB, LATER, MATRIX, facts, links, page, row
from tests.core.test_summary_waiting import GATED, HEAD, gated
from tests.core.told import COMMIT, START, Told, plan_of
from tests.core.wave_kit import APPROVAL, rollout, wave
from tests.kit import build
from tests.kit.stage import Stage, graph

# --- its head -------------------------------------------------------------------------


def test_a_page_says_what_the_check_says() -> None:
    """The same line, and the same words about what people can do."""
    state = gated().state
    shown, check = page(state), summarise_check(state)

    assert (shown.headline, shown.title) == (check.title, "Ship #42")
    assert [text_of(line.says).split(" waits")[0] for line in shown.now] == ["sign_off"]
    assert text_of(shown.now[0].under[0]).startswith("answer with /approve sign_off")
    assert (shown.style, shown.status, shown.sign) == ("held", "running", "✋")
    assert (shown.is_open, shown.took) == (True, "1 h")
    assert shown.deadline is not None


def test_it_says_who_began_it_and_where_that_is() -> None:
    """With links to the pull request, the commit and the definition."""
    shown = page(gated().state)
    said = dict(shown.facts)

    assert facts(shown)["Started"] == f"by octocat, push of acme/release#12 at {COMMIT[:12]}"
    assert links(said["Started"]) == [
        f"{GITHUB}/acme/release/pull/12",
        f"{GITHUB}/acme/release/commit/{COMMIT}",
    ]
    assert links(said["Definition"]) == [
        f"{GITHUB}/acme/release/blob/HEAD/.github/orchestrations/release-train.yml"
    ]


def test_what_has_no_pull_request_names_its_branch() -> None:
    """And what has none, its repository; what is no commit is no link."""
    plan = plan_of(GATED)
    branch = changed(plan, cause=changed(plan.cause, pull_request=None))
    bare = changed(plan, cause=changed(plan.cause, pull_request=None, ref="", sha=Sha("")))
    odd = changed(plan, cause=changed(plan.cause, sha=Sha("main"), actor=""))

    assert facts(page(Told(branch).begin().state))["Started"].startswith(
        "by octocat, push of acme/release main at "
    )
    assert (
        facts(page(Told(bare).begin().state))["Started"] == "by octocat, push of acme/release"
    )
    said = dict(page(Told(odd, by="").begin().state).facts)["Started"]
    assert text_of(said) == "push of acme/release#12 at main"
    assert links(said) == [f"{GITHUB}/acme/release/pull/12"]


def test_what_is_part_of_another_leads_there() -> None:
    """A child names the page of its parent."""
    where = build.attempt("deploy")
    parent = Parent(orchestration=OrchestrationId("ab" * 8), attempt=where, depth=1)
    shown = page(Told(changed(plan_of(GATED), parent=parent)).begin().state)

    assert links(dict(shown.facts)["Part of"]) == [f"/orchestrations/{'ab' * 8}"]


def test_what_was_superseded_says_where_it_goes_on() -> None:
    """With a link to that commit, and with the reason of its end."""
    told = gated().hear(
        SubjectGone(at=START, code="superseded", message="a new commit", sha=Sha("b" * 40))
    )
    shown = page(told.state)

    assert facts(shown)["Goes on"] == f"at {'b' * 12}"
    assert "Reason" in facts(shown)
    assert not shown.is_open


def test_before_anything_has_begun_there_is_a_page() -> None:
    """It is about to start: no times, no bars."""
    state = build.after(build.plan("build")).state
    shown = page(state)

    assert (shown.style, shown.timeline, shown.took) == ("waiting", None, "")
    assert [each.word for each in shown.rows] == ["waiting"]
    assert (shown.journal, shown.earlier) == ((), 0)


def test_what_was_begun_and_has_no_legs_has_no_bars() -> None:
    """As what waits for its place from the start."""
    text = HEAD + "concurrency: {group: train}\ntasks:\n  build: {wait: {for: 1h}}\n"
    shown = page(Told(plan_of(text)).begin().state)

    assert shown.timeline is None
    assert text_of(shown.waits).startswith("waits for a place in the concurrency group train")


# --- tasks ----------------------------------------------------------------------------


def test_a_gate_shows_how_it_is_decided() -> None:
    """The whole tree with who could, and what has been said so far."""
    vote = Vote(
        by="ada", option="approve", at=START, source="review", reason="fine", sha=COMMIT
    )
    gate = GateId(task=TaskName("sign_off"))
    told = gated().hear(VoteCast(at=START, gate=gate, vote=vote))
    [question] = row(page(told.state), "sign_off").questions
    [voice] = question.voices

    assert (question.name, question.options) == ("sign_off", ("approve", "reject"))
    assert (question.why.is_met, question.why.code) == (False, "gate-undecided")
    assert "acme/sre" in question.why.could
    assert any(each.under for each in question.why.under)
    assert (voice.who, voice.option, voice.way, voice.reason) == (
        "ada",
        "approve",
        "review",
        "fine",
    )


def test_a_gate_that_closed_keeps_its_votes() -> None:
    """Who had said what is there afterwards, too."""
    vote = Vote(by="ada", option="approve", at=START, sha=COMMIT)
    gate = GateId(task=TaskName("sign_off"))
    told = gated().hear(VoteCast(at=START, gate=gate, vote=vote))
    told.hear(CancelRequested(at=LATER, by="mona", reason="not today"))
    found = row(page(told.state), "sign_off")

    assert [each.who for each in found.voices] == ["ada"]
    assert found.questions == ()
    assert found.has_more


def test_many_who_could_are_counted() -> None:
    """Ten are named."""
    users = [f"user{number}" for number in range(12)]
    rules = json.dumps([{"require": [{"users": users, "count": 1}]}])
    text = HEAD + f"tasks:\n  sign_off: {{approval: {{rules: {rules}}}}}\n"
    [question] = row(page(Told(plan_of(text)).begin().state), "sign_off").questions

    assert question.why.could.endswith(", 2 more")


def test_attempts_stand_behind_their_task() -> None:
    """Each with its workflow run, when it was asked for, began and ended, and how."""
    told = Told(plan_of(MATRIX)).begin().accept("build", "linux").wait(minutes=1)
    told.run("build", "linux").wait(minutes=2).end("build", "linux", Conclusion.TIMED_OUT)
    shown = page(told.state)
    linux, mac = row(shown, "build (linux)"), row(shown, "build (mac)")
    [attempt] = linux.tries

    assert (linux.anchor, mac.anchor) == ("task-build", "task-build-1")
    assert (attempt.said, attempt.took, attempt.number) == ("timed out", "2 min", 1)
    assert attempt.url.startswith(f"{GITHUB}/acme/api/actions/runs/")
    assert attempt.shown == "acme/api · build.yml"
    assert [each.said for each in mac.tries] == ["asked for"]
    assert text_of(linux.workflow_run).startswith("acme/api · build.yml at main")


def test_a_delayed_dispatch_says_so_where_people_look() -> None:
    """In its row and at its attempt; what else is put off stands at the head."""
    told = Told(plan_of(GATED)).begin()
    until = START + timedelta(minutes=35)
    told.hear(
        DispatchDelayed(
            at=START,
            attempt=build.attempt("build"),
            until=until,
            message="GitHub's rate limit",
        )
    )
    put_off = PutOff(key="write/check", until=until, why="GitHub's rate limit")
    shown = page(told.state, delayed=(put_off,), minutes=1)
    said = "delayed until 2026-11-23 10:05 UTC by GitHub's rate limit"

    assert said in text_of(row(shown, "build").why)
    assert row(shown, "build").tries[0].said == "delayed"
    assert [(each.what, each.says) for each in shown.delays] == [("the check", said)]


def test_a_child_is_reached_by_its_page() -> None:
    """What a task started has a page of its own."""
    child = "acme/api/.github/orchestrations/child.yml@main"
    stage = Stage.of(graph({"child": {"orchestrate": child}}))
    [attempt] = row(page(stage.state, hours=1), "child").tries

    assert attempt.child is not None
    assert attempt.url == ""
    assert page(stage.state).reports == ()


def test_a_wave_that_asks_shows_its_question_once() -> None:
    """With its first leg; where that has no row, with the first of the task."""
    state = rollout(wave("canary", 25, approval=APPROVAL), wave("rest")).state
    [asked] = [each for each in page(state, hours=1).rows if each.questions]
    task = state.tasks[TaskName("rollout")]
    many = {LegKey(f"{at}"): leg for at in range(LEGS_MAX) for leg in task.legs.values()}
    large = state.with_task(TaskName("rollout"), changed(task, legs={**many, **task.legs}))
    [whole] = [each for each in page(large, hours=1).rows if each.questions]

    assert (asked.name, asked.questions[0].name) == ("rollout (a)", "rollout, wave canary")
    assert whole.name == "rollout, 304 legs"


def test_very_many_rows_are_cut() -> None:
    """A page says that there are more; one of a few tasks has them all."""
    state = Told(plan_of(MATRIX)).begin().state
    task = state.tasks[TaskName("build")]
    one = next(iter(task.legs.values()))
    legs = {LegKey(str(at)): changed(one, key=LegKey(str(at))) for at in range(LEGS_MAX)}
    many = {TaskName(f"t{at}"): changed(task, legs=legs) for at in range(7)}
    definition = changed(
        state.plan.definition,
        tasks=dict.fromkeys(many, state.plan.definition.tasks[TaskName("build")]),
    )
    plan = changed(state.plan, definition=definition)
    shown = page(changed(state, plan=plan, tasks=many))

    assert (len(shown.rows), shown.has_more_rows) == (ROWS_MAX, True)
    assert not page(state).has_more_rows


# --- values ---------------------------------------------------------------------------


def test_secrets_are_masked_and_long_values_cut() -> None:
    """In inputs, outputs, reports and in the definition itself."""
    token = "ghp_" + "a" * 36
    text = MATRIX.replace("name: Ship", f"name: Ship  # {token}")
    told = Told(plan_of(text, inputs={"note": "x" * 3_000})).begin()
    told.accept("build", "linux").report(
        "build", "linux", summary=f"see {token}\n\nall is well", image="i:1", api_token="hidden"
    )
    shown = page(told.state)
    outputs = {each.name: each.text for each in shown.outputs}

    assert outputs == {"image": "i:1", "api_token": "***"}
    assert [each.of for each in shown.outputs] == ["build (linux)"] * 2
    assert len(shown.inputs[0].text) == 2_001
    assert shown.reports == (("build (linux)", "see ***\n\nall is well"),)
    assert token not in shown.definition
    assert "dispatch: acme/api" in shown.definition


def test_of_a_long_journal_the_newest_events_are_shown() -> None:
    """With their numbers, and how many there were before."""
    events = [OrchestrationRequested(at=START, by="mona")] * (JOURNAL_MAX + 3)
    shown = page(gated().state, *events)

    assert (len(shown.journal), shown.earlier) == (JOURNAL_MAX, 3)
    assert (shown.journal[0].number, shown.journal[0].says) == (4, "requested by mona")
    assert shown.journal[0].name == "orchestration requested"


@settings(max_examples=40)
@given(states())
def test_whatever_the_state_there_is_a_page(state: Orchestration) -> None:
    """All of it can be written down, and every anchor stands there once."""
    shown = page(state)
    anchors = [each.anchor for each in shown.rows]

    assert repr(shown).encode()
    assert len(set(anchors)) == len(anchors)
    assert shown.drawing is not None
    assert {node.anchor for node in shown.drawing.nodes} <= set(anchors)
