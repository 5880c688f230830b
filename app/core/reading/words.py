"""The words of the language: which keys stand where, and which are not built yet.

A key of the language that is not built yet is refused by name. A key that only GitHub
Actions has gets the remedy that belongs to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


def words(text: str) -> frozenset[str]:
    """Take a text for a set of words: tables are read more easily without the quotes."""
    return frozenset(text.split())


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NO_RUN = (
    "Signalbox runs no code: put it into a workflow of its own and start that with `dispatch`"
)
_PERMISSIONS = "the workflow that is dispatched says its own `permissions`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The keys of one place: those that work, those to come, those of GitHub Actions."""

    of: str
    known: frozenset[str]
    later: frozenset[str] = frozenset()
    actions: Mapping[str, str] = field(default_factory=dict)


DEFINITION = Vocabulary(
    of="a definition",
    known=words("version name on inputs tasks timeout-minutes report-to"),
    later=words(
        "correlate concurrency freeze defaults initial states data uses with outputs alerts"
    ),
    actions={
        "jobs": "a definition has `tasks`; a task is not a job: it starts a whole workflow",
        "env": "write the value where it is used, or declare it in `inputs`",
        "permissions": _PERMISSIONS,
        "run-name": "`name` is what people read; each orchestration adds its number",
        "steps": _NO_RUN,
        "secrets": "the workflow that is dispatched has its own secrets",
    },
)
TASK = Vocabulary(
    of="a task",
    known=words(
        "dispatch needs if with ref outputs strategy timeout-minutes continue-on-error"
    ),
    later=words(
        "agent approval wait orchestrate github report join retry queue-timeout-minutes "
        "on-timeout on-failure on-warning compensate escalate concurrency environment "
        "require-jobs min-duration review limits on-invalid-output"
    ),
    actions={
        "uses": "`dispatch: owner/repo/.github/workflows/file.yml@ref` starts a workflow",
        "run": _NO_RUN,
        "steps": _NO_RUN,
        "runs-on": "the workflow that is dispatched says where it runs",
        "name": "the key of the task is its name",
        "secrets": "the workflow that is dispatched has its own secrets",
        "env": "hand the value over in `with`",
        "permissions": _PERMISSIONS,
        "container": "the workflow that is dispatched says what it runs in",
        "services": "the workflow that is dispatched says what it needs",
        "defaults": "the workflow that is dispatched has its own",
    },
)
# One of these is what a task does; only the first is built.
TASK_ACTIONS = ("dispatch", "agent", "approval", "wait", "orchestrate", "github", "report")
STRATEGY = Vocabulary(
    of="`strategy`",
    known=frozenset({"matrix", "max-parallel", "fail-fast"}),
    later=frozenset({"waves", "bake-check", "rollback"}),
)
DECLARATION = Vocabulary(
    of="a declaration",
    known=words("type required default enum pattern description"),
    actions={
        "options": "write the choices as `enum`",
        "deprecationMessage": "say it in `description`",
        "value": "an output is reported by the workflow; here stands its `type`",
    },
)
REPORT_TO = Vocabulary(
    of="`report-to`", known=frozenset({"check", "comment"}), later=frozenset({"issue"})
)

EVENTS_LATER = words(
    "pull_request_review merge_group issue_comment create delete deployment_status "
    "deployment_protection_rule check_suite code_scanning_alert dependabot_alert "
    "secret_scanning_alert command schedule orchestration"
)
EVENTS_OF_ACTIONS: Mapping[str, str] = {
    "workflow_dispatch": "`manual` is started from the page, the command line or the API",
    "workflow_call": "nobody calls a definition; `manual` is started by hand",
    "pull_request_target": "`pull_request` will do: definitions are read at the default branch",
}
FILTERS_LATER = frozenset({"labels", "environments"})
_SOURCE = frozenset({"repositories", "if"})
_BRANCHES = frozenset({"branches", "branches-ignore"})
_PATHS = frozenset({"paths", "paths-ignore"})
# The events that are built, each with its filters; those of GitHub as Actions has them:
# https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
FILTERS: Mapping[str, frozenset[str]] = {
    "push": _SOURCE | _BRANCHES | _PATHS | {"tags", "tags-ignore"},
    "pull_request": _SOURCE | _BRANCHES | _PATHS | {"types"},
    "workflow_run": _SOURCE | _BRANCHES | {"types", "workflows"},
    "repository_dispatch": _SOURCE | {"types"},
    "release": _SOURCE | {"types"},
    "manual": frozenset(),
}
ALL_FILTERS = frozenset().union(*FILTERS.values())
TYPES: Mapping[str, tuple[str, ...]] = {
    "pull_request": _in_order(
        "opened synchronize reopened assigned unassigned labeled unlabeled edited closed "
        "converted_to_draft locked unlocked enqueued dequeued milestoned demilestoned "
        "ready_for_review review_requested review_request_removed auto_merge_enabled "
        "auto_merge_disabled"
    ),
    "workflow_run": ("requested", "in_progress", "completed"),
    "release": _in_order("published unpublished created edited deleted prereleased released"),
}
DEFAULT_TYPES: Mapping[str, tuple[str, ...]] = {
    "pull_request": ("opened", "synchronize", "reopened"),
}

NAMES_LATER = frozenset({"vars", "tasks", "data", "last", "outputs"})
ORCHESTRATION_MEMBERS = ("id", "number", "name")
