"""Stories about retries: how often, when, after which pause, and of what."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.commands import CancelWorkflowRun, DispatchWorkflow, RerunWorkflowRun
from app.core.definition import Backoff
from app.core.legs.retrying import pause
from app.core.limits import REST_MAX
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.rules import Decision
from tests.kit import build
from tests.kit.build import (
    accepted,
    after,
    asked,
    begun,
    cancelled,
    elapsed,
    ended,
    keys,
    later,
    plan,
    refused,
    reported,
    running,
    seen,
)
from tests.kit.said import rerun, retried, told

L = LegStatus
CALM = {"initial": "30s", "factor": 2, "max": "10m", "jitter": "none"}


def retry(most: int = 3, **more: Any) -> dict[str, Any]:
    return {"retry": {"max-attempts": most, "backoff": CALM, **more}}


def again(name: str, conclusion: str, run_attempt: int = 2) -> Any:
    run = build.run_id("build")
    return seen(name, "completed", conclusion, run=run, run_attempt=run_attempt)


def test_a_failed_attempt_is_followed_by_another_after_a_pause() -> None:
    """It rests, its timer is set, and then the workflow is dispatched anew."""
    rests = begun(plan("build", build=retry()), ended("build", "failure"))
    early = after(rests, elapsed("build", later(seconds=29)))
    second = after(rests, elapsed("build", later(seconds=30)))

    assert build.legs(rests.state, "build") == {"": L.RESTING}
    assert rests.state.tasks[build.attempt("build").task].timer == later(seconds=30)
    assert early == Decision(state=rests.state)
    assert keys(second.commands) == ["dispatch/build/2"]


def test_nothing_is_tried_more_often_than_is_said() -> None:
    """`max-attempts` counts the first one, too."""
    decision = begun(
        plan("build", build=retry(2)),
        ended("build", "failure"),
        elapsed("build", later(seconds=30)),
        ended("build#2", "failure", at=later(minutes=1)),
    )

    assert decision.state.status is OrchestrationStatus.FAILED
    assert len(build.leg(decision.state, "build").attempts) == 2


def test_people_start_the_count_anew() -> None:
    """Whoever asks for another try gets as many as the definition allows."""
    failed = begun(plan("build", build=retry(1)), ended("build", "failure"))
    decision = after(failed, retried("build"))

    assert keys(decision.commands) == ["dispatch/build/2"]
    assert build.leg(decision.state, "build").spent == 1


@pytest.mark.parametrize(
    ("conclusion", "wanted"), [("startup_failure", L.RESTING), ("failure", L.FAILED)]
)
def test_a_retry_may_depend_on_how_the_last_attempt_ended(
    conclusion: str, wanted: LegStatus
) -> None:
    """`when` reads `last.conclusion`."""
    when = {"when": 'last.conclusion == "startup_failure"'}
    decision = begun(plan("build", build=retry(**when)), ended("build", conclusion))

    assert build.legs(decision.state, "build") == {"": wanted}


def test_our_own_limits_have_a_conclusion_as_well() -> None:
    """A run that was cancelled for taking too long counts as `timed_out`."""
    when = retry(when='last.conclusion == "timed_out"')
    decision = begun(
        plan("build", build={**when, "timeout-minutes": 5}),
        running("build"),
        elapsed("build", later(minutes=5)),
        ended("build", "cancelled", at=later(minutes=6)),
    )

    assert build.legs(decision.state, "build") == {"": L.RESTING}
    assert build.code(decision.state, "build/") == "timed-out"


def test_a_condition_without_a_value_is_no_reason_to_try_again() -> None:
    """Where `when` cannot be evaluated there is no other attempt."""
    lint = {"outputs": {"strict": {"type": "boolean"}}}
    known = plan("lint; build: lint", lint=lint, build=retry(when="needs.lint.outputs.strict"))
    decision = begun(
        known, ended("lint"), elapsed("lint", later(minutes=1)), ended("build", "failure")
    )

    assert build.legs(decision.state, "build") == {"": L.FAILED}


def test_after_a_dispatch_of_unknown_outcome_only_people_try_again() -> None:
    """A workflow run may be there all the same."""
    decision = begun(plan("build", build=retry()), refused("build", code="could-not-dispatch"))

    assert build.legs(decision.state, "build") == {"": L.FAILED}


def test_a_refused_dispatch_is_tried_again() -> None:
    """A refusal is a failed attempt like any other."""
    decision = begun(plan("build", build=retry()), refused("build"))

    assert build.legs(decision.state, "build") == {"": L.RESTING}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        *((code, L.FAILED) for code in ("not-dispatchable", "bad-input", "consent-missing")),
        *((code, L.FAILED) for code in ("workflow-not-found", "workflow-disabled")),
        *((code, L.RESTING) for code in ("ref-not-found", "dispatch-refused")),
    ],
)
def test_what_cannot_succeed_is_not_tried_again(code: str, status: LegStatus) -> None:
    """Somebody must mend it first; a ref may come by itself."""
    decision = begun(plan("build", build=retry()), refused("build", code=code))

    assert build.legs(decision.state, "build") == {"": status}


def test_what_rests_can_be_cancelled() -> None:
    """Between two attempts nothing is under way: it ends at once."""
    decision = begun(plan("build", build=retry()), ended("build", "failure"), cancelled())

    assert decision.state.status is OrchestrationStatus.CANCELLED
    assert asked(decision, CancelWorkflowRun) == []


def test_what_is_being_cancelled_is_not_tried_again() -> None:
    """A failure that comes while the whole is cancelled is the end of it."""
    decision = begun(
        plan("build", build=retry()), accepted("build"), cancelled(), ended("build", "failure")
    )

    assert decision.state.status is OrchestrationStatus.FAILED


# Pauses.


def test_pauses_grow_up_to_their_maximum() -> None:
    """Each is `factor` times the one before."""
    backoff = Backoff(
        initial=timedelta(seconds=30), factor=3, max=timedelta(minutes=5), jitter="none"
    )
    found = [pause(backoff, tries, "sb-1").total_seconds() for tries in (1, 2, 3, 4, 500)]

    assert found == [30, 90, 270, 300, 300]


def test_no_pause_is_longer_than_a_day() -> None:
    """Whatever a definition says."""
    backoff = Backoff(initial=timedelta(days=9), max=timedelta(days=9), jitter="none")

    assert pause(backoff, 1, "sb-1") == REST_MAX


def test_jitter_is_derived_and_not_drawn() -> None:
    """The same attempt rests equally long in a replay, another one differently."""
    backoff = Backoff(initial=timedelta(hours=1))
    found = [pause(backoff, 1, f"sb-{n}") for n in range(50)]

    assert found == [pause(backoff, 1, f"sb-{n}") for n in range(50)]
    assert len(set(found)) > 40
    assert max(found) <= backoff.max


# Failed jobs.

FAILED_JOBS = retry(scope="failed-jobs")


def begun_again(*events: Any) -> Decision:
    known = plan("build", build=FAILED_JOBS)
    return begun(
        known,
        ended("build", "failure"),
        elapsed("build", later(seconds=30)),
        *events,
    )


def test_failed_jobs_are_run_again_in_the_same_workflow_run() -> None:
    """The next attempt is a re-run on GitHub, of the run attempt that failed."""
    decision = begun_again()
    asks = asked(decision, RerunWorkflowRun)

    assert [(each.workflow_run_id, each.run_attempt) for each in asks] == [
        (build.run_id("build"), 1)
    ]
    assert asked(decision, DispatchWorkflow) == []


def test_a_re_run_goes_its_way_like_any_attempt() -> None:
    """GitHub takes it, and its end is believed."""
    takes = begun_again(rerun("build#2"))
    ends = after(takes, again("build#2", "success"))

    assert build.legs(takes.state, "build") == {"": L.QUEUED}
    assert after(takes, rerun("build#2")) == Decision(state=takes.state)
    assert ends.state.status is OrchestrationStatus.SUCCEEDED


def test_the_answer_to_a_re_run_may_come_late() -> None:
    """Its webhook may overtake it, and the end of the run attempt before it be heard again."""
    ran = begun_again(running_again())
    late = after(ran, rerun("build#2"))

    assert build.legs(late.state, "build") == {"": L.RUNNING}
    assert after(ran, ended("build", "failure")) == Decision(state=ran.state)
    assert after(ran, refused("build#2")) == Decision(state=ran.state)


def running_again() -> Any:
    return seen("build#2", "in_progress", run=build.run_id("build"), run_attempt=2)


def test_after_a_refused_re_run_all_is_dispatched_anew() -> None:
    """There is no run attempt of which failed jobs could be run again."""
    decision = begun_again(
        refused("build#2", at=later(minutes=1)), elapsed("build", later(minutes=2))
    )

    assert keys(decision.commands) == ["dispatch/build/3"]


def test_a_re_run_that_is_cancelled_before_it_begins_never_comes() -> None:
    """A look-up that still shows the end of the attempt before says so."""
    decision = begun_again(cancelled(), ended("build", "failure"))

    assert decision.state.status is OrchestrationStatus.CANCELLED


def test_what_never_ran_has_no_failed_jobs() -> None:
    """A dispatch that GitHub refused is dispatched, and not run again."""
    known = plan("build", build=FAILED_JOBS)
    decision = begun(known, refused("build"), elapsed("build", later(seconds=30)))

    assert keys(decision.commands) == ["dispatch/build/2"]


def test_people_who_try_again_get_all_of_it() -> None:
    """Only our own retries are re-runs of failed jobs."""
    known = plan("build", build=retry(1, scope="failed-jobs"))
    decision = begun(known, ended("build", "failure"), retried("build"))

    assert keys(decision.commands) == ["dispatch/build/2"]


def test_a_re_run_waits_for_a_calendar_like_a_dispatch() -> None:
    """What is frozen is frozen for the second try as well."""
    known = plan("build", whole={"freeze": ["freeze"]}, build=FAILED_JOBS)
    rests = begun(known, told("build", is_open=True), ended("build", "failure"))
    wakes = after(rests, elapsed("build", later(seconds=30)))
    opens = after(wakes, told("build", is_open=True, at=later(hours=1)))

    assert keys(wakes.commands) == ["ask-calendar/freeze/build/"]
    assert keys(opens.commands) == ["rerun/build/2"]


def test_an_old_report_is_not_that_of_the_re_run() -> None:
    """What the first run attempt reports late says nothing of the second."""
    decision = begun_again()

    assert after(decision, reported("build", {"image": "v1"})) == Decision(state=decision.state)


def test_an_answer_to_the_dispatch_is_none_to_the_re_run() -> None:
    """Late and doubled answers name the attempt that they are about."""
    decision = begun_again()

    for late in (accepted("build"), refused("build"), rerun("build")):
        assert after(decision, late) == Decision(state=decision.state)


def test_a_re_run_may_be_heard_before_the_answer_to_the_dispatch() -> None:
    """The answer then tells us which workflow run it is."""
    heard = begun(plan("build"), reported("build", {"image": "v1"}, run_attempt=2))
    decision = after(heard, accepted("build"))

    assert build.leg(decision.state, "build").attempt.workflow_run_id == build.run_id("build")
    assert build.legs(decision.state, "build") == {"": L.QUEUED}
