"""Many rows, or many keys, in one statement whose text is made once.

SQLAlchemy puts a list of changing length into a statement anew each time, and that takes
several times as long as SQLite takes for carrying it out. So SQLite gets lists of a few
lengths only, written out of what SQLAlchemy made for one; PostgreSQL gets a text for each
column (`lists`), and its statement is the same for any length.

What SQLite finds it returns as one row of JSON. Its module gives Python's lock away at every
row, and a thread that reads two hundred of them beside a busy event loop waits for it as many
times: 160 ms in place of 0.1.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from app.store.sql.lists import DirectLists

ROWS_MAX: Final = 256
"""Of one statement on SQLite, which takes 32,766 values."""
KEYS_MAX: Final = 1_024
"""A power of two, as all lengths are."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A statement for one row or key, and where in it there is room for more.

    `names` are its parameters in order, of which those of the row begin at `begin`.
    """

    head: str
    one: str
    tail: str
    names: tuple[str, ...]
    begin: int
    width: int
    given: Mapping[str, Any]

    def of(self, count: int) -> str:
        """Return the statement for so many."""
        return self.head + ", ".join([self.one] * count) + self.tail


class _Texts:
    """The texts of one statement, for each length that was asked for."""

    def __init__(self, statement: sa.Executable, wanted: Sequence[str], one: str) -> None:
        self._statement = statement
        self._wanted = tuple(wanted)
        self._one = one
        self._text: _Text | None = None
        self._of: dict[int, str] = {}

    def carry_out(
        self,
        connection: sa.Connection,
        values: Iterable[Any],
        count: int,
        others: Mapping[str, Any],
    ) -> sa.CursorResult[Any]:
        """Carry it out for so many, whose values stand one after the other."""
        text = self._text or self._made(connection)
        written = self._of.get(count)
        if written is None:
            written = self._of[count] = text.of(count)
        given = {**text.given, **others}
        before = [given[name] for name in text.names[: text.begin]]
        after = [given[name] for name in text.names[text.begin + text.width :]]
        return connection.exec_driver_sql(written, (*before, *values, *after))

    def explained(self, connection: sa.Connection) -> list[str]:
        """Return the steps that SQLite would take: https://sqlite.org/eqp.html"""
        text = self._text or self._made(connection)
        asked = f"EXPLAIN QUERY PLAN {text.of(2)}"
        missing = (None,) * (len(text.names) + text.width)
        return [str(row[-1]) for row in connection.exec_driver_sql(asked, missing)]

    def _made(self, connection: sa.Connection) -> _Text:
        compiled: Any = cast(sa.ClauseElement, self._statement).compile(
            dialect=connection.dialect, compile_kwargs={"render_postcompile": True}
        )
        names = tuple(compiled.positiontup)
        begin, width = names.index(self._wanted[0]), len(self._wanted)
        assert names[begin : begin + width] == self._wanted, "the values stand in a row"
        # Before the first of the values stand as many question marks as other parameters.
        asked = [at for at, sign in enumerate(compiled.string) if sign == "?"][begin]
        start = asked - self._one.index("?")
        end = start + len(self._one)
        assert compiled.string[start:end] == self._one, "there is room for more"
        self._text = _Text(
            head=compiled.string[:start],
            one=self._one,
            tail=compiled.string[end:],
            names=names,
            begin=begin,
            width=width,
            given=compiled.params,
        )
        return self._text


class InOneRow:
    """A select whose rows, which must be small, SQLite returns as one value, in their order."""

    def __init__(self, select: sa.Select[Any]) -> None:
        rows = select.subquery()
        row: Any = namedtuple("row", rows.c.keys())  # type: ignore[misc]  # known only now
        self._made = row._make
        self.select = sa.select(sa.func.json_group_array(sa.func.json_array(*rows.c)))

    def rows(self, result: sa.CursorResult[Any] | sa.Result[Any]) -> list[Any]:
        """Return the rows, whose columns have their names."""
        return [self._made(each) for each in orjson.loads(result.scalar_one())]


def beside(name: str, kind: sa.types.TypeEngine[Any]) -> sa.BindParameter[Any]:
    """Return a parameter that a statement has beside its list.

    It has an empty value from the beginning, so that the text can be made without it.
    """
    return sa.bindparam(name, None, kind)


class Among:
    """A statement about rows that are told by one or several columns, for any number of them.

    SQLite gets them as a list, which is filled up to one of a few lengths; PostgreSQL as lists
    that it joins, since many pairs in one list it would compare with each row. Of what finds
    rows `are_large` says that each may be of some length: then they come one by one.
    """

    def __init__(
        self,
        columns: Sequence[sa.Column[Any]],
        make: Callable[[sa.ColumnElement[bool]], sa.Executable],
        *,
        are_large: bool = False,
    ) -> None:
        self.width = len(columns)
        of_list, wanted, one = _of_list(columns, make)
        self._in_one: InOneRow | None = None
        if isinstance(of_list, sa.Select) and not are_large:
            self._in_one = InOneRow(of_list)
            of_list = self._in_one.select
        self._of_list = _Texts(of_list, wanted, one)
        self._names = [f"places_{number}" for number in range(self.width)]
        types = {name: it.type for name, it in zip(self._names, columns, strict=True)}
        self._direct = DirectLists(types, lambda arrays: make(_among(columns, arrays)))

    def rows(
        self, connection: sa.Connection, places: Collection[Any], **others: Any
    ) -> list[Any]:
        """Carry it out; return the rows that it finds."""
        if connection.dialect.name != "sqlite":
            lists = self._lists(places)
            return self._direct.rows(connection, lists, others) if places else []
        results = self._results(connection, places, others)
        if self._in_one is not None:
            return [row for result in results for row in self._in_one.rows(result)]
        return [row for result in results for row in result.all()]

    def explained(self, connection: sa.Connection) -> list[str]:
        """Return how SQLite would go about it, step by step."""
        return self._of_list.explained(connection)

    def change(self, connection: sa.Connection, places: Collection[Any], **others: Any) -> int:
        """Carry it out; return how many rows it changed."""
        if connection.dialect.name != "sqlite":
            lists = self._lists(places)
            return self._direct.change(connection, lists, others) if places else 0
        return sum(result.rowcount for result in self._results(connection, places, others))

    def _lists(self, places: Collection[Any]) -> Mapping[str, Sequence[Any]]:
        """Return each column of the places, for PostgreSQL."""
        columns = zip(*places, strict=True) if self.width > 1 else [[*places]]
        return dict(zip(self._names, columns, strict=bool(places)))

    def _results(
        self, connection: sa.Connection, places: Collection[Any], others: Mapping[str, Any]
    ) -> Iterator[sa.CursorResult[Any]]:
        listed = list(places)
        for start in range(0, len(listed), KEYS_MAX):
            some = listed[start : start + KEYS_MAX]
            length = 1 << (len(some) - 1).bit_length()
            # What is nowhere finds nothing; of a list each is found once.
            spare = [(None,) * self.width] if self.width > 1 else some[-1:]
            some += spare * (length - len(some))
            values = chain.from_iterable(some) if self.width > 1 else some
            yield self._of_list.carry_out(connection, values, length, others)


def _of_list(
    columns: Sequence[sa.Column[Any]], make: Callable[[sa.ColumnElement[bool]], sa.Executable]
) -> tuple[sa.Executable, Sequence[str], str]:
    """Return a statement for one place on SQLite, its parameters, and its text that repeats."""
    if len(columns) == 1:
        one_of = columns[0].in_(sa.bindparam("places", [0], expanding=True))
        return make(one_of), ["places_1"], "?"
    names = [f"place_{number}" for number in range(1, len(columns) + 1)]
    values = f"(VALUES ({', '.join(f':{name}' for name in names)}))"
    one = f"({', '.join('?' * len(columns))})"
    given: list[sa.ColumnElement[Any]] = [
        sa.literal_column(f"column{number}") for number in range(1, len(columns) + 1)
    ]
    of_places = sa.and_(*(it == value for it, value in zip(columns, given, strict=True)))
    made = make(of_places)
    if isinstance(made, sa.Select):
        # From each place by the index to what is there: asked for pairs in a list, SQLite goes
        # through all rows that have the first column of one.
        return made.select_from(_text(values, names)), names, one
    # Without a type of their own it would not look for values in an index.
    typed = [sa.cast(value, it.type) for it, value in zip(columns, given, strict=True)]
    places = sa.select(*typed).select_from(_text(values, names))
    return make(sa.tuple_(*columns).in_(places)), names, one


def _text(values: str, names: Sequence[str]) -> sa.TextClause:
    return sa.text(values).bindparams(**dict.fromkeys(names))


def _among(
    columns: Sequence[sa.Column[Any]], arrays: Sequence[sa.ColumnElement[Any]]
) -> sa.ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0] == sa.any_(arrays[0])
    given = sa.func.unnest(*arrays).table_valued(*(it.name for it in columns)).render_derived()
    return sa.tuple_(*columns).in_(sa.select(*given.c))


class Rows:
    """An insert of any number of rows; `end` says what follows where one is there already.

    Both databases spell `ON CONFLICT` alike, and SQLAlchemy keeps it with each dialect. No
    two of the rows may be the same one where `end` changes what is there.
    """

    def __init__(
        self,
        table: sa.Table,
        columns: Collection[str],
        end: Callable[[sqlite.Insert], sa.Executable] = lambda insert: insert,
    ) -> None:
        self._columns = [it.name for it in table.columns if it.name in columns]
        one: dict[str, sa.BindParameter[Any]] = {
            name: sa.bindparam(f"one_{name}") for name in self._columns
        }
        self._of_list = _Texts(
            end(sqlite.insert(table).values(one)),
            [f"one_{name}" for name in self._columns],
            f"({', '.join('?' * len(self._columns))})",
        )
        types = {name: table.c[name].type for name in self._columns}

        def insert(arrays: Sequence[sa.ColumnElement[Any]]) -> sa.Executable:
            given = sa.func.unnest(*arrays).table_valued(*self._columns).render_derived()
            rows = sa.select(*given.c)
            made = postgresql.insert(table).from_select(self._columns, rows)
            return end(cast(sqlite.Insert, made))

        self._direct = DirectLists(types, insert)

    def put(self, connection: sa.Connection, rows: Sequence[Row]) -> list[Any]:
        """Insert rows; return what `end` wants returned."""
        if connection.dialect.name != "sqlite":
            lists = {name: [row[name] for row in rows] for name in self._columns}
            return self._direct.rows(connection, lists, {}) if rows else []
        results = self._results(connection, rows)
        return [row for result in results if result.returns_rows for row in result.all()]

    def _results(
        self, connection: sa.Connection, rows: Sequence[Row]
    ) -> Iterator[sa.CursorResult[Any]]:
        start = 0
        # The largest length that is left of the rows, again and again.
        while left := len(rows) - start:
            length = min(ROWS_MAX, 1 << (left.bit_length() - 1))
            some = rows[start : start + length]
            values = [row[name] for row in some for name in self._columns]
            yield self._of_list.carry_out(connection, values, length, {})
            start += length


class Changes:
    """Changes of any number of rows that are there, each told by its key.

    SQLite takes them as inserts that change what is there, since its list of rows is one of an
    insert, and needs `given` for that: columns that have no default. PostgreSQL would first
    look whether it is to insert each.
    """

    def __init__(
        self, table: sa.Table, key: str, changing: Sequence[str], given: Collection[str] = ()
    ) -> None:
        self._names = (key, *changing)
        self._of_list = Rows(table, {*self._names, *given}, or_change([key], changing))

        def update(arrays: Sequence[sa.ColumnElement[Any]]) -> sa.Executable:
            new = sa.func.unnest(*arrays).table_valued(*self._names).render_derived()
            same = table.c[key] == new.c[key]
            return sa.update(table).where(same).values({name: new.c[name] for name in changing})

        types = {name: table.c[name].type for name in self._names}
        self._direct = DirectLists(types, update)

    def put(self, connection: sa.Connection, rows: Sequence[Row]) -> None:
        """Carry them out."""
        if connection.dialect.name == "sqlite":
            self._of_list.put(connection, rows)
        elif rows:
            lists = {name: [row[name] for row in rows] for name in self._names}
            self._direct.change(connection, lists, {})


def or_leave(*key: str) -> Callable[[sqlite.Insert], sqlite.Insert]:
    """Leave rows as they are whose key is there."""
    return lambda insert: insert.on_conflict_do_nothing(index_elements=key)


def or_change(
    key: Sequence[str], changing: Sequence[str]
) -> Callable[[sqlite.Insert], sqlite.Insert]:
    """Bring rows up to date whose key is there."""
    return lambda insert: insert.on_conflict_do_update(
        index_elements=key, set_={name: insert.excluded[name] for name in changing}
    )
