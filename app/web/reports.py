"""`POST /reports`: the companion Action tells what a workflow run has put out.

The caller proves by its OIDC token which attempt of which workflow run it is, and speaks for
that one only. Whether we started it, and whether the outputs are of the declared types, is
found out where the delivery is applied.
"""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from app.core.values import JsonObject
from app.github import webhooks
from app.ports import Clock, Delivery, Inbox, StoreUnavailable
from app.web.answers import crowded, refusal, unsaved
from app.web.bodies import Crowded, Room, TooLarge, read_body

PATH: Final = "/reports"
BODY_BYTES_MAX: Final = 256 * 1024
BODIES_BYTES_MAX: Final = 64 * 1024 * 1024
KEYS: Final = frozenset({"outputs", "summary"})

_log = logging.getLogger(__name__)


class Reporter(Protocol):
    """The attempt of a workflow run that a token speaks for."""

    @property
    def repository_id(self) -> int: ...
    @property
    def run_id(self) -> int: ...
    @property
    def run_attempt(self) -> int: ...


class Unproven(Exception):
    """The token proves nothing, or (`may_pass`) it cannot be told at the moment."""

    def __init__(self, code: str, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.may_pass = may_pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDoor:
    """Takes reports in. `identify` raises `Unproven`; `wake` is called when one is new."""

    inbox: Inbox
    clock: Clock
    identify: Callable[[str], Awaitable[Reporter]]
    knows_repository: Callable[[int], bool]
    wake: Callable[[], None]
    room: Room = field(default_factory=lambda: Room(BODIES_BYTES_MAX))

    async def answer(self, request: Request) -> Response:
        """Take in one report and answer it."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return _unauthorized("missing-token", "there is no OIDC token")
        try:
            body = await read_body(
                request.scope, request.receive, bytes_max=BODY_BYTES_MAX, room=self.room
            )
            reporter = await self.identify(token.strip())
        except ClientDisconnect:
            return Response(status_code=400)
        except Crowded:
            return crowded()
        except TooLarge:
            return refusal(
                413,
                "too-large",
                f"a report has at most {BODY_BYTES_MAX // 1024} KiB",
                "put large things into an artifact and report its name",
                headers={"connection": "close"},
            )
        except Unproven as unproven:
            return _unproven(unproven)
        if not self.knows_repository(reporter.repository_id):
            return refusal(
                403,
                "unknown-repository",
                "the App is not installed on the repository of this workflow",
                "install the App there, then run the workflow again",
            )
        report = _read(body)
        if isinstance(report, str):
            remedy = 'send {"outputs": {"name": value}, "summary": "text"}'
            return refusal(400, "malformed", report, remedy)
        return await self._take_in(reporter, report)

    async def _take_in(self, reporter: Reporter, report: JsonObject) -> Response:
        said = {
            "repository_id": reporter.repository_id,
            "run_id": reporter.run_id,
            "run_attempt": reporter.run_attempt,
            **report,
        }
        body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
        # The same report again has the same id, and changes nothing.
        number = f"report-{hashlib.sha256(body).hexdigest()}"
        delivery = Delivery(
            id=number, event="signalbox/report", body=body, received_at=self.clock.now()
        )
        try:
            is_new = await self.inbox.take_in(delivery)
        except StoreUnavailable as error:
            about = {"workflow_run": reporter.run_id, "why": str(error)}
            _log.error("a report could not be saved", extra=about)
            return unsaved("report again")
        if is_new:
            self.wake()
        return JSONResponse({"status": "accepted" if is_new else "duplicate"}, 202)


def _read(body: bytes) -> JsonObject | str:
    """Return the report, or what is wrong with it. Types of outputs are checked later."""
    said = webhooks.load(body)
    if said is None:
        return "the body is not a JSON object"
    if unknown := sorted(set(said) - KEYS):
        return f"the body has unknown keys: {', '.join(unknown)[:200]}"
    outputs, summary = said.get("outputs", {}), said.get("summary", "")
    if not isinstance(outputs, dict):
        return "`outputs` is not an object"
    if not isinstance(summary, str):
        return "`summary` is not a text"
    return {"outputs": outputs, "summary": summary}


def _unproven(unproven: Unproven) -> Response:
    if unproven.may_pass:
        return refusal(
            503,
            unproven.code,
            f"the token cannot be checked now: {unproven.message}",
            "report again",
            headers={"retry-after": "10"},
        )
    return _unauthorized(unproven.code, unproven.message)


def _unauthorized(code: str, message: str) -> Response:
    return refusal(
        401,
        code,
        message,
        "give the job `permissions: id-token: write`, and the Action as `server` exactly the "
        "address that is SIGNALBOX_URL",
        headers={"www-authenticate": "Bearer"},
    )
