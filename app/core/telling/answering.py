"""What now: the questions that people are asked, and how each of them is answered.

It stands above the table of tasks, on the check and in the comment, because whoever is asked
to look wants to know first what of it is theirs to do. Where nothing is, it says nothing.
"""

from collections.abc import Iterator, Sequence

from app.core.actions import APPROVE, REJECT, Approval
from app.core.approvals.doors import CHECK, COMMENT, REVIEW
from app.core.approvals.votes import judge
from app.core.doorways.aiming import NamedGate, gates_in, task_name
from app.core.doorways.words import number_of
from app.core.gate_events import GateId
from app.core.hearing.forks import comes_from_fork
from app.core.legs.asking import approval_at, gate_at, question_at, voters_of
from app.core.legs.context import cause_of
from app.core.moves import LegStatus, OrchestrationStatus, TaskStatus
from app.core.state import Gate, Orchestration, Vote
from app.core.telling.buttons import APPROVES, RETRIES, buttons_of
from app.core.telling.looks import name_of
from app.core.telling.markdown import code, link, plain, prose
from app.core.telling.report_issue import report_issue
from app.core.telling.waiting import closed_for, why_held, why_leg, why_wave

SHOWN_MAX = 5
"""Questions of one kind that are spelt out; the rest are counted."""
RUNS_SHOWN_MAX = 3
VOTES_MAX = 10
NAME_MAX = 120
SHA_SHOWN = 12


def what_now(state: Orchestration) -> list[str]:
    """Return the lines that say what people can do; none where nothing is to be done."""
    lines = [*_gates(state), *_asking(state), *_held(state), *_failed(state)]
    return ["", *lines] if lines else []


# --- gates ----------------------------------------------------------------------------


def _gates(state: Orchestration) -> Iterator[str]:
    named = gates_in((state,))
    for each in named[:SHOWN_MAX]:
        yield from _gate(state, each)
    if len(named) > SHOWN_MAX:
        yield _more(len(named))


def _gate(state: Orchestration, named: NamedGate) -> Iterator[str]:
    gate = gate_at(state, named.gate)
    assert gate is not None, "it was found open"
    head = f"- **{plain(named.name, NAME_MAX)}**"
    yield f"{head} {_waits(state, named.gate)}"
    said = list(_said(state, named.gate, gate))
    if said:
        earlier = f"{len(said) - VOTES_MAX} more; " if len(said) > VOTES_MAX else ""
        yield f"  - so far {earlier}{'; '.join(said[-VOTES_MAX:])}"
    yield f"  - answer with {_how(state, named)}"


def _waits(state: Orchestration, where: GateId) -> str:
    if where.wave:
        return why_wave(state, where.task, where.wave)
    return why_leg(state, where.task, state.tasks[where.task].legs[where.leg])


def _said(state: Orchestration, where: GateId, gate: Gate) -> Iterator[str]:
    """Name those who voted, and say of each whether it counts."""
    survey = gate.survey
    known = gate.votes[: survey.votes] if survey is not None else ()
    if survey is not None:
        question = question_at(state, where, gate, survey.at)
        for ballot in judge(question, known, voters_of(gate), survey.at):
            no = ballot.refusal
            counts = f" does not count, since {prose(no.sentence)}" if no is not None else ""
            yield f"{_voice(ballot.vote)}{counts}"
    for vote in gate.votes[len(known) :]:
        yield f"{_voice(vote)}, which is being looked at"


def _voice(vote: Vote) -> str:
    return f"{code(vote.option, NAME_MAX)} by {plain(vote.by, NAME_MAX)}"


def _how(state: Orchestration, named: NamedGate) -> str:
    """Say by which doors the question is answered, and with which words."""
    approval = approval_at(state, named.gate)
    has_form = any(it.required and it.default is None for it in approval.inputs.values())
    yes, no = _yes(state, named, approval), f"/reject {named.name} REASON"
    words = [yes] if approval.options != (APPROVE, REJECT) else [yes, no]
    ways: list[str] = []
    if COMMENT in approval.sources and _is_talked_about(state):
        ways.append(f"{_or([code(each) for each in words])} in a comment")
    has_review = APPROVE in approval.options and not has_form
    if REVIEW in approval.sources and has_review and cause_of(state).pull_request is not None:
        ways.append("a review")
    if CHECK in approval.sources and APPROVES in buttons_of(state):
        ways.append("the button *Approve* of the check")
    if not ways:
        # Nobody can be answered where there is neither a pull request nor an issue.
        ways.append(code(_from_elsewhere(state, yes)))
    return _or(ways)


def _yes(state: Orchestration, named: NamedGate, approval: Approval) -> str:
    options = "" if APPROVE in approval.options else f" {'|'.join(approval.options)}"
    form = "".join(
        f" {name}=…"
        for name, each in approval.inputs.items()
        if each.required and each.default is None
    )
    cause = cause_of(state)
    # Of a fork's pull request a comment has to say which commit was looked at.
    commit = f" commit={cause.sha[:SHA_SHOWN]}" if comes_from_fork(cause) else ""
    return f"/approve {named.name}{options}{form}{commit}"


# --- what else waits for people -------------------------------------------------------


def _asking(state: Orchestration) -> Iterator[str]:
    names = [name for name, task in state.tasks.items() if task.status is TaskStatus.ASKING]
    for name in names[:SHOWN_MAX]:
        word = task_name(name)
        ways = [f"/retry {word}", f"/skip {word} REASON", f"/reject {word} REASON"]
        if not _is_talked_about(state):
            ways = [_from_elsewhere(state, way) for way in ways]
        reason = state.tasks[name].reason
        why = f": {prose(reason.message)}" if reason is not None else ""
        asks = f"asks what to do{why}; answer with {_or([code(way) for way in ways])}"
        yield f"- **{plain(name_of(name), NAME_MAX)}** {asks}"
    if len(names) > SHOWN_MAX:
        yield _more(len(names))


def _held(state: Orchestration) -> Iterator[str]:
    held = [
        (name, leg)
        for name, task in state.tasks.items()
        for leg in task.legs.values()
        # What a calendar holds goes on by itself.
        if leg.status is LegStatus.HELD and closed_for(state, leg) is None
    ]
    for name, leg in held[:SHOWN_MAX]:
        yield f"- **{plain(name_of(name, leg.key), NAME_MAX)}** {why_held(state, leg)}"
    if len(held) > SHOWN_MAX:
        yield _more(len(held))


def _failed(state: Orchestration) -> Iterator[str]:
    """Say where to look and how to go on, once it has ended and can be tried again."""
    is_bad = state.status in (OrchestrationStatus.FAILED, OrchestrationStatus.CANCELLED)
    if not is_bad or RETRIES not in buttons_of(state):
        return
    runs = [
        link(plain(name_of(name, leg.key), NAME_MAX), leg.attempt.url)
        for name, task in state.tasks.items()
        for leg in task.legs.values()
        if leg.status is LegStatus.FAILED and leg.attempts and leg.attempt.url
    ]
    look = f"look at {_or(runs[:RUNS_SHOWN_MAX], 'and')} first; " if runs else ""
    retry = "/retry" if _is_talked_about(state) else f"signalbox retry {_id(state)}"
    ways = f"{code(retry)}, or the button *Retry failed* of the check,"
    yield f"- {look}{ways} tries again what did not succeed and keeps what did"


def _more(number: int) -> str:
    return f"- and {number - SHOWN_MAX} more, which stand in the table"


# --- where things are said ------------------------------------------------------------


def _is_talked_about(state: Orchestration) -> bool:
    """Tell whether there is a pull request or an issue on which a comment is heard."""
    started = state.started_at
    is_reported = started is not None and report_issue(state, started) is not None
    return is_reported or number_of(cause_of(state)) is not None


def _from_elsewhere(state: Orchestration, words: str) -> str:
    return f"signalbox say {_id(state)} LOGIN '{words}'"


def _id(state: Orchestration) -> str:
    return f"{state.plan.definition.id}#{state.plan.number}"


def _or(ways: Sequence[str], word: str = "or") -> str:
    return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])} {word} {ways[-1]}"
