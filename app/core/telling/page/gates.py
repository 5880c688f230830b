"""How each open gate is decided: the votes, and the whole tree of why, with who could."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.core.approvals.reasons import Finding
from app.core.legs.asking import approval_at, gates_of
from app.core.rules.judging import verdict_at
from app.core.state import Orchestration, Task, Vote
from app.core.telling.looks import name_of
from app.core.telling.markdown import one_line, prose
from app.core.telling.page.sentences import Sentence, sentence
from app.core.telling.questions import title_of
from app.core.values import LegKey, TaskName

COULD_MAX = 10
VOTES_MAX = 50
NAME_MAX = 120
REASON_MAX = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One answer of a tree, and those it rests on; `could` could still make it so."""

    is_met: bool
    says: Sentence
    code: str
    could: str
    under: tuple["Branch", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What somebody said, and by which door."""

    who: str
    option: str
    way: str
    at: datetime
    reason: str
    is_withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An open gate: what it asks, what can be chosen, and how it stands.

    That of a wave stands with the first leg of the wave.
    """

    leg: LegKey | None
    name: str
    title: str
    options: tuple[str, ...]
    why: Branch
    voices: tuple[Voice, ...]


def questions(state: Orchestration, name: TaskName, now: datetime) -> Iterator[Question]:
    """Return the open gates of a task as they stand."""
    for where, gate in gates_of(state, name):
        wave = f", wave {where.wave}" if where.wave else ""
        yield Question(
            leg=_first_of(state.tasks[name], where.wave) if where.wave else where.leg,
            name=one_line(f"{name_of(name, where.leg)}{wave}", NAME_MAX),
            title=one_line(title_of(state, where, gate), REASON_MAX),
            options=approval_at(state, where).options,
            why=_branch(verdict_at(state, where, gate, now).why),
            voices=voices(gate.votes),
        )


def voices(votes: tuple[Vote, ...]) -> tuple[Voice, ...]:
    """Return what was said at a gate, the newest last."""
    return tuple(
        Voice(
            who=one_line(vote.by, NAME_MAX),
            option=one_line(vote.option, NAME_MAX),
            way=one_line(vote.source, NAME_MAX),
            at=vote.at,
            reason=one_line(vote.reason, REASON_MAX),
            is_withdrawn=vote.is_withdrawn,
        )
        for vote in votes[-VOTES_MAX:]
    )


def _first_of(task: Task, wave: str) -> LegKey | None:
    return next((key for key, leg in task.legs.items() if leg.wave == wave), None)


def _branch(finding: Finding) -> Branch:
    named = [one_line(name, NAME_MAX) for name in finding.could[:COULD_MAX]]
    more = len(finding.could) - COULD_MAX
    named += [f"{more} more"] if more > 0 else []
    return Branch(
        is_met=finding.is_met,
        says=sentence(prose(finding.sentence)),
        code=str(finding.code),
        could="" if finding.is_met else ", ".join(named),
        under=tuple(map(_branch, finding.children)),
    )
