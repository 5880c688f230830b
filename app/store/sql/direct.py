"""Statements for PostgreSQL that go to its driver by themselves.

Of what a statement costs on the event loop most is SQLAlchemy's: it looks for the text, turns
each value and each row over, and keeps an account. Here the text is made once, and the values
go to the driver as they are. A transaction, errors and a connection that is lost stay
SQLAlchemy's.
"""

from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import asyncpg
import sqlalchemy as sa


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A statement with numbered parameters, their names in order, and what is given already."""

    text: str
    names: Sequence[str]
    given: Mapping[str, Any]


class Direct:
    """A statement whose parameters need nothing done to them on their way."""

    def __init__(self, statement: sa.Executable) -> None:
        self._statement = statement
        self._text: _Text | None = None
        self._row: Any = None

    def rows(self, connection: sa.Connection, given: Mapping[str, Any]) -> list[Any]:
        """Carry it out; return the rows, whose columns have their names."""
        cursor = self._carried_out(connection, given)
        if cursor.description is None:
            return []
        if self._row is None:
            names = [column[0] for column in cursor.description]
            row: Any = namedtuple("row", names)  # type: ignore[misc]  # known only now
            self._row = row._make
        return [self._row(each) for each in cursor.fetchall()]

    def change(self, connection: sa.Connection, given: Mapping[str, Any]) -> int:
        """Carry it out; return how many rows it changed."""
        changed: int = self._carried_out(connection, given).rowcount
        return changed

    def _carried_out(self, connection: sa.Connection, given: Mapping[str, Any]) -> Any:
        text = self._text or self._made(connection)
        values = {**text.given, **given}
        if not connection.in_transaction():
            # As SQLAlchemy does before its own: else it knows of nothing to commit.
            connection.begin()
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text.text, tuple(values[name] for name in text.names))
        except BaseException as error:
            _handle(error, connection, cursor, text.text)
        return cursor

    def _made(self, connection: sa.Connection) -> _Text:
        compiled: Any = cast(sa.ClauseElement, self._statement).compile(
            dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        self._text = _Text(
            text=compiled.string, names=tuple(compiled.positiontup), given=compiled.params
        )
        return self._text


def _handle(error: BaseException, connection: sa.Connection, cursor: Any, text: str) -> None:
    """Do what SQLAlchemy does about an error of its own statements, which is to raise it."""
    if isinstance(error.__cause__, asyncpg.InvalidCachedStatementError):
        # What it prepared was for tables as they were before a migration.
        connection.invalidate(error)
    # It would wrap an error of the network, too, if it were told of the statement.
    is_driver = isinstance(error, connection.dialect.loaded_dbapi.Error)
    # Private, and the only one that knows what becomes of a connection, and of all those that
    # are as old, when it is lost, or when a statement is broken off.
    connection._handle_dbapi_exception(error, text if is_driver else None, None, cursor, None)
