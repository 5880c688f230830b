"""What GitHub sent is stored packed, and read as it was."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.ports import Delivery
from app.store import migrations
from app.store.bounded import TAKEN_BYTES_MAX
from app.store.packing import SMALL, pack, unpack
from app.store.sql import open_store
from tests.bench.letters import workflow_run
from tests.shell.store_kit import Home, at

BODY = workflow_run(1, "sb-0123456789abcdef-89abcdef", "completed", "success")
LOOKS_PACKED = b"\x04\x22\x4d\x18"


@given(st.binary() | st.binary(min_size=SMALL).map(lambda it: it * 9))
def test_whatever_is_packed_comes_back(body: bytes) -> None:
    """Byte for byte, also what only looks as if it were packed."""
    assert unpack(pack(body)) == body
    assert unpack(pack(LOOKS_PACKED + body)) == LOOKS_PACKED + body


def test_a_usual_body_takes_a_fifth() -> None:
    """GitHub repeats its addresses in each."""
    assert len(pack(BODY)) < len(BODY) / 5


def test_what_is_small_is_left_as_it_is() -> None:
    """It can be read in the database."""
    assert pack(b'{"ref": "refs/heads/main"}') == b'{"ref": "refs/heads/main"}'


@pytest.mark.anyio
async def test_what_is_taken_together_is_counted_unpacked(home: Home) -> None:
    """A hundred thousand blanks are nothing on disk, and all of them in memory."""
    large = b" " * (TAKEN_BYTES_MAX // 2 + 1)
    one, other = home.open(), home.open()
    await one.save_deliveries(
        [Delivery(id=it, event="push", body=large, received_at=at(0)) for it in "abc"]
    )
    found = await other.new_deliveries(9)
    await one.close()
    await other.close()

    assert [it.id for it in found] == ["a"]


@pytest.mark.anyio
async def test_what_an_earlier_version_stored_is_read(tmp_path: Path) -> None:
    """As it is, and counted as it is."""
    url = f"sqlite:///{tmp_path}/old.db"
    migrations.migrate(url, "0006")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO deliveries (id, event, received_at, status, note, woken) "
                "VALUES ('a', 'workflow_run', 1, 'new', '', 0)"
            )
        )
        connection.execute(
            sa.text("INSERT INTO payloads (delivery_seq, body) VALUES (1, :body)"),
            {"body": BODY},
        )
    engine.dispose()
    migrations.migrate(url)
    opened = open_store(url)
    [found] = await opened.new_deliveries(9)
    await opened.close()

    assert found.body == BODY
