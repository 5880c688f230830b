"""`/api`: asks for things to be done with orchestrations, and tells what they share.

For programs that the operator trusts: one token opens all of it, and whoever holds it says
who asks. With `as` it is somebody with an account on GitHub, whose role is asked for there.
Without a token in the settings there is no such door. What is asked for is written down like
any delivery, and done by the engine.
"""

import hashlib
import hmac
import json
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.core.doorways.words import words_of
from app.core.hearing.asking import (
    FREEZE,
    PREFIX,
    SAY,
    WISHES,
    AskedWrongly,
    event_asked_for,
    moment_asked_for,
    person_of,
)
from app.core.shared import CALENDAR, LOCK, Shared
from app.core.telling.shared_report import calendars_as_json, locks_as_json
from app.core.values import JsonObject, OrchestrationId
from app.github import webhooks
from app.ports import Clock, Delivery, Inbox, Report, StoreUnavailable
from app.web.answers import crowded, refusal, unsaved
from app.web.bodies import Crowded, Room, TooLarge, read_body

BODY_BYTES_MAX: Final = 256 * 1024
BODIES_BYTES_MAX: Final = 16 * 1024 * 1024

_log = logging.getLogger(__name__)


class Look(Protocol):
    """What may be looked up. Each may raise `StoreUnavailable`."""

    async def is_known(self, id_: OrchestrationId) -> bool:
        """Tell whether there is an orchestration of this id."""
        ...

    async def shared(self, kind: str) -> Sequence[Shared]:
        """Return the locks or the calendars."""
        ...

    async def reports(self, id_: OrchestrationId) -> Sequence[Report]:
        """Return the evidence packs of an orchestration, the oldest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDoor:
    """Takes wishes in, and answers questions. `wake` is called when there is something new."""

    token: str = field(repr=False)
    inbox: Inbox
    clock: Clock
    look: Look
    wake: Callable[[], None]
    room: Room = field(default_factory=lambda: Room(BODIES_BYTES_MAX))

    def routes(self) -> list[Route]:
        """Return the addresses, which are there only where there is a token."""
        return [
            Route("/api/orchestrations/{id}/reports", self.reports),
            Route("/api/orchestrations/{id}/say", self.say, methods=["POST"]),
            Route("/api/orchestrations/{id}/{verb}", self.ask, methods=["POST"]),
            Route("/api/calendars/{organization}/freeze", self.freeze, methods=["POST"]),
            Route("/api/locks", self.locks),
        ]

    async def ask(self, request: Request) -> Response:
        """Take in one wish about one orchestration."""
        verb, id_ = request.path_params["verb"], request.path_params["id"]
        if not self._is_ours(request):
            return _unauthorized()
        if verb not in WISHES:
            remedy = f"ask for one of {', '.join(sorted(WISHES))}"
            return refusal(404, "unknown-wish", f"nobody can {verb} an orchestration", remedy)
        try:
            if not await self.look.is_known(OrchestrationId(id_)):
                return _unknown(id_)
        except StoreUnavailable:
            return unsaved("ask again")
        wish = await self._read(request)
        if isinstance(wish, Response):
            return wish
        wish = {**wish, "orchestration": id_}
        try:
            event_asked_for(f"{PREFIX}{verb}", wish, self.clock.now())
        except AskedWrongly as wrong:
            remedy = "say who asks as `as` or `actor`; see docs/operating.md for the rest"
            return refusal(400, "malformed", str(wrong), remedy)
        return await self._take_in(f"{PREFIX}{verb}", wish)

    async def say(self, request: Request) -> Response:
        """Take in what somebody with an account on GitHub says, as in a comment there."""
        if not self._is_ours(request):
            return _unauthorized()
        id_ = request.path_params["id"]
        try:
            if not await self.look.is_known(OrchestrationId(id_)):
                return _unknown(id_)
        except StoreUnavailable:
            return unsaved("ask again")
        wish = await self._read(request)
        if isinstance(wish, Response):
            return wish
        text, actor = wish.get("text"), wish.get("actor")
        if not isinstance(actor, str) or not actor or not isinstance(text, str):
            remedy = 'send {"actor": "mona", "text": "/approve sign_off"}'
            return refusal(400, "malformed", "`actor` or `text` is missing", remedy)
        if not words_of(text):
            remedy = "write a command at the beginning of a line, such as /approve"
            return refusal(400, "malformed", "`text` has no command", remedy)
        return await self._take_in(SAY, {"actor": actor, "text": text, "orchestration": id_})

    async def freeze(self, request: Request) -> Response:
        """Take in that a calendar is to be closed."""
        if not self._is_ours(request):
            return _unauthorized()
        wish = await self._read(request)
        if isinstance(wish, Response):
            return wish
        remedy = 'send {"actor": "mona", "until": "2026-12-24T12:00Z", "because": "why"}'
        actor = person_of(wish) or wish.get("actor")
        if not isinstance(actor, str) or not actor:
            return refusal(400, "malformed", "`actor` or `as` is missing", remedy)
        try:
            moment_asked_for(wish, "until")
        except AskedWrongly as wrong:
            return refusal(400, "malformed", str(wrong), remedy)
        organization = request.path_params["organization"]
        return await self._take_in(FREEZE, {**wish, "organization": organization})

    async def locks(self, request: Request) -> Response:
        """Tell who has a place in a group, who waits, and for which calendars."""
        if not self._is_ours(request):
            return _unauthorized()
        try:
            found = [*await self.look.shared(LOCK), *await self.look.shared(CALENDAR)]
        except StoreUnavailable:
            return unsaved("ask again")
        return JSONResponse(
            {"locks": locks_as_json(found), "calendars": calendars_as_json(found)}
        )

    async def reports(self, request: Request) -> Response:
        """Tell the evidence packs of one orchestration."""
        if not self._is_ours(request):
            return _unauthorized()
        id_ = OrchestrationId(request.path_params["id"])
        try:
            if not await self.look.is_known(id_):
                return _unknown(id_)
            found = await self.look.reports(id_)
        except StoreUnavailable:
            return unsaved("ask again")
        return JSONResponse(
            {
                "reports": [
                    {
                        "name": report.name,
                        "format": report.format,
                        "made_at": report.made_at.isoformat(),
                        "digest": hashlib.sha256(report.text.encode()).hexdigest(),
                        "text": report.text,
                    }
                    for report in found
                ]
            }
        )

    def _is_ours(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given, ours = token.strip().encode(), self.token.encode()
        return scheme.lower() == "bearer" and hmac.compare_digest(given, ours)

    async def _read(self, request: Request) -> JsonObject | Response:
        try:
            body = await read_body(
                request.scope, request.receive, bytes_max=BODY_BYTES_MAX, room=self.room
            )
        except ClientDisconnect:
            return Response(status_code=400)
        except Crowded:
            return crowded()
        except TooLarge:
            message = f"a wish has at most {BODY_BYTES_MAX // 1024} KiB"
            headers = {"connection": "close"}
            return refusal(413, "too-large", message, "send less", headers=headers)
        said = webhooks.load(body)
        if said is None:
            remedy = 'send {"actor": "mona", "reason": "why"}'
            return refusal(400, "malformed", "the body is not a JSON object", remedy)
        return said

    async def _take_in(self, event: str, wish: JsonObject) -> Response:
        delivery = Delivery(
            id=f"api-{uuid.uuid4()}",
            event=event,
            body=json.dumps(wish, sort_keys=True).encode(),
            received_at=self.clock.now(),
        )
        try:
            await self.inbox.take_in(delivery)
        except StoreUnavailable as error:
            _log.error("a wish could not be saved", extra={"why": str(error)})
            return unsaved("ask again")
        self.wake()
        return JSONResponse({"status": "accepted", "delivery": delivery.id}, 202)


def _unknown(id_: str) -> Response:
    message = f"there is no orchestration {id_}"
    return refusal(404, "unknown-orchestration", message, "see `signalbox list`")


def _unauthorized() -> Response:
    return refusal(
        401,
        "missing-token",
        "there is no token, or it is another one",
        "send `authorization: bearer TOKEN` with the setting API_TOKEN",
        headers={"www-authenticate": "Bearer"},
    )
