"""From deliveries to events: read each, find whom it concerns, and hand it on.

A delivery that cannot be worked off is set aside with its error and stops no other. One
that speaks of a workflow run which nobody claims yet is parked until somebody does, and one
that comes before its repository was read until it is (`parking`).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

import structlog

from app.core.absence import Absence
from app.core.chores import FindPullRequest, ListChangedFiles
from app.core.events import OutputsReported
from app.core.hearing.asking import PREFIX, REPORT, SAY, AskedWrongly, person_of
from app.core.hearing.heard import Heard, WorkflowRunFacts
from app.core.hearing.observing import marker_in, observed
from app.core.hearing.pulls import ASKED, with_pull
from app.core.interests import Interest, name_of, topics_of
from app.core.routing import Routed, route
from app.core.values import Json, OrchestrationId
from app.engine.doors import Doors
from app.engine.environments import RULE, ask_of, parked_until_known
from app.engine.letters import Overheard
from app.engine.library import Library
from app.engine.opening import Letter, Opened, integer, opened_own
from app.engine.parking import awaited, hold, why_nothing_starts
from app.engine.wishes import Wishes, begin
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
OPENED_AT_ONCE: Final = 8
"""Opening one takes a tenth of a millisecond; others want to be answered meanwhile."""

log = structlog.get_logger(__name__)
Read = Callable[[str, bytes], Heard]
"""Reads the body of a delivery of GitHub's. Raises where it cannot be read."""
Attempts: TypeAlias = Mapping[int | str, Dispatched]
Listeners: TypeAlias = Mapping[Interest, Collection[OrchestrationId]]


class Intake:
    """Opens deliveries and finds out what they mean for whom."""

    def __init__(
        self, *, store: Store, clock: Clock, read: Read, library: Library, doors: Doors
    ) -> None:
        self._store = store
        self._clock = clock
        self._read = read
        self._library = library
        self._wishes = Wishes(library)
        self._doors = doors

    async def open(self, deliveries: Sequence[Delivery]) -> list[Opened]:
        """Read deliveries, in the order they came in; nothing is decided by it yet."""
        opened: list[Opened] = []
        for count, delivery in enumerate(deliveries, 1):
            if count % OPENED_AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                opened.append(await self._open(delivery))
            # Whatever is wrong with one delivery, it must not block the others.
            except Exception as error:
                opened.append((delivery, error))
        return opened

    async def apply(self, opened: Sequence[Opened], work: Work) -> None:
        """Turn them into events and chores."""
        letters = [each for each in opened if isinstance(each, Letter)]
        for each in opened:
            if not isinstance(each, Letter):
                self._set_aside(*each, work)
        await self._route_anew(letters)
        await self._find_spoken_of(letters)
        attempts = await self._attempts(letters)
        listeners = await self._listeners(letters)
        for letter in letters:
            ids = structlog.contextvars.bind_contextvars(delivery=letter.delivery.id)
            try:
                done = self._apply(letter, attempts, listeners, work)
            except Exception as error:
                self._set_aside(letter.delivery, error, work)
            else:
                work.batch.deliveries.append(done)
            finally:
                structlog.contextvars.reset_contextvars(**ids)

    def _set_aside(self, delivery: Delivery, error: Exception, work: Work) -> None:
        log.error(
            "delivery set aside",
            delivery=delivery.id,
            event_name=delivery.event,
            exc_info=error,
        )
        work.batch.deliveries.append(
            DeliveryDone(id=delivery.id, status=DeliveryStatus.FAILED, note=told(error))
        )

    async def _open(self, delivery: Delivery) -> Letter:
        if delivery.event.startswith(PREFIX):
            return opened_own(delivery)
        heard = self._read(delivery.event, delivery.body)
        letter = Letter(delivery=delivery, heard=heard)
        if heard.event in ("deployment_review", RULE):
            letter.workflow_run_id = heard.subject.workflow_run_id
        if heard.workflow_run is not None:
            letter.workflow_run_id = heard.workflow_run.id
            letter.marker = marker_in(heard.workflow_run)
        letter.awaited = awaited(heard, delivery, self._library, self._clock.now())
        letter.routed = await self._route(letter, heard)
        return letter

    async def _route_anew(self, letters: Sequence[Letter]) -> None:
        """Say once more what deliveries concern, where other definitions are known by now.

        What had to wait when it was opened is opened once more after all (`parking.hold`).
        """
        for letter in letters:
            if letter.heard is not None and letter.by is not self._library.catalogue:
                letter.routed = await self._route(letter, letter.heard)

    async def _route(self, letter: Letter, heard: Heard) -> Routed:
        catalogue, delivery_id = self._library.catalogue, letter.delivery.id
        letter.by = catalogue
        routed = route(heard, catalogue, delivery_id, None)
        if not _comes_back(routed):
            return routed
        # Most deliveries concern no definition that wants to know more; only for these is it
        # looked up whether it was asked for already.
        found = await self._store.changed_files(delivery_id)
        if found is None:
            return routed
        if heard.event in ASKED:
            heard = letter.heard = with_pull(heard, found)
        return route(heard, catalogue, delivery_id, found)

    async def _find_spoken_of(self, letters: Sequence[Letter]) -> None:
        """Look up the orchestrations that people speak of, as they are now."""
        ids = {letter.meant for letter in letters if letter.meant is not None}
        found = await self._store.load(ids) if ids else {}
        for letter in letters:
            saved = found.get(letter.meant) if letter.meant is not None else None
            letter.spoken_of = saved.state if saved is not None else None

    async def _attempts(self, letters: Sequence[Letter]) -> Attempts:
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

    async def _listeners(self, letters: Sequence[Letter]) -> Listeners:
        """Find the live orchestrations that listen to any of these: no other is touched."""
        topics = {
            topic
            for letter in letters
            if letter.heard
            for topic in (*topics_of(letter.heard), *self._doors.topics_of(letter.heard))
        }
        found: dict[Interest, list[OrchestrationId]] = {}
        for topic, listener in await self._store.interested(topics) if topics else ():
            found.setdefault(topic, []).append(listener)
        return found

    def _apply(
        self, letter: Letter, attempts: Attempts, listeners: Listeners, work: Work
    ) -> DeliveryDone:
        event = letter.delivery.event
        if letter.heard is not None:
            return self._apply_webhook(letter, letter.heard, attempts, listeners, work)
        if event == REPORT:
            return self._apply_report(letter, attempts, work)
        try:
            if event == SAY:
                self._doors.said(letter.delivery.id, letter.payload, letter.spoken_of, work)
                return _done(letter, DeliveryStatus.DONE, "")
            if person_of(letter.payload):
                self._doors.wished(letter.delivery, letter.payload, letter.spoken_of, work)
                return _done(letter, DeliveryStatus.DONE, "")
            note = self._wishes.take(letter.delivery, letter.payload, work)
        except AskedWrongly as wrong:
            return _done(letter, DeliveryStatus.FAILED, str(wrong))
        return _done(letter, DeliveryStatus.DONE, note)

    def _apply_webhook(
        self,
        letter: Letter,
        heard: Heard,
        attempts: Attempts,
        listeners: Listeners,
        work: Work,
    ) -> DeliveryDone:
        assert letter.routed is not None, "a webhook has been routed"
        routed = letter.routed
        run = attempts.get(letter.workflow_run_id) if letter.workflow_run_id else None
        # Who has started a workflow run is there, whatever is still to be read.
        if run is None and (letter.marker or "") not in attempts:
            held = hold(letter.awaited, heard, routed, letter.delivery, self._library, work)
            if held is not None:
                return held
        work.ask(routed.chores)
        if routed.head is not None:
            self._apply_head(routed, work)
        if routed.gone is not None:
            gone = self._library.of_installation(routed.gone)
            self._library.forget(gone, work.batch)
            is_suspended = heard.action == "suspend"
            why = Absence.SUSPENDED if is_suspended else Absence.UNINSTALLED
            work.absences.update(dict.fromkeys(gone, why))
        notes = [*routed.notes, *why_nothing_starts(heard, self._library, work)]
        # A run of ours is answered for by the orchestration that dispatched it, by no other.
        is_ours = ask_of(heard, run, work)
        for start in () if is_ours else routed.starts:
            notes += begin(start, {}, letter.delivery.id, name_of(heard), work)
        # A delivery that comes back with its files must not be heard twice.
        if not _comes_back(routed):
            self._overhear(letter, heard, listeners, work)
            whose = run if heard.event == "deployment_review" else None
            self._doors.hear(letter.delivery.id, heard, listeners, whose, work)
        facts = heard.workflow_run
        if facts is not None and facts.event == "workflow_dispatch":
            return self._apply_workflow_run(letter, facts, attempts, work)
        if _comes_back(routed):
            return _done(letter, DeliveryStatus.PARKED, "GitHub is asked what more there is")
        if not is_ours and not routed.starts:
            parked = parked_until_known(heard, letter.delivery)
            if parked is not None:
                return parked
        return _done(letter, DeliveryStatus.DONE, "; ".join(notes))

    def _overhear(self, letter: Letter, heard: Heard, listeners: Listeners, work: Work) -> None:
        """Let those hear of a delivery that listen to it: since before the batch, or in it."""
        if heard.repository is None:
            return
        covered = self._library.catalogue.repositories.get(heard.repository.id)
        if covered is None:
            return
        topics = topics_of(heard)
        ids = {each for topic in topics for each in listeners.get(topic, ())}
        told = Overheard(
            id=OrchestrationId(""),
            heard=heard,
            covered=covered,
            delivery_id=letter.delivery.id,
        )
        work.overhear(told, sorted(ids), topics)

    def _apply_workflow_run(
        self,
        letter: Letter,
        facts: WorkflowRunFacts,
        attempts: Attempts,
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

    def _apply_report(self, letter: Letter, attempts: Attempts, work: Work) -> DeliveryDone:
        run_id = integer(letter.payload, "run_id")
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
                run_attempt=integer(letter.payload, "run_attempt"),
                outputs=outputs if isinstance(outputs, dict) else {},
                summary=_text(letter.payload, "summary"),
            ),
        )
        return _done(letter, DeliveryStatus.DONE, "")

    def _apply_head(self, routed: Routed, work: Work) -> None:
        assert routed.head is not None, "the caller has looked"
        repository_id, sha = routed.head
        known = self._library.head(repository_id)
        # Where nothing could be read yet the head is not known either.
        if known is not None and known.head_sha not in (None, sha):
            work.pushed.add(repository_id)
            work.batch.repositories.append(
                KnownRepository(
                    repository=known.repository,
                    installation_id=known.installation_id,
                    head_sha=sha,
                    policy=known.policy,
                )
            )


def told(error: Exception) -> str:
    """Say what went wrong, as it is noted beside what was set aside."""
    return f"{type(error).__name__}: {error}"[:NOTE_LENGTH_MAX]


def _comes_back(routed: Routed) -> bool:
    """Tell whether it is routed again once GitHub has told what the delivery leaves open."""
    return any(isinstance(each, ListChangedFiles | FindPullRequest) for each in routed.chores)


def _done(letter: Letter, status: DeliveryStatus, note: str) -> DeliveryDone:
    return DeliveryDone(id=letter.delivery.id, status=status, note=note[:NOTE_LENGTH_MAX])


def _text(payload: Mapping[str, Json], name: str) -> str:
    value = payload.get(name)
    return value if isinstance(value, str) else ""
