"""Tells at the terminal what happens: what GitHub sends, what Signalbox does and believes."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.panel import Panel

from app.core.events import Event, OrchestrationRequested, OutputsReported, WorkflowRunObserved
from app.core.gate_events import VoteCast
from app.ports import OrchestrationRow, Store
from app.rehearsal import Call, Rehearsal

TOLD_EVENTS: Final = frozenset(
    {"push", "pull_request", "pull_request_review", "issue_comment", "workflow_run"}
)


class Teller:
    """Remembers what was told, and tells what is new."""

    def __init__(self, console: Console, rehearsal: Rehearsal, store: Store) -> None:
        self._console = console
        self._rehearsal = rehearsal
        self._store = store
        self._began = rehearsal.clock.now()
        self._calls = len(rehearsal.world.calls)
        self._deliveries = set(rehearsal.world.deliveries)
        self._dispatches = len(rehearsal.dispatches)
        self._events: dict[str, int] = {}

    async def tell(self) -> None:
        """Tell everything that has happened since, in the order of time."""
        lines = [*self._from_github(), *self._to_github(), *await self._believed()]
        for at, line in sorted(lines, key=lambda each: each[0]):
            seconds = (at - self._began).total_seconds()
            shown = f"[dim]{seconds:5.1f} s[/] {line}"
            self._console.print(shown, highlight=False, soft_wrap=True)

    def heading(self, text: str) -> None:
        """Announce a scene."""
        self._console.print()
        self._console.rule(f"[bold]{escape(text)}", align="left")

    def text(self, title: str, markdown: str) -> None:
        """Show a text as GitHub would render it."""
        shown = Markdown(plain(markdown))
        self._console.print(Panel(shown, title=escape(title), title_align="left"))

    def _from_github(self) -> Iterator[tuple[datetime, str]]:
        for number, delivery in list(self._rehearsal.world.deliveries.items()):
            if number in self._deliveries or delivery.delivered_at is None:
                continue
            self._deliveries.add(number)
            if delivery.event not in TOLD_EVENTS:
                continue
            payload = json.loads(delivery.payload)
            if delivery.event == "issue_comment" and payload["sender"]["type"] == "Bot":
                continue
            about = _about(delivery.event, payload)
            name = f"{delivery.event}.{delivery.action}" if delivery.action else delivery.event
            yield delivery.created_at, f"[cyan]GitHub sends[/]      {name:26} {escape(about)}"

    def _to_github(self) -> Iterator[tuple[datetime, str]]:
        dispatches = self._rehearsal.dispatches
        for dispatch in dispatches[self._dispatches :]:
            file = dispatch.workflow.rsplit("/", 1)[-1]
            inputs = {k: v for k, v in dispatch.inputs.items() if k != "signalbox"}
            given = ", ".join(f"{key}={_short(str(value))}" for key, value in inputs.items())
            said = f"{dispatch.repository} · {file}@{dispatch.ref} ({given})"
            yield dispatch.at, f"[green]Signalbox starts[/]  {escape(said)}"
        self._dispatches = len(dispatches)
        calls = list(self._rehearsal.world.calls)
        for call in calls[self._calls :]:
            if (what := _written(call)) is not None:
                yield call.at, f"[magenta]Signalbox writes[/]  {escape(what)}"
        self._calls = len(calls)

    async def _believed(self) -> list[tuple[datetime, str]]:
        found = []
        for row in await self._store.orchestrations(limit=20):
            told = self._events.get(row.id, 0)
            for entry in await self._store.journal(row.id):
                if entry.seq > told and (line := _believed(row, entry.event)) is not None:
                    found.append((entry.event.at, line))
                self._events[row.id] = max(self._events.get(row.id, 0), entry.seq)
        return found


def _believed(row: OrchestrationRow, event: Event) -> str | None:
    """Say in a line what Signalbox has learned, if it is worth one."""
    name = f"{row.definition_id} #{row.number}"
    match event:
        case OrchestrationRequested():
            return f"[bold yellow]Signalbox begins[/]  {escape(name)} for {escape(event.by)}"
        case VoteCast(vote=vote):
            said = f"{name}: {vote.by} votes {vote.option} at {event.gate}, by a {vote.source}"
            return f"[yellow]Signalbox hears[/]   {escape(said)}"
        case OutputsReported():
            outputs = ", ".join(f"{key}={value}" for key, value in event.outputs.items())
            said = f"{name}: {event.attempt} reports {outputs}"
            return f"[yellow]The Action says[/]   {escape(said)}"
        case WorkflowRunObserved(conclusion=conclusion) if conclusion is not None:
            colour = "yellow" if conclusion == "success" else "red"
            said = f"{name}: {event.attempt} ended: {conclusion}"
            return f"[{colour}]Signalbox notes[/]   {escape(said)}"
        case _:
            return None


def _about(event: str, payload: dict[str, object]) -> str:
    repository = payload.get("repository")
    name = str(repository.get("full_name")) if isinstance(repository, dict) else ""
    run = payload.get("workflow_run")
    if event == "workflow_run" and isinstance(run, dict):
        return f"{name} · {str(run.get('path')).rsplit('/', 1)[-1]}"
    return name


def _written(call: Call) -> str | None:
    if call.status not in (200, 201):
        return None
    if call.path.endswith("/check-runs"):
        return "a check run, once for each orchestration and commit"
    if call.path.endswith("/reactions") and call.method == "POST":
        return "a sign under the comment: the vote counts"
    if "/check-runs/" in call.path and call.method == "PATCH":
        return "the check run anew, because its text changed"
    if call.path.endswith("/comments") and call.method == "POST":
        return "a comment on the pull request"
    if "/issues/comments/" in call.path and call.method == "PATCH":
        return "the same comment, edited in place"
    return None


def _short(value: str) -> str:
    is_sha = len(value) == 40 and set(value) <= set("0123456789abcdef")
    return value[:7] if is_sha else value


def plain(markdown: str) -> str:
    """Leave out what a terminal cannot show: comments, folds, signs against mentions."""
    lines = []
    for line in markdown.replace("&#8203;", "").splitlines():
        tag = line.strip()
        if not tag.startswith(("<!--", "<details", "</details", "<summary")):
            lines.append(line)
    return "\n".join(lines)
