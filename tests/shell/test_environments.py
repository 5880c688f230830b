"""Stories of workflow runs that wait at protected environments: ours, and others'."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app.core.doorways.explaining import explain_orchestration
from app.rehearsal import DeliveryFault, Outcome
from app.rehearsal.model.state import WorkflowRun
from tests.kit.town import API, Town, town

pytestmark = pytest.mark.anyio

RULE = "deployment_protection_rule"
PRODUCTION = "production"
LETS_RELEASE = (
    "version: 1\naccept: [{from: acme/release, workflows: [deploy.yml],"
    " environments: [production]}]\n"
)
EASTER = """
version: 1
organization:
  calendars:
    easter: {timezone: UTC, closed: [{from: 2026-11-22T00:00, to: 2026-11-23T15:00, why: Eggs}]}
  rules: [{calendars: [easter], applies-to: {environments: [production]}}]
"""
CALLS_AN_HOUR_MAX = 6
LOOKS = ("/repos/acme/api/actions/runs/", "/repos/acme/api/environments/")
SHIP = """
version: 1
name: Ship
on: {push: {branches: [main]}}
tasks:
  deploy:
    dispatch: acme/api/.github/workflows/deploy.yml@main
    environment: production
"""
GUARD = """
version: 1
name: Guard
on:
  deployment_protection_rule: {repositories: [acme/api], environments: [production]}
tasks:
  sign_off:
    approval: {rules: [{require: [{users: [mona], count: 1}, {users: [hubot], count: 1}]}]}
"""
CHECKS = """
version: 1
name: Guard
on:
  deployment_protection_rule: {repositories: [acme/api], environments: [production]}
tasks:
  check: {dispatch: acme/release/.github/workflows/check.yml@main}
"""
CHECK_WORKFLOW = "name: Check\non: {workflow_dispatch: {}}\njobs: {}\n"


def protected(here: Town, **outcome: Any) -> None:
    """Let deployments wait at production for our answer."""
    here.github.protect(API, PRODUCTION)
    here.github.script(API, "deploy.yml", Outcome(environment=PRODUCTION, **outcome))


async def pushed(here: Town) -> WorkflowRun:
    """Push to the definition's repository, and return the run that this dispatched."""
    here.github.push("acme/release", {"README.md": "more\n"})
    await here.wait(minutes=5)
    return here.github.runs(API)[0]


async def dispatched_by_hand(here: Town) -> WorkflowRun:
    """Let somebody start the deployment from the Actions tab."""
    here.github.start_workflow(API, "deploy.yml", by="ada")
    await here.wait(minutes=1)
    return here.github.runs(API)[-1]


@dataclass(frozen=True)
class Said:
    """What we told GitHub of a run: reports, and answers."""

    reports: list[str]
    answers: list[str]


def said(run: WorkflowRun) -> Said:
    standstill = run.last.standstill
    reports = list(standstill.reports) if standstill is not None else []
    return Said(reports, [review.state for review in run.reviews])


async def test_a_run_of_ours_goes_on_at_the_environment_of_its_task() -> None:
    """Its gates let it through, so nobody is asked again."""
    async with town(ship=SHIP, target=LETS_RELEASE) as here:
        protected(here)
        run = await pushed(here)

        assert said(run).answers == ["approved"]
        assert run.last.conclusion == "success"
        assert await here.status("deploy") == "succeeded"
        [waiting] = (await here.state()).environments
        assert (waiting.answer, waiting.outcome) == ("approved", "approved")


async def test_a_run_of_ours_whose_question_was_lost_is_found_and_goes_on() -> None:
    """It is seen to wait when it is looked up, and so is where."""
    async with town(ship=SHIP, target=LETS_RELEASE) as here:
        protected(here)
        here.github.faults.plan_delivery(DeliveryFault.LOST, event=f"{RULE}.*", times=9)
        run = await pushed(here)
        early = said(run)
        await here.wait(minutes=10)

        assert early.answers == []
        assert said(run).answers == ["approved"]
        assert await here.status("deploy") == "succeeded"


async def test_a_refused_answer_is_given_once_the_repository_consents() -> None:
    """A run that waits is looked up now and then, with few calls."""
    async with town(ship=SHIP) as here:
        protected(here)
        run = await pushed(here)
        counts = []
        for _ in range(4):
            before = sum(each.path.startswith(LOOKS) for each in here.github.calls)
            await here.wait(hours=1)
            after = sum(each.path.startswith(LOOKS) for each in here.github.calls)
            counts.append(after - before)
        refused = said(run).answers
        here.github.push(API, {".github/orchestration-policy.yml": LETS_RELEASE})
        await here.wait(hours=2)

        assert refused == []
        assert max(counts) <= CALLS_AN_HOUR_MAX
        assert said(run).answers == ["approved"]
        assert await here.status("deploy") == "succeeded"


async def test_at_another_environment_it_is_told_and_not_answered() -> None:
    """A task answers only for the environment that it names."""
    other = SHIP.replace("environment: production", "environment: staging")
    lets = LETS_RELEASE.replace("[production]", "[production, staging]")
    async with town(ship=other, target=lets) as here:
        protected(here)
        here.github.protect(API, "staging")
        run = await pushed(here)

        assert said(run).answers == []
        assert "names the environment staging" in said(run).reports[0]
        assert "Write `environment: production` there" in said(run).reports[0]
        assert len(said(run).reports) == 1
        assert await here.status("deploy") == "running"


async def test_without_consent_nothing_is_answered() -> None:
    """Who may dispatch a workflow has not thereby the say over what is protected."""
    async with town(ship=SHIP) as here:
        protected(here)
        run = await pushed(here)

        [waiting] = (await here.state()).environments
        assert said(run) == Said([], [])
        assert waiting.outcome == "refused"
        assert "environments: [production]" in waiting.message


async def test_a_guard_is_asked_for_a_run_of_others_and_approves_when_it_opens() -> None:
    """It is told meanwhile why it waits, and goes on once people have decided."""
    async with town(guard=GUARD, target=LETS_RELEASE) as here:
        protected(here)
        run = await dispatched_by_hand(here)
        before = said(run)
        await choose(here, "approve")
        await here.wait(minutes=1)

        assert before.answers == []
        assert "waiting for people" in before.reports[0]
        assert said(run).answers == ["approved"]
        assert run.last.conclusion == "success"
        assert (await here.state()).conclusion == "success"


async def test_a_persons_no_turns_it_away() -> None:
    """And the run fails, as on GitHub."""
    async with town(guard=GUARD, target=LETS_RELEASE) as here:
        protected(here)
        run = await dispatched_by_hand(here)
        await choose(here, "reject")
        await here.wait(minutes=1)

        assert said(run).answers == ["rejected"]
        assert run.last.conclusion == "failure"


async def test_what_goes_wrong_is_no_no() -> None:
    """The run goes on waiting, is told so, and goes on once a retry succeeds."""
    check = {".github/workflows/check.yml": CHECK_WORKFLOW}
    async with town(guard=CHECKS, target=LETS_RELEASE) as here:
        here.github.push("acme/release", check)
        protected(here)
        here.github.script("acme/release", "check.yml", Outcome(conclusion="failure"))
        run = await dispatched_by_hand(here)
        await here.wait(hours=1)
        failed = said(run)
        here.github.script("acme/release", "check.yml", Outcome())
        state = await here.state()
        wish = {"orchestration": state.id, "actor": "mona"}
        await here.deliver("signalbox/retry", wish, "retry-1")
        await here.wait(hours=1)

        assert failed.answers == []
        assert "Nobody said no, so it goes on waiting" in failed.reports[-1]
        assert len(failed.reports) <= 10
        assert said(run).answers == ["approved"]


async def test_a_policy_turns_it_away_although_people_said_yes() -> None:
    """The organisation forbids it, and says so."""
    denies = (
        "{version: 1, organization: {rules: [{name: quiet, deny: not now,"
        " applies-to: {environments: [production]}, mode: enforce}]}}"
    )
    async with town(guard=CHECKS, target=LETS_RELEASE, organization_policy=denies) as here:
        here.github.push("acme/release", {".github/workflows/check.yml": CHECK_WORKFLOW})
        protected(here)
        run = await dispatched_by_hand(here)
        await here.wait(hours=1)

        assert said(run).answers == ["rejected"]
        assert run.reviews[0].comment == "the rule `quiet` of acme/.github forbids it: not now"


async def test_what_people_said_yes_to_waits_for_a_calendar_of_the_policy() -> None:
    """It is let go when the calendar opens, long after the guard has ended."""
    async with town(guard=GUARD, target=LETS_RELEASE, organization_policy=EASTER) as here:
        protected(here)
        run = await dispatched_by_hand(here)
        await choose(here, "approve")
        await here.wait(hours=5)
        state, held = await here.state(), said(run)
        [check] = here.github.check_runs(API, state.plan.cause.sha)
        shown = check.summary or ""
        why = explain_orchestration(state, here.github.clock.now())
        await here.wait(hours=2)

        closed = "the calendar `easter` is closed until 2026-11-23 15:00 UTC: Eggs"
        assert (held.answers, state.conclusion) == ([], "success")
        assert f"production waits: {closed}" in held.reports[-1]
        assert closed in shown
        assert closed in why
        assert "`override`" in why
        assert said(run).answers == ["approved"]
        assert run.last.conclusion == "success"
        assert "at `production` was let go" in (check.summary or "")


async def test_a_freeze_by_people_keeps_our_own_run_at_its_environment() -> None:
    """Dispatched just before, it goes on when the freeze is lifted, and not before."""
    always = EASTER.replace("2026-11-22", "2027-11-22").replace("2026-11-23", "2027-11-23")
    async with town(ship=SHIP, target=LETS_RELEASE, organization_policy=always) as here:
        protected(here, queued=timedelta(minutes=10))
        here.github.push("acme/release", {"README.md": "more\n"})
        await here.wait(minutes=5)
        freeze = {"organization": "acme", "until": "2026-11-24T00:00Z", "because": "fire"}
        await here.deliver("signalbox/freeze", {**freeze, "actor": "mona"}, "freeze-1")
        await here.wait(hours=2)
        [run] = here.github.runs(API)
        held, title = said(run), (await here.check()).title or ""
        lifted = {**freeze, "until": "2026-11-23T09:00Z", "actor": "mona"}
        await here.deliver("signalbox/freeze", lifted, "freeze-2")
        await here.wait(minutes=5)

        assert held.answers == []
        assert "held: deploy waits for a calendar to open" in title
        assert "mona closed easter until 2026-11-24 00:00 UTC: fire" in held.reports[-1]
        assert said(run).answers == ["approved"]
        assert await here.status("deploy") == "succeeded"


async def test_an_address_of_another_host_is_never_called() -> None:
    """Only the number of the run counts; the answer goes where GitHub is."""
    async with town(target=LETS_RELEASE) as here:
        protected(here)
        run = await dispatched_by_hand(here)
        guard = {
            ".github/orchestrations/guard.yml": CHECKS,
            ".github/workflows/check.yml": CHECK_WORKFLOW,
        }
        here.github.push("acme/release", guard)
        await here.wait(minutes=1)
        body = {
            "action": "requested",
            "environment": PRODUCTION,
            "event": "push",
            "sha": run.head_sha,
            "ref": "refs/heads/main",
            "deployment_callback_url": (
                f"https://evil.example/repos/a/b/actions/runs/{run.id}/deployment_protection_rule"
            ),
            "repository": {
                "id": here.github.world.repository(API).id,
                "full_name": API,
                "default_branch": "main",
            },
            "installation": {"id": next(iter(here.github.world.installations))},
            "sender": {"login": "mallory", "id": 3, "type": "User"},
        }
        await here.deliver("deployment_protection_rule", body, "forged")
        await here.wait(minutes=10)

        answers = [each.path for each in here.github.calls if "protection_rule" in each.path]
        assert said(run).answers == ["approved"]
        assert set(answers) == {f"/repos/{API}/actions/runs/{run.id}/{RULE}"}


async def test_a_review_by_githubs_own_reviewers_is_a_vote_where_a_gate_says_so() -> None:
    """Whoever releases the run on GitHub has voted at the gate that guards it."""
    guard = GUARD.replace("approval: {", "approval: {sources: [environment], ").replace(
        ", {users: [hubot], count: 1}", ""
    )
    async with town(guard=guard, target=LETS_RELEASE) as here:
        here.github.protect(API, PRODUCTION, reviewers=["mona"])
        here.github.script(API, "deploy.yml", Outcome(environment=PRODUCTION))
        run = await dispatched_by_hand(here)
        before = said(run).answers
        here.github.review_run(run, "mona")
        await here.wait(minutes=1)

        assert before == []
        assert said(run).answers == ["approved", "approved"]
        assert run.last.conclusion == "success"


async def choose(here: Town, option: str) -> None:
    """Let the people asked at the only gate choose."""
    state = await here.state()
    about = {"orchestration": state.id, "task": "sign_off", "option": option}
    wish = {**about, "actor": "mona", "override": True, "reason": "a drill"}
    await here.deliver("signalbox/approve", wish, f"choice-{option}")
    await here.wait(seconds=5)
