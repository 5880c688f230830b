"""The example definitions that are graphs, each through the core alone to its ends."""

from collections.abc import Mapping

from app.core.commands import (
    DispatchWorkflow,
    PerformOperation,
    RerunWorkflowRun,
)
from app.core.events import CancelRequested
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.state import WaveStatus
from app.core.values import Json
from tests.kit.stage import Stage, example, happening, pull

DONE = TaskStatus.SUCCEEDED
SKIPPED = TaskStatus.SKIPPED


def dispatched(stage: Stage) -> list[str]:
    """Name what was dispatched, in order."""
    return [str(each.attempt) for each in stage.asked(DispatchWorkflow)]


# -------------------------------------------------------------------------------- incident

ALERT = happening(
    "secret_scanning_alert",
    {"action": "created", "alert": {"number": 3}},
    repository="acme/api",
)
GRAVE: Mapping[str, Json] = {"severity": "critical", "exploited": True, "confidence": 0.95}
NOTE = "seen in the access log twice"


def enriched(outputs: Mapping[str, Json]) -> Stage:
    stage = Stage.of(example("incident", ALERT))
    stage.perform("case", {"number": 12})
    stage.run("enrich", outputs=outputs)
    return stage


def contained(stage: Stage) -> None:
    for action in ("revoke", "lock", "cancel_runs"):
        stage.run(f"contain/{action}")


def merged(*labels: str) -> Mapping[str, Json]:
    return {"merged": True, "labels": [{"name": each} for each in labels]}


def test_a_grave_alert_is_contained_by_rule_fixed_and_lifted() -> None:
    """The good end: contained at once, fixed by a labelled pull request, lifted by two."""
    stage = enriched(GRAVE)
    contained(stage)
    stage.hear("pull_request.closed", pull("closed", facts=merged("docs")))
    waiting = stage.leg("fix").status
    stage.hear("pull_request.closed", pull("closed", number=8, facts=merged("incident-fix")))
    stage.choose("lift")

    assert stage.task("decision").outputs["choice"] == "contain"
    assert waiting is LegStatus.AWAITING
    assert stage.end == ("success", "")
    assert stage.status("postmortem") is DONE


def test_a_false_positive_ends_after_the_decision() -> None:
    """Nothing is contained, nothing is fixed, and the evidence is written all the same."""
    stage = enriched({**GRAVE, "severity": "low"})
    stage.choose("decision", "false_positive", form={"note": NOTE})

    assert stage.status("contain") is SKIPPED
    assert stage.status("fix") is SKIPPED
    assert stage.status("lift") is SKIPPED
    assert stage.status("postmortem") is DONE
    assert stage.end == ("success", "")


def test_nobody_answers_and_it_is_contained_by_time() -> None:
    """Enriching failed, so no rule decides; after an hour of silence it is contained."""
    stage = Stage.of(example("incident", ALERT))
    stage.perform("case", {"number": 12})
    stage.run("enrich", "failure")
    stage.wait(hours=1)

    assert stage.task("decision").outputs["choice"] == "contain"
    assert stage.status("contain") is TaskStatus.RUNNING


def test_what_cannot_be_contained_is_asked_about() -> None:
    """After six tries people choose; who gives up fails it, and what needs it is skipped."""
    stage = enriched(GRAVE)
    stage.run("contain/lock")
    stage.run("contain/cancel_runs")
    for _ in range(6):
        stage.run("contain/revoke", "failure")
        stage.wait(minutes=2)
    asking = stage.status("contain")
    stage.choose("contain", "fail")

    assert asking is TaskStatus.ASKING
    assert stage.status("fix") is SKIPPED
    assert stage.end == ("failure", "task-failed")


def test_a_fix_that_does_not_come_fails() -> None:
    """A week without the pull request is too long."""
    stage = enriched(GRAVE)
    contained(stage)
    stage.wait(days=7)

    assert stage.code("fix") == "timed-out"


# ----------------------------------------------------------------------------- integration


def integrated(*, untrusted: bool = False) -> Stage:
    stage = Stage.of(example("integration", pull("opened")))
    shas: Json = {"api": "1" * 40, "web": "2" * 40, "schema": "3" * 40}
    stage.perform("pin", {"shas": shas, "untrusted": untrusted})
    return stage


SUITES = ("contract", "e2e_chrome", "e2e_firefox", "load_smoke")


def test_an_integration_of_our_own_needs_no_gate() -> None:
    """All suites run, three at a time, with the commits that were pinned."""
    stage = integrated()
    first = dispatched(stage)
    for suite in SUITES:
        stage.run(f"suite/{suite}")

    assert stage.status("fork_gate") is SKIPPED
    assert first == [f"suite/{each}/1" for each in SUITES[:3]]
    assert stage.asked(DispatchWorkflow)[0].inputs["web"] == "2" * 40
    assert stage.end == ("success", "")


def test_a_fork_waits_for_a_maintainer_and_may_be_refused() -> None:
    """Nothing with secrets runs for a stranger until somebody says so."""
    refused, late, agreed = (integrated(untrusted=True) for _ in range(3))
    refused.choose("fork_gate", "reject")
    late.wait(minutes=200)
    agreed.choose("fork_gate")

    assert refused.end == ("failure", "task-failed")
    assert dispatched(refused) == []
    assert late.code("fork_gate") == "timed-out"
    assert len(dispatched(agreed)) == 3


def test_a_flaky_suite_is_run_again_and_a_broken_one_fails() -> None:
    """Failed jobs are run again once; what fails again fails the whole."""
    stage = integrated()
    for suite in SUITES[1:3]:
        stage.run(f"suite/{suite}")
    stage.run("suite/contract", "failure")
    stage.wait(minutes=1)
    stage.run("suite/contract", "failure")
    stage.run("suite/load_smoke")

    assert len(stage.asked(RerunWorkflowRun)) == 1
    assert stage.end == ("failure", "task-failed")


def test_a_tolerated_failure_is_asked_about() -> None:
    """The load test may fail, but somebody must have seen it."""
    stage = integrated()
    for suite in SUITES[:3]:
        stage.run(f"suite/{suite}")
    stage.run("suite/load_smoke", "failure")
    stage.wait(minutes=1)
    stage.run("suite/load_smoke", "failure")
    asking = stage.status("suite")
    stage.choose("suite", "skip", reason="the lab is slow today")

    assert asking is TaskStatus.ASKING
    assert stage.status("suite") is SKIPPED
    assert stage.end == ("success", "")


# --------------------------------------------------------------------------- release-train

IMAGE = "ghcr.io/acme/thing:1"
MANUAL = happening("manual", {"inputs": {}}, repository="acme/release")


FREEZE = "production-freeze"
SHAS: Mapping[str, Json] = {"shas": {"api": "1" * 40, "web": "2" * 40, "billing": "3" * 40}}


def train(*, dry_run: bool = False) -> Stage:
    stage = Stage.of(example("release-train", MANUAL, train="2026.11", dry_run=dry_run))
    stage.perform("pin", SHAS)
    return stage


def built(stage: Stage, breaking: int = 0) -> None:
    for component in ("api", "billing", "web"):
        stage.run(f"build/{component}", outputs={"image": IMAGE})
    stage.run("contract", outputs={"breaking": breaking})


def test_a_train_is_built_signed_off_and_deployed_in_order() -> None:
    """The good end: one commit each, people agree, the api before the web, and evidence."""
    stage = train()
    built(stage)
    stage.choose("sign_off", form={"ticket": "CHG-7"})
    between = dispatched(stage)[-1]
    stage.run("deploy_api")
    stage.run("deploy_web")

    assert between == "deploy_api/1"
    assert stage.asked(DispatchWorkflow)[-1].inputs == {"image": IMAGE, "ticket": "CHG-7"}
    assert stage.status("evidence") is DONE
    assert stage.end == ("success", "")


def test_a_train_without_a_ticket_stays_where_it_is() -> None:
    """A form that is not filled in decides nothing."""
    stage = train()
    built(stage)
    stage.choose("sign_off", form={"ticket": "later"})
    open_ = stage.leg("sign_off").status
    stage.choose("sign_off", "reject", reason="Friday")

    assert open_ is LegStatus.AWAITING
    assert stage.code("sign_off") == "rejected"
    assert stage.end == ("failure", "task-failed")
    assert stage.status("evidence") is DONE


def test_nobody_signs_off_in_two_days() -> None:
    """A sign-off has its time; after it nothing is deployed."""
    stage = train()
    built(stage)
    stage.wait(days=2)

    assert stage.code("sign_off") == "timed-out"
    assert "deploy_api/1" not in dispatched(stage)


def test_a_failed_deployment_rolls_the_others_back() -> None:
    """What was deployed before is undone when the next one fails."""
    stage = train()
    built(stage)
    stage.choose("sign_off", form={"ticket": "CHG-7"})
    stage.run("deploy_api")
    stage.run("deploy_web", "failure")
    undoing = stage.state.status
    stage.run("deploy_api~undo")

    assert undoing is OrchestrationStatus.COMPENSATING
    assert stage.end == ("failure", "task-failed")
    assert dispatched(stage)[-1] == "deploy_api~undo/1"


def test_a_build_that_times_out_is_tried_again_and_one_that_fails_is_not() -> None:
    """Only what says nothing about the code is tried again, and with one all builds stop."""
    stage = train()
    stage.run("build/api", "timed_out")
    stage.wait(minutes=1)
    stage.run("build/api", "failure")
    stage.run("build/billing", "cancelled")
    stage.run("build/web", "cancelled")

    assert len(stage.asked(RerunWorkflowRun)) == 1
    assert stage.leg("build/web").status is LegStatus.CANCELLED
    assert stage.end == ("failure", "task-failed")


def test_a_freeze_holds_all_dispatches() -> None:
    """While the calendar is closed nothing leaves; when it opens all goes on."""
    stage = Stage.of(example("release-train", MANUAL, train="2026.11"), closed={FREEZE})
    frozen = stage.asked(PerformOperation)
    stage.open(FREEZE)
    stage.perform("pin", SHAS)

    assert frozen == []
    assert len(dispatched(stage)) == 3


def test_a_dry_run_deploys_nothing() -> None:
    """Nobody is asked, and what would follow is skipped."""
    stage = train(dry_run=True)
    built(stage)

    assert stage.status("deploy_web") is SKIPPED
    assert stage.end == ("success", "")


def test_a_train_that_is_cancelled_undoes_what_was_deployed() -> None:
    """Cancelling stops what runs and undoes what had been done."""
    stage = train()
    built(stage)
    stage.choose("sign_off", form={"ticket": "CHG-7"})
    stage.run("deploy_api")
    stage.tell(CancelRequested(at=stage.now, by="mona", reason="wrong train"))
    stage.run("deploy_web", "cancelled")
    stage.run("deploy_api~undo")

    assert stage.end == ("cancelled", "cancelled")


# --------------------------------------------------------------------------------- rollout

RELEASE = happening("release", {"release": {"tag_name": "v2"}}, repository="acme/edge")
REGIONS: Json = [
    {"name": "eu-1", "tier": "canary"},
    {"name": "eu-2", "tier": "normal"},
    {"name": "us-1", "tier": "normal"},
    {"name": "us-2", "tier": "normal"},
]
HEALTHY: Mapping[str, Json] = {"error_rate": 0.001, "p95_ms": 120}
SICK: Mapping[str, Json] = {"error_rate": 0.2, "p95_ms": 120}


def rollout() -> Stage:
    stage = Stage.of(example("rollout", RELEASE))
    stage.perform("targets", {"regions": REGIONS})
    return stage


def baked(stage: Stage, *regions: str, minutes: int, outputs: Mapping[str, Json]) -> None:
    """Let time pass while a wave bakes, and answer each round of checks."""
    for _ in range(0, minutes, 10):
        stage.wait(minutes=10)
        for name, task in list(stage.state.tasks.items()):
            if "~check" in name and not task.has_ended:
                for region in regions:
                    stage.run(f"{name}/{region}", outputs=outputs)


def test_a_release_goes_from_wave_to_wave() -> None:
    """The good end: a canary that holds, a half that people let go, and the rest."""
    stage = rollout()
    stage.run("rollout/eu-1")
    baked(stage, "eu-1", minutes=40, outputs=HEALTHY)
    asking = stage.task("rollout").waves["half"].status
    stage.choose("rollout", wave="half")
    stage.run("rollout/eu-2")
    stage.run("rollout/us-1")
    baked(stage, "eu-2", "us-1", minutes=250, outputs=HEALTHY)
    stage.run("rollout/us-2")

    assert asking is WaveStatus.ASKING
    assert stage.end == ("success", "")


def test_a_sick_canary_is_rolled_back() -> None:
    """What the checks see while it bakes is enough to undo the wave and spare the others."""
    stage = rollout()
    stage.run("rollout/eu-1")
    baked(stage, "eu-1", minutes=10, outputs=SICK)
    stage.run("rollout~rollback.canary/eu-1")

    assert stage.end == ("failure", "task-failed")
    assert stage.leg("rollout/us-2").status is LegStatus.SKIPPED


def test_a_canary_that_cannot_be_deployed_stops_the_rollout() -> None:
    """A deployment that fails is not tried again; no other wave begins."""
    stage = rollout()
    stage.run("rollout/eu-1", "failure")

    assert stage.end == ("failure", "task-failed")
    assert stage.leg("rollout/eu-2").status is LegStatus.SKIPPED


def test_a_wave_that_people_reject_goes_no_further() -> None:
    """The canary stays; nobody else gets it."""
    stage = rollout()
    stage.run("rollout/eu-1")
    baked(stage, "eu-1", minutes=40, outputs=HEALTHY)
    stage.choose("rollout", "reject", wave="half", reason="not before the weekend")

    assert stage.leg("rollout/us-1").attempts == ()
    assert stage.state.conclusion == "failure"
