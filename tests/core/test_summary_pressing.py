"""What is most pressing stands first: in the title, and in a table of hundreds of tasks."""

from datetime import timedelta

from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    CommandGiven,
    Conclusion,
    SeatGranted,
    SeatQueued,
    TimerElapsed,
)
from app.core.naming import WHOLE, leg_holder, lock_key
from app.core.summary import summarise_comment
from app.core.telling.headline import headline
from app.core.telling.task_table import rows_of
from app.core.values import ONLY_LEG, TaskName
from tests.core.told import Told, plan_of

HEAD = "version: 1\nname: Ship\non: {push: {}}\n"
WORKFLOW = "acme/api/.github/workflows"
BESIDE = f"""
tasks:
  build: {{dispatch: {WORKFLOW}/build.yml@main, timeout-minutes: 30}}
  lint: {{dispatch: {WORKFLOW}/lint.yml@main}}
  sign_off: {{approval: {{}}, timeout-minutes: 60}}
  settle: {{needs: [sign_off], wait: {{for: 2h}}}}
timeout-minutes: 600
"""
HELD_BACK = f"""
freeze: [holidays]
tasks:
  deploy:
    dispatch: {WORKFLOW}/deploy.yml@main
    concurrency: {{group: production}}
"""
UNDOING = f"""
tasks:
  first:
    dispatch: {WORKFLOW}/first.yml@main
    compensate: {{dispatch: {WORKFLOW}/undo.yml@main}}
  second: {{needs: [first], dispatch: {WORKFLOW}/second.yml@main}}
"""


def test_a_failure_is_not_hidden_behind_a_question() -> None:
    """While people are asked the title says first that something has failed."""
    told = Told(plan_of(HEAD + BESIDE)).begin().accept("build").run("build")
    told.end("build", conclusion=Conclusion.FAILURE)

    assert headline(told.state) == (
        "build failed; waiting for people: sign_off, 1 of 4 tasks done"
    )


def test_a_wait_in_the_title_has_its_end() -> None:
    """Whoever sees only a list of checks knows when it goes on."""
    told = Told(plan_of(HEAD + BESIDE)).begin()
    for name in ("build", "lint"):
        told.accept(name).end(name)
    told.hear(
        ApprovalDecided(
            at=told.now,
            task=TaskName("sign_off"),
            leg=ONLY_LEG,
            option="approve",
            by="mona",
            reason="",
            inputs={},
        )
    )

    assert headline(told.state) == (
        "3 of 4 tasks done, settle waiting until 2026-11-23 11:30 UTC"
    )


def test_the_comment_says_who_opened_a_gate() -> None:
    """Nobody has to open the check to see who agreed."""
    told = Told(plan_of(HEAD + BESIDE)).begin()
    told.hear(
        ApprovalDecided(
            at=told.now,
            task=TaskName("sign_off"),
            leg=ONLY_LEG,
            option="approve",
            by="mona",
            reason="",
            inputs={},
        )
    )

    assert (
        "| sign_off | ✅ succeeded | `approve` by mona |" in summarise_comment(told.state).body
    )


def test_a_title_says_what_holds_a_deployment_back() -> None:
    """First the calendar and when it opens, then the group and who is before it."""
    told = Told(plan_of(HEAD + HELD_BACK)).begin()
    holder = leg_holder(TaskName("deploy"), ONLY_LEG)
    asked = headline(told.state)
    closed = CalendarTold(
        at=told.now,
        holder=holder,
        calendar="holidays",
        is_open=False,
        opens_at=told.now + timedelta(days=1),
        why="Holidays",
    )
    frozen = headline(told.hear(closed).state)
    opened = CalendarTold(
        at=told.now, holder=holder, calendar="holidays", is_open=True, opens_at=None, why=""
    )
    told.hear(opened)
    lock = lock_key(told.state.plan, "repository", "production")
    queued = SeatQueued(at=told.now, holder=holder, lock=lock, position=1, ahead="ship #41")
    behind = headline(told.hear(queued).state)

    said = "0 of 1 task done, deploy waiting for"
    assert asked == f"{said} the calendar holidays"
    assert frozen == f"{said} the calendar holidays until 2026-11-24 09:30 UTC"
    assert behind == f"{said} its place in production behind ship #41"
    assert WHOLE not in told.state.seats
    granted = SeatGranted(at=told.now, holder=holder, lock=lock)
    assert headline(told.hear(granted).state) == "0 of 1 task done, deploy dispatching"


def test_whoever_ran_out_of_time_is_named() -> None:
    """The time of the whole is over: the title says how long it was, and what had not ended."""
    text = (
        "timeout-minutes: 600\ntasks: {sign_off: {approval: {}}, settle: {wait: {for: 2h}}}\n"
    )
    told = Told(plan_of(HEAD + text)).begin().wait(hours=3)
    told.hear(TimerElapsed(at=told.now, task=None)).wait(hours=8)
    told.hear(TimerElapsed(at=told.now, task=None))

    title = headline(told.state)
    assert title.startswith("failed: the orchestration took more than 10 h")
    assert title.endswith("; sign_off had not ended")


def test_what_was_undone_is_said_with_what_failed() -> None:
    """On call one wants to know whether production is as it was."""
    told = Told(plan_of(HEAD + UNDOING)).begin().accept("first").end("first")
    told.accept("second").end("second", conclusion=Conclusion.FAILURE).accept("first~undo")
    good, bad = Told(told.state.plan), Told(told.state.plan)
    for copy in (good, bad):
        copy.state, copy.now, copy.dispatches = told.state, told.now, told.dispatches
    good.end("first~undo")
    bad.end("first~undo", conclusion=Conclusion.FAILURE)

    failed = "failed: second — the workflow run failed"
    assert headline(good.state) == f"{failed}; undone: first"
    assert headline(bad.state) == f"{failed}; undo first failed"


def test_among_many_tasks_those_that_press_come_first() -> None:
    """What failed and what waits for people is not to be looked for among sixty others."""
    tasks = "".join(f"  t{at}: {{dispatch: {WORKFLOW}/a.yml@main}}\n" for at in range(60))
    told = Told(plan_of(f"{HEAD}tasks:\n{tasks}  last: {{approval: {{}}}}\n")).begin()
    told.accept("t40").end("t40", conclusion=Conclusion.FAILURE)

    names = [row.name for row in rows_of(told.state)]
    assert names[:3] == ["t40", "last", "t0"]
    body = summarise_comment(told.state).body
    assert body.index("❌ failed") < body.index("| last |") < body.index("| t0 |")


def test_nobody_is_told_to_raise_a_limit_where_people_did_not_decide() -> None:
    """What helps then is to ask them."""
    told = Told(plan_of(HEAD + BESIDE)).begin().wait(minutes=61)
    told.hear(TimerElapsed(at=told.now, task=TaskName("sign_off")))

    (why,) = [row.why for row in rows_of(told.state) if row.name == "sign_off"]
    assert why == (
        "nobody decided within 1 hour; ask those whom it waits for, and try it again "
        "(`timed-out`)"
    )


def test_of_a_state_with_tasks_the_one_that_asks_is_named() -> None:
    """The state alone would not tell which."""
    text = """
initial: ship
states:
  ship:
    tasks: {agree: {approval: {}}}
    timeout-minutes: 60
    transitions: [{on: tasks.succeeded, to: done}, {on: timeout, to: done}]
  done: {final: true, conclusion: success}
"""
    told = Told(plan_of(HEAD + text)).begin()

    assert headline(told.state) == "in ship, waiting for people: ship · agree"


def test_a_machine_says_which_time_it_is_in_a_state_and_at_last_where_it_ended() -> None:
    """Going round and round is not to be mistaken for standing still."""
    text = """
initial: work
states:
  work:
    max-visits: 9
    on-max-visits: {to: done}
    timeout-minutes: 60
    transitions:
      - {on: command.again, to: work}
      - {on: command.end, to: done}
      - {on: timeout, to: done}
  done: {final: true, conclusion: success}
"""
    told, said = Told(plan_of(HEAD + text)).begin(), []
    for name in ("again", "again", "again", "end"):
        told.wait(seconds=1)
        told.hear(CommandGiven(at=told.now, name=name, by="mona", arguments={}))
        said.append(headline(told.state).partition(",")[0])

    assert said == [
        "in work for the second time",
        "in work for the third time",
        "in work for the 4th time",
        "ended in done after 4 s",
    ]
