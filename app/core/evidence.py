"""An evidence pack: who decided what about which commits, what ran, and what came of it.

For people who were not there: auditors, and whoever reads it years later. It says what was
known when it was made. Each entry of its journal carries a digest over itself and the digest
of the entry before, so that nothing can be taken out or changed without a trace. Secrets are
masked as everywhere else.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from app.core.events import Event
from app.core.plan import Cause
from app.core.state import Attempt, Gate, Orchestration
from app.core.telling.markdown import code, plain, row, table
from app.core.telling.masking import mask
from app.core.values import Json

VERSION = 1
TEXT_MAX = 1_000
"""Characters of any one text that a table shows; the JSON has all of them."""

Journal = Sequence[tuple[int, Event]]


def evidence(
    state: Orchestration,
    journal: Journal,
    formats: Sequence[str],
    include: Sequence[str],
    at: datetime,
) -> Mapping[str, str]:
    """Put the pack together, as texts by format: `json`, `markdown`."""
    pack = _pack(state, journal, include, at)
    masked = mask(pack, "")
    texts: dict[str, str] = {}
    if "json" in formats:
        texts["json"] = json.dumps(masked, indent=2, ensure_ascii=False)
    if "markdown" in formats:
        texts["markdown"] = _markdown(pack)
    return texts


def chained(journal: Journal) -> Iterator[dict[str, Json]]:
    """Return the entries of a journal as JSON, each with its digest."""
    before = ""
    for seq, event in journal:
        entry: dict[str, Json] = {"seq": seq, "event": type(event).__name__, **_fields(event)}
        masked = mask(entry, "")
        text = json.dumps(masked, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        before = hashlib.sha256(f"{before}{text}".encode()).hexdigest()
        yield {**entry, "digest": before}


def _pack(
    state: Orchestration, journal: Journal, include: Sequence[str], at: datetime
) -> dict[str, Json]:
    plan, cause = state.plan, state.plan.cause
    pack: dict[str, Json] = {
        "version": VERSION,
        "made_at": at.isoformat(),
        "orchestration": {
            "id": plan.id,
            "title": plan.title,
            "name": plan.definition.name,
            "status": state.status.value,
            "requested_by": state.requested_by,
            "started_at": _plain(state.started_at),
            "inputs": plan.inputs,
        },
        "cause": {
            "event": cause.event_name,
            "repository": cause.repository,
            "sha": cause.sha,
            "ref": cause.ref,
            "actor": cause.actor,
            "pull_request": cause.pull_request,
        },
    }
    if "definition" in include:
        pack["definition"] = {
            "repository": plan.origin.repository,
            "path": plan.origin.path,
            "digest": plan.definition.digest,
            "text": plan.text,
        }
    if "approvals" in include:
        pack["approvals"] = list(_approvals(state))
    if "attempts" in include:
        pack["attempts"] = list(_attempts(state))
    if "journal" in include:
        pack["journal"] = list(chained(journal))
    return pack


def _approvals(state: Orchestration) -> Iterator[dict[str, Json]]:
    for name, task in state.tasks.items():
        if task.question is not None:
            yield _gate(name, "", "", task.question)
        for wave, progress in task.waves.items():
            if progress.gate is not None:
                yield _gate(name, "", wave, progress.gate)
        for leg in task.legs.values():
            if leg.gate is not None:
                yield _gate(name, leg.key, "", leg.gate)


def _gate(task: str, leg: str, wave: str, gate: Gate) -> dict[str, Json]:
    place: dict[str, Json] = {"task": task, "leg": leg, "wave": wave}
    return {**place, **_fields(gate)}


def _attempts(state: Orchestration) -> Iterator[dict[str, Json]]:
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            for attempt in leg.attempts:
                place: dict[str, Json] = {"task": name, "leg": leg.key}
                yield {**place, **_fields(attempt), "result": leg.status.value}


def _fields(value: Attempt | Event | Gate) -> dict[str, Json]:
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


def _plain(value: object) -> Json:
    """Turn any value of ours into JSON; of a delivery only what identifies it."""
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Cause):
        return {
            "event": value.event_name,
            "repository": value.repository,
            "sha": value.sha,
            "ref": value.ref,
            "actor": value.actor,
        }
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, Sequence | frozenset):
        return [_plain(each) for each in value]
    assert is_dataclass(value), f"{type(value).__name__} has no form in JSON"
    return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}


# ------------------------------------------------------------------------------- Markdown


def _markdown(pack: Mapping[str, Json]) -> str:
    orchestration, cause = _object(pack["orchestration"]), _object(pack["cause"])
    lines = [
        f"# Evidence: {plain(_text(orchestration['title']))}",
        "",
        *table(("what", "value")),
        row(("made at", plain(_text(pack["made_at"])))),
        row(("orchestration", code(_text(orchestration["id"])))),
        row(("status", plain(_text(orchestration["status"])))),
        row(("requested by", plain(_text(orchestration["requested_by"])))),
        row(("started at", plain(_text(orchestration["started_at"])))),
        row(("commit", code(f"{_text(cause['repository'])}@{_text(cause['sha'])}"))),
        row(("event", plain(f"{_text(cause['event'])} {_text(cause['ref'])}"))),
    ]
    for name, value in _object(mask(orchestration["inputs"], "")).items():
        lines.append(row((f"input {code(name)}", code(_text(value), TEXT_MAX))))
    if "definition" in pack:
        definition = _object(pack["definition"])
        place = f"{_text(definition['repository'])}/{_text(definition['path'])}"
        digest = code(_text(definition["digest"]))
        lines += ["", "## Definition", "", f"{code(place)}, SHA-256 {digest}"]
    heads = {
        "approvals": ("task", "leg", "wave", "choice", "by", "reason", "inputs"),
        "attempts": (
            "task", "leg", "number", "repository", "workflow", "head_sha", "workflow_run_id",
            "run_attempt", "conclusion", "ended_at",
        ),
        "journal": ("seq", "at", "event", "by", "digest"),
    }  # fmt: skip
    for part, columns in heads.items():
        if part in pack:
            lines += ["", f"## {part.capitalize()}", "", *table(columns)]
            lines += [_line(_object(mask(each, "")), columns) for each in _list(pack[part])]
    return "\n".join([*lines, ""])


def _line(entry: Mapping[str, Json], columns: Sequence[str]) -> str:
    return row(plain(_text(entry.get(name)), TEXT_MAX) for name in columns)


def _text(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping), "so it was put together"
    return value


def _list(value: Json) -> Sequence[Json]:
    assert isinstance(value, Sequence), "so it was put together"
    return value
