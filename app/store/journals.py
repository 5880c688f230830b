"""A journal as a file, which every later version can read and replay.

JSON lines. The first one is the head: the form of the file, the plan, and the text of its
definition. Then comes one line for each event, as the store keeps it, with its number. The
last one is the end: the status, the state, the keys of all deeds that were asked for, and a
digest of both. What has no value is left out of the state, so that a field that is added later
changes nothing; and how often something is written, looked up or waited for is no deed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.core.commands import (
    LookUpWorkflowRun,
    SetTimer,
    WriteCheck,
    WriteComment,
    WriteIssue,
)
from app.core.events import Event
from app.core.parse import parse
from app.core.plan import Plan
from app.core.replay import Asked, replay
from app.core.state import Orchestration
from app.store.codec import (
    UnreadableError,
    decode_event,
    decode_plan,
    encode_event,
    encode_plan,
    encode_state,
    with_definition,
)

REASON = {"code", "message"}
FORM: Final = 1
FILE_BYTES_MAX: Final = 100_000_000
PACING: Final = (WriteCheck, WriteComment, WriteIssue, SetTimer, LookUpWorkflowRun)
"""What may be asked for more often or less in another version, and comes to the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a journal ends: the whole's status and state, and what was asked for on the way."""

    status: str
    events: int
    state: Mapping[str, Any]
    deeds: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A journal read back; `numbers` are those of the events, as the file has them."""

    plan: Plan
    events: tuple[Event, ...]
    numbers: tuple[int, ...]
    end: End


def write_journal(plan: Plan, events: Sequence[Event]) -> str:
    """Write a journal as text."""
    replayed = replay(plan, events)
    end = end_of(replayed.state, replayed.commands)
    head = {"journal": FORM, "plan": json.loads(encode_plan(plan)), "text": plan.text}
    lines: list[dict[str, Any]] = [head]
    for number, event in enumerate(events, 1):
        lines.append({"seq": number, "event": json.loads(encode_event(event))})
    lines.append(
        {
            "end": end.status,
            "events": end.events,
            "state": end.state,
            "deeds": end.deeds,
            "digest": end.digest,
        }
    )
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


def read_journal(text: str) -> Journal:
    """Read a journal back. Raises `UnreadableError`."""
    lines = [_line(number, line) for number, line in enumerate(text.splitlines(), 1)]
    if len(lines) < 2:
        raise UnreadableError("a journal has a head, events and an end; this has not")
    head, *middle, last = lines
    if head.get("journal") != FORM:
        raise UnreadableError(
            f"this is no journal of the form {FORM}: its first line says "
            f"{head.get('journal')!r}"
        )
    try:
        events = tuple(decode_event(json.dumps(line["event"])) for line in middle)
        numbers = tuple(int(line["seq"]) for line in middle)
        end = End(
            status=str(last["end"]),
            events=int(last["events"]),
            state=dict(last["state"]),
            deeds=tuple(str(each) for each in last["deeds"]),
            digest=str(last["digest"]),
        )
        plan = _plan(json.dumps(head["plan"]), str(head["text"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"the journal is damaged: {error!r}") from error
    return Journal(plan=plan, events=events, numbers=numbers, end=end)


def end_of(state: Orchestration, commands: Iterable[Asked]) -> End:
    """Say how an orchestration is, and all that was asked for on the way."""
    pruned = _pruned(json.loads(encode_state(state)))
    deeds = tuple(each.key for each in commands if not isinstance(each, PACING))
    return End(
        status=str(state.status),
        events=state.events,
        state=pruned,
        deeds=deeds,
        digest=_digest({"state": pruned, "deeds": deeds}),
    )


def _line(number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise UnreadableError(f"line {number} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableError(f"line {number} is no JSON object")
    return found


def _plan(stored: str, text: str) -> Plan:
    plan = decode_plan(stored)
    definition, problems = parse(text, plan.origin.path)
    if definition is None:
        first = problems[0]
        raise UnreadableError(
            f"the definition is not read any more: line {first.line}: {first.message}"
        )
    return with_definition(plan, text, definition)


def _pruned(value: Any) -> Any:
    """Leave out what has no value: a field that came later has none in an old journal.

    So are the words of reasons, of which the code is kept: a later version may say it better.
    """
    if isinstance(value, dict):
        without = ("v", "message") if value.keys() == REASON else ("v",)
        pruned = {name: _pruned(each) for name, each in value.items() if name not in without}
        return {name: each for name, each in pruned.items() if not _is_nothing(each)}
    if isinstance(value, list):
        return [_pruned(each) for each in value]
    return value


def _is_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", 0) or value in ([], {})


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
