"""What people ask for in comments: a line that begins with a slash and a word.

`/orchestrate NAME [key=value ...]`, `/approve [task] [option] [key=value ...]`,
`/reject [task] [reason]`, `/retry [task]`, `/skip task reason`, `/cancel [reason]`,
`/why [task]`, `/freeze until TIME because REASON`; any other word may be a command that a
definition's transitions listen to. Text in, requests out; nobody's right is checked here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from app.core.actions import APPROVE, REJECT
from app.core.approvals.reasons import Finding, ReasonCode
from app.core.approvals.roles import Role
from app.core.approvals.visible import said_lines

REQUESTS_MAX = 10
"""Requests that are read in one comment; more are a mistake or a flood."""

BREAK_GLASS = "break-glass"
"""`break-glass="reason"` with `/approve`; no input has a hyphen in its name."""

_COMMAND = re.compile(r" {0,3}/([a-z][a-z0-9_-]{0,39})(?:[ \t]+(.*))?[ \t]*", re.DOTALL)
_WORD = re.compile(
    r"""(?P<key>[A-Za-z_][A-Za-z0-9_-]*)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>\S*))"""
    r"""|(?P<word>\S+)"""
)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """Begin an orchestration of this definition, with these inputs as texts."""

    definition: str
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRequest:
    """Choose at a gate. Which words are task and option is known once gates are (`aim`)."""

    is_approval: bool
    words: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    is_break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRequest:
    """Try one task again, or all that did not succeed."""

    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipRequest:
    """Go on without a task."""

    task: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """Cancel the orchestration."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyRequest:
    """Explain what the whole, or one task, waits for."""

    task: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRequest:
    """Let nothing begin until a moment."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRequest:
    """A word that only a definition may know, as `command.<name>`; else it is no command."""

    name: str
    words: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRequest:
    """A command that cannot be understood, and why."""

    name: str
    finding: Finding


Request: TypeAlias = (
    StartRequest
    | VoteRequest
    | RetryRequest
    | SkipRequest
    | CancelRequest
    | WhyRequest
    | FreezeRequest
    | OtherRequest
    | BadRequest
)

ROLES: Mapping[type, Role] = {
    StartRequest: Role.START,
    RetryRequest: Role.START,
    SkipRequest: Role.OVERRIDE,
    CancelRequest: Role.CANCEL,
    WhyRequest: Role.OBSERVE,
    FreezeRequest: Role.OVERRIDE,
}
"""The role that each takes. A vote takes none: the gate says who is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A request, and the line of the comment on which it stands."""

    line: int
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenGate:
    """A gate that waits, as commands may name it."""

    task: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The gate and the option that a vote is for; `reason` is what else was said."""

    task: str
    option: str
    reason: str = ""


def read_requests(text: str) -> tuple[Spoken, ...]:
    """Read what a comment asks for. Any text is welcome; most of them ask for nothing."""
    found: list[Spoken] = []
    for number, line in said_lines(text):
        match = _COMMAND.fullmatch(line)
        if match is None:
            continue
        name, rest = match.group(1), (match.group(2) or "").strip()
        if len(found) == REQUESTS_MAX:
            sentence = f"a comment may hold {REQUESTS_MAX} commands; the rest was not read"
            bad = _bad(name, ReasonCode.COMMAND_TOO_MANY, sentence)
            return (*found, Spoken(line=number, request=bad))
        found.append(Spoken(line=number, request=_read(name, rest)))
    return tuple(found)


def aim(vote: VoteRequest, gates: Sequence[OpenGate]) -> Aim | Finding:
    """Say which gate and option a vote is for. In doubt it is for none: nothing is guessed."""
    if not gates:
        sentence = "nothing waits for approval here"
        return _no(ReasonCode.GATE_NOT_FOUND, sentence)
    words = list(vote.words)
    named = [gate for gate in gates if words and gate.task == words[0]]
    if named:
        words.pop(0)
    elif vote.is_approval and words and not _options(gates, words[0]):
        tasks = ", ".join(gate.task for gate in gates)
        sentence = (
            f"`{words[0][:100]}` is no gate that waits, and no option of one; "
            f"the gates that wait: {tasks}"
        )
        return _no(ReasonCode.GATE_NOT_FOUND, sentence)
    elif vote.is_approval and words:
        named = _options(gates, words[0])
    chosen = named or list(gates)
    if len(chosen) > 1:
        tasks = ", ".join(gate.task for gate in chosen)
        return _no(ReasonCode.GATE_AMBIGUOUS, f"several gates wait; name one of them: {tasks}")
    option = APPROVE if vote.is_approval else REJECT
    if vote.is_approval and words:
        option = words.pop(0)
    if option not in chosen[0].options:
        options = ", ".join(chosen[0].options)
        sentence = f"`{option[:100]}` is no option of {chosen[0].task}; the options: {options}"
        return _no(ReasonCode.VOTE_OPTION_UNKNOWN, sentence)
    reason = vote.reason or " ".join(words).removeprefix("because ")
    return Aim(task=chosen[0].task, option=option, reason=reason)


def _options(gates: Sequence[OpenGate], word: str) -> list[OpenGate]:
    return [gate for gate in gates if word in gate.options]


def _read(name: str, rest: str) -> Request:
    first, _, more = rest.partition(" ")
    if name == "orchestrate":
        words, given = _words(rest)
        if len(words) == 1:
            return StartRequest(definition=words[0], inputs=given)
        return _incomplete(name, "`/orchestrate NAME key=value`, with one name")
    if name in ("approve", "reject"):
        return _vote(name, rest)
    if name in ("retry", "why"):
        # What stands behind the task is said to people, not to us.
        return RetryRequest(task=first) if name == "retry" else WhyRequest(task=first)
    if name == "skip":
        if first and more.strip():
            return SkipRequest(task=first, reason=more.strip())
        return _incomplete(name, "`/skip TASK why it is skipped`")
    if name == "cancel":
        return CancelRequest(reason=rest)
    if name == "freeze":
        return _freeze(rest)
    words, given = _words(rest)
    return OtherRequest(name=name, words=words, arguments=given)


def _vote(name: str, rest: str) -> Request:
    if name == "reject":
        # Whoever says no may write what they like; `a=b` in a reason is no input.
        return VoteRequest(is_approval=False, words=tuple(rest.split()))
    said, has_reason, reason = _parted(rest)
    words, given = _words(said)
    is_break_glass = BREAK_GLASS in given
    if is_break_glass:
        reason = " ".join(filter(None, (given.pop(BREAK_GLASS).strip(), reason)))
    elif has_reason and not reason:
        return _incomplete(name, "`/approve TASK because REASON`, with a reason")
    return VoteRequest(
        is_approval=True,
        words=words,
        inputs=given,
        reason=reason,
        is_break_glass=is_break_glass,
    )


def _freeze(rest: str) -> Request:
    said, _, reason = _parted(rest)
    word, _, when = said.partition(" ")
    if word != "until" or not when.strip() or not reason:
        return _incomplete("freeze", "`/freeze until 2026-12-20T08:00Z because REASON`")
    try:
        until = datetime.fromisoformat(when.strip())
    except ValueError:
        until = None
    if until is None or until.tzinfo is None or not 2000 <= until.year < 3000:
        sentence = (
            f"`{when.strip()[:100]}` is no moment: write it as 2026-12-20T08:00Z or "
            "2026-12-20T08:00+01:00, since whose clock is meant cannot be guessed"
        )
        return _bad("freeze", ReasonCode.COMMAND_BAD_TIME, sentence)
    return FreezeRequest(until=until.astimezone(UTC), reason=reason)


def _parted(text: str) -> tuple[str, bool, str]:
    """Part a text at the word `because`."""
    parts = re.split(r"(?:^|\s)because(?:\s|$)", text, maxsplit=1)
    return parts[0].strip(), len(parts) > 1, parts[-1].strip() if len(parts) > 1 else ""


def _words(text: str) -> tuple[tuple[str, ...], dict[str, str]]:
    words: list[str] = []
    given: dict[str, str] = {}
    for found in _WORD.finditer(text):
        if found["word"] is not None:
            words.append(found["word"])
        elif found["quoted"] is not None:
            given[found["key"]] = _ESCAPED.sub(r"\1", found["quoted"])
        else:
            given[found["key"]] = found["bare"]
    return tuple(words), given


def _incomplete(name: str, form: str) -> BadRequest:
    return _bad(name, ReasonCode.COMMAND_INCOMPLETE, f"write {form}")


def _bad(name: str, code: ReasonCode, sentence: str) -> BadRequest:
    return BadRequest(name=name, finding=_no(code, sentence))


def _no(code: ReasonCode, sentence: str) -> Finding:
    return Finding(code=code, sentence=sentence, is_met=False)
