"""Opens the database for commands that look into it or write a wish down."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.cli.saying import Refused
from app.ports import Store, StoreUnavailable
from app.settings import SettingsError, database_url
from app.store.migrations import migrate
from app.store.sql import open_store


@asynccontextmanager
async def opened(database: str) -> AsyncIterator[Store]:
    """Open a database that a server has made. Raises `Refused`."""
    url = _url(database)
    place = _existing(url)
    store = open_store(url)
    try:
        await store.ready()
        yield store
    except StoreUnavailable as error:
        remedy = (
            f"see whether {place} is a database of this version of Signalbox, and whether "
            "this user may write it"
        )
        raise Refused(f"the database does not answer: {error}", remedy, code=3) from error
    finally:
        await store.close()


def prepare(database: str) -> None:
    """Make the database, or bring it up to date. Raises `Refused`."""
    try:
        migrate(_url(database))
    except StoreUnavailable as error:
        remedy = "see whether its folder exists and may be written to, or its server runs"
        raise Refused(str(error), remedy, code=3) from error


def database_file(database: str) -> Path | None:
    """Return the file of a database, if it is one in a file. Raises `Refused`."""
    url = _url(database)
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None


def _existing(url: str) -> str:
    """Return what to call the database; PostgreSQL says itself whether it is there."""
    if not url.startswith("sqlite:"):
        return "the one that DATABASE_URL names"
    # SQLite would make a new one, and that would hide a mistake in the name.
    file = Path(url.removeprefix("sqlite:///"))
    if not file.is_file():
        raise Refused(
            f"there is no database {file}",
            "say where it is with --database or DATABASE_URL; `signalbox serve` makes it",
            code=3,
        )
    return str(file)


def _url(database: str) -> str:
    try:
        return database_url({"DATABASE_URL": database})
    except SettingsError as error:
        fault = error.faults[0]
        raise Refused(f"{fault.name} {fault.message}", fault.remedy) from error
