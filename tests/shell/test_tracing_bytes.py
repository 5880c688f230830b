"""What a collector gets: the very bytes of OTLP over HTTP, read as any collector reads them."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog.testing
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from app import __version__
from app.core.values import ONLY_LEG, TaskName
from app.tracing import Tracer, otlp_exporter
from tests.kit.office import Office

pytestmark = pytest.mark.anyio


class Collector:
    """What was sent to it, in order; `status` is what it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.paths: list[str] = []
        self.requests: list[ExportTraceServiceRequest] = []

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def collecting() -> Iterator[Collector]:
    """Serve a collector on a port of its own."""
    collector = Collector()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["content-type"] == "application/x-protobuf"
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.paths.append(self.path)
            collector.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(collector.status)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        collector.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield collector
        finally:
            server.shutdown()
            serving.join()


def values(said: object) -> dict[str, str | int]:
    """Return attributes as a mapping."""
    found: dict[str, str | int] = {}
    for each in said:  # type: ignore[attr-defined]  # a repeated field
        assert isinstance(each, KeyValue)
        kind = each.value.WhichOneof("value")
        found[each.key] = getattr(each.value, str(kind))
    return found


async def test_a_collector_reads_one_trace_whoever_tells_of_it() -> None:
    """Its id is known beforehand, the attempts lie below the root, and lead to GitHub."""
    with collecting() as collector:
        office = Office()
        await office.open("build; test: build")
        await office.push()
        await office.work()
        await office.workflow_run("build", "completed", "failure")
        await office.work()
        state = await office.state()
        for _ in range(2):
            # As by two processes, of which one has not come to its end.
            tracer = Tracer(store=office.store, exporter=otlp_exporter(collector.url))
            await tracer.export(state.id)
    resource = collector.requests[0].resource_spans[0]
    roots = [span for span in collector.spans if not span.parent_span_id]
    attempts = [span for span in collector.spans if span.parent_span_id]

    assert collector.paths == ["/v1/traces"] * 2
    assert values(resource.resource.attributes)["service.name"] == "signalbox"
    assert values(resource.resource.attributes)["service.version"] == __version__
    assert resource.scope_spans[0].scope.name == "app.tracing"
    trace_id = hashlib.sha256(state.id.encode()).digest()[:16]
    assert {span.trace_id for span in collector.spans} == {trace_id}
    assert len({span.span_id for span in collector.spans}) == len(collector.spans) / 2
    assert {span.parent_span_id for span in attempts} == {span.span_id for span in roots}
    assert [root.status.code for root in roots] == [Status.STATUS_CODE_ERROR] * 2
    assert roots[0].events[0].name == "OrchestrationRequested"
    assert values(roots[0].attributes)["signalbox.orchestration"] == state.id
    told = values(attempts[0].attributes)
    attempt = state.tasks[TaskName("build")].legs[ONLY_LEG].attempt
    assert told["cicd.pipeline.run.id"] == attempt.workflow_run_id
    assert told["signalbox.conclusion"] == "failure"
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in collector.spans)


async def test_a_collector_that_refuses_is_told_of() -> None:
    """That a trace is lost stands in the log, with the orchestration it was of."""
    with collecting() as collector:
        collector.status = 400
        office = Office()
        tracer = Tracer(store=office.store, exporter=otlp_exporter(collector.url))
        await office.open("build")
        await office.push()
        await office.work()
        await office.workflow_run("build", "completed", "success")
        await office.work()
        state = await office.state()
        with structlog.testing.capture_logs() as logged:
            await tracer.export(state.id)

    assert [(each["event"], each["orchestration"]) for each in logged] == [
        ("trace not exported", state.id)
    ]
