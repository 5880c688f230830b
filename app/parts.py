"""Makes from the settings the parts that speak with the world outside.

Whether a setting is of any use, some only find out here: they raise `SettingsError`, as the
reading of the settings does. `main` joins what is made.
"""

from typing import TYPE_CHECKING

import httpx

from app.github.client import Client
from app.github.oauth import WebFlow
from app.github.oidc import IdentityVerifier
from app.ports import Clock
from app.ports.metering import Meter
from app.settings import Fault, Settings, SettingsError
from app.tracing import otlp_exporter

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter


def client_of(
    settings: Settings, clock: Clock, http: httpx.AsyncBaseTransport | None, meter: Meter
) -> Client:
    """Make what speaks to GitHub as the App."""
    try:
        return Client(
            api_url=settings.api_url,
            app_id=settings.app_id,
            private_key=settings.private_key,
            clock=clock,
            http=http,
            meter=meter,
        )
    except ValueError as error:
        remedy = "generate a new one on the App's settings page"
        fault = Fault(
            name="GITHUB_PRIVATE_KEY",
            message=f"(or its file) is unusable: {error}",
            remedy=remedy,
        )
        raise SettingsError((fault,)) from error


def exporter_of(settings: Settings) -> "SpanExporter | None":
    """Make what traces are told to, if there is anybody."""
    if not settings.traces_url:
        return None
    try:
        return otlp_exporter(settings.traces_url)
    except ImportError as error:
        remedy = "install signalbox with the extra `otel`, or unset it"
        fault = Fault(
            name="OTEL_EXPORTER_OTLP_ENDPOINT", message="needs OpenTelemetry", remedy=remedy
        )
        raise SettingsError((fault,)) from error


def verifier_of(
    settings: Settings, clock: Clock, http: httpx.AsyncBaseTransport | None
) -> IdentityVerifier:
    """Make what checks the tokens of workflow runs."""
    try:
        return IdentityVerifier(
            issuer=settings.oidc_issuer, audience=settings.url, clock=clock, http=http
        )
    except ValueError as error:
        fault = Fault(name="GITHUB_OIDC_ISSUER", message=str(error), remedy="use https")
        raise SettingsError((fault,)) from error


def web_flow_of(
    settings: Settings, clock: Clock, http: httpx.AsyncBaseTransport | None, meter: Meter
) -> WebFlow | None:
    """Make what lets people sign in, if that is set up."""
    if not settings.client_secret:
        return None
    return WebFlow(
        server_url=settings.server_url,
        api_url=settings.api_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        clock=clock,
        http=http,
        meter=meter,
    )
