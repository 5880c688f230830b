"""What a task may do: start a workflow, ask people, wait, call GitHub, run a child, report.

Values made by `app.core.reading`; what each word means is written in docs/definitions.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from app.core.terms import Declaration, Expression, Template
from app.core.values import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """Start a workflow and follow its run to the end.

    `target` renders to `owner/repo/.github/workflows/file.yml`, with or without `@ref`;
    `ref` overrides what stands behind the `@`. `environment` is the one whose deployment
    protection rule this task may answer. A success counts only if each of `require_jobs`
    succeeded and the workflow run took at least `min_duration`.
    """

    target: Template
    ref: Template | None = None
    inputs: Mapping[str, Template]
    environment: Template | None = None
    require_jobs: tuple[str, ...] = ()
    min_duration: timedelta | None = None


class Permission(StrEnum):
    """What GitHub lets somebody do in a repository, the least first."""

    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """So many different people out of these: any of the teams, users, permission or owners.

    Teams are `owner/slug`. `permission` is asked for at the orchestration's own repository.
    """

    teams: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    permission: Permission | None = None
    code_owners: bool = False
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRule:
    """Requirements that must all be met where `when` holds."""

    require: tuple[Requirement, ...]
    when: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """A choice that is made by rule; an error in `when` means that it is not made."""

    when: Expression
    choose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """Who may decide alone in an emergency, always with a reason."""

    teams: tuple[str, ...] = ()
    users: tuple[str, ...] = ()


APPROVE = "approve"
REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Wait for people.

    Of the default options `reject` makes the task fail; options of a definition's own all
    make it succeed, with the chosen one as its output `choice` beside the `inputs`.
    """

    title: Template | None = None
    rules: tuple[ApprovalRule, ...]
    exclude: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset({"review", "comment", "check", "page"})
    inputs: Mapping[str, Declaration]
    options: tuple[str, ...] = (APPROVE, REJECT)
    auto: Auto | None = None
    break_glass: BreakGlass | None = None
    expires_after: timedelta | None = None

    def is_no(self, choice: str) -> bool:
        """Tell whether a choice says no.

        `reject` does, of people by the default options and of a policy by any; not where it
        is an option of the definition's own.
        """
        is_own = REJECT in self.options and self.options != (APPROVE, REJECT)
        return choice == REJECT and not is_own


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLimits:
    """How much the branch that an agent proposes may change; more is a failure."""

    max_files: int | None = None
    max_lines: int | None = None
    deny_paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Start the workflow of a model, and believe its outputs only within bounds.

    `schema` is a JSON Schema for all outputs together. What does not fit is tried again up
    to `invalid_retries` times. Without `review` its result goes on by itself.
    """

    dispatch: Dispatch
    schema: JsonObject
    limits: AgentLimits | None = None
    invalid_retries: int = 0
    invalid_then: Literal["fail", "ask"] = "fail"
    review: Approval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Let time pass, or something happen; it costs nothing meanwhile.

    Exactly one of three: `duration` alone; `until`, a calendar's name or a moment (RFC 3339),
    at most `duration` long; `event` (as `pull_request.closed`, `when` over it), at most
    `duration` long. What does not come in time is a failure with the code `timed-out`.
    """

    duration: timedelta
    until: Template | None = None
    event: str | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orchestrate:
    """Carry out another definition and follow it to its end; its outputs are the task's."""

    target: Template
    inputs: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubOperation:
    """Make one call: `refs.resolve`, `file.read`, `issue.create`, ..."""

    name: str
    inputs: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Write an evidence pack."""

    formats: tuple[str, ...]
    include: tuple[str, ...]


Action: TypeAlias = Dispatch | Agent | Approval | Wait | Orchestrate | GitHubOperation | Report
Effect: TypeAlias = Dispatch | Orchestrate | GitHubOperation
"""What may compensate for a task: something that is done and then over."""
