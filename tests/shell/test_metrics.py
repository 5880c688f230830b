"""What can be seen from outside: figures for Prometheus, and the log with its ids."""

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog
import yaml
from prometheus_client.parser import text_string_to_metric_families

from app import logs
from app.github.budget import Figures
from app.github.transport import family_of
from app.main import build
from app.metrics import Metrics
from app.ports.keeping import Standing
from app.settings import Settings, SettingsError
from tests.kit import tree
from tests.kit.build import START
from tests.kit.office import Office
from tests.shell.store_kit import at
from tests.shell.test_serving import _settings

TOKEN = "t0ken" * 8
QUIET = Standing(
    open={},
    gate_since=None,
    new_deliveries=0,
    new_since=None,
    due_since=None,
    set_aside={"delivery": 0, "command": 0},
)


def figures(exposition: bytes) -> dict[str, float]:
    """Return every sample by its name and labels."""
    return {
        " ".join([sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]): (
            sample.value
        )
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


@pytest.mark.anyio
async def test_what_happens_is_counted() -> None:
    """Deliveries by event and outcome, events, commands by kind and outcome."""
    metrics = Metrics()
    office = Office(meter=metrics)
    await office.open("build; test: build")
    await office.push()
    await office.deliver("push", b"{ no json")
    await office.work()
    await office.workflow_run("build", "completed", "success")
    await office.work()
    found = figures(metrics.exposition(QUIET, (), START))

    assert found["signalbox_deliveries_worked_off_total event=push outcome=done"] == 1
    assert found["signalbox_deliveries_worked_off_total event=push outcome=failed"] == 1
    assert found["signalbox_events_total"] >= 4
    assert found["signalbox_commands_total kind=DispatchWorkflow outcome=done"] == 2
    assert found["signalbox_delivery_lag_seconds_count"] == 3


def test_how_things_stand_is_told() -> None:
    """Ages are seconds, what is nowhere is 0; of many installations the poorest are shown."""
    standing = Standing(
        open={"running": 3},
        gate_since=at(-60),
        new_deliveries=2,
        new_since=at(-5),
        due_since=None,
        set_aside={"delivery": 1, "command": 0},
    )
    budgets = [
        Figures(
            installation_id=number,
            remaining=number,
            limit=5_000,
            closed_until=at(30) if number == 60 else None,
        )
        for number in range(61)
    ]
    found = figures(Metrics().exposition(standing, budgets, at(0)))

    assert found["signalbox_orchestrations_open status=running"] == 3
    assert found["signalbox_orchestrations_open status=blocked"] == 0
    assert found["signalbox_gate_age_oldest_seconds"] == 60
    assert (found["signalbox_inbox_deliveries"], found["signalbox_inbox_lag_seconds"]) == (2, 5)
    assert found["signalbox_commands_overdue_seconds"] == 0
    assert found["signalbox_set_aside kind=delivery"] == 1
    assert found["signalbox_github_budget_remaining installation=0"] == 0
    assert found["signalbox_github_wait_seconds installation=60"] == 30
    assert "signalbox_github_budget_remaining installation=55" not in found


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/repos/acme/api/actions/runs/12", "actions"),
        ("/api/v3/repos/acme/api/check-runs", "check-runs"),
        ("/app/installations/7/access_tokens", "app/installations"),
        ("/orgs/acme/teams/sre/memberships/mona", "orgs/teams"),
        ("/installation/repositories", "installation"),
        ("/", "root"),
    ],
)
def test_calls_are_told_apart_by_what_they_are_about(path: str, family: str) -> None:
    """Not by what in particular: there are as many repositories as there are."""
    assert family_of(path) == family


@pytest.mark.anyio
async def test_figures_are_for_whoever_has_the_token(tmp_path: Path) -> None:
    """Without a token in the settings there is no such address; with it, nobody else sees."""
    secret = _settings(tmp_path, METRICS_TOKEN=TOKEN)
    without, app = build(_settings(tmp_path)), build(secret)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(without), base_url="http://a"
    ) as client:
        absent = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://a"
    ) as client:
        closed = await client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
        async with app.router.lifespan_context(app):
            stranger = await client.get("/metrics", headers={"authorization": "Bearer no"})
            nobody = await client.get("/metrics")
            ours = await client.get("/metrics", headers={"authorization": f"bearer {TOKEN}"})

    codes = [absent.status_code, closed.status_code, stranger.status_code, nobody.status_code]
    assert codes == [404, 503, 401, 401]
    assert ours.status_code == 200
    assert "signalbox_inbox_lag_seconds" in {*figures(ours.content)}


def test_the_metrics_token_is_long_or_not_there() -> None:
    """A short one could be guessed, and none is shown."""
    environ = {"METRICS_TOKEN": "short"}
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ(environ)

    assert "METRICS_TOKEN has fewer than 32 characters" in str(refused.value)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Log into a text, and put everything back as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.anyio
async def test_what_is_logged_while_a_command_is_carried_has_its_ids(
    logged: io.StringIO,
) -> None:
    """By structlog or by the standard library: whose it was, and of which attempt."""
    office = Office()

    def answer(_command: object, _errand: object) -> None:
        logging.getLogger("app.github").warning("it is slow", extra={"seconds": 3})
        structlog.get_logger("app.other").info("so it is")

    office.hands.answer = answer
    await office.open()
    await office.push(guid="the-push")
    await office.wait(seconds=5)
    state = await office.state()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    about = [line for line in lines if line.get("command") == "dispatch/build/1"]

    assert {line["event"] for line in about} == {"it is slow", "so it is"}
    assert {line["subject"] for line in about} == {state.id}
    assert {line["attempt"] for line in about} == {"build/1"}
    assert timedelta(seconds=next(line["seconds"] for line in about if "seconds" in line))


def test_alerts_are_on_figures_that_there_are() -> None:
    """Each rule names figures of ours, and each is explained."""
    rules = yaml.safe_load((tree.ROOT / "docs" / "alerts.yml").read_text())["groups"][0][
        "rules"
    ]
    explained = (tree.ROOT / "docs" / "watching.md").read_text()
    metrics = Metrics()
    metrics.took_in("push", "accepted")
    metrics.refused("bad-signature")
    metrics.called("actions", "200", 0.1)
    budget = Figures(installation_id=7, remaining=1, limit=2, closed_until=None)
    known = {
        name.partition(" ")[0] for name in figures(metrics.exposition(QUIET, [budget], at(0)))
    }
    named = {name for rule in rules for name in re.findall(r"signalbox_\w+", rule["expr"])}

    assert named <= known
    assert [rule["alert"] for rule in rules if f"`{rule['alert']}`" not in explained] == []
