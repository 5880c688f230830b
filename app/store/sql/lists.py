"""Lists on their way to PostgreSQL: the values of a column stand in one text.

An array the driver writes value by value, and asks of each whether it is an array, too; JSON
takes the server longer to read than what it says takes to be stored. So a list is a text in
which a character stands between two values that hardly any text holds, and the server takes
it apart. Bytes stand one after the other, and beside them where each begins. Where a text
does hold that character, or bytes are missing, all go as arrays; for these the driver asks the
server on each new connection what they are made of.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from app.store.schema import without_nul
from app.store.sql.direct import Direct

Make: TypeAlias = Callable[[Sequence[sa.ColumnElement[Any]]], sa.Executable]
"""Makes a statement of one array for each list."""

BETWEEN: Final = "\x1e"
NOTHING: Final = "\x1f"
"""Stands for NULL. Neither of them JSON leaves as it is, nor names and texts of people hold."""


class DirectLists:
    """A statement about lists of the same length, past SQLAlchemy's machinery."""

    def __init__(self, types: Mapping[str, sa.types.TypeEngine[Any]], make: Make) -> None:
        self._types = types
        self._in_one = Direct(make([_taken_apart(*it) for it in types.items()]))
        self._of_arrays = Direct(make([_array(*it) for it in types.items()]))

    def rows(
        self,
        connection: sa.Connection,
        lists: Mapping[str, Sequence[Any]],
        others: Mapping[str, Any],
    ) -> list[Any]:
        """Carry it out; return the rows, whose columns have their names."""
        direct, given = self._given(lists)
        return direct.rows(connection, {**given, **kept(others)})

    def change(
        self,
        connection: sa.Connection,
        lists: Mapping[str, Sequence[Any]],
        others: Mapping[str, Any],
    ) -> int:
        """Carry it out; return how many rows it changed."""
        direct, given = self._given(lists)
        return direct.change(connection, {**given, **kept(others)})

    def _given(self, lists: Mapping[str, Sequence[Any]]) -> tuple[Direct, dict[str, Any]]:
        """Return the statement that can take these, and what it is given."""
        given: dict[str, Any] = {}
        for name, values in lists.items():
            of = self._types[name]
            if isinstance(of, sa.LargeBinary):
                given.update(_bytes_in_one(name, values))
            else:
                given[name] = in_one_text(values, are_texts=isinstance(of, sa.Text))
        if all(given.values()):
            return self._in_one, given
        return self._of_arrays, {name: [_kept(it) for it in lists[name]] for name in lists}


def _bytes_in_one(name: str, values: Sequence[bytes | None]) -> dict[str, Any]:
    """Return bytes one after the other, and where each begins; nothing where one is missing."""
    there = [it for it in values if it is not None]
    if len(there) < len(values):
        return {name: b""}
    sizes = [len(it) for it in there]
    begins = accumulate(sizes, initial=1)
    return {
        name: b"".join(there),
        **{
            each: BETWEEN.join(map(str, numbers))
            for each, numbers in zip(_places(name), (list(begins)[:-1], sizes), strict=True)
        },
    }


def _places(name: str) -> tuple[str, str]:
    """Name the lists that say where each value begins, and how long it is."""
    return f"{name}_begins", f"{name}_sizes"


def in_one_text(values: Sequence[Any], *, are_texts: bool) -> str:
    """Write values as one text; nothing where they could not be told apart in it."""
    if not are_texts:
        return BETWEEN.join([NOTHING if it is None else str(it) for it in values])
    written = BETWEEN.join([NOTHING if it is None else it for it in values])
    if written.count(BETWEEN) >= len(values):
        return ""
    if NOTHING in written and any(it is not None and NOTHING in it for it in values):
        return ""
    return without_nul(written)


def kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as PostgreSQL keeps them."""
    return {name: _kept(it) for name, it in values.items()}


def _kept(value: Any) -> Any:
    return without_nul(value) if isinstance(value, str) else value


def _array(name: str, of: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.bindparam(name, None, postgresql.ARRAY(of))


def _taken_apart(name: str, of: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Return the array that was written as one value."""
    return _cut(name, of) if isinstance(of, sa.LargeBinary) else _split(name, of)


def _cut(name: str, of: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Return the array whose bytes stood one after the other.

    https://www.postgresql.org/docs/current/functions-binarystring.html
    """
    given = sa.cast(sa.bindparam(name, None, of), of)
    begins, sizes = (_split(each, sa.Integer()) for each in _places(name))
    # Of what a function returns they stand in its order.
    of_each = sa.func.unnest(begins, sizes).table_valued("begins", "takes").render_derived()
    piece = sa.func.substring(given, of_each.c.begins, of_each.c.takes)
    pieces = sa.select(piece).select_from(of_each).scalar_subquery()
    return sa.func.array(pieces, type_=postgresql.ARRAY(of))


def _split(name: str, of: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    """Return the array that was written as one text.

    https://www.postgresql.org/docs/current/functions-string.html#FUNCTION-STRING-TO-ARRAY
    """
    given = sa.cast(sa.bindparam(name, None, sa.Text), sa.Text)
    marks = (sa.func.chr(sa.literal_column(str(ord(it)))) for it in (BETWEEN, NOTHING))
    return sa.cast(sa.func.string_to_array(given, *marks), postgresql.ARRAY(of))
