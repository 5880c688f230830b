"""The server as a whole: refused before it starts where it can be, and ready once it runs."""

import io
import json
import logging
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from app import logs
from app.cli.saying import Refused
from app.cli.serving import listen, serve_with
from app.main import build
from app.ports import Delivery, StoreUnavailable
from app.settings import Settings, SettingsError
from tests.shell.test_settings import KEY, WHOLE
from tests.shell.web_kit import NOON, signed


def _settings(folder: Path, **changed: str) -> Settings:
    environ = {
        **WHOLE,
        "GITHUB_WEBHOOK_SECRET": "a webhook secret",
        # Nobody listens there: GitHub is away.
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "DATABASE_URL": f"sqlite:///{folder / 'signalbox.db'}",
    }
    return Settings.from_environ({**environ, **changed})


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_all_settings_that_are_missing_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is opened every missing setting is named with its remedy."""
    with pytest.raises(Refused) as raised:
        serve_with({})

    said = capsys.readouterr().err + raised.value.message
    for name in ("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET"):
        assert name in said
    assert raised.value.message == "SIGNALBOX_URL is missing"
    assert raised.value.code == 2


def test_a_key_that_only_looks_like_one_is_refused(tmp_path: Path) -> None:
    """A damaged key is found before the first call to GitHub, and not repeated."""
    lines = KEY.splitlines()
    damaged = "\n".join([lines[0], *reversed(lines[1:-1]), lines[-1]])

    with pytest.raises(SettingsError) as raised:
        build(_settings(tmp_path, GITHUB_PRIVATE_KEY=damaged))

    assert raised.value.faults[0].name == "GITHUB_PRIVATE_KEY"
    assert lines[2] not in str(raised.value)


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """A second server on the same port stops before it touches the database."""
    file = tmp_path / "signalbox.db"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(Refused) as raised:
            serve_with({**WHOLE, "PORT": str(port), "DATABASE_URL": f"sqlite:///{file}"})

    assert raised.value.code == 3
    assert raised.value.message == (
        f"127.0.0.1:{port} cannot be listened on: Address already in use"
    )
    assert not file.exists()


def test_a_host_that_is_none_is_said() -> None:
    """A name that leads nowhere is refused with the setting to change."""
    with pytest.raises(Refused) as raised:
        listen("nowhere.invalid", 8000)

    assert "HOST" in raised.value.remedy


def test_a_database_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A folder that is not there is said in one line."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = tmp_path / "nowhere" / "signalbox.db"

    with pytest.raises(Refused) as raised:
        serve_with({**WHOLE, "PORT": str(port), "DATABASE_URL": f"sqlite:///{file}"})

    assert raised.value.code == 3
    assert "cannot be opened" in raised.value.message


@pytest.mark.anyio
async def test_a_server_is_ready_while_it_is_open(tmp_path: Path) -> None:
    """It is ready once it is open, though GitHub is away; before and after it says so."""
    app = build(_settings(tmp_path))
    transport = httpx.ASGITransport(app)

    async with httpx.AsyncClient(transport=transport, base_url="http://signalbox") as client:
        before = await client.get("/ready")
        async with app.router.lifespan_context(app):
            during = await client.get("/ready")
        after = await client.get("/ready")
        health = await client.get("/health")

    codes = [each.status_code for each in (before, during, after, health)]
    assert codes == [503, 200, 503, 200]


@pytest.mark.anyio
async def test_the_api_is_there_where_there_is_a_token(tmp_path: Path) -> None:
    """It answers what the database knows while the server is open, and to nobody else."""
    token = "t0ken" * 8
    without = build(_settings(tmp_path))
    app = build(_settings(tmp_path, API_TOKEN=token))
    ours = {"authorization": f"Bearer {token}"}
    address = "/api/orchestrations/nothing"

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(without), base_url="http://signalbox"
    ) as client:
        absent = await client.get("/api/locks", headers=ours)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://signalbox"
    ) as client:
        closed = await client.get("/api/locks", headers=ours)
        async with app.router.lifespan_context(app):
            answers = [
                await client.get("/api/locks", headers=ours),
                await client.get("/api/locks"),
                await client.get(f"{address}/reports", headers=ours),
                await client.post(f"{address}/cancel", headers=ours, json={"actor": "mona"}),
            ]

    assert (absent.status_code, closed.status_code) == (404, 503)
    assert [each.status_code for each in answers] == [200, 401, 404, 404]
    assert answers[0].json() == {"locks": [], "calendars": []}


@pytest.mark.anyio
async def test_a_closed_server_takes_nothing_in(tmp_path: Path) -> None:
    """A delivery that comes before the database is open is not answered as if it were kept."""
    app = build(_settings(tmp_path))
    transport = httpx.ASGITransport(app)

    async with httpx.AsyncClient(transport=transport, base_url="http://signalbox") as client:
        headers = signed("push", b"{}", "guid-1")
        response = await client.post("/webhooks/github", content=b"{}", headers=headers)

    assert response.status_code == 503
    assert not (tmp_path / "signalbox.db").exists()


@pytest.mark.anyio
async def test_a_database_of_another_version_is_not_ready(tmp_path: Path) -> None:
    """Readiness asks for the schema, too."""
    settings = _settings(tmp_path)
    app = build(settings)
    transport = httpx.ASGITransport(app)

    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://signalbox") as client,
    ):
        _set_version(tmp_path / "signalbox.db", "9999")
        response = await client.get("/ready")

    assert response.status_code == 503
    assert "version" in response.json()["error"]["message"]


def _set_version(file: Path, version: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


def test_the_log_is_lines_of_json(root_logger: logging.Logger) -> None:
    """Where no person watches, every entry is one line that programs can read, ids included."""
    stream = io.StringIO()
    logs.set_up(stream)

    logging.getLogger("app.web").warning("refused", extra={"delivery": "guid-1"})
    try:
        raise StoreUnavailable("the disk is full")
    except StoreUnavailable:
        logging.getLogger("app.web").exception("not saved")

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["delivery"], first["level"]) == (
        "refused",
        "guid-1",
        "warning",
    )
    assert "the disk is full" in second["exception"]


def test_what_is_logged_of_a_delivery_holds_no_body() -> None:
    """The body of a delivery is in no repr, so no log can tell it by accident."""
    delivery = Delivery(id="guid-1", event="push", body=b"hunter2", received_at=NOON)

    assert "hunter2" not in repr(delivery)
