"""Stories about `/api`: one token opens it, and what is asked for is written down."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.core.locks import Lock, SeatAsked, decide_lock
from app.core.shared import LOCK, Shared
from app.core.values import Holder, LockKey, OrchestrationId
from app.ports import Report, StoreUnavailable
from app.store.memory import MemoryStore
from app.web.control import BODY_BYTES_MAX, ControlDoor
from tests.shell.web_kit import NOON, FullDisk, Noon, error_of

pytestmark = pytest.mark.anyio
TOKEN = "a token of the operator, long enough"
ONE = "0123456789abcdef"


@dataclass
class Books:
    """What there is to look up."""

    is_open: bool = True

    async def is_known(self, id_: OrchestrationId) -> bool:
        return self._read(id_ == ONE)

    async def shared(self, kind: str) -> Sequence[Shared]:
        asked = SeatAsked(
            at=NOON, orchestration=OrchestrationId(ONE), holder=Holder(""), who="train #1"
        )
        lock, _ = decide_lock(Lock(key=LockKey("organization/acme/x")), asked)
        return self._read([lock] if kind == LOCK else [])

    async def reports(self, id_: OrchestrationId) -> Sequence[Report]:
        report = Report(
            orchestration_id=id_, name="evidence/1", format="json", text="{}", made_at=NOON
        )
        return self._read([report])

    def _read(self, value: Any) -> Any:
        if not self.is_open:
            raise StoreUnavailable("away")
        return value


@dataclass
class Api:
    """The door on a store in memory."""

    inbox: Any = None
    books: Books = field(default_factory=Books)
    store: MemoryStore = field(default_factory=MemoryStore)
    woken: list[bool] = field(default_factory=list)

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str = TOKEN
    ) -> httpx.Response:
        door = ControlDoor(
            token=TOKEN,
            inbox=self.inbox or self.store,
            clock=Noon(),
            look=self.books,
            wake=lambda: self.woken.append(True),
        )
        app = FastAPI(routes=door.routes())
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://signalbox"
        ) as client:
            headers = {"authorization": f"Bearer {token}".encode()} if token else {}
            return await client.request(method, path, content=content, headers=headers)


async def test_a_wish_is_written_down() -> None:
    """It comes in like any delivery, about the orchestration of the address."""
    api = Api()
    body = {"actor": "mona", "reason": "wrong", "orchestration": "another"}
    answer = await api.call("POST", f"/api/orchestrations/{ONE}/cancel", body)
    [delivery] = await api.store.new_deliveries(9)

    assert (answer.status_code, api.woken) == (202, [True])
    assert delivery.event == "signalbox/cancel"
    assert json.loads(delivery.body) == {**body, "orchestration": ONE}


async def test_what_somebody_says_is_written_down() -> None:
    """Who says it, and what, of the orchestration of the address."""
    api = Api()
    body = {"actor": "mona", "text": "/approve sign_off", "orchestration": "another"}
    answer = await api.call("POST", f"/api/orchestrations/{ONE}/say", body)
    [delivery] = await api.store.new_deliveries(9)

    assert (answer.status_code, delivery.event) == (202, "signalbox/say")
    assert json.loads(delivery.body) == {**body, "orchestration": ONE}


async def test_a_calendar_is_frozen() -> None:
    """The organization is that of the address."""
    api = Api()
    body = {"actor": "mona", "until": "2026-12-24T12:00Z", "organization": "other"}
    answer = await api.call("POST", "/api/calendars/acme/freeze", body)
    [delivery] = await api.store.new_deliveries(9)

    assert answer.status_code == 202
    assert json.loads(delivery.body)["organization"] == "acme"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"/api/orchestrations/{ONE}/cancel"),
        ("POST", "/api/calendars/acme/freeze"),
        ("POST", f"/api/orchestrations/{ONE}/say"),
        ("GET", "/api/locks"),
        ("GET", f"/api/orchestrations/{ONE}/reports"),
    ],
)
@pytest.mark.parametrize("token", ["", "another", "\xe9"])
async def test_without_the_token_nothing_is_open(method: str, path: str, token: str) -> None:
    """Neither wishes nor questions are taken from others."""
    api = Api()
    answer = await api.call(method, path, {"actor": "mona", "until": "x"}, token=token)

    assert (answer.status_code, error_of(answer)) == (401, "missing-token")
    assert await api.store.new_deliveries(9) == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"/api/orchestrations/{ONE}/explode", {"actor": "m"}, 404, "unknown-wish"),
        ("/api/orchestrations/nothing/cancel", {"actor": "m"}, 404, "unknown-orchestration"),
        (f"/api/orchestrations/{ONE}/cancel", {}, 400, "malformed"),
        (f"/api/orchestrations/{ONE}/skip", {"actor": "m", "task": "x"}, 400, "malformed"),
        (f"/api/orchestrations/{ONE}/cancel", b"no json", 400, "malformed"),
        (f"/api/orchestrations/{ONE}/cancel", b"x" * (BODY_BYTES_MAX + 1), 413, "too-large"),
        ("/api/calendars/acme/freeze", {"actor": "m"}, 400, "malformed"),
        ("/api/calendars/acme/freeze", b"[]", 400, "malformed"),
        ("/api/orchestrations/nothing/say", {"actor": "m"}, 404, "unknown-orchestration"),
        (f"/api/orchestrations/{ONE}/say", b"[]", 400, "malformed"),
        (f"/api/orchestrations/{ONE}/say", {"actor": "m"}, 400, "malformed"),
        (f"/api/orchestrations/{ONE}/say", {"actor": "m", "text": "hello"}, 400, "malformed"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    path: str, body: Any, status: int, code: str
) -> None:
    """Each refusal has a code, and nothing is written down."""
    api = Api()
    answer = await api.call("POST", path, body)

    assert (answer.status_code, error_of(answer)) == (status, code)
    assert await api.store.new_deliveries(9) == []


async def test_locks_and_reports_are_told() -> None:
    """Who has a place, and which evidence there is, each with its digest."""
    api = Api()
    locks = (await api.call("GET", "/api/locks")).json()
    reports = (await api.call("GET", f"/api/orchestrations/{ONE}/reports")).json()
    unknown = await api.call("GET", "/api/orchestrations/nothing/reports")

    assert [place["who"] for place in locks["locks"][0]["places"]] == ["train #1"]
    assert locks["calendars"] == []
    assert reports["reports"][0]["text"] == "{}"
    assert len(reports["reports"][0]["digest"]) == 64
    assert error_of(unknown) == "unknown-orchestration"


async def test_a_database_that_is_away_is_said_so() -> None:
    """Nothing is lost silently: whoever asks is told to ask again."""
    away = Api(books=Books(is_open=False))
    full = Api(inbox=FullDisk())
    answers = [
        await away.call("POST", f"/api/orchestrations/{ONE}/cancel", {"actor": "m"}),
        await away.call("GET", "/api/locks"),
        await away.call("GET", f"/api/orchestrations/{ONE}/reports"),
        await full.call("POST", f"/api/orchestrations/{ONE}/cancel", {"actor": "m"}),
    ]

    assert {(answer.status_code, error_of(answer)) for answer in answers} == {
        (503, "not-saved")
    }
