"""What stories about `signalbox doctor` share: a rehearsed GitHub, and a way to ask."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.cli.doctoring import examine_with
from app.rehearsal import Rehearsal, WallClock, serve_in_thread
from app.store.migrations import migrate
from tests.shell.cli_kit import Said
from tests.shell.process_kit import SECRET

AWAY = "http://127.0.0.1:9"
"""Nobody listens there."""
HEALTHY: Mapping[str, tuple[int, Any]] = {
    "/health": (200, {"status": "ok"}),
    "/ready": (200, {"status": "ready"}),
}


@dataclass
class Shifted:
    """A clock that differs from this machine's."""

    by: timedelta

    def now(self) -> datetime:
        return WallClock().now() + self.by


class Clinic:
    """An installation on a rehearsed GitHub, of which all may be well but the server."""

    def __init__(
        self, github: Rehearsal, folder: Path, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.github = github
        self._capture = capture
        self.file = folder / "signalbox.db"
        self.environ = {
            "GITHUB_APP_ID": str(github.app_id),
            "GITHUB_PRIVATE_KEY": github.app_private_key_pem,
            "GITHUB_WEBHOOK_SECRET": SECRET,
            "GITHUB_API_URL": github.api_url,
            "GITHUB_SERVER_URL": github.web_url,
            "GITHUB_OIDC_ISSUER": github.oidc_issuer,
            "SIGNALBOX_URL": AWAY,
            "DATABASE_URL": f"sqlite:///{self.file}",
        }

    def ask(self, *, as_json: bool = True, **changed: str) -> Said:
        """Examine it, with some settings changed."""
        self._capture.readouterr()
        code = examine_with({**self.environ, **changed}, as_json=as_json)
        printed = self._capture.readouterr()
        return Said(code, printed.out, printed.err)

    def page(self, part: str = "") -> str:
        """Return the address of a settings page of the App."""
        page = f"{self.github.web_url}/organizations/signalbox-makers/settings/apps/signalbox"
        return f"{page}/{part}".rstrip("/")


def of(said: Said, check: str) -> list[tuple[str, str, str]]:
    """Return what was found by one check: mark, finding, remedy."""
    return [
        (each["mark"], each["found"], each["remedy"] or "")
        for each in said.json["findings"]
        if each["check"] == check
    ]


def marks(said: Said) -> dict[str, list[str]]:
    """Return the marks of each check."""
    found: dict[str, list[str]] = {}
    for each in said.json["findings"]:
        found.setdefault(each["check"], []).append(each["mark"])
    return found


@contextmanager
def clinic(
    folder: Path, capture: pytest.CaptureFixture[str], *, ahead: timedelta = timedelta()
) -> Iterator[Clinic]:
    """Open an installation whose GitHub has a clock that is ahead by so much."""
    webhook_url = f"{AWAY}/webhooks/github"
    github = Rehearsal(clock=Shifted(ahead), webhook_url=webhook_url, webhook_secret=SECRET)
    github.add_organization("acme", ["mona"])
    github.add_repository("acme/api")
    github.install_app("acme")
    with serve_in_thread(github):
        made = Clinic(github, folder, capture)
        migrate(made.environ["DATABASE_URL"])
        yield made


@contextmanager
def front(answers: Mapping[str, tuple[int, Any]]) -> Iterator[str]:
    """Answer over HTTP as it is written down, and return where."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, told = answers.get(self.path, (404, {}))
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
