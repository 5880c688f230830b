"""Reads the table of cases: gates by name, and in one line each who votes and what comes of it.

A line is `gate | votes | decision | what the explanation says; and says`. A vote is `ann`
(approves by a comment about this plan) with more behind slashes: `ann/reject`, `ann/review`,
`ann/old`, `ann/-25h`, `ann/ticket=CHG-1`, `ann/glass=why`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from app.core.actions import Approval, Auto, BreakGlass, Permission, Requirement
from app.core.approvals.codeowners import Owned
from app.core.approvals.decide import decide_gate
from app.core.approvals.people import Party, Voter
from app.core.approvals.question import AskedRule, Denial, Question, Verdict
from app.core.state import Vote
from app.core.terms import Declaration, Expression, Place, ValueType

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
FILE = Path(__file__).with_name("cases.yml")
PLACE = Place(line=1, column=1)
DIGEST, SHA = "this", "a" * 40
_DOORS = ("review", "comment", "check", "page", "environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table."""

    line: str
    question: Question
    votes: tuple[Vote, ...]
    decision: str
    says: tuple[str, ...]


def requirement(given: Mapping[str, Any]) -> Requirement:
    """Make a requirement from the words of a definition."""
    permission = given.get("permission")
    return Requirement(
        teams=tuple(given.get("teams", ())),
        users=tuple(given.get("users", ())),
        permission=Permission(permission) if permission else None,
        code_owners=given.get("code-owners", False),
        count=given.get("count", 1),
    )


def question(given: Mapping[str, Any]) -> Question:
    """Make a question from the words of a definition, with what their expressions gave."""
    auto, glass = given.get("auto"), given.get("break-glass")
    expression = Expression(source="true", place=PLACE)
    approval = Approval(
        rules=(),
        exclude=frozenset(given.get("exclude", ())),
        sources=frozenset(given.get("sources", _DOORS[:4])),
        inputs={
            name: Declaration(
                type=ValueType(each["type"]),
                place=PLACE,
                required=each.get("required", False),
                pattern=each.get("pattern"),
            )
            for name, each in given.get("inputs", {}).items()
        },
        options=tuple(given.get("options", ("approve", "reject"))),
        auto=Auto(when=expression, choose=auto["choose"]) if auto else None,
        break_glass=BreakGlass(teams=tuple(glass["teams"])) if glass else None,
        expires_after=timedelta(hours=given["expires"]) if "expires" in given else None,
    )
    owned = given.get("owned", ())
    return Question(
        approval=approval,
        rules=tuple(_rule(each) for each in given.get("rules", ())),
        digests=frozenset({DIGEST, "same-tree"}),
        shas=frozenset({SHA, "b" * 40}),
        parties={
            word: tuple(Party(**each) for each in parties)
            for word, parties in given.get("parties", {}).items()
        },
        owned=None
        if owned == "unknown"
        else tuple(
            Owned(owners=frozenset(each["by"]), paths=tuple(each["paths"])) for each in owned
        ),
        auto=bool(auto and auto.get("holds") is True),
        auto_error=auto.get("error", "") if auto else "",
        denials=tuple(Denial(**each) for each in given.get("denials", ())),
        is_from_fork=given.get("fork", False),
    )


def _rule(given: Mapping[str, Any]) -> AskedRule:
    return AskedRule(
        require=tuple(requirement(each) for each in given["require"]),
        holds=given.get("holds", True),
        error=given.get("error", ""),
        policy=given.get("policy", ""),
        is_enforced=given.get("enforced", True),
    )


def vote(notation: str, number: int = 0) -> Vote:
    """Make a vote from its notation; a later number is a later vote."""
    by, *words = notation.split("/")
    made = Vote(
        by=by,
        option="approve",
        at=NOW - timedelta(hours=1) + timedelta(minutes=number),
        source="comment",
        digest=DIGEST,
    )
    for word in words:
        made = _changed(made, word.replace("_", " "))
    return made


def _changed(made: Vote, word: str) -> Vote:
    name, has_value, value = word.partition("=")
    if word in _DOORS or word == "nowhere":
        return replace(made, source=word)
    if word in ("old", "same-tree", "unbound"):
        return replace(made, digest={"old": "other", "unbound": ""}.get(word, word))
    if word in ("head", "old-commit", "pushed-back"):
        sha = {"head": SHA, "old-commit": "c" * 40, "pushed-back": "b" * 40}[word]
        return replace(made, digest="", sha=sha, source="review")
    if word == "withdrawn":
        return replace(made, is_withdrawn=True)
    if word.startswith("-") and word.endswith("h"):
        return replace(made, at=NOW - timedelta(hours=int(word[1:-1])))
    if name == "glass":
        return replace(made, is_break_glass=True, reason=value)
    if name == "because":
        return replace(made, reason=value)
    if name == "id":
        return replace(made, user_id=int(value))
    if has_value:
        return replace(made, inputs={**made.inputs, name: value})
    return replace(made, option=word)


def voters(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Voter]:
    """Make the cast."""
    return {
        login: Voter(
            login=login,
            id=each.get("id", 0),
            is_bot=each.get("bot", False),
            behind=each.get("behind", ""),
            is_alone=each.get("alone", False),
            permission=Permission(each["permission"]) if "permission" in each else None,
            teams=frozenset(each.get("teams", ())),
            emails=frozenset(each.get("emails", ())),
        )
        for login, each in given.items()
    }


def read(path: Path = FILE) -> tuple[dict[str, Voter], tuple[Case, ...]]:
    """Read the cast and the cases."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    gates = {name: question(given or {}) for name, given in content["gates"].items()}
    cases = []
    for line in content["cases"].splitlines():
        if line.startswith("#"):
            continue
        gate, votes, decision, says = (part.strip() for part in line.split("|"))
        cases.append(
            Case(
                line=line,
                question=gates[gate],
                votes=tuple(vote(each, n) for n, each in enumerate(votes.split())),
                decision=decision,
                says=tuple(each.strip() for each in says.split(";")),
            )
        )
    return voters(content["people"]), tuple(cases)


def shown(verdict: Verdict) -> str:
    """Write a decision as the table does."""
    words: list[str] = [verdict.standing]
    if verdict.standing == "open":
        words.append(verdict.option)
    if verdict.how != "people":
        words.append(f"by {verdict.how}")
    return " ".join(words)


def answer(case: Case, cast: Mapping[str, Voter]) -> Verdict:
    """Decide a case."""
    return decide_gate(case.question, case.votes, cast, NOW)
