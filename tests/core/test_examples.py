"""The example definitions that are machines, each through the core alone to its ends."""

from collections.abc import Mapping

from app.core.commands import (
    ConcludeCheck,
    DispatchWorkflow,
    LeaveSeat,
    TellEnd,
)
from app.core.events import Conclusion
from app.core.moves import OrchestrationStatus, TaskStatus
from app.core.values import Json
from tests.kit.stage import Stage, example, happening, pull

DONE = TaskStatus.SUCCEEDED
PLANNED: Mapping[str, Json] = {"destroyed": 0, "risk": "high"}


# ------------------------------------------------------------------------- change-approval


def change() -> Stage:
    return Stage.of(example("change-approval", pull("opened")))


def in_review() -> Stage:
    stage = change()
    stage.run("plan", outputs=PLANNED)
    return stage


def scheduled() -> Stage:
    stage = in_review()
    stage.closed.add("infra-windows")
    stage.choose("approval")
    return stage


def applying() -> Stage:
    stage = scheduled()
    stage.open("infra-windows")
    return stage


def test_a_change_is_planned_approved_and_applied_in_its_window() -> None:
    """The good end: what was planned is reviewed, waits for the window, and is applied."""
    stage = applying()
    stage.run("apply")
    stage.run("verify")

    assert stage.state.machine is not None
    assert stage.state.machine.history == (
        "assessing",
        "in_review",
        "scheduled",
        "applying",
        "done",
    )
    assert stage.state.machine.data == {"risk": "high", "rounds": 0}
    assert stage.end == ("success", "")
    assert [each.conclusion for each in stage.asked(TellEnd)] == [Conclusion.SUCCESS]
    assert [each.holder for each in stage.asked(LeaveSeat)] == ["@applying.1"]


def test_a_new_commit_voids_a_review_and_is_assessed_anew() -> None:
    """Who pushes while it is reviewed begins anew, on the new commit and with a new check."""
    stage = in_review()
    stage.hear("pull_request.synchronize", pull("synchronize", "b"))

    assert stage.where == "assessing"
    assert stage.state.tasks[stage.attempt("assessing.1.plan").task].status is DONE
    assert stage.asked(DispatchWorkflow)[-1].ref == "b" * 40
    assert stage.asked(ConcludeCheck) == []


def test_a_change_that_is_never_good_enough_is_rejected() -> None:
    """After six rounds of changes asked for it is rejected: no loop is without a bound."""
    stage = change()
    for round_ in range(1, 7):
        stage.run("plan", outputs=PLANNED)
        stage.choose("approval", "reject", reason="not yet")
        assert stage.where == "needs_changes"
        assert stage.state.machine is not None
        assert stage.state.machine.data["rounds"] == round_
        stage.hear("pull_request.synchronize", pull("synchronize", "bcdefa"[round_ - 1]))
    stage.run("plan", outputs=PLANNED)
    stage.choose("approval", "reject")

    assert stage.where == "rejected"
    assert stage.end == ("failure", "final-state")


def test_a_change_that_cannot_be_planned_needs_changes() -> None:
    """A plan that fails twice leads to changes; a command rejects it for good."""
    stage = change()
    stage.run("plan", "failure")
    stage.wait(minutes=2)
    stage.run("plan", "failure")
    needs = stage.where
    stage.command("reject")

    assert needs == "needs_changes"
    assert stage.end == ("failure", "final-state")


def test_a_closed_pull_request_withdraws_a_change() -> None:
    """Whatever runs is stopped, and the end waits for it to have stopped."""
    stage = change()
    stage.hear("pull_request.closed", pull("closed"))
    where, has_ended = stage.where, stage.state.has_ended
    stage.run("assessing.1.plan", "cancelled")

    assert (where, has_ended) == ("withdrawn", False)
    assert stage.end == ("cancelled", "final-state")
    assert stage.code("assessing.1.plan") == "state-left"


def test_a_review_that_nobody_does_goes_stale() -> None:
    """After three days without an answer it is over."""
    stage = in_review()
    stage.wait(days=3)

    assert stage.where == "stale"
    assert stage.end == ("cancelled", "final-state")


def test_a_window_that_does_not_open_keeps_a_change_waiting_for_a_commit() -> None:
    """When the wait is over in vain, only a new commit or the end of it leads on."""
    stage = scheduled()
    stage.wait(days=8)
    code = stage.code("wait")
    stage.hear("pull_request.synchronize", pull("synchronize", "b"))

    assert code == "timed-out"
    assert stage.where == "assessing"


def test_what_cannot_be_applied_is_rolled_back() -> None:
    """A failed apply is reverted, and what cannot be reverted is an incident."""
    stage = applying()
    stage.run("apply", "failure")
    middle = stage.where
    stage.run("revert", "failure")

    assert middle == "rolling_back"
    assert stage.code("applying.1.verify") == "need-not-met"
    assert stage.end == ("failure", "final-state")
    assert stage.where == "incident"


# ------------------------------------------------------------------------------- ai-repair

BROKEN = happening(
    "workflow_run",
    {
        "action": "completed",
        "workflow_run": {"id": 5, "conclusion": "failure", "head_sha": "a" * 40},
    },
    repository="acme/api",
)
BUG: Mapping[str, Json] = {"category": "real_bug", "confidence": 0.9, "summary": "off by one"}
FIX: Mapping[str, Json] = {"branch": "ai/repair-5", "explanation": "counts from one"}


def triaged(outputs: Mapping[str, Json] = BUG) -> Stage:
    stage = Stage.of(example("ai-repair", BROKEN))
    stage.run("triage", outputs=outputs)
    return stage


def repaired(stage: Stage, **proof: str) -> None:
    stage.run("repair", outputs=FIX)
    stage.measure("repair", files=1, lines=4, paths=("src/a.py",))
    for check in ("unit", "e2e", "licence"):
        stage.run(f"prove/{check}", proof.get(check, "success"))


def test_a_repair_is_proved_and_merged_after_a_person_agrees() -> None:
    """The good end of what a model proposes: proved by workflows, approved by an owner."""
    stage = triaged()
    repaired(stage)
    review = stage.where
    refs = {each.ref for each in stage.asked(DispatchWorkflow) if "prove" in each.key}
    stage.choose("approval")

    assert review == "in_review"
    assert refs == {"ai/repair-5"}
    assert stage.end == ("success", "")


def test_what_is_no_bug_goes_to_a_person() -> None:
    """An uncertain or harmless finding opens an issue, and the end is neutral."""
    stage = triaged({**BUG, "category": "infra"})
    stage.perform("tell")

    assert stage.state.machine is not None
    assert stage.state.machine.history == ("triage", "human", "handed_over")
    assert stage.end == ("neutral", "")
    assert stage.state.status is OrchestrationStatus.SUCCEEDED


def test_a_triage_that_makes_no_sense_twice_goes_to_a_person() -> None:
    """Outputs that do not fit the schema are tried once more, and then not believed."""
    stage = triaged({"category": "who knows"})
    # What is missing may still be on its way.
    stage.wait(minutes=1)
    stage.run("triage", outputs={**BUG, "category": "who knows"})

    assert stage.code("triage.1.triage") == "invalid-output"
    assert stage.where == "human"


def test_a_repair_that_is_never_proved_is_given_up() -> None:
    """Each failed proof and each no of a reviewer is another visit, and three are enough."""
    stage = triaged()
    repaired(stage, unit="failure")
    again = stage.asked(DispatchWorkflow)[-1].inputs
    repaired(stage)
    stage.choose("approval", "reject")
    repaired(stage, e2e="failure")
    stage.refuse("tell")

    assert again == {"feedback": "the proof failed"}
    assert stage.state.machine is not None
    assert stage.state.machine.visits["repairing"] == 3
    assert stage.end == ("neutral", "")


def test_a_repair_beyond_its_limits_is_no_repair() -> None:
    """A branch that touches what is denied fails, however green."""
    stage = triaged()
    stage.run("repair", outputs=FIX)
    stage.measure("repair", files=1, lines=4, paths=(".github/workflows/ci.yml",))

    assert stage.code("repairing.1.repair") == "beyond-limits"
    assert stage.state.machine is not None
    assert stage.state.machine.visits["repairing"] == 2


def test_a_repair_that_nobody_reviews_goes_to_a_person() -> None:
    """A review has three days."""
    stage = triaged()
    repaired(stage)
    stage.wait(days=3, minutes=1)

    assert stage.where == "human"
