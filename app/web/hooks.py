"""`POST /webhooks/github`: a delivery is verified, on disk, and only then answered.

What it means is not looked into here: the engine reads it from the inbox. This is the one
hot path of the server, so it is plain ASGI, without anything that is not needed.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.core.reading.happenings import GITHUB_EVENTS
from app.github import webhooks
from app.github.webhooks import BODY_BYTES_MAX, Rejection, Webhook
from app.ports import Clock, Delivery, Inbox, StoreUnavailable
from app.ports.metering import UNMETERED, Meter
from app.web.answers import crowded, refusal, unsaved
from app.web.bodies import Crowded, Room, TooLarge, read_body

PATH: Final = "/webhooks/github"
# Of all deliveries that are on their way in; GitHub's own are some 20 KB each.
BODIES_BYTES_MAX: Final = 256 * 1024 * 1024
# What a definition may listen to, and what GitHub sends to every App unasked.
EVENTS_HEARD: Final = frozenset(GITHUB_EVENTS) | {
    "installation",
    "installation_repositories",
    "repository",
    "check_run",
    "deployment_review",
}
# Check runs come and go with every job of everybody; only presses of our buttons concern us.
PRESSED: Final = b'"requested_action"'

# No other header is looked at.
_HEADERS: Final = tuple((name, name.encode()) for name in webhooks.HEADERS)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookDoor:
    """The ASGI application behind the webhook address.

    `wake` is called when something new is in the inbox.
    """

    secret: str
    inbox: Inbox
    clock: Clock
    wake: Callable[[], None]
    room: Room = field(default_factory=lambda: Room(BODIES_BYTES_MAX))
    meter: Meter = UNMETERED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take in one delivery and answer it."""
        try:
            body = await read_body(scope, receive, bytes_max=BODY_BYTES_MAX, room=self.room)
        except ClientDisconnect:
            return
        except Crowded:
            _log.warning("a webhook call was refused", extra={"code": "crowded"})
            await crowded()(scope, receive, send)
            return
        except TooLarge:
            answer = refusal(
                413,
                "too-large",
                "the body is larger than GitHub sends",
                "only GitHub delivers here",
                headers={"connection": "close"},
            )
            await answer(scope, receive, send)
            return
        sent = dict(scope["headers"])  # whose names are in small letters, as ASGI has it
        headers = {name: sent[key].decode("latin-1") for name, key in _HEADERS if key in sent}
        judged = webhooks.receive(headers, body, secret=self.secret)
        if isinstance(judged, Rejection):
            self.meter.refused(judged.code)
            _log.warning("a webhook call was refused", extra={"code": judged.code})
            answer = refusal(judged.status, judged.code, judged.message, judged.remedy)
            await answer(scope, receive, send)
            return
        await self._take_in(judged, scope, receive, send)

    async def _take_in(
        self, webhook: Webhook, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if webhook.event == "ping":
            await _say(send, 200, _PONG)
            return
        is_noise = webhook.event == "check_run" and PRESSED not in webhook.body
        if webhook.event not in EVENTS_HEARD or is_noise:
            self.meter.took_in(webhook.event, "ignored")
            await _say(send, 202, _IGNORED)
            return
        delivery = Delivery(
            id=webhook.id, event=webhook.event, body=webhook.body, received_at=self.clock.now()
        )
        try:
            is_new = await self.inbox.take_in(delivery)
        except StoreUnavailable as error:
            self.meter.took_in(webhook.event, "not saved")
            about = {"delivery": webhook.id, "event_name": webhook.event, "why": str(error)}
            _log.error("a delivery could not be saved", extra=about)
            answer = unsaved("redeliver it from the App's settings once /ready says 200")
            await answer(scope, receive, send)
            return
        self.meter.took_in(webhook.event, "accepted" if is_new else "duplicate")
        if is_new:
            self.wake()
        await _say(send, 202, _ACCEPTED if is_new else _DUPLICATE)


_PONG = b'{"status":"pong"}'
_ACCEPTED = b'{"status":"accepted"}'
_DUPLICATE = b'{"status":"duplicate"}'
_IGNORED = b'{"status":"ignored"}'


async def _say(send: Send, status: int, body: bytes) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
