"""The two calls of a report: for a token that proves which run this is, and to Signalbox.

Each may be made again while time is left: asking for a token changes nothing, and Signalbox
takes the same report twice as once.
"""

from __future__ import annotations

import http.client
import json
import random
import re
import ssl
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from action.errors import ReportError, UnavailableError, escape, shown
from action.inputs import Report

ANSWER_BYTES_MAX = 64 * 1024
REQUEST_SECONDS_MAX = 30.0
FIRST_PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.5, 15.0


@dataclass(frozen=True)
class Identity:
    """Where this job may ask GitHub for a token that says which workflow run it is."""

    url: str
    request_token: str


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_identity(environ: Mapping[str, str]) -> Identity:
    """Find where to ask for an OIDC token, or say which permission is missing.

    https://docs.github.com/actions/reference/security/oidc
    """
    url = environ.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
    request_token = environ.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if url and request_token:
        return Identity(url, request_token)
    raise ReportError(
        "Signalbox: permission id-token is missing",
        "GitHub gives this job no OIDC token, and so it cannot prove which workflow run it is.",
        "Add to the job (or the workflow):\n  permissions:\n    id-token: write\n"
        "and to the caller too, if this is a reusable workflow. A workflow run for a pull"
        " request from a fork never gets it.",
    )


def deliver(report: Report, identity: Identity) -> None:
    """Send the report until it is taken, refused, or the time is up.

    Signalbox takes the same report twice as once, so it may be sent again after any doubt.
    """
    started = time.monotonic()
    deadline = started + report.seconds
    tries, pause = 0, FIRST_PAUSE_SECONDS
    while True:  # Ends with the deadline: each round takes a part of the time.
        tries += 1
        try:
            # A new token for each try: the last one may have expired meanwhile.
            token = fetch_token(identity, report.server, deadline)
            return post(report, token, deadline)
        except UnavailableError as error:
            # Not all at once after an outage; no secret depends on it.
            wait = max(error.wait, pause * random.uniform(0.5, 1.0))  # noqa: S311
            if time.monotonic() + wait >= deadline:
                spent = time.monotonic() - started
                error.message += f" Tries: {tries}, in {spent:.0f} seconds."
                raise
            print(escape(error.message), f"Trying again in {wait:.1f} seconds.", flush=True)
        time.sleep(wait)  # noqa: TID251 - this process has nothing else to do, and no timers
        pause = min(2 * pause, PAUSE_SECONDS_MAX)


def fetch_token(identity: Identity, audience: str, deadline: float) -> str:
    """Ask GitHub for a token that is good for this Signalbox only."""
    mark = "&" if "?" in identity.url else "?"
    url = f"{identity.url}{mark}audience={urllib.parse.quote(audience, safe='')}"
    request = urllib.request.Request(  # noqa: S310 - the address is the runner's
        url,
        headers={
            "Authorization": f"bearer {identity.request_token}",
            "Accept": "application/json",
            "User-Agent": "signalbox-action",
        },
    )
    answer = exchange(request, "GitHub's OIDC service", deadline)
    token = member(answer.body, "value") if answer.status == 200 else None
    if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
        raise ReportError(
            "Signalbox: GitHub gave no OIDC token",
            f"GitHub's OIDC service answered {answer.status} without a token.",
            "Check that the job has `permissions: id-token: write`, and githubstatus.com.",
        )
    # The runner hides this line, and the token wherever else it may appear.
    print(f"::add-mask::{token}", flush=True)
    return token


def post(report: Report, token: str, deadline: float) -> None:
    """Send the report once."""
    request = urllib.request.Request(  # noqa: S310 - check_server has seen to the scheme
        f"{report.server}/reports",
        data=report.body,
        method="POST",
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json; charset=utf-8",
            "Accept": "application/json",
            "User-Agent": "signalbox-action",
        },
    )
    answer = exchange(request, f"Signalbox at {report.server}", deadline)
    if answer.status != 202:
        message, remedy = explained(answer, f"Signalbox at {report.server}")
        raise ReportError("Signalbox: the report was refused", message, remedy)


class EveryAnswer(urllib.request.HTTPErrorProcessor):
    """Take every answer as it is: a redirect, if followed, would carry the token elsewhere."""

    def http_response(self, request: urllib.request.Request, response: Any) -> Any:  # noqa: ARG002
        """Return the answer, whatever was asked and whatever its status."""
        return response

    https_response = http_response


def exchange(request: urllib.request.Request, whom: str, deadline: float) -> Answer:
    """Send a request and return the answer, unless it is "not now" or there is none."""
    seconds = max(1.0, min(REQUEST_SECONDS_MAX, deadline - time.monotonic()))
    try:
        opener = urllib.request.build_opener(EveryAnswer)
        with opener.open(request, timeout=seconds) as response:
            body = response.read(ANSWER_BYTES_MAX)
            answer = Answer(response.status, response.headers, body)
    # URLError is an OSError; UnicodeError is what a host name that cannot exist gives.
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        reason = getattr(error, "reason", None) or error
        wrong = f"{whom} cannot be reached: {reason or type(reason).__name__}."
        if isinstance(reason, ssl.SSLCertVerificationError):
            remedy = "Let SSL_CERT_FILE name a file with your own certificate authority."
            raise ReportError("Signalbox: the server is not trusted", wrong, remedy) from error
        raise UnavailableError(
            "Signalbox: no answer",
            wrong,
            "Check the server's address, and that this runner can reach it"
            " (https_proxy and no_proxy are heeded).",
        ) from error
    if answer.status in (408, 425, 429) or answer.status >= 500:
        message, remedy = explained(answer, whom)
        wait = answer.headers.get("Retry-After", "")
        seconds = float(wait) if re.fullmatch("[0-9]{1,6}", wait) else 0.0
        raise UnavailableError("Signalbox: not now", message, remedy, seconds)
    return answer


def explained(answer: Answer, whom: str) -> tuple[str, str]:
    """Return what the other side says is wrong, and its remedy or ours."""
    error = member(answer.body, "error")
    error = error if isinstance(error, dict) else {}
    said = str(error.get("message") or "no explanation").rstrip(".")
    remedy = str(error.get("remedy") or "Check that the input server is your Signalbox.")
    location: str | None = answer.headers.get("Location")
    if 300 <= answer.status < 400 and location:
        said, remedy = f"it is at {shown(location)}", "Give its own address as server."
    code = f" {error['code']}" if error.get("code") else ""
    return f"{whom} answered {answer.status}{code}: {said}.", remedy


def member(body: bytes, name: str) -> Any:
    """Return a member of a JSON object, or nothing if it is not one or has none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value.get(name) if isinstance(value, dict) else None
