"""Every reader of strangers' texts, with good examples to start from.

A reader takes any bytes. What is wrong is an answer of its own (a problem, a request that
cannot be understood, nothing); an exception is our mistake.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from app.core.approvals.codeowners import owned, owners_of, read_code_owners
from app.core.approvals.doors import listen
from app.core.approvals.requests import OpenGate, VoteRequest, aim, read_requests
from app.core.hearing.asking import PREFIX, WISHES, AskedWrongly, event_asked_for
from app.core.parse import parse
from app.core.policy import read_policy
from app.github import webhooks
from app.scenario import Subject, read_scenario, subject_of
from tests.fuzz.mutation import mutated_json, mutated_text
from tests.kit import material

TESTS: Final = Path(__file__).parents[1]
NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
EXAMPLES_OF_EVENT_MAX: Final = 4

Mutate = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """One reader: what it starts from, what it does with bytes, and how these are changed."""

    corpus: Callable[[], Sequence[bytes]]
    read: Callable[[bytes], None]
    mutate: Mutate = mutated_text


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# --- commands in comments ---------------------------------------------------------------------

COMMANDS: Final = (
    "/approve",
    'Looks good.\n\n/approve sign_off ship ticket=CHG-1 note="a \\"quoted\\" word"',
    "/reject sign_off not on a Friday",
    '/approve break-glass="the site is down"',
    "/orchestrate release train=2026.47 dry_run=true",
    "/retry build/api\n/skip smoke the runner is gone\n/cancel wrong train",
    "/why\n/why deploy",
    "/freeze until 2026-12-24T12:00Z because holidays",
    "> /approve\n\n```\n/approve\n```\n<!-- /approve -->\n    /approve\n~~~~\n/reject\n~~~~",
    "/rescind the=change at once",
)
GATES: Final = (
    OpenGate(task="sign_off", options=("approve", "reject")),
    OpenGate(task="review", options=("ship", "hold")),
)


def _read_commands(data: bytes) -> None:
    for spoken in read_requests(_text(data)):
        if isinstance(spoken.request, VoteRequest):
            aim(spoken.request, GATES)
            aim(spoken.request, GATES[:1])


# --- definitions, policies, scenarios ---------------------------------------------------------


@cache
def definitions() -> Sequence[bytes]:
    """Return every definition that the stories have, right and wrong."""
    folder = TESTS / "definitions"
    table = (folder / "wrong.txt").read_text(encoding="utf-8")
    cases = re.split(r"^=== ", table, flags=re.MULTILINE)[1:]
    wrong = [case.partition("---\n")[2].encode() for case in cases]
    return [path.read_bytes() for path in sorted(folder.rglob("*.yml"))] + wrong


def _read_definition(data: bytes) -> None:
    definition, problems = parse(_text(data), ".github/orchestrations/train.yml")
    assert (definition is None) == bool(problems), "it is read, or it has problems"
    assert all(each.line >= 1 and each.column >= 1 for each in problems)


@cache
def policies() -> Sequence[bytes]:
    """Return the policies that stand in docs/policy.md."""
    page = (TESTS.parent / "docs" / "policy.md").read_text(encoding="utf-8")
    found = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    return [each.encode() for each in found]


def _read_policy(data: bytes) -> None:
    policy, problems = read_policy(_text(data))
    assert policy is not None or problems, "it is read, or it has problems"


@cache
def _subject() -> Subject:
    path = TESTS / "definitions" / "examples" / "release-train.yml"
    found, problems = subject_of(path, path.read_text(encoding="utf-8"))
    assert found is not None, problems
    return found


@cache
def scenarios() -> Sequence[bytes]:
    """Return every scenario of the examples."""
    return [path.read_bytes() for path in sorted((TESTS / "scenarios").rglob("*.yml"))]


def _read_scenario(data: bytes) -> None:
    scenario, problems = read_scenario(_text(data), _subject())
    assert (scenario is None) == bool(problems), "it is read, or it has problems"


# --- code owners ------------------------------------------------------------------------------

OWNERS: Final = (
    b"# Everybody\n*  @acme/sre @mona\n*.js  @acme/web # front\n/docs/  docs@acme.example\n",
    b"apps/ @octocat\n/apps/github\n**/logs @acme/sre\n/build/logs/ @doctocat\n\\#odd @mona\n",
    b"[a-z]?/**/x\\ y @acme/qa\n!no @mona\n/a/*/b/** @acme/api\n",
)
PATHS: Final = ("README.md", "apps/github/x.js", "docs/a/b.md", "a/x/b/c", "x y", "")


def _read_owners(data: bytes) -> None:
    known = read_code_owners(_text(data))
    found = owned(known, PATHS)
    rule = owners_of(known, PATHS[1])
    owners = rule.owners if rule is not None else ()
    by_path = {path: group.owners for group in found or () for path in group.paths}
    assert found is None or by_path.get(PATHS[1], frozenset()) == frozenset(owners)


# --- payloads ---------------------------------------------------------------------------------


@cache
def payloads() -> Sequence[bytes]:
    """Return real deliveries as `{"event": ..., "payload": ...}`."""
    return [
        orjson.dumps({"event": event, "payload": payload})
        for event, examples in sorted(material.webhook_examples().items())
        for payload in examples[:EXAMPLES_OF_EVENT_MAX]
    ]


def _read_payload(data: bytes) -> None:
    said = webhooks.load(data)
    if said is None:
        return
    event = said.get("event")
    heard = webhooks.read(event if isinstance(event, str) else "push", said.get("payload"))
    listen(heard, NOW)


WISHED: Final = (
    b'{"actor": "mona", "orchestration": "0123456789abcdef", "reason": "why"}',
    b'{"actor": "mona", "orchestration": "1", "task": "build", "leg": "api", "option": "ship"}',
    b'{"actor": "mona", "until": "2026-12-24T12:00Z", "because": "x", "inputs": {"a": 1}}',
)


def _read_wish(data: bytes) -> None:
    said = webhooks.load(data)
    if said is None:
        return
    for verb in WISHES:
        try:
            event_asked_for(f"{PREFIX}{verb}", said, NOW)
        except AskedWrongly:
            continue


READERS: Final[Mapping[str, Reader]] = {
    "commands": Reader(
        corpus=lambda: [each.encode() for each in COMMANDS], read=_read_commands
    ),
    "owners": Reader(corpus=lambda: OWNERS, read=_read_owners),
    "payloads": Reader(corpus=payloads, read=_read_payload, mutate=mutated_json),
    "wishes": Reader(corpus=lambda: WISHED, read=_read_wish, mutate=mutated_json),
    "policies": Reader(corpus=policies, read=_read_policy),
    "definitions": Reader(corpus=definitions, read=_read_definition),
    "scenarios": Reader(corpus=scenarios, read=_read_scenario),
}
"""By name, the quickest first."""
