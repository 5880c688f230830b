"""Carries webhooks and reports to Signalbox, and writes down how they were received.

https://docs.github.com/webhooks/using-webhooks/handling-failed-webhook-deliveries
A webhook is sent once and never again by itself. A report is tried again, as the companion
Action does.
"""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from time import perf_counter

import httpx

from app.rehearsal.model.oidc import Issuer
from app.rehearsal.model.state import Delivery
from app.rehearsal.model.world import Flavour, Report, World

ANSWER_WITHIN = {Flavour.CLOUD: 10.0, Flavour.ENTERPRISE_SERVER: 30.0}
REPORT_AGAIN_AFTER = timedelta(seconds=5)
REPORT_TRIES_MAX = 60  # In all the five minutes that the companion Action tries for.
KEPT_ANSWER_MAX = 10_000


class Postman:
    """Sends what is in the outbox to one receiver."""

    def __init__(self, world: World, issuer: Issuer, secret: str, base_url: str) -> None:
        self.world = world
        self.issuer = issuer
        self.secret = secret
        self.base_url = base_url
        self.client: httpx.AsyncClient | None = None
        self.reports: list[tuple[Report, int]] = []

    async def send(self, item: Delivery | Report) -> None:
        """Send one webhook or report. That it fails is no error, but written down."""
        if isinstance(item, Delivery):
            await self.deliver(item)
        else:
            await self.report(item)

    async def deliver(self, delivery: Delivery) -> None:
        """Send one webhook."""
        delivery.request_headers = self.headers(delivery)
        began = perf_counter()
        try:
            response = await self._post(
                self.world.webhook_url,
                content=delivery.payload,
                headers=dict(delivery.request_headers),
                timeout=ANSWER_WITHIN[self.world.flavour],
            )
        except httpx.TimeoutException:
            delivery.status, delivery.status_code = "timed out", 0
        except httpx.HTTPError:
            delivery.status, delivery.status_code = "failed to connect to host", 0
        else:
            delivery.status_code = response.status_code
            delivery.status = "OK" if response.is_success else response.reason_phrase
            delivery.response_body = response.text[:KEPT_ANSWER_MAX]
        delivery.duration = perf_counter() - began
        delivery.delivered_at = self.world.now()

    async def report(self, report: Report) -> None:
        """Send the outputs of one attempt, as the companion Action does at its end."""
        now = self.world.now()
        token = self.issuer.mint(self.world.at, report.run, report.attempt, self.base_url, now)
        body = {"outputs": dict(report.outputs), "summary": report.summary}
        try:
            response = await self._post(
                f"{self.base_url}/reports",
                json=body,
                headers={"authorization": f"Bearer {token}"},
                timeout=30.0,
            )
            status = response.status_code
        except httpx.HTTPError:
            status = 0
        self.reports.append((report, status))
        is_trouble = status == 0 or status >= 500
        if is_trouble and report.tries + 1 < REPORT_TRIES_MAX:
            again = replace(report, tries=report.tries + 1)
            self.world.later(REPORT_AGAIN_AFTER, lambda: self.world.outbox.append(again))
            return
        report.answered(200 <= status < 300)

    def headers(self, delivery: Delivery) -> dict[str, str]:
        """Return the headers of a webhook, signed over its very bytes."""
        app = self.world.app
        secret = ((app.webhook_secret if app else "") or self.secret).encode()
        return {
            "content-type": "application/json",
            "user-agent": "GitHub-Hookshot/rehearsal",
            "x-github-event": delivery.event,
            "x-github-delivery": delivery.guid,
            "x-github-hook-id": str(app.hook_id if app else 0),
            "x-github-hook-installation-target-id": str(app.id if app else 0),
            "x-github-hook-installation-target-type": "integration",
            "x-hub-signature": "sha1="
            + hmac.new(secret, delivery.payload, hashlib.sha1).hexdigest(),
            "x-hub-signature-256": "sha256="
            + hmac.new(secret, delivery.payload, hashlib.sha256).hexdigest(),
        }

    async def _post(self, url: str, **given: object) -> httpx.Response:
        if self.client is None:
            raise httpx.ConnectError("nobody listens to the rehearsal")
        return await self.client.post(url, **given)  # type: ignore[arg-type]  # passed through
