"""From deliveries to events: read each, find whom it concerns, and hand it on.

A delivery that cannot be worked off is set aside with its error and stops no other. One
that speaks of a workflow run which nobody claims yet is parked until somebody does.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson
import structlog

from app.core.chores import ListChangedFiles
from app.core.events import CancelRequested, OutputsReported
from app.core.hearing.heard import Heard, WorkflowRunFacts
from app.core.hearing.observing import marker_in, observed
from app.core.planning import make_plan, manual_cause
from app.core.routing import Routed, Start, route
from app.core.values import Json, JsonObject, OrchestrationId
from app.engine.library import Library
from app.engine.work import Work
from app.ports import (
    Clock,
    Delivery,
    DeliveryDone,
    DeliveryStatus,
    Dispatched,
    KnownRepository,
    Store,
)

NOTE_LENGTH_MAX: Final = 2_000
REPORT: Final = "signalbox/report"
START: Final = "signalbox/start"
CANCEL: Final = "signalbox/cancel"
OPENED_AT_ONCE: Final = 8
"""Opening one takes a tenth of a millisecond; others want to be answered meanwhile."""

log = structlog.get_logger(__name__)
Read = Callable[[str, JsonObject], Heard]


@dataclass(slots=True)
class _Letter:
    """One delivery, opened."""

    delivery: Delivery
    payload: JsonObject
    heard: Heard | None = None
    workflow_run_id: int | None = None
    marker: str | None = None
    routed: Routed | None = None


class Intake:
    """Opens deliveries and finds out what they mean for whom."""

    def __init__(self, *, store: Store, clock: Clock, read: Read, library: Library) -> None:
        self._store = store
        self._clock = clock
        self._read = read
        self._library = library

    async def take(self, deliveries: Sequence[Delivery], work: Work) -> None:
        """Turn deliveries into events and chores, in the order they came in."""
        letters: list[_Letter] = []
        for count, delivery in enumerate(deliveries, 1):
            if count % OPENED_AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                letters.append(await self._open(delivery))
            # Whatever is wrong with one delivery, it must not block the others.
            except Exception as error:
                self._set_aside(delivery, error, work)
        attempts = await self._attempts(letters)
        numbers = await self._numbers(letters)
        for letter in letters:
            try:
                done = self._apply(letter, attempts, numbers, work)
            except Exception as error:
                self._set_aside(letter.delivery, error, work)
            else:
                work.batch.deliveries.append(done)

    def _set_aside(self, delivery: Delivery, error: Exception, work: Work) -> None:
        log.error(
            "delivery set aside",
            delivery=delivery.id,
            event_name=delivery.event,
            exc_info=error,
        )
        note = f"{type(error).__name__}: {error}"[:NOTE_LENGTH_MAX]
        work.batch.deliveries.append(
            DeliveryDone(id=delivery.id, status=DeliveryStatus.FAILED, note=note)
        )

    async def _open(self, delivery: Delivery) -> _Letter:
        payload = _parsed(delivery)
        if not isinstance(payload, dict):
            raise ValueError("the body is no JSON object")
        letter = _Letter(delivery=delivery, payload=payload)
        if delivery.event == REPORT:
            letter.workflow_run_id = _integer(payload, "run_id")
        elif not delivery.event.startswith("signalbox/"):
            heard = letter.heard = self._read(delivery.event, payload)
            if heard.workflow_run is not None:
                letter.workflow_run_id = heard.workflow_run.id
                letter.marker = marker_in(heard.workflow_run)
            letter.routed = await self._route(heard, delivery.id)
        return letter

    async def _route(self, heard: Heard, delivery_id: str) -> Routed:
        catalogue = self._library.catalogue
        routed = route(heard, catalogue, delivery_id, None)
        if not _asks_for_files(routed):
            return routed
        # Most deliveries concern no definition with `paths`; only for these is it looked up
        # whether the files were listed already.
        files = await self._store.changed_files(delivery_id)
        return routed if files is None else route(heard, catalogue, delivery_id, files)

    async def _attempts(self, letters: Sequence[_Letter]) -> Mapping[int | str, Dispatched]:
        ids = {letter.workflow_run_id for letter in letters} - {None}
        markers = {letter.marker for letter in letters} - {None}
        if not ids and not markers:
            return {}
        found: dict[int | str, Dispatched] = {}
        for each in await self._store.dispatched(
            [id_ for id_ in ids if id_ is not None],
            [marker for marker in markers if marker is not None],
        ):
            found[each.marker] = each
            if each.workflow_run_id is not None:
                found[each.workflow_run_id] = each
        return found

    async def _numbers(self, letters: Sequence[_Letter]) -> dict[tuple[int, str], int]:
        wanted = {
            (start.entry.origin.repository_id, start.entry.definition.id)
            for letter in letters
            if letter.routed is not None
            for start in letter.routed.starts
        }
        for letter in letters:
            if letter.delivery.event == START:
                entry = self._library.catalogue.find(
                    _text(letter.payload, "repository"), _text(letter.payload, "definition")
                )
                if entry is not None:
                    wanted.add((entry.origin.repository_id, entry.definition.id))
        return dict(await self._store.last_numbers(wanted)) if wanted else {}

    def _apply(
        self,
        letter: _Letter,
        attempts: Mapping[int | str, Dispatched],
        numbers: dict[tuple[int, str], int],
        work: Work,
    ) -> DeliveryDone:
        match letter.delivery.event:
            case "signalbox/report":
                return self._apply_report(letter, attempts, work)
            case "signalbox/start":
                return self._apply_start(letter, numbers, work)
            case "signalbox/cancel":
                return self._apply_cancel(letter, work)
            case _:
                return self._apply_webhook(letter, attempts, numbers, work)

    def _apply_webhook(
        self,
        letter: _Letter,
        attempts: Mapping[int | str, Dispatched],
        numbers: dict[tuple[int, str], int],
        work: Work,
    ) -> DeliveryDone:
        assert letter.heard is not None, "a webhook has been read"
        assert letter.routed is not None, "a webhook has been routed"
        routed = letter.routed
        work.ask(routed.chores)
        if routed.head is not None:
            self._apply_head(routed, work)
        if routed.gone is not None:
            gone = self._library.of_installation(routed.gone)
            work.batch.forget_repositories.extend(gone)
        notes = list(routed.notes)
        for start in routed.starts:
            notes.extend(self._start(start, {}, letter.delivery.id, numbers, work))
        facts = letter.heard.workflow_run
        if facts is not None and facts.event == "workflow_dispatch":
            return self._apply_workflow_run(letter, facts, attempts, work)
        if _asks_for_files(routed):
            return _done(letter, DeliveryStatus.PARKED, "its changed files are asked for")
        return _done(letter, DeliveryStatus.DONE, "; ".join(notes))

    def _apply_workflow_run(
        self,
        letter: _Letter,
        facts: WorkflowRunFacts,
        attempts: Mapping[int | str, Dispatched],
        work: Work,
    ) -> DeliveryDone:
        found = attempts.get(facts.id) or attempts.get(letter.marker or "")
        if found is None:
            return DeliveryDone(
                id=letter.delivery.id,
                status=DeliveryStatus.PARKED,
                note="nobody has claimed the workflow run yet",
                workflow_run_id=facts.id,
            )
        event = observed(found.attempt, facts, work.now)
        if event is None:
            return _done(letter, DeliveryStatus.DONE, f"unknown status {facts.status}")
        work.add(found.orchestration_id, event)
        return _done(letter, DeliveryStatus.DONE, "")

    def _apply_report(
        self, letter: _Letter, attempts: Mapping[int | str, Dispatched], work: Work
    ) -> DeliveryDone:
        run_id = _integer(letter.payload, "run_id")
        found = attempts.get(run_id)
        if found is None:
            return DeliveryDone(
                id=letter.delivery.id,
                status=DeliveryStatus.PARKED,
                note="nobody has claimed the workflow run yet",
                workflow_run_id=run_id,
            )
        outputs = letter.payload.get("outputs")
        work.add(
            found.orchestration_id,
            OutputsReported(
                at=work.now,
                attempt=found.attempt,
                run_attempt=_integer(letter.payload, "run_attempt"),
                outputs=outputs if isinstance(outputs, dict) else {},
                summary=_text(letter.payload, "summary"),
            ),
        )
        return _done(letter, DeliveryStatus.DONE, "")

    def _apply_start(
        self, letter: _Letter, numbers: dict[tuple[int, str], int], work: Work
    ) -> DeliveryDone:
        repository = _text(letter.payload, "repository")
        name = _text(letter.payload, "definition")
        entry = self._library.catalogue.find(repository, name)
        if entry is None:
            note = f"there is no definition {name} in {repository}"
            return _done(letter, DeliveryStatus.FAILED, note)
        covered = self._library.catalogue.repositories[entry.origin.repository_id]
        given = letter.payload.get("inputs")
        inputs: JsonObject = given if isinstance(given, dict) else {}
        cause = manual_cause(covered, _text(letter.payload, "actor"), inputs)
        start = Start(entry=entry, cause=cause)
        faults = self._start(start, inputs, letter.delivery.id, numbers, work)
        status = DeliveryStatus.FAILED if faults else DeliveryStatus.DONE
        return _done(letter, status, "; ".join(faults))

    def _apply_cancel(self, letter: _Letter, work: Work) -> DeliveryDone:
        work.add(
            OrchestrationId(_text(letter.payload, "orchestration")),
            CancelRequested(
                at=work.now,
                by=_text(letter.payload, "actor"),
                reason=_text(letter.payload, "reason"),
            ),
        )
        return _done(letter, DeliveryStatus.DONE, "")

    def _start(
        self,
        start: Start,
        inputs: JsonObject,
        delivery_id: str,
        numbers: dict[tuple[int, str], int],
        work: Work,
    ) -> tuple[str, ...]:
        key = (start.entry.origin.repository_id, start.entry.definition.id)
        number = numbers.get(key, 0) + 1
        plan, faults = make_plan(
            start.entry, start.cause, inputs, delivery_id=delivery_id, number=number
        )
        if plan is not None:
            numbers[key] = number
            work.start(plan, start.cause.actor)
        return faults

    def _apply_head(self, routed: Routed, work: Work) -> None:
        assert routed.head is not None, "the caller has looked"
        repository_id, sha = routed.head
        known = self._library.head(repository_id)
        if known is not None and known.head_sha != sha:
            work.batch.repositories.append(
                KnownRepository(
                    repository=known.repository,
                    installation_id=known.installation_id,
                    head_sha=sha,
                    policy=known.policy,
                )
            )


def _parsed(delivery: Delivery) -> object:
    """Read the body. What people put together themselves may hold integers beyond 64 bits."""
    if delivery.event.startswith(("signalbox/", "repository_dispatch")):
        return json.loads(delivery.body)
    try:
        return orjson.loads(delivery.body)
    except orjson.JSONDecodeError:
        # It is stricter than we are: with halves of surrogate pairs, for example.
        return json.loads(delivery.body)


def _asks_for_files(routed: Routed) -> bool:
    return any(isinstance(each, ListChangedFiles) for each in routed.chores)


def _done(letter: _Letter, status: DeliveryStatus, note: str) -> DeliveryDone:
    return DeliveryDone(id=letter.delivery.id, status=status, note=note[:NOTE_LENGTH_MAX])


def _integer(payload: Mapping[str, Json], name: str) -> int:
    value = payload.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is no whole number")
    return value


def _text(payload: Mapping[str, Json], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""
