"""How tasks are carried out: retries, places, waves, and what follows from what."""

from datetime import timedelta

from app.core.actions import Dispatch, GitHubOperation, Orchestrate
from app.core.definition import Backoff, Escalation, Handling, Join, OnTimeout, Retry
from tests.core.reading.shipped import DISPATCH, HEAD, definition, good, task, tasks


def test_a_retry_has_a_bound_and_pauses() -> None:
    """Attempts, condition, pauses and scope are kept; the condition reads how it ended."""
    retry = task("ship").retry

    assert retry is not None
    assert (retry.max_attempts, retry.scope) == (3, "all")
    assert retry.when is not None
    assert retry.when.reads == (("last.conclusion", "string"),)
    assert retry.backoff == Backoff(
        initial=timedelta(seconds=30), factor=1.5, max=timedelta(hours=1), jitter="none"
    )


def test_a_long_first_pause_raises_the_longest() -> None:
    """Who waits an hour first has no use for a limit of ten minutes."""
    (tried,) = tasks(
        f"  a: {{{DISPATCH}, retry: {{max-attempts: 2, backoff: {{initial: 1h}}}}}}\n"
    )

    assert tried.retry is not None
    assert tried.retry.backoff.max == timedelta(hours=1)


def test_defaults_are_for_what_names_none_and_may_have_them() -> None:
    """A dispatch takes all; a child no time-outs and no failed jobs; a gate nothing."""
    last, child, pause = task("last"), task("child"), task("pause")

    assert last.retry == Retry(max_attempts=2, scope="failed-jobs")
    assert last.queue_timeout == timedelta(minutes=20)
    assert task("refs").retry == Retry(max_attempts=2, scope="all")
    assert task("refs").timeout == timedelta(minutes=45)
    assert (child.timeout, child.queue_timeout) == (timedelta(minutes=6000), None)
    assert (pause.timeout, pause.retry) == (timedelta(minutes=6000), None)


def test_what_follows_from_a_bad_end() -> None:
    """Time-outs, failures and warnings are handled as the definition says."""
    ship, rollout, sign_off = task("ship"), task("rollout"), task("sign_off")

    assert ship.on_timeout == OnTimeout(then="skip")
    assert sign_off.on_timeout == OnTimeout(then="choose", choose="hold")
    assert (rollout.on_failure, rollout.on_warning) == (Handling.ASK, Handling.FAIL)
    assert (ship.on_failure, ship.on_warning) == (Handling.FAIL, Handling.CONTINUE)
    assert rollout.join is Join.NONE_FAILED
    assert ship.queue_timeout == timedelta(minutes=15)
    assert ship.escalate == (
        Escalation(
            after=timedelta(minutes=10),
            notify="acme/sre",
            via=("comment", "issue", "webhook"),
        ),
    )


def test_what_undoes_a_task() -> None:
    """A workflow, a call or a child may compensate."""
    undone = [task(name).compensate for name in ("ship", "refs", "child")]

    assert [type(each.action) for each in undone if each] == [
        Dispatch,
        GitHubOperation,
        Orchestrate,
    ]
    assert [each.timeout for each in undone if each] == [
        timedelta(minutes=10),
        timedelta(hours=1),
        timedelta(hours=1),
    ]


def test_places_in_groups() -> None:
    """The whole and a task may ask for a place; a text alone is a group."""
    whole, place = good().concurrency, task("ship").concurrency

    assert whole is not None
    assert (whole.group.value, whole.scope) == ("ship-${{ ref }}", "repository")
    assert (whole.limit, whole.queue, whole.cancel_in_progress) == (2, "latest", True)
    assert whole.priority.value == 3
    assert place is not None
    assert (place.group.value, place.limit, place.queue) == ("ship", 1, "all")


def test_waves_with_checks_and_a_roll_back() -> None:
    """Each wave says which legs it has; checks read outputs, roll-backs the matrix."""
    strategy = task("rollout").strategy

    assert strategy is not None
    canary, half, rest = strategy.waves
    assert canary.condition is not None
    assert canary.condition.reads == (("matrix.region", "any"),)
    assert (canary.bake, canary.max_parallel) == (timedelta(minutes=30), 1)
    assert half.approval is not None
    assert (half.percent, rest.percent, rest.max_failures) == (50, 100, 2)
    check, back = strategy.bake_check, strategy.rollback
    assert check is not None
    assert (check.every, check.timeout) == (timedelta(minutes=10), timedelta(minutes=5))
    assert check.pass_when.reads == (("outputs.errors", "number"),)
    assert back is not None
    assert (back.scope, back.timeout) == ("all", timedelta(minutes=15))


def test_the_whole() -> None:
    """Calendars, outputs, alerts, the key of events and the issue belong to the whole."""
    whole = good()

    assert whole.freeze == ("production-freeze",)
    assert list(whole.outputs) == ["image", "digest"]
    assert whole.outputs["digest"].reads == (("tasks.child.outputs.digest", "string"),)
    (alert,) = whole.alerts
    assert (alert.notify, alert.via) == ("acme/sre", ("webhook",))
    assert alert.when.reads == (("orchestration.age", "duration"),)
    assert whole.correlate is not None
    assert whole.report_to.issue is not None
    assert whole.report_to.issue.reads == (("tasks.refs.outputs.shas", "object"),)


def test_what_starts_it() -> None:
    """Schedules have zones and inputs; each event has the filters that are its own."""
    listens = {each.event: each for each in good().on}

    first, second = listens["schedule"].schedules
    assert (first.cron, first.timezone) == ("30 6 * * 1-5", "Europe/Berlin")
    assert first.inputs == {"train": "2026", "dry_run": True}
    assert second.timezone == "UTC"
    assert listens["deployment_protection_rule"].environments == ("production",)
    assert listens["merge_group"].types == ("checks_requested",)
    assert listens["orchestration"].workflows == ("nightly",)


def test_a_group_may_be_taken_inside_where_there_is_room() -> None:
    """Two places are enough for the whole and one task after the other."""
    group = "concurrency: {group: lab, limit: 2}"
    whole = definition(f"{HEAD}{group}\ntasks:\n  a: {{{DISPATCH}, {group}}}\n")

    assert whole.concurrency is not None
