"""The law of sketches: who reads a sketch reads the same as whoever reads the whole body."""

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, is_typeddict

import orjson
import pytest

from app.core.copying import replace
from app.core.hearing.heard import Heard
from app.core.hearing.unread import Unread
from app.github import sketches
from app.github.sketches import SKETCHED, sketch
from app.github.webhooks import hear, read
from tests.fuzz.mutation import VALUES, mutated_json

APP_ID: Final = "12"
MUTATIONS: Final = 1_500
"""Of the examples of each event."""
CUT_EVERY: Final = 61

NAMES: Final = sorted(
    {
        name
        for kind in vars(sketches).values()
        if is_typeddict(kind)
        for name in kind.__annotations__
    }
)
"""All that anything is read of, by name."""
PULL: Final = {"number": 5, "base": {"repo": {"id": 1}}, "head": {"sha": "a", "repo": None}}
ODD: Final = (
    *VALUES, 2**63 - 1, -(2**63), 2**64 - 1, 10**400, 1.0, -0.0, 12.0, float("nan"), 1e308 * 10,
    "a\0b", "\udc00", "12", 12, [None, 1], [PULL], [[PULL]], PULL, {"id": 12}, {"id": "12"},
    {"client_id": "12"}, {"app": {"id": 12}}, {"repo": {"id": 2}}, {"head_branch": "topic"},
    [{"name": "ready"}, {"name": None}], [{"added": ["a"], "modified": None}], {"number": 1},
)  # fmt: skip
TELLING: Final[Mapping[str, Any]] = {
    "app": {"id": 12},
    "client_id": "12",
    "draft": True,
    "forced": True,
    "id": 12,
    "labels": [{"name": "ready"}],
    "merged": True,
    "modified": ["a"],
    "number": 5,
    "pull_requests": [None, {"number": 5}],
    "removed": ["b"],
    "run_attempt": 2,
    "state": "closed",
}
"""Values of which something follows."""
HUGE: Final = b"9" * 5_000
"""Of more digits than Python reads."""
Examples = Mapping[str, list[dict[str, Any]]]


def whole(event: str, body: bytes) -> Heard:
    """Read a body as it was read before there were sketches."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        payload = json.loads(body)
    if not isinstance(payload, dict):
        raise ValueError("the body is no JSON object")
    return read(event, payload, APP_ID)


def told(reader: Callable[[], Heard]) -> str:
    """Write down all that was read, and the whole payload, or that it was refused.

    Written, since 1 equals 1.0 and True, and what is no number does not equal itself.
    """
    try:
        heard = reader()
    except (ValueError, RecursionError):
        return "refused"
    return repr(replace(heard, payload=dict(heard.payload)))


def differs(event: str, body: bytes) -> bool:
    """Tell whether the two readings of a body differ."""
    return told(lambda: hear(event, body, APP_ID)) != told(lambda: whole(event, body))


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Find the objects that something may be read of."""
    if isinstance(value, dict):
        yield value
        for name in NAMES:
            yield from objects(value.get(name))
    elif isinstance(value, list):
        for each in value[:2]:
            yield from objects(each)


def changed(chance: random.Random, payload: dict[str, Any]) -> bytes:
    """Take away, change or add some of what is read."""
    payload = copy.deepcopy(payload)
    for _ in range(chance.randint(1, 3)):
        place = chance.choice(list(objects(payload)))
        name = chance.choice(NAMES if chance.random() < 0.5 else [*place, *NAMES][:50])
        match chance.random():
            case draw if draw < 0.2:
                place.pop(name, None)
            case draw if draw < 0.5 and name in TELLING:
                place[name] = copy.deepcopy(TELLING[name])
            case _:
                place[name] = copy.deepcopy(chance.choice(ODD))
    return json.dumps(payload, ensure_ascii=chance.random() < 0.5).encode(
        errors="surrogatepass"
    )


@pytest.mark.parametrize("event", sorted(SKETCHED))
def test_every_example_is_sketched_and_reads_the_same(
    event: str, webhook_examples: Examples
) -> None:
    """Of no real delivery the whole has to be read, and nothing is read otherwise for it."""
    bodies = [json.dumps(each).encode() for each in webhook_examples[event]]

    assert bodies, "an event without examples would prove nothing"
    assert [body for body in bodies if sketch(event, body) is None] == []
    assert [body for body in bodies if differs(event, body)] == []


@pytest.mark.parametrize("event", sorted(SKETCHED))
def test_whatever_is_changed_reads_the_same(event: str, webhook_examples: Examples) -> None:
    """Fields that are gone, null, of another type, huge or unstorable are read as ever."""
    chance, examples = random.Random(event), webhook_examples[event]
    bodies = [changed(chance, chance.choice(examples)) for _ in range(MUTATIONS)]

    assert [body for body in bodies if differs(event, body)] == []


@pytest.mark.parametrize("event", sorted(SKETCHED))
def test_whatever_becomes_of_a_text_reads_the_same(
    event: str, webhook_examples: Examples
) -> None:
    """A body that was cut off or mangled is refused, or read, by both."""
    chance = random.Random(event)
    others = [json.dumps(each).encode() for each in webhook_examples[event]]
    body = min(others, key=len)
    bodies = [mutated_json(chance, body, others) for _ in range(300)]
    bodies += [body[:end] for end in range(0, len(body), CUT_EVERY)]
    for broken in (b"\xff", b"\xed\xa0\x80", rb"\ud800", rb"\q", b"\n", b"\0", rb"\u0000"):
        bodies += [body.replace(b'"url": "', b'"url": "' + broken), body + broken]
    bodies += [
        b"[" + body + b"]",
        b"null",
        b"",
        b"\xef\xbb\xbf" + body,
        body.decode().encode("utf-16"),
    ]
    bodies += [
        body.replace(b"{", b'{"deep": ' + b"[" * depth + b"]" * depth + b", ", 1)
        for depth in (200, 100_000)
    ]
    for number in (b"1e400", b"9" * 400, b"1.", b"01", b"NaN", b"-0", b"-"):
        bodies += [body.replace(b'"id": ', b'"id": ' + number + b', "x": ', 1)]

    assert [body[:200] for body in bodies if differs(event, body)] == []


@pytest.mark.parametrize("event", sorted(SKETCHED))
@pytest.mark.parametrize("app", [{"id": 12}, {"client_id": "12"}])
def test_what_we_have_made_is_recognised(event: str, app: dict[str, Any]) -> None:
    """By the number of the App, and by its client id."""
    body = json.dumps({event: {"app": app}}).encode()

    assert sketch(event, body) is not None
    assert hear(event, body, APP_ID).subject.is_own


@pytest.mark.parametrize("event", ["workflow_run", "issue_comment", "repository_dispatch"])
@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"{", b"{}}", b'{"a": \xff}', b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(event: str, body: bytes) -> None:
    """Sketched or not."""
    with pytest.raises(ValueError, match=r"."):
        hear(event, body)


def test_a_number_that_nobody_can_read_and_nobody_reads_harms_nobody() -> None:
    """What is heard is there; of the payload, which cannot be taken apart, what was read is."""
    body = b'{"action": "completed", "check_run": {"head_sha": "a", "id": ' + HUGE + b"}}"

    heard = hear("check_run", body)

    assert heard.subject.sha == "a"
    assert heard.payload == {"action": "completed", "check_run": {"head_sha": "a"}}


def test_a_sketch_is_all_that_is_taken_apart() -> None:
    """Until somebody looks into the payload; of what nobody sketches it is there at once."""
    body = b'{"action": "completed", "anything": {"else": 1}}'

    assert isinstance(hear("check_run", body).payload, Unread)
    assert type(hear("ping", body).payload) is dict
    assert hear("check_run", body).payload == hear("ping", body).payload


def test_what_people_put_together_keeps_its_large_integers() -> None:
    """A repository dispatch may carry numbers beyond 64 bits."""
    heard = hear("repository_dispatch", b'{"client_payload": {"n": 18446744073709551616}}')

    assert heard.payload == {"client_payload": {"n": 2**64}}
