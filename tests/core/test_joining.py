"""Stories about joins: when a task begins, by how what it needs has ended."""

import pytest

from app.core.moves import OrchestrationStatus, TaskStatus
from tests.kit import build
from tests.kit.build import begun, cancelled, ended, keys, plan
from tests.kit.said import skipped

GRAPH = "api; web; ship: api, web"
SKIPPED, WAITING = TaskStatus.SKIPPED, TaskStatus.WAITING


@pytest.mark.parametrize(
    ("join", "one", "both"),
    [
        ("all", WAITING, SKIPPED),
        ("any", TaskStatus.RUNNING, TaskStatus.RUNNING),
        ("all-done", WAITING, TaskStatus.RUNNING),
        ("none-failed", WAITING, SKIPPED),
        ("one-success", TaskStatus.RUNNING, TaskStatus.RUNNING),
    ],
)
def test_a_join_says_when_a_task_begins(join: str, one: TaskStatus, both: TaskStatus) -> None:
    """First one need succeeds, and then the other fails."""
    known = plan(GRAPH, ship={"join": join})
    first = begun(known, ended("api"))
    second = build.after(first, ended("web", "failure"))

    assert build.statuses(first.state)["ship"] is one
    assert build.statuses(second.state)["ship"] is both


@pytest.mark.parametrize(
    ("join", "first", "wanted"),
    [("all", "failure", SKIPPED), ("none-failed", "failure", SKIPPED),
     ("one-success", "failure", WAITING), ("any", "failure", TaskStatus.RUNNING),
     ("all-done", "failure", WAITING)],
)  # fmt: skip
def test_what_cannot_be_met_any_more_is_skipped_at_once(
    join: str, first: str, wanted: TaskStatus
) -> None:
    """A failure settles some joins while the other need still runs."""
    decision = begun(plan(GRAPH, ship={"join": join}), ended("api", first))

    assert build.statuses(decision.state)["ship"] is wanted


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("api", "api did not succeed"),
        ("api, web", "neither api nor web succeeded"),
        ("api, web, e2e", "none of these succeeded: api, web, e2e"),
    ],
)
def test_if_none_of_several_succeeded_the_task_is_skipped(needs: str, words: str) -> None:
    """`one-success` is told by its name when the last chance is gone."""
    names = needs.split(", ")
    graph = f"{'; '.join(names)}; ship: {needs}"
    decision = begun(
        plan(graph, ship={"join": "one-success"}), *(ended(name, "failure") for name in names)
    )
    reason = decision.state.tasks[build.attempt("ship").task].reason

    assert reason is not None
    assert reason.message == words


def test_what_was_skipped_has_not_failed() -> None:
    """`none-failed` lets a task begin after one whose condition did not hold."""
    known = plan("api; web; ship: api, web", web={"if": "false"}, ship={"join": "none-failed"})
    decision = begun(known, ended("api"))

    assert keys(decision.commands) == ["dispatch/ship/1"]


def test_after_all_of_it_somebody_may_look_at_the_results() -> None:
    """With `all-done` a condition reads how each need ended."""
    tidy = {"join": "all-done", "if": 'needs.api.result == "failure"'}
    decision = begun(
        plan("api; web; tidy: api, web", tidy=tidy), ended("api", "failure"), ended("web")
    )

    assert keys(decision.commands) == ["dispatch/tidy/1"]


def test_without_needs_nothing_is_waited_for() -> None:
    """A join of nothing is met, whatever it is."""
    joins = ("all", "any", "all-done", "none-failed", "one-success")
    names = [f"t{place}" for place in range(len(joins))]
    tasks = {name: {"join": join} for name, join in zip(names, joins, strict=True)}
    decision = begun(plan("; ".join(names), **tasks))

    assert keys(decision.commands) == [f"dispatch/{name}/1" for name in names]


def test_what_people_skip_counts_as_passed() -> None:
    """Whoever needs a task that people skipped goes on."""
    decision = begun(plan("api; ship: api"), skipped("api"), ended("api", "cancelled"))

    assert build.statuses(decision.state)["api"] is SKIPPED
    assert keys(decision.commands) == ["dispatch/ship/1"]


def test_no_join_begins_anything_once_it_is_cancelled() -> None:
    """Cancelled is cancelled, also where any end would do."""
    decision = begun(
        plan("api; ship: api", ship={"join": "any"}), cancelled(), ended("api", "cancelled")
    )

    assert build.statuses(decision.state)["ship"] is TaskStatus.CANCELLED
    assert decision.state.status is OrchestrationStatus.CANCELLED
