"""Stories about agents: what a model proposes is judged, measured, and reviewed by a person."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.commands import DispatchWorkflow, MeasureChange
from app.core.events import ChangeMeasured
from app.core.moves import LegStatus, TaskStatus
from app.core.values import Json, RepositoryName
from tests.kit.stage import Stage, graph

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["branch"],
    "properties": {
        "branch": {"type": "string", "pattern": "^ai/"},
        "sure": {"type": "number", "maximum": 1},
    },
}
GOOD: dict[str, Json] = {"branch": "ai/fix", "sure": 0.5}
BAD: dict[str, Json] = {"branch": "main", "sure": 2}
GO = {"dispatch": "acme/app/.github/workflows/run.yml@main"}
AGENT = "acme/agents/.github/workflows/repair.lock.yml@main"


def agent(*, review: object = "none", **task: Any) -> Stage:
    """Begin a graph of one agent and a task that needs it."""
    fix = {"agent": AGENT, "outputs": {"schema": SCHEMA}, **task}
    if review is not None:
        fix["review"] = review
    return Stage.of(graph({"fix": fix, "go": {"needs": ["fix"], **GO}}))


# Its outputs.


def test_what_fits_the_schema_goes_on() -> None:
    """Its outputs are those of the task."""
    stage = agent()
    stage.run("fix", outputs=GOOD)

    assert stage.task("fix").outputs == GOOD
    assert stage.status("go") is TaskStatus.RUNNING


def test_what_does_not_fit_is_a_failure() -> None:
    """The reason says what does not, and nothing of it is believed."""
    stage = agent()
    stage.run("fix", outputs=BAD)
    reason = stage.task("fix").reason

    assert reason is not None
    assert reason.code == "invalid-output"
    assert "branch: " in reason.message
    assert "sure: " in reason.message
    assert stage.task("fix").outputs == {}
    assert stage.status("go") is TaskStatus.SKIPPED


def test_what_does_not_fit_may_be_tried_again() -> None:
    """So often, each time with a workflow run of its own."""
    stage = agent(**{"on-invalid-output": {"retry": 2}})
    stage.run("fix", outputs=BAD)
    stage.run("fix", outputs=BAD)
    stage.run("fix", outputs=GOOD)

    assert len(stage.leg("fix").attempts) == 3
    assert stage.status("fix") is TaskStatus.SUCCEEDED


def test_what_never_fits_may_be_asked_about() -> None:
    """People choose; another try that they ask for has its own retries."""
    stage = agent(**{"on-invalid-output": {"retry": 1, "then": "ask"}})
    stage.run("fix", outputs=BAD)
    stage.run("fix", outputs=BAD)
    asking = stage.status("fix")
    stage.choose("fix", "retry")
    stage.run("fix", outputs=BAD)
    again = stage.status("fix")
    stage.run("fix", outputs=BAD)
    stage.choose("fix", "skip", reason="by hand")

    assert (asking, again) == (TaskStatus.ASKING, TaskStatus.RUNNING)
    assert stage.status("fix") is TaskStatus.SKIPPED
    assert len(stage.leg("fix").attempts) == 4


def test_a_failure_of_its_workflow_is_not_asked_about() -> None:
    """`then: ask` is about outputs; a failed workflow run is a failure like any."""
    stage = agent(**{"on-invalid-output": {"then": "ask"}})
    stage.run("fix", "failure")

    assert stage.status("fix") is TaskStatus.FAILED


def test_outputs_that_are_late_are_waited_for() -> None:
    """What is missing at the end may still be on its way, for a minute."""
    stage = agent()
    stage.run("fix")
    open_ = stage.status("fix")
    stage.wait(minutes=1)

    assert open_ is TaskStatus.RUNNING
    assert stage.code("fix") == "invalid-output"


# Its branch.

LIMITS = {"max-files": 2, "max-lines": 10, "deny-paths": [".github/**"]}


@pytest.mark.parametrize(
    ("files", "lines", "paths", "message"),
    [
        (2, 10, ("a.py", "b.py"), ""),
        (3, 1, ("a.py",), "it changes 3 files; the most is 2"),
        (1, 11, ("a.py",), "it changes 11 lines; the most is 10"),
        (1, 1, (".github/x.yml",), "it changes .github/x.yml, which `.github/**` denies"),
    ],
)
def test_its_branch_is_measured(
    files: int, lines: int, paths: tuple[str, ...], message: str
) -> None:
    """Beyond the limits it is no good, however green and well formed."""
    stage = agent(limits=LIMITS)
    stage.run("fix", outputs=GOOD)
    before = stage.status("fix")
    stage.measure("fix", files=files, lines=lines, paths=paths)
    reason = stage.task("fix").reason

    assert before is TaskStatus.RUNNING
    assert [each.branch for each in stage.asked(MeasureChange)] == ["ai/fix"]
    assert (reason.message if reason else "") == message
    assert stage.status("fix") is (TaskStatus.FAILED if message else TaskStatus.SUCCEEDED)


@pytest.mark.parametrize(("cause", "where"), [(1, "acme/agents"), (77, "acme/broken")])
def test_its_branch_is_measured_where_it_mends_something(cause: int, where: str) -> None:
    """In the repository of the event, if that is another; the agent itself is not asked."""
    stage = agent(limits=LIMITS)
    plan = stage.state.plan
    happened = replace(
        plan.cause, repository_id=cause, repository=RepositoryName("acme/broken")
    )
    origin = replace(plan.origin, repository_id=1)
    stage.state = replace(stage.state, plan=replace(plan, cause=happened, origin=origin))
    stage.run("fix", outputs=GOOD)

    assert [each.repository for each in stage.asked(MeasureChange)] == [where]


@pytest.mark.parametrize(
    "limits", [{"max-files": 9}, {"max-lines": 9}, {"deny-paths": ["docs/**"]}]
)
def test_one_limit_alone_is_enough(limits: dict[str, Any]) -> None:
    """What is not limited may be as large as it likes."""
    stage = agent(limits=limits)
    stage.run("fix", outputs=GOOD)
    stage.measure("fix", files=5, lines=5, paths=("a.py",))

    assert stage.status("fix") is TaskStatus.SUCCEEDED


def test_a_measure_is_taken_once() -> None:
    """What comes twice changes nothing, and bad outputs are not measured."""
    stage = agent(limits=LIMITS, **{"on-invalid-output": {"retry": 1}})
    stage.run("fix", outputs=BAD)
    stage.run("fix", outputs=GOOD)
    stage.measure("fix", files=1, lines=1, paths=())
    known = stage.state
    late = ChangeMeasured(
        at=stage.now, attempt=stage.attempt("fix"), files=99, lines=1, paths=()
    )
    stage.tell(late)

    assert [each.attempt.number for each in stage.asked(MeasureChange)] == [2]
    assert stage.state is known


# Its review.


def test_a_person_reviews_what_it_proposes() -> None:
    """Nothing goes on by itself; who agrees lets the outputs through."""
    stage = agent(review=None)
    stage.run("fix", outputs=GOOD)
    before = stage.leg("fix").status, stage.asked(DispatchWorkflow)[1:]
    stage.choose("fix")

    assert before == (LegStatus.AWAITING, [])
    assert stage.task("fix").outputs == GOOD
    assert stage.status("go") is TaskStatus.RUNNING


@pytest.mark.parametrize(
    ("reason", "said"),
    [("", ""), ("too clever", ": too clever")],
)
def test_a_person_may_reject_what_it_proposes(reason: str, said: str) -> None:
    """It fails for good, with the reason, and is not tried again by itself."""
    stage = agent(review=None, retry={"max-attempts": 3})
    stage.run("fix", outputs=GOOD)
    stage.choose("fix", "reject", reason=reason)
    found = stage.task("fix").reason

    assert stage.status("fix") is TaskStatus.FAILED
    assert found is not None
    assert found.message == f"mona rejected what the agent proposes{said}"


def test_a_review_may_take_longer_than_the_workflow() -> None:
    """The time-out is that of the workflow run; people have as long as the whole has."""
    stage = agent(review=None, **{"timeout-minutes": 5})
    stage.run("fix", outputs=GOOD)
    stage.wait(days=6)
    open_ = stage.leg("fix").status
    stage.wait(days=2)

    assert open_ is LegStatus.AWAITING
    assert stage.end == ("failure", "timed-out")


def test_a_review_is_asked_anew_for_another_attempt() -> None:
    """Whoever said yes said it of what they saw."""
    stage = agent(review=None)
    stage.run("fix", outputs=GOOD)
    stage.choose("fix", "reject")
    stage.retry("fix")
    stage.run("fix", outputs=GOOD)

    gate = stage.leg("fix").gate

    assert stage.leg("fix").status is LegStatus.AWAITING
    assert gate is not None
    assert gate.choice == ""
