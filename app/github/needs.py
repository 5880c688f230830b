"""What Signalbox needs of the GitHub App that it speaks as: its permissions and its events.

`signalbox setup` registers an App that has them, `signalbox doctor` says which are missing,
and the README's table is checked against them. Names are those of the API:
https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["read", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One permission: its name in the API and on GitHub's pages, and what goes without it.

    What is `optional` is needed only by definitions that make use of it. What is
    `of_organization` nobody can grant on the account of a person.
    """

    name: str
    title: str
    level: Level
    why: str
    optional: bool = False
    of_organization: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One event: its name in the API and on GitHub's pages, and what goes without it."""

    name: str
    title: str
    why: str
    optional: bool = False


_ALERTS: Final = "definitions that listen to such alerts"
_STARTS: Final = "definitions that it starts"
PERMISSIONS: Final = (
    Permission(name="metadata", title="Metadata", level="read", why="everything"),
    Permission(
        name="actions",
        title="Actions",
        level="write",
        why="dispatching workflows, following and cancelling their runs",
    ),
    Permission(
        name="checks",
        title="Checks",
        level="write",
        why="the check run of each orchestration, and the problems of definitions",
    ),
    Permission(
        name="contents",
        title="Contents",
        level="write",
        why="reading definitions and policies, and dispatching a commit SHA by a tag",
    ),
    Permission(
        name="deployments",
        title="Deployments",
        level="write",
        why="answering the deployment protection rule of environments",
    ),
    Permission(
        name="issues",
        title="Issues",
        level="write",
        why="issues, comments and labels, notices, and commands in comments",
    ),
    Permission(
        name="merge_queues",
        title="Merge queues",
        level="read",
        why="hearing that a merge group wants its checks",
    ),
    Permission(
        name="pull_requests",
        title="Pull requests",
        level="write",
        why="reading changed files and reviews, and the one comment",
    ),
    Permission(
        name="members",
        title="Members",
        level="read",
        why="asking whether who approves is in the team that a rule names",
        of_organization=True,
    ),
    Permission(
        name="security_events",
        title="Code scanning alerts",
        level="read",
        why=_ALERTS,
        optional=True,
    ),
    Permission(
        name="vulnerability_alerts",
        title="Dependabot alerts",
        level="read",
        why=_ALERTS,
        optional=True,
    ),
    Permission(
        name="secret_scanning_alerts",
        title="Secret scanning alerts",
        level="read",
        why=_ALERTS,
        optional=True,
    ),
)
EVENTS: Final = (
    Subscription(
        name="push", title="Push", why="starts, and hearing that definitions were changed"
    ),
    Subscription(name="pull_request", title="Pull request", why=_STARTS),
    Subscription(
        name="pull_request_review", title="Pull request review", why="approvals by reviews"
    ),
    Subscription(
        name="issue_comment", title="Issue comment", why="approvals and commands in comments"
    ),
    Subscription(name="merge_group", title="Merge group", why="gates in the merge queue"),
    Subscription(
        name="workflow_run", title="Workflow run", why="how far dispatched workflow runs are"
    ),
    Subscription(name="check_run", title="Check run", why="the buttons of our checks"),
    Subscription(name="check_suite", title="Check suite", why=_STARTS),
    Subscription(
        name="deployment_protection_rule",
        title="Deployment protection rule",
        why="workflow runs that wait at an environment for our answer",
    ),
    Subscription(
        name="deployment_review",
        title="Deployment review",
        why="workflow runs that people released at an environment",
    ),
    Subscription(name="deployment_status", title="Deployment status", why=_STARTS),
    Subscription(name="release", title="Release", why=_STARTS),
    Subscription(name="repository_dispatch", title="Repository dispatch", why=_STARTS),
    Subscription(name="create", title="Create", why=_STARTS),
    Subscription(name="delete", title="Delete", why=_STARTS),
    Subscription(
        name="repository", title="Repository", why="hearing that one was renamed or removed"
    ),
    Subscription(
        name="code_scanning_alert", title="Code scanning alert", why=_ALERTS, optional=True
    ),
    Subscription(name="dependabot_alert", title="Dependabot alert", why=_ALERTS, optional=True),
    Subscription(
        name="secret_scanning_alert", title="Secret scanning alert", why=_ALERTS, optional=True
    ),
)
_LEVELS: Final[Mapping[str, int]] = {"": 0, "read": 1, "write": 2, "admin": 3}


def is_granted(wanted: Permission, granted: Mapping[str, str]) -> bool:
    """Tell whether permissions, by name, include one."""
    return _LEVELS.get(granted.get(wanted.name, ""), 0) >= _LEVELS[wanted.level]
