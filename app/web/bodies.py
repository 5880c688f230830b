"""Reads the body of a request, up to a limit that holds while it arrives."""

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope


class TooLarge(Exception):
    """The body is longer than the limit; the rest of it has not been read."""


async def read_body(scope: Scope, receive: Receive, *, bytes_max: int) -> bytes:
    """Read a whole body. Raises `TooLarge`, and `ClientDisconnect` where the caller leaves."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > bytes_max:
            raise TooLarge
    chunks: list[bytes] = []
    size = 0
    # Each message is a chunk of the body; the server ends the loop with the last one.
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > bytes_max:
            raise TooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
