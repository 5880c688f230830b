"""What each part of the text says, and what happens where there is too much to say."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.events import Conclusion, RunStatus
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.state import Leg, Orchestration, Reason, Task
from app.core.summary import summarise_check, summarise_comment, with_page
from app.core.telling.drawing import draw_mermaid, draw_tree
from app.core.telling.headline import headline
from app.core.telling.markdown import plain
from app.core.telling.task_table import duration, rows_of
from app.core.values import ONLY_LEG, LegKey, Sha, TaskName
from tests.core.told import Told, plan_of

CHAIN = """
version: 1
name: Chain
on: {push: {}}
tasks:
  a: {dispatch: acme/api/.github/workflows/a.yml@main}
  b: {needs: [a], dispatch: acme/api/.github/workflows/b.yml@main}
  c: {needs: [a], if: 'actor == "octocat"', dispatch: acme/api/.github/workflows/c.yml@main}
  d:
    needs: [b, c]
    strategy: {matrix: {os: [linux, windows], arch: [arm64]}}
    dispatch: acme/api/.github/workflows/d.yml@main
  e: {dispatch: acme/api/.github/workflows/e.yml@main}
"""

REPORTING = """
version: 1
name: Reporting
on: {push: {}}
tasks:
  scan:
    dispatch: acme/api/.github/workflows/scan.yml@main
    outputs: {found: {type: array}}
"""


def many(number: int) -> str:
    """Return a definition of independent tasks."""
    line = "  t{}: {{dispatch: acme/api/.github/workflows/a.yml@main}}"
    tasks = "\n".join(line.format(at) for at in range(number))
    return f"version: 1\nname: Many\non: {{push: {{}}}}\ntasks:\n{tasks}\n"


def failed_everywhere(number: int) -> Orchestration:
    """Return an orchestration whose tasks have all failed with much to say."""
    told = Told(plan_of(many(number), stem="many")).begin()
    for at in range(number):
        told.run(f"t{at}").report(f"t{at}", summary="| " * 2_000)
        told.end(f"t{at}", conclusion=Conclusion.FAILURE)
    return told.state


def test_what_does_not_fit_is_counted() -> None:
    """Tables and reports are cut at a row, and say how much is missing."""
    state = failed_everywhere(600)
    check = summarise_check(state)
    comment = summarise_comment(state)

    assert check.title == "failed: t0 — the workflow run failed, and 599 more"
    assert check.summary.endswith("more rows did not fit here.")
    assert check.text.startswith(
        "### Graph\n\nThe graph of 600 tasks is too large to be drawn."
    )
    assert check.text.endswith("more reports did not fit here.")
    assert comment.body.endswith("more tasks did not fit here; the check has them.")
    assert len(check.summary) <= 65_535
    assert len(check.text) <= 65_535
    assert len(comment.body) <= 65_536


def test_what_was_cut_ends_with_the_way_to_all_of_it() -> None:
    """Where there are pages; what was not cut stays as it is, and so does the digest."""
    url = "https://signalbox.test/orchestrations/0123456789abcdef"
    line = f"[The page of this orchestration]({url}) has all of it."
    cut = summarise_check(failed_everywhere(600))
    whole = summarise_check(Told(plan_of(CHAIN)).begin().state)
    linked = with_page(cut, url)

    assert linked.summary.endswith(f"did not fit here.\n\n{line}")
    assert linked.text.endswith(f"did not fit here.\n\n{line}")
    assert max(len(linked.summary.encode()), len(linked.text.encode())) <= 65_535
    assert linked.digest == cut.digest
    assert with_page(whole, url) == whole
    assert with_page(cut, "https://a.test/" + "a" * 500) == cut
    assert with_page(cut, "javascript:alert(1)") == cut


def test_one_report_too_many_is_one() -> None:
    """A single thing left out is spoken of as one."""
    shown = summarise_check(failed_everywhere(16)).text

    assert shown.endswith("1 more report did not fit here.")


def test_inputs_that_do_not_fit_are_counted() -> None:
    """Inputs have a share of the text, and no more."""
    inputs = {f"input_{number}": "x" * 300 for number in range(100)}
    shown = summarise_check(Told(plan_of(CHAIN, inputs=inputs)).state).text

    assert "more values did not fit here." in shown
    assert len(shown) < 10_000


def test_a_tree_has_each_task_once() -> None:
    """A task hangs under the last of those it needs; the others stand beside it."""
    definition = plan_of(CHAIN, stem="chain").definition

    assert draw_tree(definition) == (
        "Chain (chain)\n"
        "├─ a  → acme/api/.github/workflows/a.yml@main\n"
        "│  ├─ b  → acme/api/.github/workflows/b.yml@main\n"
        "│  │  └─ d  → acme/api/.github/workflows/d.yml@main  · also after c"
        "  · for each os and arch\n"
        '│  └─ c  → acme/api/.github/workflows/c.yml@main  · if actor == "octocat"\n'
        "└─ e  → acme/api/.github/workflows/e.yml@main"
    )


def test_a_tree_tells_how_far_tasks_are() -> None:
    """With a state, each line of the tree begins with the state of its task."""
    state = Told(plan_of(CHAIN)).begin().run("a").state

    lines = draw_tree(state.plan.definition, state).split("\n")
    assert lines[1].startswith("├─ a  ▶️ running  → ")
    assert lines[2].startswith("│  ├─ b  ⏳ waiting  → ")


def test_a_plan_is_drawn_without_a_state() -> None:
    """A definition alone has a graph, in which nothing has a colour."""
    assert draw_mermaid(plan_of(CHAIN).definition) == (
        "flowchart LR\n"
        '  t1["a"]\n'
        '  t2["b"]\n'
        '  t3["c"]\n'
        '  t4[["d<br/>for each os and arch"]]\n'
        '  t5["e"]\n'
        "  t1 --> t2\n"
        "  t1 --> t3\n"
        "  t2 --> t4\n"
        "  t3 --> t4"
    )


def test_a_graph_has_as_many_arrows_as_can_be_read() -> None:
    """Few tasks may still have too many arrows."""
    names = [f"t{at}" for at in range(100)]
    lines = [
        f"  {name}: {{needs: [{', '.join(names[:at])}], "
        "dispatch: acme/api/.github/workflows/a.yml@main}"
        for at, name in enumerate(names)
    ]
    text = "version: 1\nname: Dense\non: {push: {}}\ntasks:\n" + "\n".join(lines)
    state = Told(plan_of(text.replace("needs: [], ", ""))).state

    assert draw_mermaid(state.plan.definition) is None
    assert "Graph" not in summarise_comment(state).body


@pytest.mark.parametrize(
    ("span", "written"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(seconds=61), "1 min 1 s"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(hours=1, seconds=5), "1 h"),
        (timedelta(days=3, hours=2, minutes=5), "3 d 2 h"),
    ],
)
def test_a_duration_has_two_units_at_most(span: timedelta, written: str) -> None:
    """Nobody needs the seconds of a day."""
    assert duration(span) == written


def test_a_later_attempt_is_told() -> None:
    """A workflow run that was run again says which attempt it is."""
    told = Told(plan_of(CHAIN)).begin().run("a").run("a", run_attempt=2)

    assert next(rows_of(told.state)).workflow_run.endswith("at `main`, attempt 2")


def test_legs_that_need_a_look_are_counted_too() -> None:
    """Of a large matrix only some of what failed is named."""
    legs = {
        LegKey(f"n{at}"): Leg(key=LegKey(f"n{at}"), status=LegStatus.FAILED) for at in range(40)
    }
    state = Told(plan_of(CHAIN)).state.with_task(
        TaskName("d"), Task(status=TaskStatus.FAILED, legs=legs, is_matrix=True)
    )

    assert "| d, 30 more that failed or wait for people |" in summarise_check(state).summary
    assert "| n0, n1, n2 and 37 more |" in summarise_comment(state).body


def test_failures_of_several_kinds_are_told_apart() -> None:
    """Where legs failed for different reasons, the one shown is said to be the first."""
    told = Told(plan_of(CHAIN)).begin().end("a").end("b").end("c")
    told.end("d", "linux, arm64", Conclusion.FAILURE)
    told.end("d", "windows, arm64", Conclusion.TIMED_OUT)

    assert "); the first: the workflow run failed" in summarise_comment(told.state).body


def test_many_names_are_counted() -> None:
    """A title names a few tasks and counts the rest."""
    told = Told(plan_of(many(5))).begin()
    for at in range(5):
        told.run(f"t{at}")

    assert headline(told.state) == "0 of 5 tasks done, t0, t1 and 3 more running"


def test_several_that_are_held_wait_together() -> None:
    """Grammar holds for more than one."""
    told = Told(plan_of(CHAIN)).begin()
    told.run("a", status=RunStatus.WAITING).run("e", status=RunStatus.WAITING)

    assert (
        headline(told.state) == "held: a and e wait for a person on GitHub, 0 of 5 tasks done"
    )


@pytest.mark.parametrize(
    ("status", "reason", "title"),
    [
        (OrchestrationStatus.CANCELLING, None, "cancelling; a, b and 3 more still to end"),
        (OrchestrationStatus.CANCELLED, None, "cancelled"),
        (OrchestrationStatus.CANCELLED, ("x", "cancelled"), "cancelled"),
        (
            OrchestrationStatus.CANCELLED,
            ("task-cancelled", "a task was"),
            "cancelled: a task was",
        ),
        (OrchestrationStatus.FAILED, None, "failed"),
        (OrchestrationStatus.FAILED, ("timed-out", "it took long"), "failed: it took long"),
    ],
)
def test_an_end_says_its_reason(
    status: OrchestrationStatus, reason: tuple[str, str] | None, title: str
) -> None:
    """The title of an end is its reason, said once."""
    why = Reason(code=reason[0], message=reason[1]) if reason else None

    assert headline(replace(Told(plan_of(CHAIN)).state, status=status, reason=why)) == title


def test_a_failure_without_a_reason_names_the_task() -> None:
    """Where nothing is known but the task, the title says that."""
    state = replace(Told(plan_of(CHAIN)).state, status=OrchestrationStatus.FAILED)
    state = state.with_task(TaskName("a"), Task(status=TaskStatus.FAILED))

    assert headline(state) == "failed: a"


def test_a_start_without_a_commit_is_told() -> None:
    """What was started by hand may have neither a commit nor a ref."""
    state = Told(plan_of(CHAIN, ref="")).begin().run("a").state
    by_hand = replace(state.plan.cause, sha=Sha(""), event_name="manual")
    odd = replace(by_hand, sha=Sha("main"))
    attempt = replace(state.tasks[TaskName("a")].legs[ONLY_LEG].attempt, ref="")
    task = state.tasks[TaskName("a")]
    state = state.with_task(
        TaskName("a"), task.with_leg(task.legs[ONLY_LEG].with_attempt(attempt))
    )

    shown = [
        summarise_check(replace(state, plan=replace(state.plan, cause=cause))).summary
        for cause in (by_hand, odd)
    ]
    assert "Chain #&#8203;42 · acme/release · started by octocat, `manual`\n" in shown[0]
    assert "Chain #&#8203;42 · acme/release at `main` · started by octocat" in shown[1]
    assert (
        "| [acme/api · a.yml](https://github.com/acme/api/actions/runs/9000000001) |"
        in shown[0]
    )


@pytest.mark.parametrize(
    ("a", "title"),
    [
        (Task(status=TaskStatus.SUCCEEDED), "1 task succeeded"),
        (Task(status=TaskStatus.SKIPPED), "0 tasks succeeded, 1 skipped"),
        (
            Task(status=TaskStatus.FAILED, is_tolerated=True),
            "0 tasks succeeded, 1 failed and tolerated",
        ),
    ],
)
def test_a_success_counts_what_happened(a: Task, title: str) -> None:
    """Tasks that were skipped or whose failure is tolerated are counted apart."""
    state = Told(plan_of(many(1))).state.with_task(TaskName("t0"), a)

    assert headline(replace(state, status=OrchestrationStatus.SUCCEEDED)) == title


def test_what_was_reported_is_shown_as_far_as_it_is_declared() -> None:
    """Before a task has ended, outputs are those reported so far; any JSON is shown as such."""
    told = Told(plan_of(REPORTING)).begin().run("scan").report("scan", found=[1, 2], other="x")
    text = summarise_check(told.state).text

    assert "| scan | `found` | `[1, 2]` |" in text
    assert "other" not in text


def test_a_leg_that_is_cancelled_without_a_reason_says_nothing() -> None:
    """Where nothing is known, nothing is made up."""
    leg = Leg(key=ONLY_LEG, status=LegStatus.CANCELLED)
    task = Task(status=TaskStatus.CANCELLED, legs={ONLY_LEG: leg})
    state = Told(plan_of(many(1))).state.with_task(TaskName("t0"), task)

    assert next(rows_of(state)).why == ""


def test_a_leg_without_a_place_says_what_it_waits_for() -> None:
    """Where `max-parallel` lets fewer legs run than there are, the others say so."""
    text = CHAIN.replace("strategy: {", "strategy: {max-parallel: 1, ")
    told = Told(plan_of(text)).begin().end("a").end("b").end("c")

    whys = [each.why for each in rows_of(told.state) if each.name.startswith("d (")]
    assert whys == [
        "asked for; GitHub has not answered yet",
        "waits for a place among `max-parallel`",
    ]


def test_a_leg_whose_outputs_are_late_says_so() -> None:
    """A workflow run that has ended may still owe its outputs."""
    state = Told(plan_of(CHAIN)).begin().run("a").state
    task = state.tasks[TaskName("a")]
    attempt = replace(task.legs[ONLY_LEG].attempt, conclusion=Conclusion.SUCCESS)
    late = task.with_leg(task.legs[ONLY_LEG].with_attempt(attempt))

    row = next(rows_of(state.with_task(TaskName("a"), late)))
    assert row.why == "the workflow run has ended; its outputs have not come yet"


def test_a_name_cannot_end_in_a_mention() -> None:
    """A sign at the end of one text does not get at the next."""
    assert plain("see #") + "1" == "see #&#8203;1"
    assert plain("by @") + "octocat" == "by @&#8203;octocat"


def test_a_reason_of_the_whole_is_told() -> None:
    """What the tasks do not say, the check says above them."""
    reason = Reason(
        code="timed-out", message="it took more than 60 minutes (`timeout-minutes`)"
    )
    state = replace(Told(plan_of(CHAIN)).state, reason=reason)

    assert (
        "\n\nReason: it took more than 60 minutes (`timeout-minutes`); raise the limit, "
        "or find what hangs (`timed-out`)\n"
    ) in summarise_check(state).summary
