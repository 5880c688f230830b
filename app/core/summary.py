"""What people read on GitHub: a state, or the problems of definitions, as text.

Everything here is pure and depends on the state alone: the same state gives the same text,
whose digest tells a writer whether there is anything to write. `telling.markdown` keeps
strangers' words from being more than words; `telling.masking` keeps secrets out.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.core.copying import replace
from app.core.legs.refs import is_sha
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.plan import Cause, Plan
from app.core.state import Leg, Orchestration, Task
from app.core.telling.answering import what_now
from app.core.telling.buttons import Button, buttons_of
from app.core.telling.drawing import draw_mermaid
from app.core.telling.environments import lines_of_runs
from app.core.telling.headline import count, headline, is_awaiting_people
from app.core.telling.looks import LOOKS, count_of_legs, look_of_task, name_of
from app.core.telling.markdown import (
    code,
    details,
    fit,
    foreign,
    html,
    is_url,
    link,
    one_line,
    plain,
    row,
    size,
    table,
)
from app.core.telling.problem_report import Annotation, ProblemsText, summarise_problems
from app.core.telling.shown_values import ShownValue, inputs_shown, outputs_shown
from app.core.telling.task_table import (
    HEAD,
    NAME_MAX,
    PRESSING,
    ROWS_IN_ORDER_MAX,
    borne,
    rows_of,
    why,
    why_of_leg,
    why_of_task,
)
from app.core.telling.waiting import why_held
from app.core.values import RepositoryName, TaskName

__all__ = [
    "Annotation",
    "CheckText",
    "CommentText",
    "ProblemsText",
    "comment_mark",
    "comment_mark_start",
    "summarise_check",
    "summarise_comment",
    "summarise_problems",
    "with_page",
]

CheckStatus = Literal["queued", "in_progress", "completed"]

# https://docs.github.com/en/rest/checks/runs#create-a-check-run
CHECK_TEXT_MAX = 65_535
COMMENT_MAX = 65_536
NAME_OF_CHECK_MAX = 255

INPUTS_SIZE_MAX = 8_000
OUTPUTS_SIZE_MAX = 20_000
VALUE_MAX = 200
COMMENT_ROWS_SIZE_MAX = 30_000
PAGE_LINK_MAX = 400
"""Room that is left for a link to the page at the end of what was cut."""
CUT = "did not fit here."
LEGS_LINKED_MAX = 3

TOLD_BY_TASKS = frozenset({"task-failed", "task-cancelled"})
"""Reasons of the whole that only repeat what the tasks say."""

STATUSES: dict[OrchestrationStatus, tuple[CheckStatus, str | None]] = {
    OrchestrationStatus.REQUESTED: ("queued", None),
    OrchestrationStatus.BLOCKED: ("queued", None),
    OrchestrationStatus.RUNNING: ("in_progress", None),
    OrchestrationStatus.COMPENSATING: ("in_progress", None),
    OrchestrationStatus.CANCELLING: ("in_progress", None),
    OrchestrationStatus.SUCCEEDED: ("completed", "success"),
    OrchestrationStatus.FAILED: ("completed", "failure"),
    OrchestrationStatus.CANCELLED: ("completed", "cancelled"),
}

SIGNS = {
    OrchestrationStatus.REQUESTED: "⏳",
    OrchestrationStatus.BLOCKED: "🔒",
    OrchestrationStatus.RUNNING: "▶️",
    OrchestrationStatus.COMPENSATING: "↩️",
    OrchestrationStatus.CANCELLING: "🛑",
    OrchestrationStatus.SUCCEEDED: "✅",
    OrchestrationStatus.FAILED: "❌",
    OrchestrationStatus.CANCELLED: "🚫",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckText:
    """A check run as it should stand; `title` is plain text, `summary` and `text` Markdown.

    What was cut leaves room for a link to where all of it is (`with_page`).
    """

    name: str
    status: CheckStatus
    conclusion: str | None
    title: str
    summary: str
    text: str
    digest: str
    started_at: datetime | None
    ended_at: datetime | None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentText:
    """A comment as it should stand; its first line is the mark by which it is found again."""

    body: str
    digest: str


def summarise_check(state: Orchestration) -> CheckText:
    """Say on a check run how an orchestration is."""
    status, conclusion = STATUSES[state.status]
    if state.has_ended and state.conclusion:
        # A machine's final state says it; its word may be `neutral`.
        conclusion = state.conclusion
    name = one_line(state.plan.definition.name, NAME_OF_CHECK_MAX)
    title = headline(state)
    summary = _check_summary(state)
    text = _check_text(state)
    shown = (name, status, conclusion, title, summary, text)
    times = (str(state.started_at), str(state.ended_at))
    buttons = buttons_of(state)
    return CheckText(
        name=name,
        status=status,
        conclusion=conclusion,
        title=title,
        summary=summary,
        text=text,
        digest=_digest(*shown, *times, *(each.identifier for each in buttons)),
        started_at=state.started_at,
        ended_at=state.ended_at,
        buttons=buttons,
    )


def with_page(text: CheckText, url: str) -> CheckText:
    """Let what was cut end with the way to all of it; the digest does not hang on that."""
    line = f"\n\n{link('The page of this orchestration', url)} has all of it."
    if size(line) > PAGE_LINK_MAX or not is_url(url):
        return text
    return replace(
        text,
        summary=text.summary + line if text.summary.endswith(CUT) else text.summary,
        text=text.text + line if CUT in text.text else text.text,
    )


def summarise_comment(state: Orchestration) -> CommentText:
    """Say in a comment on the pull request how an orchestration is."""
    plan = state.plan
    head = [
        comment_mark(plan),
        f"### {sign_of(state)} {_title(plan)}: {plain(headline(state))}",
        *what_now(state),
        "",
        f"{_commit(plan.cause)} · {_cause(state)}",
        "",
        *table(("Task", "State", "Why")),
    ]
    rows = fit(list(_comment_rows(state)), COMMENT_ROWS_SIZE_MAX, _more_tasks)
    parts = [*head, *rows]
    drawn = draw_mermaid(plan.definition, state)
    if drawn is not None:
        parts += ["", details("Graph", _fenced(drawn))]
    body = "\n".join(parts)
    assert size(body) <= COMMENT_MAX, "each part of the comment is bounded"
    return CommentText(body=body, digest=_digest(body))


def comment_mark(plan: Plan) -> str:
    """Return the hidden first line by which an orchestration's comment is found again."""
    return f"{comment_mark_start(plan.origin.repository, plan.definition.id)}{plan.number} -->"


def comment_mark_start(repository: RepositoryName, definition_id: str) -> str:
    """Return how the first line of every comment of one definition begins; a number follows."""
    return f"<!-- signalbox {_in_mark(repository)}/{_in_mark(definition_id)} #"


# --- the check ------------------------------------------------------------------------


def _check_summary(state: Orchestration) -> str:
    plan = state.plan
    head = [
        f"**{sign_of(state)} {plain(headline(state))}**",
        *what_now(state),
        "",
        f"{_title(plan)} · {_commit(plan.cause)} · {_cause(state)}",
        "",
        f"Definition: {code(plan.origin.path, NAME_MAX)} of {plain(plan.origin.repository)}",
    ]
    if state.reason is not None and state.reason.code not in TOLD_BY_TASKS:
        head.append(f"\nReason: {why(state.reason)}")
    if state.gone is not None and state.gone.sha and state.gone.is_superseded:
        # GitHub makes a link of this form by itself, and the new check stands behind it.
        at = f"{plain(plan.cause.repository)}@{state.gone.sha[:12]}"
        head.append(f"\nIt goes on at {at}.")
    head += ["", *runs] if (runs := list(lines_of_runs(state))) else []
    head += ["", *HEAD]
    free = CHECK_TEXT_MAX - PAGE_LINK_MAX - size("\n".join(head)) - 1
    return "\n".join([*head, *fit([str(each) for each in rows_of(state)], free, _more_rows)])


def _check_text(state: Orchestration) -> str:
    definition = state.plan.definition
    drawn = draw_mermaid(definition, state)
    large = f"The graph of {count(len(definition.tasks), 'task')} is too large to be drawn."
    parts = [f"### Graph\n\n{_fenced(drawn) if drawn is not None else large}\n"]
    inputs = list(map(_value_row, inputs_shown(state)))
    parts += _table_of("Inputs", ("Input", "Value"), inputs, INPUTS_SIZE_MAX)
    outputs = list(map(_value_row, outputs_shown(state)))
    parts += _table_of("Outputs", ("Task", "Output", "Value"), outputs, OUTPUTS_SIZE_MAX)
    reports = list(_reports(state))
    if reports:
        parts.append("### Reported by the workflow runs\n")
        free = CHECK_TEXT_MAX - PAGE_LINK_MAX - size("\n".join(parts)) - 1
        parts += fit(reports, free, lambda left: f"{count(left, 'more report')} {CUT}")
    return "\n".join(parts).rstrip()


def _table_of(
    title: str, heads: Sequence[str], rows: Sequence[str], size_max: int
) -> Iterator[str]:
    if rows:
        shown = fit(rows, size_max, lambda left: f"\n{count(left, 'more value')} {CUT}")
        yield "\n".join([f"### {title}\n", *table(heads), *shown, ""])


def _value_row(value: ShownValue) -> str:
    if value.is_text and is_url(value.text):
        text = f"<{value.text}>"
    else:
        text = code(value.text or '""', VALUE_MAX)
    before = [plain(value.of, NAME_MAX)] if value.of else []
    return row([*before, code(value.name, NAME_MAX), text])


def _reports(state: Orchestration) -> Iterator[str]:
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            if leg.attempts and leg.attempt.summary.strip():
                yield (
                    details(
                        html(name_of(name, leg.key), NAME_MAX), foreign(leg.attempt.summary)
                    )
                    + "\n"
                )


# --- the comment ----------------------------------------------------------------------


def _comment_rows(state: Orchestration) -> Iterator[str]:
    tasks = list(state.tasks.items())
    if len(tasks) > ROWS_IN_ORDER_MAX:
        tasks.sort(key=lambda each: look_of_task(each[1]).style not in PRESSING)
    for name, task in tasks:
        look = look_of_task(task)
        told = count_of_legs(task) if len(task.legs) > 1 else look.word
        yield row((_task_link(name, task), f"{look.sign} {told}", _why_short(state, name)))


def _task_link(name: TaskName, task: Task) -> str:
    """Name a task, with a link to its workflow run where it has just one."""
    shown = plain(name_of(name), NAME_MAX)
    legs = list(task.legs.values())
    return link(shown, legs[0].attempt.url) if len(legs) == 1 and legs[0].attempts else shown


def _why_short(state: Orchestration, name: TaskName) -> str:
    """Say why a task is as it is; of a matrix with links to the legs that need a look."""
    task = state.tasks[name]
    if task.status is TaskStatus.ASKING:
        return why_of_task(state, name)
    legs = task.legs.values()
    held = [leg for leg in legs if leg.status is LegStatus.HELD]
    failed = [leg for leg in legs if leg.status is LegStatus.FAILED]
    if held:
        return why_held(state, held[0])
    # Who opened a gate is worth a word, also once it is open.
    is_told = not task.has_ended or (_is_open_gate(task) and not task.is_stale)
    if not task.is_matrix and legs and is_told:
        return why_of_leg(state, name, next(iter(legs)))
    if not failed or not task.is_matrix:
        return why_of_task(state, name)
    named = [_leg_link(leg) for leg in failed[:LEGS_LINKED_MAX]]
    more = len(failed) - len(named)
    names = f"{', '.join(named)}{f' and {more} more' if more else ''}"
    reason = failed[0].reason
    if reason is None:
        return names
    same = all(leg.reason == reason for leg in failed)
    return f"{names}{':' if same else '; the first:'} {why(reason, borne(state, name))}"


def _is_open_gate(task: Task) -> bool:
    leg = next(iter(task.legs.values()), None)
    return leg is not None and leg.gate is not None and leg.status is LegStatus.SUCCEEDED


def _leg_link(leg: Leg) -> str:
    shown = plain(leg.key, NAME_MAX)
    return link(shown, leg.attempt.url) if leg.attempts else shown


# --- what both say --------------------------------------------------------------------


def _title(plan: Plan) -> str:
    return plain(f"{one_line(plan.definition.name, NAME_MAX)} #{plan.number}")


def sign_of(state: Orchestration) -> str:
    if state.status is OrchestrationStatus.RUNNING and is_awaiting_people(state):
        return LOOKS[LegStatus.HELD].sign
    return SIGNS[state.status]


def _commit(cause: Cause) -> str:
    if not cause.sha:
        return plain(cause.repository)
    # GitHub makes a link of this form by itself, wherever its server is.
    sha = cause.sha[:12] if is_sha(cause.sha) else ""
    return (
        f"{plain(cause.repository)}@{sha}"
        if sha
        else f"{plain(cause.repository)} at {code(cause.sha)}"
    )


def _cause(state: Orchestration) -> str:
    cause = state.plan.cause
    ref = cause.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    event = code(cause.event_name, NAME_MAX) + (f" of {code(ref, NAME_MAX)}" if ref else "")
    by = plain(state.requested_by or cause.actor, NAME_MAX)
    return f"started by {by}, {event}" if by else f"started by {event}"


def _more_tasks(left: int) -> str:
    return f"\n{count(left, 'more task')} did not fit here; the check has them."


def _more_rows(left: int) -> str:
    return f"\n{count(left, 'more row')} {CUT}"


def _fenced(drawn: str) -> str:
    return f"```mermaid\n{drawn}\n```"


def _in_mark(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._/-]", lambda found: f"%{ord(found[0]):x}", text)


def _digest(*shown: str | None) -> str:
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()
