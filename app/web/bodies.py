"""Reads the body of a request, up to limits that hold while it arrives.

One is for each body, one for all together: whoever cannot sign may still send, and many large
bodies at once must not fill the memory.
"""

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope


class TooLarge(Exception):
    """The body is longer than the limit; the rest of it has not been read."""


class Crowded(Exception):
    """All bodies together fill the room that there is for them."""


class Room:
    """The memory that bodies may take together while they are read."""

    def __init__(self, bytes_max: int) -> None:
        self._free = bytes_max

    def take(self, size: int) -> None:
        """Take a part of the room. Raises `Crowded`."""
        if size > self._free:
            raise Crowded
        self._free -= size

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._free += size


async def read_body(scope: Scope, receive: Receive, *, bytes_max: int, room: Room) -> bytes:
    """Read a whole body.

    Raises `TooLarge`, `Crowded`, and `ClientDisconnect` where the caller leaves.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:20]) > bytes_max:
            raise TooLarge
    chunks: list[bytes] = []
    size = taken = 0
    try:
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
            # A body that is here at once needs no room: it is not waited for.
            room.take(len(chunk))
            taken += len(chunk)
    finally:
        room.give_back(taken)
