"""An evidence pack: who decided what about which commits, what ran, and what came of it.

For people who were not there: auditors, and whoever reads it years later. It says what was
known when it was made: the definition, the policies as they were read, each vote with what
its voter was then a member of, and what GitHub answered. Each entry of its journal carries a
digest over itself and the digest of the entry before, so that nothing can be taken out or
changed without a trace; `chain` names the head of the journal that is kept, as `audit verify`
knows it. Secrets are masked as everywhere else.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from app.core.approvals.survey import PolicyText, Survey
from app.core.audit import Chain
from app.core.events import Event
from app.core.gate_events import GateId
from app.core.plan import Cause
from app.core.state import Attempt, Gate, Orchestration, Vote
from app.core.state_of_environments import WaitingRun
from app.core.telling.markdown import code, plain, row, table
from app.core.telling.masking import mask
from app.core.telling.questions import title_of
from app.core.values import Json, LegKey, TaskName

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
    chain: Chain | None = None,
) -> Mapping[str, str]:
    """Put the pack together, as texts by format: `json`, `markdown`.

    `chain` is the journal as it is kept, which may lag behind by what is not saved yet.
    """
    pack = _pack(state, journal, include, at)
    if chain is not None:
        dropped = {"dropped": chain.dropped} if chain.dropped else {}
        pack["chain"] = {"entries": len(chain.links), "head": chain.head, **dropped}
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
        pack["policies"] = list(_policies(state))
        if state.environments:
            pack["environments"] = [_fields(run) for run in state.environments]
    if "attempts" in include:
        pack["attempts"] = list(_attempts(state))
    if "journal" in include:
        pack["journal"] = list(chained(journal))
    return pack


def _gates(state: Orchestration) -> Iterator[tuple[tuple[str, str, str], Gate]]:
    for name, task in state.tasks.items():
        if task.question is not None:
            yield (name, "", ""), task.question
        for wave, progress in task.waves.items():
            if progress.gate is not None:
                yield (name, "", wave), progress.gate
        for leg in task.legs.values():
            if leg.gate is not None:
                yield (name, leg.key, ""), leg.gate


def _approvals(state: Orchestration) -> Iterator[dict[str, Json]]:
    for (task, leg, wave), gate in _gates(state):
        place: dict[str, Json] = {"task": task, "leg": leg, "wave": wave}
        asked = GateId(task=TaskName(task), leg=LegKey(leg), wave=wave)
        place["title"] = title_of(state, asked, gate)
        whole = {**place, **_fields(gate), "votes": list(_votes(gate))}
        if gate.survey is not None:
            # Policies are long and the same for all: they stand in a part of their own.
            survey = {it.name: _plain(getattr(gate.survey, it.name)) for it in fields(Survey)}
            survey["policies"] = [_policy_of(each) for each in gate.survey.policies]
            whole["survey"] = survey
        yield whole


def _votes(gate: Gate) -> Iterator[dict[str, Json]]:
    """Return the votes, each with what its voter was when it was used, as far as is known."""
    voters = gate.survey.voters if gate.survey is not None else ()
    known = {voter.login.lower(): voter for voter in voters}
    for vote in gate.votes:
        said = _fields(vote)
        voter = known.get(vote.by.lower())
        if voter is not None:
            said["memberships"] = sorted(voter.teams)
            said["permission"] = str(voter.permission or "")
        yield said


def _policies(state: Orchestration) -> Iterator[dict[str, Json]]:
    """Return each policy that gates were judged by, once for each version of it."""
    seen: set[PolicyText] = set()
    for _, gate in _gates(state):
        for each in gate.survey.policies if gate.survey is not None else ():
            if each not in seen:
                seen.add(each)
                yield {**_policy_of(each), "text": each.text}


def _policy_of(policy: PolicyText) -> dict[str, Json]:
    digest = hashlib.sha256(policy.text.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "owner": policy.owner,
        "digest": digest if policy.text else "",
        "error": policy.error,
    }


def _attempts(state: Orchestration) -> Iterator[dict[str, Json]]:
    for name, task in state.tasks.items():
        for leg in task.legs.values():
            for attempt in leg.attempts:
                place: dict[str, Json] = {"task": name, "leg": leg.key}
                yield {**place, **_fields(attempt), "result": leg.status.value}


def _fields(value: Attempt | Event | Gate | Vote | WaitingRun) -> dict[str, Json]:
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
    if "chain" in pack:
        chain = _object(pack["chain"])
        after = f"{code(_text(chain['head']))} after {_text(chain['entries'])} entries"
        if "dropped" in chain:
            after += f"; {_text(chain['dropped'])} before them were dropped for their age"
        lines.append(row(("head of the journal", after)))
    for name, value in _object(mask(orchestration["inputs"], "")).items():
        lines.append(row((f"input {code(name)}", code(_text(value), TEXT_MAX))))
    if "definition" in pack:
        definition = _object(pack["definition"])
        place = f"{_text(definition['repository'])}/{_text(definition['path'])}"
        digest = code(_text(definition["digest"]))
        lines += ["", "## Definition", "", f"{code(place)}, SHA-256 {digest}"]
    heads = {
        "approvals": ("task", "leg", "wave", "choice", "by", "reason", "inputs", "title"),
        "attempts": (
            "task", "leg", "number", "repository", "workflow", "head_sha", "workflow_run_id",
            "run_attempt", "conclusion", "ended_at",
        ),
        "policies": ("owner", "digest", "error"),
        "votes": (
            "task", "leg", "wave", "by", "option", "at", "source", "sha", "memberships",
            "permission", "is_break_glass", "is_withdrawn", "carried_from",
        ),
        "environments": (
            "environment", "workflow_run_id", "asked_at", "answer", "outcome", "message",
        ),
        "journal": ("seq", "at", "event", "by", "digest"),
    }  # fmt: skip
    if "approvals" in pack:
        pack = {**pack, "votes": list(_all_votes(_list(pack["approvals"])))}
    for part, columns in heads.items():
        if part in pack:
            lines += ["", f"## {part.capitalize()}", "", *table(columns)]
            lines += [_line(_object(mask(each, "")), columns) for each in _list(pack[part])]
    return "\n".join([*lines, ""])


def _all_votes(approvals: Sequence[Json]) -> Iterator[dict[str, Json]]:
    for approval in map(_object, approvals):
        place = {name: approval[name] for name in ("task", "leg", "wave")}
        for vote in _list(approval["votes"]):
            yield {**_object(vote), **place}


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
