"""What people read once something has ended otherwise than its last attempt did."""

from app.core.events import (
    ApprovalDecided,
    AttemptId,
    CommandGiven,
    Conclusion,
    DispatchAccepted,
    RunStatus,
    SeatGranted,
    SeatQueued,
    TimerElapsed,
    WorkflowRunObserved,
)
from app.core.naming import lock_key, visit_holder
from app.core.summary import summarise_comment
from app.core.telling.headline import headline
from app.core.telling.markdown import code, link, plain, unmarked
from app.core.telling.task_table import TaskRow, rows_of
from app.core.values import ONLY_LEG, TaskName
from tests.core.told import COMMIT, Told, plan_of

TASKS = """\
version: 1
on: {push: {}}
tasks:
  build:
    dispatch: acme/api/.github/workflows/build.yml@main
"""
MACHINE = """\
version: 1
on: {push: {}}
initial: review
states:
  review:
    approval:
      rules:
        - {require: [{teams: [acme/sre], count: 1}]}
        - {when: "inputs.level > 2", require: [{teams: [acme/ciso], count: 1}]}
    timeout-minutes: 60
    transitions:
      - {on: approval.approved, to: done}
      - {on: approval.rejected, to: done}
      - {on: timeout, to: done}
  done: {final: true, conclusion: neutral}
inputs: {level: {type: integer, default: 1}, levels: {type: array, default: [1]}}
"""


def begun(keys: str) -> Told:
    """Begin the one task, with these keys."""
    return Told(plan_of(f"{TASKS}    {keys}\n")).begin().accept("build")


def row_of(told: Told) -> TaskRow:
    """Return the first row."""
    return next(iter(rows_of(told.state)))


def answered(told: Told, option: str, reason: str = "") -> Told:
    """Let somebody choose what becomes of the task."""
    return told.hear(
        ApprovalDecided(
            at=told.now,
            task=TaskName("build"),
            leg=ONLY_LEG,
            option=option,
            by="mona",
            reason=reason,
            inputs={},
        )
    )


def test_a_failure_that_is_gone_on_with_is_shown_as_tolerated() -> None:
    """`on-failure: continue` is named as what bears it."""
    told = begun("on-failure: continue").end("build", conclusion=Conclusion.FAILURE)

    row = row_of(told)
    assert row.look is not None
    assert row.look.word == "failed, tolerated"
    assert row.why == (
        "the workflow run failed; its log says where; tolerated by `on-failure: continue` "
        "(`failure`)"
    )


def test_a_task_that_is_skipped_for_its_time_is_not_shown_as_failed() -> None:
    """What took too long was skipped, and what it needs goes on."""
    told = begun("timeout-minutes: 5\n    on-timeout: skip").run("build").wait(minutes=6)
    told.hear(TimerElapsed(at=told.now, task=TaskName("build")))
    told.end("build", conclusion=Conclusion.CANCELLED)

    row = row_of(told)
    assert row.look is not None
    assert row.look.word == "skipped"
    assert "it ran for more than 5 minutes" in row.why


def test_a_warning_is_asked_about() -> None:
    """A neutral end says that it is one, and what may be chosen."""
    told = begun("on-warning: ask").end("build", conclusion=Conclusion.NEUTRAL)

    assert row_of(told).why == (
        "it ended neutral, which is a warning; "
        "choose between retry, skip with a reason, and fail"
    )


def test_who_went_on_without_a_task_is_named() -> None:
    """The row says skipped, though its workflow run had succeeded."""
    told = begun("on-warning: ask").end("build", conclusion=Conclusion.NEUTRAL)

    row = row_of(answered(told, "skip", "good enough"))
    assert row.look is not None
    assert row.look.word == "skipped"
    assert row.why == "skipped by mona: good enough (`skipped`)"


def test_who_let_a_task_fail_is_named() -> None:
    """Beside why it failed stands who wanted no other try."""
    told = begun("on-failure: ask").end("build", conclusion=Conclusion.FAILURE)

    assert row_of(answered(told, "fail", "never mind")).why == (
        "the workflow run failed; its log says where; mona chose to let it fail: never mind "
        "(`failure`)"
    )


def test_who_let_a_task_fail_needs_no_reason() -> None:
    """Without a reason none is made up."""
    told = begun("on-failure: ask").end("build", conclusion=Conclusion.FAILURE)

    assert row_of(answered(told, "fail")).why.endswith("mona chose to let it fail (`failure`)")


def test_a_gate_ends_with_the_state_that_it_is_in() -> None:
    """People read until when the state waits, and only of rules that hold."""
    told = Told(plan_of(MACHINE, inputs={"level": 1})).begin()

    assert row_of(told).why == "waits for 1 vote from acme/sre, until 2026-11-23 10:30 UTC"


def test_a_rule_that_holds_is_waited_for() -> None:
    """Its people are named beside those of the others."""
    told = Told(plan_of(MACHINE, inputs={"level": 3})).begin()

    assert row_of(told).why.startswith(
        "waits for 1 vote from acme/sre and 1 vote from acme/ciso, until"
    )


def test_a_rule_without_a_value_lets_nobody_decide() -> None:
    """The gate stays shut, and the row says why."""
    text = MACHINE.replace("inputs.level > 2", "int(inputs.levels[7]) > 2")
    told = Told(plan_of(text, inputs={"levels": [1]})).begin()

    assert row_of(told).why.startswith("waits for nobody, since a rule of it has no value: ")


def test_a_gate_of_a_state_that_was_left_has_no_end() -> None:
    """Its row says how it ended instead."""
    told = Told(plan_of(MACHINE, inputs={"level": 1})).begin()
    name = next(iter(told.state.tasks))
    told.hear(
        ApprovalDecided(
            at=told.now,
            task=name,
            leg=ONLY_LEG,
            option="approve",
            by="mona",
            reason="",
            inputs={},
        )
    )

    assert row_of(told).why == "`approve` by mona"


def test_markdown_can_be_read_without_its_marks() -> None:
    """For a terminal words are bare, code stays in backticks, a link has its address behind."""
    text = f"{plain('*a* #1 & `b`')} {code('x & y')} {link('its page', 'https://x.test/1')}"

    assert unmarked(text) == "*a* #1 & `b` `x & y` its page (https://x.test/1)"
    assert unmarked(code("a|b")) == "a|b"


def test_what_ran_before_another_try_of_its_need_is_shown_as_stale() -> None:
    """A re-run on GitHub leaves what came after to be run again; the title counts it."""
    text = f"{TASKS}  ship:\n    needs: [build]\n    approval: {{}}\n"
    told = Told(plan_of(text)).begin().accept("build").end("build").wait(minutes=1)
    told.hear(
        ApprovalDecided(
            at=told.now,
            task=TaskName("ship"),
            leg=ONLY_LEG,
            option="approve",
            by="mona",
            reason="",
            inputs={},
        )
    )
    told.wait(minutes=1).run("build", run_attempt=2)
    told.run("build", status=RunStatus.COMPLETED, conclusion=Conclusion.SUCCESS, run_attempt=2)

    build, ship = rows_of(told.state)
    assert "run it again to follow" in summarise_comment(told.state).body
    assert build.why == ""
    assert ship.why == (
        "`approve` by mona; what it needs was tried again since: run it again to follow"
    )
    assert headline(told.state) == (
        "2 tasks succeeded in 2 min; 1 task to be run again, since what came before was"
    )


LISTENS = """\
version: 1
on: {push: {}}
initial: idle
states:
  idle:
    timeout-minutes: 60
    transitions:
      - {on: command.go, to: work}
      - {on: pull_request.closed, to: done}
      - {on: timeout, to: done}
  work:
    concurrency: {group: lab, scope: organization}
    tasks: {a: {dispatch: acme/api/.github/workflows/a.yml@main}}
    transitions: [{on: tasks.succeeded, to: idle2}, {on: tasks.failed, to: done}]
  idle2: {timeout-minutes: 5, transitions: [{on: timeout, to: done}]}
  done: {final: true, conclusion: success}
"""


def test_a_state_in_which_nothing_is_done_says_what_leads_on() -> None:
    """The title names the ways out, and until when they are open."""
    told = Told(plan_of(LISTENS)).begin()

    assert headline(told.state) == (
        "in idle, waiting for command.go or pull_request.closed until 2026-11-23 10:30 UTC"
    )


def test_a_state_without_a_time_out_says_only_what_leads_on() -> None:
    """The end of the whole is no end of the state."""
    text = LISTENS.replace("    timeout-minutes: 60\n", "", 1)
    text = text.replace("      - {on: timeout, to: done}\n", "", 1)
    told = Told(plan_of(text)).begin()

    assert headline(told.state) == "in idle, waiting for command.go or pull_request.closed"


def test_a_state_that_asks_names_its_gate() -> None:
    """Also when it is entered again."""
    told = Told(plan_of(MACHINE, inputs={"level": 1})).begin()

    assert headline(told.state) == "in review, waiting for people"


def test_a_state_that_waits_for_its_place_says_behind_whom() -> None:
    """Then for its work, and at last for nothing but its time."""
    told = Told(plan_of(LISTENS)).begin()
    told.hear(CommandGiven(at=told.now, name="go", by="mona", arguments={}))
    lock = lock_key(told.state.plan, "organization", "lab")
    holder = visit_holder("work", 1)
    queued = SeatQueued(at=told.now, holder=holder, lock=lock, position=1, ahead="ship #41")
    behind = headline(told.hear(queued).state)
    told.hear(SeatGranted(at=told.now, holder=holder, lock=lock))
    working = headline(told.state)
    told.hear(DispatchAccepted(at=told.now, attempt=WORK, workflow_run_id=1, url=""))
    told.hear(
        WorkflowRunObserved(
            at=told.now,
            attempt=WORK,
            workflow_run_id=1,
            run_attempt=1,
            status=RunStatus.COMPLETED,
            conclusion=Conclusion.SUCCESS,
            head_sha=COMMIT,
            url="",
        )
    )

    assert behind == "in work, waiting for its place in lab behind ship #41"
    assert working == "in work, work · a dispatching"
    assert headline(told.state) == "in idle2, waiting for its time until 2026-11-23 09:35 UTC"


WORK = AttemptId(task=TaskName("work.1.a"), leg=ONLY_LEG, number=1)
