"""The page of one orchestration as values: all that it shows, in the order in which it does.

Words come from where the check has them. Everything here is plain text or taken apart into
it; whoever draws the page escapes it and adds none.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.core.events import Event
from app.core.legs.refs import is_sha
from app.core.moves import LegStatus, OrchestrationStatus
from app.core.state import Attempt, Orchestration, WaveStatus
from app.core.summary import sign_of
from app.core.telling.answering import what_now
from app.core.telling.environments import lines_of_runs
from app.core.telling.headline import headline, is_awaiting_people
from app.core.telling.looks import name_of
from app.core.telling.machine_drawing import style_of_state, what_of
from app.core.telling.markdown import is_url, one_line, readable
from app.core.telling.page.anchors import anchor_of_state, anchor_of_task
from app.core.telling.page.delays import Delay, PutOff, delay_of
from app.core.telling.page.drawn import Drawing, draw, ways_of
from app.core.telling.page.gates import Question, Voice, questions, voices
from app.core.telling.page.journal import event_in_words, name_of_event
from app.core.telling.page.sentences import Line, Piece, Sentence, lines, sentence, text_of
from app.core.telling.page.timeline import Timeline, timeline
from app.core.telling.shown_values import ShownValue, inputs_shown, outputs_shown
from app.core.telling.task_table import TaskRow, duration, rows_of, why
from app.core.telling.waiting import why_whole_waits
from app.core.values import OrchestrationId, TaskName

NAME_MAX = 120
VALUE_MAX = 2_000
VALUES_MAX = 500
SUMMARY_MAX = 20_000
REPORTS_MAX = 50
DEFINITION_MAX = 200_000
LEGS_MAX = 300
ROWS_MAX = 1_000
ATTEMPTS_MAX = 50
JOURNAL_MAX = 500
"""Events that are shown, the newest of them: `signalbox show` has them all."""

STYLES = {
    OrchestrationStatus.REQUESTED: "waiting",
    OrchestrationStatus.BLOCKED: "waiting",
    OrchestrationStatus.RUNNING: "running",
    OrchestrationStatus.COMPENSATING: "running",
    OrchestrationStatus.CANCELLING: "cancelled",
    OrchestrationStatus.SUCCEEDED: "succeeded",
    OrchestrationStatus.FAILED: "failed",
    OrchestrationStatus.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of the journal."""

    number: int
    at: datetime
    name: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One attempt: what became of it, and where it is looked at."""

    number: int
    shown: str
    url: str
    child: OrchestrationId | None
    said: str
    asked_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A task, or a leg of it, with all that is known of it."""

    anchor: str
    name: str
    sign: str
    word: str
    style: str
    workflow_run: Sentence
    took: str
    why: Sentence
    tries: tuple[Try, ...]
    questions: tuple[Question, ...]
    voices: tuple[Voice, ...]

    @property
    def has_more(self) -> bool:
        """Whether there is something behind it."""
        return bool(self.tries or self.questions or self.voices)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRow:
    """A state of a machine: what happens there, and where it leads."""

    anchor: str
    name: str
    style: str
    is_now: bool
    what: str
    visits: int
    leads: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the page of an orchestration shows."""

    id: OrchestrationId
    title: str
    headline: str
    sign: str
    style: str
    status: str
    is_open: bool
    started_at: datetime | None
    ended_at: datetime | None
    deadline: datetime | None
    took: str
    facts: tuple[tuple[str, Sentence], ...]
    waits: Sentence
    now: tuple[Line, ...]
    runs: tuple[Line, ...]
    delays: tuple[Delay, ...]
    drawing: Drawing | None
    rows: tuple[Row, ...]
    has_more_rows: bool
    states: tuple[StateRow, ...]
    timeline: Timeline | None
    inputs: tuple[ShownValue, ...]
    outputs: tuple[ShownValue, ...]
    reports: tuple[tuple[str, str], ...]
    journal: tuple[Told, ...]
    earlier: int
    path: str
    definition: str


def page_of(
    state: Orchestration,
    journal: Sequence[tuple[int, Event]],
    delayed: Sequence[PutOff],
    *,
    now: datetime,
    github: str,
) -> Page:
    """Say all that the page shows; `github` is where GitHub's own pages are."""
    plan = state.plan
    rows = tuple(_rows(state, now))
    return Page(
        id=state.id,
        title=one_line(f"{plan.definition.name} #{plan.number}", NAME_MAX),
        headline=headline(state),
        sign=sign_of(state),
        style=style_of(state),
        status=state.conclusion or str(state.status),
        is_open=not state.has_ended,
        started_at=state.started_at,
        ended_at=state.ended_at,
        deadline=None if state.has_ended else state.deadline,
        took=_took(state.started_at, state.ended_at or now),
        facts=tuple(_facts(state, github)),
        waits=sentence(why_whole_waits(state)) if not state.has_ended else (),
        now=lines(what_now(state)),
        runs=lines(lines_of_runs(state)),
        delays=tuple(delay_of(each, now) for each in delayed),
        drawing=draw(state),
        rows=rows,
        has_more_rows=len(rows) == ROWS_MAX,
        states=tuple(_states(state)),
        timeline=timeline(state, now),
        inputs=tuple(map(_cut, list(inputs_shown(state))[:VALUES_MAX])),
        outputs=tuple(map(_cut, list(outputs_shown(state))[:VALUES_MAX])),
        reports=tuple(_reports(state))[:REPORTS_MAX],
        journal=tuple(
            Told(number=number, at=each.at, name=name_of_event(each), says=event_in_words(each))
            for number, each in journal[-JOURNAL_MAX:]
        ),
        earlier=max(0, len(journal) - JOURNAL_MAX),
        path=one_line(plan.origin.path, NAME_MAX),
        definition=readable(plan.text[:DEFINITION_MAX]),
    )


def style_of(state: Orchestration) -> str:
    """Return how the whole looks; what waits for people does not look as if it ran."""
    is_held = state.status is OrchestrationStatus.RUNNING and is_awaiting_people(state)
    return "held" if is_held else STYLES[state.status]


def _facts(state: Orchestration, github: str) -> Iterator[tuple[str, Sentence]]:
    plan, cause = state.plan, state.plan.cause
    by = state.requested_by or cause.actor
    event = one_line(cause.event_name, NAME_MAX)
    said = (_text(f"by {one_line(by, NAME_MAX)}, "),) if by else ()
    yield "Started", (*said, Piece(text=event, is_code=True), *_where(state, github))
    place = f"{github}/{plan.origin.repository}/blob/HEAD/{plan.origin.path}"
    path = one_line(plan.origin.path, NAME_MAX)
    file = Piece(text=path, is_code=True, url=_address(place))
    yield "Definition", (file, _text(f" of {one_line(plan.origin.repository, NAME_MAX)}"))
    if plan.parent is not None:
        inside = f"/orchestrations/{plan.parent.orchestration}"
        yield "Part of", (Piece(text="another orchestration", url=inside),)
    if state.reason is not None:
        yield "Reason", sentence(why(state.reason))
    if state.gone is not None and state.gone.sha:
        yield "Goes on", (_text("at "), _commit(github, cause.repository, state.gone.sha))


def _where(state: Orchestration, github: str) -> Iterator[Piece]:
    """Say what it is about: the pull request, the branch, the commit."""
    cause = state.plan.cause
    named = one_line(cause.repository, NAME_MAX)
    if cause.pull_request is not None:
        number = cause.pull_request
        url = _address(f"{github}/{cause.repository}/pull/{number}")
        yield _text(" of ")
        yield Piece(text=f"{named}#{number}", url=url)
    elif cause.ref:
        ref = cause.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
        yield _text(f" of {named} ")
        yield Piece(text=one_line(ref, NAME_MAX), is_code=True)
    else:
        yield _text(f" of {named}")
    if cause.sha:
        yield _text(" at ")
        yield _commit(github, cause.repository, cause.sha)


def _commit(github: str, repository: str, sha: str) -> Piece:
    url = _address(f"{github}/{repository}/commit/{sha}") if is_sha(sha) else ""
    return Piece(text=one_line(sha[:12], NAME_MAX), is_code=True, url=url)


def _rows(state: Orchestration, now: datetime) -> Iterator[Row]:
    """Return the rows of the table with what stands behind each, under names of their own."""
    found = list(rows_of(state, LEGS_MAX))[:ROWS_MAX]
    shown = {(each.task, each.leg) for each in found}
    asked = {task: tuple(questions(state, task, now)) for task, _ in shown}
    counts: Counter[TaskName] = Counter()
    for each in found:
        number = counts[each.task]
        counts[each.task] += 1
        mine = tuple(
            it
            for it in asked[each.task]
            if it.leg == each.leg or (number == 0 and (each.task, it.leg) not in shown)
        )
        yield _row(state, each, (mine, _said(state, each, number == 0)), number)


def _said(state: Orchestration, row: TaskRow, is_first: bool) -> tuple[Voice, ...]:
    """Return the votes at the closed gate of a row; with the first, at those of waves, too."""
    task = state.tasks[row.task]
    leg = task.legs.get(row.leg) if row.leg is not None else None
    gates = [leg.gate] if leg is not None and leg.status is not LegStatus.AWAITING else []
    if is_first:
        gates += [it.gate for it in task.waves.values() if it.status is not WaveStatus.ASKING]
    votes = tuple(vote for gate in gates if gate is not None for vote in gate.votes)
    return voices(votes)


def _row(
    state: Orchestration,
    row: TaskRow,
    behind: tuple[tuple[Question, ...], tuple[Voice, ...]],
    number: int,
) -> Row:
    leg = state.tasks[row.task].legs.get(row.leg) if row.leg is not None else None
    anchor = anchor_of_task(row.task)
    return Row(
        anchor=f"{anchor}-{number}" if number else anchor,
        name=text_of(sentence(row.name)),
        sign=row.look.sign if row.look is not None else "",
        word=(row.told or row.look.word) if row.look is not None else "",
        style=row.look.style if row.look is not None else "",
        workflow_run=sentence(row.workflow_run),
        took=row.took,
        why=sentence(row.why),
        tries=tuple(map(_try, leg.attempts[-ATTEMPTS_MAX:])) if leg is not None else (),
        questions=behind[0],
        voices=behind[1],
    )


def _try(attempt: Attempt) -> Try:
    began, ended = attempt.running_since, attempt.ended_at
    status = attempt.run_status.value.replace("_", " ") if attempt.run_status else "asked for"
    if attempt.delayed is not None and attempt.accepted_at is None and ended is None:
        status = "delayed"
    said = attempt.conclusion.value if attempt.conclusion is not None else status
    where = f"{attempt.repository} · " if attempt.repository else ""
    return Try(
        number=attempt.number,
        shown=one_line(f"{where}{attempt.workflow}", NAME_MAX),
        url=_address(attempt.url),
        child=attempt.child,
        said=said.replace("_", " "),
        asked_at=attempt.asked_at,
        began_at=began,
        ended_at=ended,
        took=duration(ended - (began or attempt.asked_at)) if ended is not None else "",
    )


def _states(state: Orchestration) -> Iterator[StateRow]:
    machine, at = state.plan.definition.machine, state.machine
    if machine is None:
        return
    ways = ways_of(machine)
    for name, each in machine.states.items():
        yield StateRow(
            anchor=anchor_of_state(name),
            name=name,
            style=style_of_state(name, each, at) if at is not None else "",
            is_now=at is not None and at.state == name,
            what=what_of(each),
            visits=at.visits.get(name, 0) if at is not None else 0,
            leads=tuple((end, said) for (start, end), said in ways.items() if start == name),
        )


def _reports(state: Orchestration) -> Iterator[tuple[str, str]]:
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            # What a child is called stands there, too, and is told as why.
            told = leg.attempt.summary.strip() if leg.attempts else ""
            if told and leg.attempt.child is None:
                title = one_line(name_of(name, leg.key), NAME_MAX)
                yield title, readable(told[:SUMMARY_MAX])


def _took(start: datetime | None, end: datetime) -> str:
    return duration(end - start) if start is not None else ""


def _cut(value: ShownValue) -> ShownValue:
    rest = "…" if len(value.text) > VALUE_MAX else ""
    return replace(
        value,
        name=one_line(value.name, NAME_MAX),
        text=f"{readable(value.text[:VALUE_MAX])}{rest}",
        of=one_line(value.of, NAME_MAX),
    )


def _text(text: str) -> Piece:
    return Piece(text=text)


def _address(url: str) -> str:
    return url if is_url(url) else ""
