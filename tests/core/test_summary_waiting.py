"""What people read while something waits: for people, a place, time, another try."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.events import (
    ApprovalDecided,
    CalendarTold,
    ChildStarted,
    Conclusion,
    GitHubEventHeard,
    PauseRequested,
    SeatGranted,
    SeatQueued,
    TimerElapsed,
)
from app.core.naming import WHOLE, leg_holder, lock_key
from app.core.state import Orchestration
from app.core.summary import summarise_check, summarise_comment
from app.core.telling.headline import headline
from app.core.telling.task_table import rows_of
from app.core.values import LegKey, OrchestrationId, TaskName
from tests.core.told import Told, plan_of

HEAD = "version: 1\nname: Ship\non: {push: {}}\n"
GATED = (
    HEAD
    + """
tasks:
  build: {dispatch: acme/api/.github/workflows/build.yml@main}
  sign_off:
    needs: [build]
    approval:
      rules:
        - require: [{teams: [acme/sre], count: 1}, {users: [mona], permission: admin, count: 2}]
    timeout-minutes: 60
  settle: {needs: [sign_off], wait: {for: 2h}}
  merged: {needs: [sign_off], wait: {event: pull_request.closed, for: 7d}}
"""
)
LATE = "timeout-minutes: 1\n    on-timeout: {choose: approve}"
PLACES = (
    HEAD
    + """
concurrency: {group: train, scope: organization}
freeze: [release-freeze]
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    concurrency: {group: production}
    retry: {max-attempts: 2, backoff: {initial: 5m, jitter: none}}
    on-failure: ask
"""
)


def whys(state: Orchestration) -> dict[str, str]:
    """Return what the table says of each row."""
    return {each.name: each.why for each in rows_of(state)}


def gated() -> Told:
    """Come to the gate."""
    told = Told(plan_of(GATED)).begin().accept("build").wait(minutes=1)
    return told.end("build")


def decided(option: str, task: str = "sign_off", reason: str = "") -> ApprovalDecided:
    """Say that people have chosen."""
    return ApprovalDecided(
        at=Told(plan_of(GATED)).now + timedelta(minutes=5),
        task=TaskName(task),
        leg=LegKey(""),
        option=option,
        by="mona",
        reason=reason,
        inputs={},
    )


def test_a_gate_says_who_is_awaited_and_until_when() -> None:
    """The title names the gate, the table whose votes it needs and its end."""
    state = gated().state

    assert headline(state) == "waiting for people: sign_off, 1 of 4 tasks done"
    assert whys(state)["sign_off"] == (
        "waits for 1 vote from acme/sre and 2 votes from @&#8203;mona or people with admin "
        "permission, until 2026-11-23 10:31 UTC"
    )


def test_a_wait_says_what_it_waits_for() -> None:
    """Time has its end, an event its name, and both cost nothing."""
    state = gated().hear(decided("approve")).state

    assert whys(state)["settle"] == "waits for its time, until 2026-11-23 11:35 UTC"
    assert whys(state)["merged"] == (
        "waits for `pull_request.closed`, at most until 2026-11-30 09:30 UTC"
    )


def test_a_wait_whose_event_came_says_by_whom() -> None:
    """Whoever caused it stands in the table."""
    told = gated().hear(decided("approve"))
    cause = replace(told.state.plan.cause, event_name="pull_request", actor="ada")
    told.wait(hours=1)
    told.hear(GitHubEventHeard(at=told.now, name="pull_request.closed", cause=cause))

    assert whys(told.state)["merged"] == "it came, by ada"


def test_a_whole_that_waits_for_its_place_says_behind_whom() -> None:
    """Before anything begins, the check names the group and who holds it."""
    told = Told(plan_of(PLACES)).begin()
    lock = lock_key(told.state.plan, "organization", "train")
    queued = SeatQueued(
        at=told.now, holder=WHOLE, lock=lock, position=2, ahead="ship #41 and 1 more"
    )
    told.hear(queued)

    assert headline(told.state) == "waiting for its place in train behind ship #41 and 1 more"
    assert whys(told.state)["deploy"] == (
        "waits for a place in the concurrency group `train`, place 2, "
        "behind ship #&#8203;41 and 1 more"
    )


def placed() -> Told:
    """Have the place of the whole, and ask the calendar."""
    told = Told(plan_of(PLACES)).begin()
    lock = lock_key(told.state.plan, "organization", "train")
    return told.hear(SeatGranted(at=told.now, holder=WHOLE, lock=lock))


def told_calendar(told: Told, *, is_open: bool, why: str = "Holidays") -> Told:
    """Let the calendar answer."""
    return told.hear(
        CalendarTold(
            at=told.now,
            holder=leg_holder(TaskName("deploy"), LegKey("")),
            calendar="release-freeze",
            is_open=is_open,
            opens_at=told.now + timedelta(days=1),
            why=why,
        )
    )


def test_a_closed_calendar_says_until_when_and_why() -> None:
    """First it is asked; then its answer stands in the table."""
    told = placed()

    assert whys(told.state)["deploy"] == "asks the calendar `release-freeze`"
    assert whys(told_calendar(told, is_open=False).state)["deploy"] == (
        "the calendar `release-freeze` is closed until 2026-11-24 09:30 UTC: Holidays "
        "(`calendar-closed`)"
    )


def test_a_calendar_that_is_closed_without_a_reason_is_not_named_twice() -> None:
    """What a calendar says of itself then, says when it is closed."""
    told = told_calendar(placed(), is_open=False, why="release-freeze is closed on Mondays")

    assert whys(told.state)["deploy"] == (
        "the calendar release-freeze is closed on Mondays; it opens at 2026-11-24 09:30 UTC "
        "(`calendar-closed`)"
    )


def test_a_leg_between_two_attempts_says_when_the_next_begins() -> None:
    """The reason of the last attempt stands there with the time of the next."""
    told = told_calendar(placed(), is_open=True)
    lock = lock_key(told.state.plan, "repository", "production")
    holder = leg_holder(TaskName("deploy"), LegKey(""))
    assert whys(told.state)["deploy"] == (
        "waits for a place in the concurrency group `production`"
    )
    told.hear(SeatGranted(at=told.now, holder=holder, lock=lock))
    told.accept("deploy").end("deploy", conclusion=Conclusion.FAILURE)

    assert whys(told.state)["deploy"] == (
        "the workflow run failed; its log says where (`failure`); "
        "tries again at 2026-11-23 09:35 UTC"
    )


def test_a_task_that_asks_says_what_may_be_chosen() -> None:
    """After the last attempt people choose; the title says that they are awaited."""
    once = PLACES.replace("max-attempts: 2", "max-attempts: 1").replace(
        "concurrency: {group: train, scope: organization}\nfreeze: [release-freeze]\n", ""
    )
    told = Told(plan_of(once.replace("    concurrency: {group: production}\n", ""))).begin()
    told.accept("deploy").end("deploy", conclusion=Conclusion.FAILURE)

    assert headline(told.state) == "waiting for people: deploy, 0 of 1 task done"
    assert "choose between retry, skip with a reason, and fail" in (
        summarise_comment(told.state).body
    )


def test_a_paused_orchestration_says_by_whom() -> None:
    """Nothing new begins, and the title says who wanted it so."""
    told = placed().hear(
        PauseRequested(at=Told(plan_of(PLACES)).now, by="mona", reason="disk is full")
    )

    assert headline(told.state) == "paused by mona: disk is full"


def test_a_child_is_named_where_it_is_followed() -> None:
    """A task that carries out another definition names the orchestration it follows."""
    text = HEAD + "tasks:\n  sub: {orchestrate: acme/x/.github/orchestrations/y.yml@main}\n"
    told = Told(plan_of(text)).begin()
    attempt = told._attempt("sub", "")
    started = ChildStarted(
        at=told.now, attempt=attempt, child=OrchestrationId("f" * 16), title="y #3"
    )

    assert whys(told.hear(started).state)["sub"].startswith("follows y")


@pytest.mark.parametrize("is_open", [True, False])
def test_a_check_tells_the_same_of_the_same_state(*, is_open: bool) -> None:
    """What is written depends on the state alone."""
    state = told_calendar(placed(), is_open=is_open).state

    assert summarise_check(state) == summarise_check(state)


def test_a_gate_that_is_open_says_who_opened_it() -> None:
    """The table names the people and their reason, or says that time was up."""
    state = gated().hear(decided("approve", reason="looks good")).state
    late = Told(plan_of(GATED.replace("timeout-minutes: 60", LATE))).begin().accept("build")
    late.end("build").wait(minutes=1)
    late.hear(TimerElapsed(at=late.now, task=TaskName("sign_off")))

    assert whys(state)["sign_off"] == "`approve` by mona: looks good"
    assert whys(late.state)["sign_off"] == "`approve`, since nobody decided in time"


def test_a_call_is_named_by_its_operation() -> None:
    """What is not about one repository has its word alone."""
    refs = "{refs: {api: acme/api@main}}"
    told = Told(plan_of(HEAD + f"tasks:\n  pin: {{github: refs.resolve, with: {refs}}}\n"))

    row = next(iter(rows_of(told.begin().state)))
    assert row.workflow_run == "`refs.resolve`"
