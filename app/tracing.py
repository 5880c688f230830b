"""One trace for each orchestration that ended, for those who watch with OpenTelemetry.

The whole is the root, each attempt a span below it, and the journal the events of the root. Ids
are derived from the orchestration's own, so that whoever knows that one finds the trace. The
extra `otel` brings what this needs; without it nothing is imported and nothing traced.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import structlog

from app import __version__
from app.core.moves import OrchestrationStatus
from app.core.state import Attempt, Orchestration
from app.core.values import OrchestrationId
from app.ports import JournalEntry, Store

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter

EVENTS_MAX: Final = 1_000
"""Of a longer journal the end is told: the beginning can be read where it is kept."""
WAITING_MAX: Final = 1_000
"""Should whoever takes traces not answer, the oldest are let go."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of time; `parent_id` is 0 for the root."""

    trace_id: int
    span_id: int
    parent_id: int
    name: str
    start: datetime
    end: datetime
    is_good: bool
    attributes: Mapping[str, str | int]
    events: tuple[tuple[str, datetime], ...] = field(default=())


def spans_of(state: Orchestration, journal: Sequence[JournalEntry]) -> list[Span]:
    """Return the trace of an orchestration that has ended, the root first."""
    start, end = state.started_at, state.ended_at
    if start is None or end is None:
        return []
    trace_id = _id(state.id, 16)
    # One that was taken up again after its end has a root for each of its ends.
    root_id = _id(f"{state.id}/{state.events}", 8)
    plan = state.plan
    root = Span(
        trace_id=trace_id,
        span_id=root_id,
        parent_id=0,
        name=plan.title,
        start=start,
        end=max(end, start),
        is_good=state.status is OrchestrationStatus.SUCCEEDED,
        attributes={
            "signalbox.orchestration": state.id,
            "signalbox.definition": f"{plan.origin.repository}/{plan.definition.id}",
            "signalbox.conclusion": state.conclusion,
            "vcs.ref.head.revision": plan.cause.sha,
        },
        events=tuple(
            (type(entry.event).__name__, entry.event.at) for entry in journal[-EVENTS_MAX:]
        ),
    )
    return [root, *_attempts(state, root)]


def _attempts(state: Orchestration, root: Span) -> Iterator[Span]:
    for task, of_task in state.tasks.items():
        for leg in of_task.legs.values():
            for attempt in leg.attempts:
                name = f"{task}/{leg.key}" if leg.key else str(task)
                end = attempt.ended_at or root.end
                yield Span(
                    trace_id=root.trace_id,
                    span_id=_id(f"{root.span_id}/{name}/{attempt.number}", 8),
                    parent_id=root.span_id,
                    name=name,
                    start=attempt.asked_at,
                    end=max(end, attempt.asked_at),
                    is_good=attempt.conclusion is None or attempt.conclusion == "success",
                    attributes=_attributes(task, attempt),
                )


def _attributes(task: str, attempt: Attempt) -> Mapping[str, str | int]:
    said: Mapping[str, str | int | None] = {
        "signalbox.task": str(task),
        "signalbox.attempt": attempt.number,
        "signalbox.repository": attempt.repository,
        "signalbox.workflow": attempt.workflow,
        "cicd.pipeline.run.id": attempt.workflow_run_id,
        "url.full": attempt.url or None,
        "signalbox.conclusion": str(attempt.conclusion) if attempt.conclusion else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _id(text: str, size: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size]) or 1


class Tracer:
    """Hands the traces of those that end to an exporter. One per process."""

    def __init__(self, *, store: Store, exporter: "SpanExporter") -> None:
        self._store = store
        self._exporter = exporter
        self._ended: asyncio.Queue[OrchestrationId] = asyncio.Queue(WAITING_MAX)

    def ended(self, id_: OrchestrationId) -> None:
        """Note that an orchestration has ended."""
        if self._ended.full():
            log.warning("trace let go", orchestration=self._ended.get_nowait())
        self._ended.put_nowait(id_)

    async def run(self) -> None:
        """Export until cancelled."""
        while True:
            await self.export(await self._ended.get())

    async def export(self, id_: OrchestrationId) -> None:
        """Export the trace of one orchestration."""
        saved = (await self._store.load([id_])).get(id_)
        if saved is None:
            return
        spans = spans_of(saved.state, await self._store.journal(id_))
        readable = [_readable(each) for each in spans]
        try:
            result = await asyncio.to_thread(self._exporter.export, readable)
        # Whatever is wrong with those who watch, it is not what they watch.
        except Exception as error:
            log.warning("trace not exported", orchestration=id_, error=str(error))
        else:
            if result.name != "SUCCESS":
                log.warning("trace not exported", orchestration=id_, error=result.name)


def otlp_exporter(endpoint: str) -> "SpanExporter":
    """Return an exporter to a collector. Raises ImportError without the extra `otel`."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    exporter: SpanExporter = OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")
    return exporter


def _readable(span: Span) -> "ReadableSpan":
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def context(span_id: int) -> SpanContext:
        return SpanContext(
            trace_id=span.trace_id,
            span_id=span_id,
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )

    return ReadableSpan(
        name=span.name,
        context=context(span.span_id),
        parent=context(span.parent_id) if span.parent_id else None,
        resource=Resource.create({SERVICE_NAME: "signalbox", SERVICE_VERSION: __version__}),
        instrumentation_scope=InstrumentationScope(__name__, __version__),
        attributes=span.attributes,
        events=[Event(name, timestamp=_nanos(at)) for name, at in span.events],
        kind=SpanKind.INTERNAL,
        status=Status(StatusCode.OK if span.is_good else StatusCode.ERROR),
        start_time=_nanos(span.start),
        end_time=_nanos(span.end),
    )


def _nanos(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1_000
