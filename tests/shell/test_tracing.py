"""One trace for each orchestration: the whole is the root, each attempt a span below it."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
import structlog.testing
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.core.values import OrchestrationId
from app.main import build
from app.settings import SettingsError
from app.tracing import Tracer, spans_of
from tests.kit.office import Office
from tests.shell.test_serving import _settings

pytestmark = pytest.mark.anyio


class Deaf(SpanExporter):
    """An exporter to a collector that is not there."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        raise ConnectionError(f"nobody takes {len(spans)} spans")


async def told(exporter: SpanExporter, conclusion: str = "failure") -> Office:
    """Let an orchestration come to its end, and trace it."""
    office = Office()
    tracer = Tracer(store=office.store, exporter=exporter)
    office.engine.tell_ends_to(tracer.ended)
    await office.open("build; test: build")
    await office.push()
    await office.work()
    await office.wait(seconds=90)
    await office.workflow_run("build", "completed", conclusion)
    await office.work()
    await tracer.export((await office.state()).id)
    return office


async def test_an_orchestration_is_one_trace() -> None:
    """Its journal are the events of the root, and what failed is an error."""
    exporter = InMemorySpanExporter()
    office = await told(exporter)
    root, build = exporter.get_finished_spans()
    state = await office.state()

    assert (root.name, build.name) == ("train #1", "build")
    assert root.attributes is not None
    assert root.attributes["signalbox.orchestration"] == state.id
    assert [event.name for event in root.events][:2] == [
        "OrchestrationRequested",
        "DispatchAccepted",
    ]
    assert build.parent is not None
    assert root.context is not None
    assert build.parent.span_id == root.context.span_id
    assert (root.status.is_ok, build.status.is_ok) == (False, False)
    assert root.end_time is not None
    assert root.start_time is not None
    assert root.end_time - root.start_time >= 90 * 10**9


async def test_its_id_is_found_again() -> None:
    """The same orchestration has the same trace, whoever tells it; another has another."""
    office = await told(InMemorySpanExporter())
    await office.push()
    await office.work()
    states = await office.states()
    journals = [await office.store.journal(state.id) for state in states]
    traces = [spans_of(state, journal) for state, journal in zip(states, journals, strict=True)]

    ended = next(spans for spans in traces if spans)
    assert sum(bool(spans) for spans in traces) == 1, "what goes on has no trace yet"
    assert {each.trace_id for each in ended} == {ended[0].trace_id}
    assert len({each.span_id for each in ended}) == len(ended)


async def test_whoever_takes_no_traces_holds_nobody_up() -> None:
    """It is logged, and the work is as it was."""
    with structlog.testing.capture_logs() as logged:
        office = await told(Deaf(), "success")

    assert [each["event"] for each in logged] == ["trace not exported"]
    assert (await office.state()).events > 0


async def test_of_too_many_the_oldest_are_let_go() -> None:
    """The memory of those that wait to be traced has a limit."""
    tracer = Tracer(store=Office().store, exporter=InMemorySpanExporter())
    with structlog.testing.capture_logs() as logged:
        for number in range(1_002):
            tracer.ended(OrchestrationId(f"{number:016x}"))
    await tracer.export(OrchestrationId("nobody"))

    assert [each["orchestration"] for each in logged] == [f"{0:016x}", f"{1:016x}"]


def test_without_the_extra_nothing_is_imported() -> None:
    """Who does not trace does not pay for it."""
    import subprocess

    code = "import app.main, sys; print('opentelemetry.sdk' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert run.stdout == "False\n"


def test_to_trace_takes_the_extra(tmp_path: Path) -> None:
    """Who wants traces without having what it takes is told so before anything starts."""
    settings = _settings(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")
    with pytest.raises(SettingsError) as wrong:
        _settings(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="collector")

    assert settings.traces_url == "http://collector:4318"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is not a URL" in str(wrong.value)
    if find_spec("opentelemetry.exporter") is None:
        with pytest.raises(SettingsError) as absent:
            build(settings)
        assert "the extra `otel`" in str(absent.value)
