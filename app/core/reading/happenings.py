"""The words for what happens: events, their filters and activities.

Those of GitHub are as Actions has them: https://docs.github.com/en/actions/reference/
workflows-and-actions/events-that-trigger-workflows. Ours are `manual`, `command`, `schedule`
and `orchestration`.
"""

from collections.abc import Mapping

from app.core.reading.words import CONCLUSIONS, words


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(text.split())


EVENTS_OF_ACTIONS: Mapping[str, str] = {
    "workflow_dispatch": "`manual` is started from the command line or the API",
    "workflow_call": "nobody calls a definition; `manual` is started by hand",
    "pull_request_target": "`pull_request` will do: definitions are read at the default branch",
}
_SOURCE = words("repositories if")
_BRANCHES = words("branches branches-ignore")
_PATHS = words("paths paths-ignore")
_TYPED = _SOURCE | {"types"}
# The events of GitHub, each with its filters.
_OF_GITHUB: Mapping[str, frozenset[str]] = {
    "push": _SOURCE | _BRANCHES | _PATHS | {"tags", "tags-ignore"},
    "pull_request": _TYPED | _BRANCHES | _PATHS | {"labels"},
    "pull_request_review": _TYPED | _BRANCHES | {"labels"},
    "merge_group": _TYPED | _BRANCHES,
    "issue_comment": _TYPED | {"labels"},
    "release": _TYPED,
    "create": _SOURCE,
    "delete": _SOURCE,
    "deployment_status": _SOURCE | {"environments"},
    "deployment_protection_rule": _TYPED | {"environments"},
    "workflow_run": _TYPED | _BRANCHES | {"workflows"},
    "check_suite": _TYPED | _BRANCHES,
    "repository_dispatch": _TYPED,
    "code_scanning_alert": _TYPED,
    "dependabot_alert": _TYPED,
    "secret_scanning_alert": _TYPED,
}
GITHUB_EVENTS = tuple(_OF_GITHUB)
FILTERS: Mapping[str, frozenset[str]] = {
    **_OF_GITHUB,
    "manual": frozenset(),
    "command": _SOURCE,
    "schedule": frozenset(),
    "orchestration": _TYPED | {"workflows"},
}
ALL_FILTERS = frozenset().union(*FILTERS.values())
# An event without activities here has none, or takes any, as `repository_dispatch` does.
TYPES: Mapping[str, tuple[str, ...]] = {
    "pull_request": _in_order(
        "opened synchronize reopened assigned unassigned labeled unlabeled edited closed "
        "converted_to_draft locked unlocked enqueued dequeued milestoned demilestoned "
        "ready_for_review review_requested review_request_removed auto_merge_enabled "
        "auto_merge_disabled"
    ),
    "pull_request_review": _in_order("submitted edited dismissed"),
    "merge_group": _in_order("checks_requested destroyed"),
    "issue_comment": _in_order("created edited deleted"),
    "release": _in_order("published unpublished created edited deleted prereleased released"),
    "deployment_protection_rule": ("requested",),
    "workflow_run": _in_order("requested in_progress completed"),
    "check_suite": _in_order("completed requested rerequested"),
    "code_scanning_alert": _in_order(
        "created appeared_in_branch fixed reopened reopened_by_user closed_by_user "
        "updated_assignment"
    ),
    "dependabot_alert": _in_order(
        "created dismissed fixed reintroduced reopened auto_dismissed auto_reopened "
        "assignees_changed"
    ),
    "secret_scanning_alert": _in_order(
        "created resolved reopened revoked publicly_leaked validated assigned unassigned"
    ),
    "orchestration": CONCLUSIONS,
}
DEFAULT_TYPES: Mapping[str, tuple[str, ...]] = {
    "pull_request": ("opened", "synchronize", "reopened"),
    "merge_group": ("checks_requested",),
}
