"""Workflow runs of ours that are found to wait at an environment when they are looked up."""

from app.core.environment_events import EnvironmentAnswered
from app.core.events import RunStatus, WorkflowRunObserved
from app.core.values import Sha
from tests.core.at_environments import answers, asked, deploying
from tests.kit.stage import Stage


def answered(stage: Stage, outcome: str) -> None:
    """Say what came of the last answer."""
    said = EnvironmentAnswered(
        at=stage.now, workflow_run_id=9, environment="production", outcome=outcome
    )
    stage.tell(said)


def test_what_is_found_to_wait_is_answered_like_what_asked_us() -> None:
    """Where the webhook was lost; what is in hand or was answered is not asked anew."""
    stage = deploying()
    for _ in range(2):
        stage.tell(asked(stage, is_found=True))
    first = answers(stage)
    answered(stage, "approved")
    again = stage.tell(asked(stage, is_found=True))

    assert first == answers(stage) == [True]
    assert again.commands == ()


def test_a_refused_answer_is_given_once_more_when_the_run_is_found_to_wait_still() -> None:
    """What was missing, as the consent of the repository, may be there by now."""
    stage = deploying()
    stage.tell(asked(stage))
    for outcome in ("refused", "approved"):
        answered(stage, outcome)
        stage.tell(asked(stage, is_found=True))

    assert answers(stage) == [True, True]
    [run] = stage.state.environments
    assert (run.outcome, run.again) == ("approved", 1)


def test_what_is_run_again_on_github_is_found_to_wait_anew() -> None:
    """An answer to the attempt before says nothing of this one."""
    stage = deploying()
    stage.tell(asked(stage))
    answered(stage, "approved")
    stage.wait(minutes=1)
    seen = WorkflowRunObserved(
        at=stage.now,
        attempt=stage.attempt("deploy"),
        workflow_run_id=9,
        run_attempt=2,
        status=RunStatus.WAITING,
        conclusion=None,
        head_sha=Sha("a" * 40),
        url="",
    )
    stage.tell(seen)
    stage.tell(asked(stage, is_found=True))

    assert answers(stage) == [True, True]
