"""Stories about what is believed: every kind of fact, late, doubled, stale and foreign."""

import pytest

from app.core.commands import CancelWorkflowRun
from app.core.limits import SUMMARY_TEXT_MAX
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.rules import Decision
from tests.kit import build
from tests.kit.build import (
    HEAD,
    accepted,
    after,
    asked,
    begun,
    cancelled,
    elapsed,
    ended,
    later,
    missed,
    plan,
    refused,
    reported,
    running,
    seen,
)

L = LegStatus
IMAGE = {"outputs": {"image": {"type": "string", "required": True}}}


def test_an_accepted_dispatch_is_queued() -> None:
    """GitHub's answer brings the id of the workflow run."""
    decision = begun(plan("build"), accepted("build"))

    assert build.legs(decision.state, "build") == {"": L.QUEUED}
    assert build.leg(decision.state, "build").attempt.workflow_run_id == build.run_id("build")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [("queued", L.QUEUED), ("waiting", L.HELD), ("in_progress", L.RUNNING)],
)
def test_a_run_is_as_far_as_it_was_seen(status: str, wanted: LegStatus) -> None:
    """Each status of GitHub has one of ours."""
    decision = begun(plan("build"), seen("build", status))

    assert build.legs(decision.state, "build") == {"": wanted}


def test_the_answer_may_come_after_the_first_word() -> None:
    """GitHub's webhook may overtake its answer to the dispatch, which then says nothing new."""
    heard = begun(plan("build"), running("build"))

    assert after(heard, accepted("build")) == Decision(state=heard.state)
    assert after(heard, refused("build")) == Decision(state=heard.state)


def test_an_answer_counts_once() -> None:
    """Of two answers to one dispatch the first counts."""
    first = begun(plan("build"), accepted("build", knows_run=False))

    assert after(first, accepted("build"), refused("build")) == Decision(state=first.state)


def test_the_end_may_be_heard_before_the_beginning() -> None:
    """GitHub does not order its webhooks: rank counts, and not the order of arrival."""
    over = begun(plan("build"), ended("build"), running("build"), seen("build", "queued"))

    assert over.commands == ()
    assert over.state.status is OrchestrationStatus.SUCCEEDED


def test_nothing_goes_back_to_queued() -> None:
    """A late `requested` does not take back that the run is running."""
    heard = begun(plan("build"), running("build"))

    assert after(heard, seen("build", "queued")) == Decision(state=heard.state)


def test_a_foreign_run_is_not_ours() -> None:
    """Once the workflow run of an attempt is known, no other counts for it."""
    heard = begun(plan("build"), accepted("build"))

    assert after(heard, seen("build", "completed", "failure", run=4)) == Decision(
        state=heard.state
    )


def test_an_unknown_attempt_changes_nothing() -> None:
    """Facts about tasks, legs and attempts that do not count are welcome and ignored."""
    heard = begun(plan("build; test: build"))

    for name in ("nothing", "build/linux", "test"):
        assert after(heard, ended(name)) == Decision(state=heard.state)


def test_a_re_run_counts_until_the_leg_has_ended() -> None:
    """A higher run attempt starts over; what is said of the lower one is stale then."""
    again = begun(
        plan("build", build=IMAGE),
        running("build"),
        reported("build", {"image": "v1"}, summary="one"),
        seen("build", "queued", run_attempt=2),
    )
    stale = after(again, ended("build", "failure"), reported("build", {"image": "v1"}))
    over = after(
        stale,
        reported("build", {"image": "v2"}, run_attempt=2),
        seen("build", "completed", "success", run_attempt=2),
    )

    assert build.legs(again.state, "build") == {"": L.QUEUED}
    assert stale == Decision(state=again.state)
    assert build.leg(over.state, "build").outputs == {"image": "v2"}


def test_a_report_of_a_re_run_may_come_before_its_webhook() -> None:
    """A report of a higher run attempt says that there is one."""
    heard = begun(plan("build", build=IMAGE), reported("build", {"image": "v2"}, run_attempt=2))
    stale = after(heard, ended("build", "failure"))

    assert stale == Decision(state=heard.state)


def test_several_jobs_may_report() -> None:
    """Outputs come together, the later word on a name counts, and a summary is cut."""
    heard = begun(
        plan("build", build=IMAGE),
        reported("build", {"image": "v1", "more": 1}, summary="x" * 9_999),
        reported("build", {"image": "v2"}),
    )
    attempt = build.leg(heard.state, "build").attempt

    assert attempt.outputs == {"image": "v2", "more": 1}
    assert len(attempt.summary) == SUMMARY_TEXT_MAX


@pytest.mark.parametrize(
    ("conclusion", "code"),
    [
        ("failure", "failure"),
        ("skipped", "skipped"),
        ("timed_out", "timed-out"),
        ("stale", "stale"),
        ("startup_failure", "startup-failure"),
        ("cancelled", "cancelled-on-github"),
    ],
)
def test_every_bad_end_has_its_reason(conclusion: str, code: str) -> None:
    """Only success and neutral are good; each other conclusion says what it was."""
    decision = begun(plan("build"), ended("build", conclusion))

    assert build.code(decision.state, "build") == code


def test_an_end_without_a_conclusion_is_no_success() -> None:
    """What we cannot read fails shut."""
    decision = begun(plan("build"), seen("build", "completed"))

    assert decision.state.status is OrchestrationStatus.FAILED


def test_action_required_is_no_end() -> None:
    """A run that waits for a person's approval has not ended, whatever GitHub calls it."""
    decision = begun(plan("build"), ended("build", "action_required"))

    assert build.legs(decision.state, "build") == {"": L.HELD}


@pytest.mark.parametrize("outputs", [{}, {"image": 5}, {"image": None}, {"other": "v1"}])
def test_outputs_are_checked(outputs: dict[str, object]) -> None:
    """A declared output that is missing or of another type fails the task."""
    decision = begun(
        plan("build", build=IMAGE),
        accepted("build"),
        reported("build", outputs),  # type: ignore[arg-type]  # JSON all the same
        ended("build", at=later(minutes=2)),
    )

    assert build.code(decision.state, "build") == "bad-outputs"


def test_outputs_get_their_types_and_defaults() -> None:
    """Text is read as the declared type, defaults are filled in, the rest is not kept."""
    declared = {
        "count": {"type": "integer"},
        "image": {"type": "string", "default": "latest"},
        "spare": {"type": "string"},
    }
    decision = begun(
        plan("build", build={"outputs": declared}),
        accepted("build"),
        reported("build", {"count": "7", "more": "x"}),
        ended("build", at=later(minutes=2)),
    )

    assert build.leg(decision.state, "build").outputs == {"count": 7, "image": "latest"}


def test_an_end_that_comes_with_the_id_waits_for_its_outputs() -> None:
    """A report that could not be matched before is taken in after the end of its run."""
    end = begun(plan("build; test: build", build=IMAGE), ended("build"))
    over = after(end, ended("build"), reported("build", {"image": "v1"}))

    assert build.legs(end.state, "build") == {"": L.RUNNING}
    assert build.leg(over.state, "build").outputs == {"image": "v1"}


def test_outputs_that_do_not_come_are_waited_for_no_longer_than_a_minute() -> None:
    """Then the end counts as it was, and nothing is looked up or cancelled meanwhile."""
    end = begun(plan("build", build=IMAGE), ended("build"), cancelled())
    over = after(end, elapsed("build", later(minutes=1)))

    assert build.keys(end.commands) == []
    assert build.code(over.state, "build") == "bad-outputs"


def test_a_run_that_waits_for_its_outputs_may_run_again() -> None:
    """A higher run attempt starts over here, too."""
    end = begun(plan("build", build=IMAGE), ended("build"))
    webhook = after(end, seen("build", "queued", run_attempt=2))
    report = after(end, reported("build", {"image": "v2"}, run_attempt=2))

    assert build.legs(webhook.state, "build") == {"": L.QUEUED}
    assert build.legs(report.state, "build") == {"": L.RUNNING}


# Pinned commits.


def test_a_run_at_another_commit_is_stopped() -> None:
    """Whoever asks for a commit gets that commit, or a failure."""
    going = begun(
        plan("build", build={"ref": HEAD}), seen("build", "in_progress", sha="b" * 40)
    )
    over = after(going, seen("build", "completed", "success", sha="b" * 40))

    assert len(asked(going, CancelWorkflowRun)) == 1
    assert build.code(over.state, "build") == "wrong-commit"


def test_a_run_that_ended_at_another_commit_failed() -> None:
    """The same holds where the end is the first that is heard."""
    decision = begun(
        plan("build", build={"ref": HEAD}), seen("build", "completed", "success", sha="b" * 40)
    )

    assert build.code(decision.state, "build") == "wrong-commit"


def test_a_run_at_its_commit_is_fine() -> None:
    """The commit that was asked for counts."""
    decision = begun(plan("build", build={"ref": HEAD}), running("build"), ended("build"))

    assert decision.state.status is OrchestrationStatus.SUCCEEDED


# Look-ups and cancelling.


def test_a_run_that_is_gone_is_lost() -> None:
    """A workflow run that was there and is deleted fails its task at once."""
    decision = begun(plan("build"), accepted("build"), missed("build"))

    assert build.code(decision.state, "build") == "workflow-run-lost"


def test_what_was_to_be_cancelled_and_cannot_be_found_is_cancelled() -> None:
    """Nothing was left to stop."""
    decision = begun(plan("build"), accepted("build"), cancelled(), missed("build"))

    assert build.legs(decision.state, "build") == {"": L.CANCELLED}
    assert decision.state.status is OrchestrationStatus.CANCELLED


def test_what_was_too_slow_and_is_gone_has_failed() -> None:
    """Whoever deletes a run that was stopped for being slow does not hide that it was."""
    late = later(minutes=400)
    decision = begun(
        plan("build"), running("build"), elapsed("build", late), missed("build", at=late)
    )

    assert build.code(decision.state, "build") == "timed-out"


def test_while_it_is_cancelled_a_run_is_heard_only_at_its_end() -> None:
    """Progress does not take a wish to cancel back; an answer brings the id."""
    going = begun(plan("build"), cancelled(), accepted("build"), running("build"))
    over = after(going, ended("build", "failure"))

    assert build.legs(going.state, "build") == {"": L.CANCELLING}
    assert over.state.status is OrchestrationStatus.FAILED


def test_an_unnamed_reason_is_left_out() -> None:
    """Who cancelled is always said, why only if it was."""
    decision = begun(plan("build"), cancelled(by="hubot"))

    assert decision.state.reason is not None
    assert decision.state.reason.message == "cancelled by hubot"
