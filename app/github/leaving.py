"""The moment at which a write leaves for GitHub: the last at which it can be kept back.

Whoever lost its lease meanwhile (it was frozen, or cut off from the database) must not write
any more: another has taken over, has looked for what this one may have done, and does it. So
the lease is asked for right before a write leaves, after everything that may take its time.
"""

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

from app.github.errors import LeaseLostError

StillHeld: TypeAlias = Callable[[], Awaitable[bool]]
Trace: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[None]]

# Bytes that nobody has acknowledged for so long are given up by the kernel, too: else it would
# go on trying long after we have, and what we believe lost would arrive.
UNACKNOWLEDGED_MS_MAX: Final = 20_000
_LEAVES: Final = ".send_request_headers.started"
_CONNECTED: Final = ".connect_tcp.complete"

_lease: ContextVar[StillHeld | None] = ContextVar("lease", default=None)


@contextmanager
def under_lease(is_held: StillHeld | None) -> Iterator[None]:
    """Let writes leave only while this says so; with None whatever happens."""
    token = _lease.set(is_held)
    try:
        yield
    finally:
        _lease.reset(token)


async def insist_on_lease(call: str) -> None:
    """Raise LeaseLostError where what is being carried out is not ours any more."""
    is_held = _lease.get()
    if is_held is not None and not await is_held():
        raise LeaseLostError(f"{call}: not sent, for another replica may have taken it over")


def trace_of(call: str, *, is_write: bool) -> Trace:
    """Return what httpcore is to call at each step of an exchange.

    A write may have waited for its connection; the lease is asked for once it has one.
    https://www.encode.io/httpcore/extensions/#trace
    """

    async def trace(name: str, info: dict[str, Any]) -> None:
        if name.endswith(_CONNECTED):
            _bound(info.get("return_value"))
        elif is_write and name.endswith(_LEAVES):
            await insist_on_lease(call)

    return trace


def _bound(stream: Any) -> None:
    """Bound how long the kernel goes on trying to deliver what was sent.

    https://man7.org/linux/man-pages/man7/tcp.7.html
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    connected = stream.get_extra_info("socket") if stream is not None else None
    if option is not None and connected is not None:
        connected.setsockopt(socket.IPPROTO_TCP, option, UNACKNOWLEDGED_MS_MAX)
