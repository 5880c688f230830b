"""Both servers that the Action speaks to, played on one local port.

GitHub's OIDC endpoint answers under `/oidc`, Signalbox under `/reports`. Each takes its next
scripted reply, and once those are used up does what it does on a good day.
"""

import json
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "head.claims.signature"
REQUEST_TOKEN = "request-token-of-the-runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to give; status 0 hangs up without a word."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Read the body."""
        return json.loads(self.body)


@dataclass(slots=True)
class Servers:
    """What is to be said, and what was heard."""

    url: str = ""
    tokens: deque[Reply] = field(default_factory=deque)
    answers: deque[Reply] = field(default_factory=deque)
    asked: list[Heard] = field(default_factory=list)
    reports: list[Heard] = field(default_factory=list)

    def reply_to(self, heard: Heard) -> Reply:
        """Write the request down and choose the answer."""
        if heard.path.startswith("/oidc"):
            self.asked.append(heard)
            return self.tokens.popleft() if self.tokens else reply(200, {"value": TOKEN})
        self.reports.append(heard)
        return self.answers.popleft() if self.answers else reply(202, {"status": "accepted"})


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    """Make an answer with a JSON body; `retry_after` stands for `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(body).encode(), headers=named)


def problem(status: int, code: str, message: str, remedy: str) -> Reply:
    """Make an error as Signalbox words it."""
    return reply(status, {"error": {"code": code, "message": message, "remedy": remedy}})


HANG_UP = Reply(status=0)


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Servers]:
    """Play both servers until the block is left, over TLS if a context is given."""
    servers = Servers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            heard = Heard(
                method=self.command, path=self.path, headers=dict(self.headers), body=body
            )
            answer = servers.reply_to(heard)
            if answer.status:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815 - the name is the library's

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        servers.url = f"http://127.0.0.1:{http.server_port}"
        if tls is not None:
            http.socket = tls.wrap_socket(http.socket, server_side=True)
            servers.url = servers.url.replace("http:", "https:")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield servers
        finally:
            http.shutdown()
            thread.join()
