"""Lists go to PostgreSQL as one text each, and come out as they went in, whatever they hold."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.store.schema import payloads, turns
from app.store.sql.database import driver_url
from app.store.sql.lists import BETWEEN, NOTHING, in_one_text
from app.store.sql.many import Among, Rows, or_change
from app.store.sql.postgres import PostgresDatabase
from tests.kit import postgres

COLUMNS = ("name", "due", "note")
PUT = Rows(turns, COLUMNS, or_change(["name"], ["due", "note"]))
BY_NAME = Among((turns.c.name,), sa.select(turns.c.name, turns.c.due, turns.c.note).where)
BY_BOTH = Among((turns.c.name, turns.c.due), sa.select(turns.c.name).where)
BODIES = Rows(payloads, payloads.columns.keys())
FORGET = Among((turns.c.name,), sa.delete(turns).where)
STRANGE = f"{BETWEEN}{NOTHING}\\\"'{{}},\n\tNULLé😀"

TEXTS = st.text(st.sampled_from(f"ab{STRANGE}"), max_size=4) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8
)
WHOLE = st.integers(min_value=-(2**63), max_value=2**63 - 1)
LISTS = st.dictionaries(TEXTS, st.tuples(WHOLE, TEXTS), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def url() -> str:
    return driver_url(postgres.fresh_database())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=LISTS)
@example(rows={"": (0, "")})
@example(rows={NOTHING: (1, "a"), "b": (2, NOTHING)})
@example(rows={f"a{BETWEEN}": (1, "c"), "b": (2, f"{BETWEEN}d")})
@example(rows={"NULL": (2**63 - 1, "{}"), '"': (-(2**63), "\\")})
def test_what_goes_in_comes_out(url: str, rows: dict[str, tuple[int, str]]) -> None:
    """Rows that are stored, found by one column or by two, and taken away, are the same."""
    listed: list[dict[str, Any]] = [
        {"name": name, "due": due, "note": note} for name, (due, note) in rows.items()
    ]
    pairs = [(name, due) for name, (due, _) in rows.items()]

    async def go_round() -> tuple[list[Any], list[Any], int, list[Any]]:
        database = PostgresDatabase(url)
        await database.write(lambda it: PUT.put(it, listed))
        found = await database.read(lambda it: BY_NAME.rows(it, rows.keys()))
        by_both = await database.read(lambda it: BY_BOTH.rows(it, pairs))
        gone = await database.write(lambda it: FORGET.change(it, list(rows)))
        left = await database.read(lambda it: BY_NAME.rows(it, list(rows)))
        await database.close()
        return found, by_both, gone, left

    found, by_both, gone, left = asyncio.run(go_round())
    assert {it.name: (it.due, it.note) for it in found} == rows
    assert sorted(it.name for it in by_both) == sorted(rows)
    assert (gone, left) == (len(rows), [])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.binary(max_size=9), min_size=1, max_size=5))
@example(bodies=[b""])
@example(bodies=[b"", b"\x00\x1e\x1f", b"", b"\xff"])
def test_bytes_come_out_as_they_went_in(url: str, bodies: list[bytes]) -> None:
    """Of each row its own, whatever stands beside it."""
    rows = [
        {"delivery_seq": seq, "body": body, "size": len(body)}
        for seq, body in enumerate(bodies, 1)
    ]

    async def go_round() -> list[Any]:
        database = PostgresDatabase(url)
        await database.write(lambda it: BODIES.put(it, rows))
        found = await database.read(lambda it: it.execute(sa.select(payloads)).all())
        await database.write(lambda it: it.execute(sa.delete(payloads)))
        await database.close()
        return list(found)

    found = asyncio.run(go_round())
    assert sorted((it.delivery_seq, it.body, it.size) for it in found) == [
        (it["delivery_seq"], it["body"], it["size"]) for it in rows
    ]


def test_where_bytes_are_missing_all_go_as_arrays(url: str) -> None:
    """The table does not take NULL, and says so, as it does whichever way it comes."""
    rows = [
        {"delivery_seq": seq, "body": body, "size": 0} for seq, body in [(1, b"a"), (2, None)]
    ]

    async def put() -> None:
        database = PostgresDatabase(url)
        try:
            await database.write(lambda it: BODIES.put(it, rows))
        finally:
            await database.close()

    with pytest.raises(sa.exc.IntegrityError, match="null value"):
        asyncio.run(put())


@pytest.mark.parametrize(
    ("values", "written"),
    [
        (["a", "b"], f"a{BETWEEN}b"),
        (["a", None, "b"], f"a{BETWEEN}{NOTHING}{BETWEEN}b"),
        (["a\x00b"], "a\N{REPLACEMENT CHARACTER}b"),
        ([None], NOTHING),
        ([""], ""),
        (["a", f"b{BETWEEN}"], ""),
        (["a", NOTHING], ""),
        ([None, f"a{NOTHING}"], ""),
    ],
)
def test_only_what_can_be_told_apart_is_one_text(
    values: list[str | None], written: str
) -> None:
    """Nothing stands for: these go as arrays."""
    assert in_one_text(values, are_texts=True) == written


def test_numbers_and_truths_are_written_as_the_server_reads_them() -> None:
    """None of them can hold what stands between them."""
    written = in_one_text([1, None, -2, True], are_texts=False)
    assert written.split(BETWEEN) == ["1", NOTHING, "-2", "True"]
