"""What a task does: each action becomes a value with everything filled in."""

from datetime import timedelta

from app.core.actions import (
    Agent,
    AgentLimits,
    Approval,
    ApprovalRule,
    BreakGlass,
    Dispatch,
    GitHubOperation,
    Orchestrate,
    Permission,
    Report,
    Requirement,
    Wait,
)
from app.core.terms import ValueType
from tests.core.reading.shipped import task, tasks


def test_a_dispatch_knows_what_else_makes_it_good() -> None:
    """The environment, the jobs that must succeed and the least duration are kept."""
    action = task("ship").action

    assert isinstance(action, Dispatch)
    assert action.environment is not None
    assert action.environment.value == "prod-${{ inputs.stage }}"
    assert action.require_jobs == ("deploy", "smoke")
    assert action.min_duration == timedelta(seconds=90)


def test_an_agent_is_bounded() -> None:
    """The schema types its outputs; limits, tries and the review stand beside it."""
    proposed = task("propose")
    action = proposed.action

    assert isinstance(action, Agent)
    assert action.dispatch.inputs.keys() == {"about"}
    assert {name: each.type for name, each in proposed.outputs.items()} == {
        "branch": ValueType.STRING,
        "kind": ValueType.STRING,
        "level": ValueType.INTEGER,
        "files": ValueType.ARRAY,
    }
    assert proposed.outputs["branch"].required
    assert action.limits == AgentLimits(max_files=10, max_lines=400, deny_paths=(".github/**",))
    assert (action.invalid_retries, action.invalid_then) == (2, "ask")
    assert action.review is not None
    assert action.review.rules == (
        ApprovalRule(require=(Requirement(users=("mona", "helper[bot]")),)),
    )


def test_an_agent_is_reviewed_unless_it_says_otherwise() -> None:
    """Without `review` somebody with the role `approve` is asked; `none` asks nobody."""
    schema = "outputs: {schema: {type: object, properties: {a: {type: string}}}}"
    agent = "agent: acme/api/.github/workflows/a.yml@main"
    first, second = tasks(
        f"  a: {{{agent}, {schema}}}\n  b: {{{agent}, review: none, {schema}}}\n"
    )

    assert isinstance(first.action, Agent)
    assert first.action.review is not None
    assert first.action.review.rules == ()
    assert (first.action.invalid_retries, first.action.invalid_then) == (0, "fail")
    assert isinstance(second.action, Agent)
    assert second.action.review is None


def test_an_approval_says_who_how_and_until_when() -> None:
    """Every key of an approval becomes a value."""
    action = task("sign_off").action

    assert isinstance(action, Approval)
    assert action.title is not None
    first, second = action.rules
    assert first.when is not None
    assert first.require == (
        Requirement(teams=("acme/sre",), count=2),
        Requirement(permission=Permission.MAINTAIN),
    )
    assert second.require == (Requirement(code_owners=True),)
    assert action.exclude == {"actor", "authors", "last-pusher"}
    assert action.options == ("ship", "hold")
    assert action.auto is not None
    assert (action.auto.when.source, action.auto.choose) == ("inputs.dry_run", "hold")
    assert action.break_glass == BreakGlass(teams=("acme/ciso",), users=("mona",))
    assert action.expires_after == timedelta(days=1)
    assert list(action.inputs) == ["ticket"]


def test_the_shortest_approval_leaves_it_to_the_role() -> None:
    """Nothing said means one person with the role `approve`, by any door, yes or no."""
    (asked,) = tasks("  a: {approval: {}}\n")

    assert isinstance(asked.action, Approval)
    assert asked.action.rules == ()
    assert asked.action.options == ("approve", "reject")
    assert asked.action.sources == {"review", "comment", "check", "page"}
    assert asked.timeout == timedelta(days=7)


def test_a_wait_is_for_time_for_a_moment_or_for_an_event() -> None:
    """Each kind has a bound."""
    night, merged, pause = (task(name).action for name in ("night", "merged", "pause"))

    assert isinstance(night, Wait)
    assert night.until is not None
    assert (night.until.value, night.duration) == (
        "2026-11-23T22:00:00+01:00",
        timedelta(days=2),
    )
    assert isinstance(merged, Wait)
    assert merged.when is not None
    assert (merged.event, merged.duration) == ("pull_request.closed", timedelta(days=1))
    assert isinstance(pause, Wait)
    assert pause == Wait(duration=timedelta(minutes=90))


def test_a_wait_without_a_bound_ends_with_the_whole() -> None:
    """The orchestration's time-out is the longest wait."""
    (waiting,) = tasks("  a: {wait: {event: push}}\n")

    assert waiting.action == Wait(duration=timedelta(days=7), event="push")


def test_the_other_actions() -> None:
    """A child, a call and an evidence pack are values, too."""
    child, refs = task("child").action, task("refs").action

    assert isinstance(child, Orchestrate)
    assert child.target.value == "acme/other/.github/orchestrations/other.yml"
    assert child.inputs.keys() == {"train"}
    assert isinstance(refs, GitHubOperation)
    assert (refs.name, list(refs.inputs)) == ("refs.resolve", ["refs", "override"])
    assert task("evidence").action == Report(
        formats=("markdown", "json"),
        include=("definition", "approvals", "attempts", "journal"),
    )
    assert task("summary").action == Report(
        formats=("json", "markdown"),
        include=("definition", "approvals", "attempts", "journal"),
    )
