"""What only the whole can do for an orchestration: children, heirs, reports, whose a run is."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from app.core.audit import Chain
from app.core.chains import Refusal, plan_child, plan_heirs
from app.core.commands import MakeReport, StartChild, TellEnd
from app.core.events import (
    ChildEnded,
    ChildStarted,
    Conclusion,
    DispatchAccepted,
    DispatchRefused,
    OperationPerformed,
    WorkflowRunObserved,
)
from app.core.evidence import evidence
from app.core.legs.posing import handed_on
from app.core.legs.ruling import Objection, object_to_dispatch
from app.core.plan import Parent, Plan
from app.core.state import Orchestration
from app.core.state_of_gates import Part
from app.core.values import OrchestrationId
from app.engine.letters import Begin, Letter, ToOrchestration
from app.engine.library import Library
from app.ports import Dispatched, JournalEntry, Report

log = structlog.get_logger(__name__)


def start_child(
    state: Orchestration, message: StartChild, library: Library, now: datetime
) -> Letter:
    """Begin a child, or tell its parent why there will be none."""
    plan = plan_child(state.plan, message, library.catalogue, library.policy)
    if isinstance(plan, Refusal):
        return _refused(state, message, plan, now)
    objection = _objection(state, message, plan, library, now)
    if objection is not None:
        return _refused(state, message, objection, now)
    return Begin(plan=plan, by=state.plan.title, name="orchestrate", delivery_id=message.marker)


def _refused(
    state: Orchestration, message: StartChild, why: Refusal | Objection, now: datetime
) -> ToOrchestration:
    calendars = why.calendars if isinstance(why, Objection) else ()
    refused = DispatchRefused(
        at=now,
        attempt=message.attempt,
        code=why.code,
        message=why.message,
        calendars=calendars,
    )
    return ToOrchestration(id=state.id, event=refused)


def _objection(
    state: Orchestration, message: StartChild, child: Plan, library: Library, now: datetime
) -> Objection | None:
    """Say what the organisations of both definitions have against a child, or freeze it by."""
    where = child.origin.repository
    policies = library.organization_policies(state.plan.origin.repository, where)
    return object_to_dispatch(state, message.attempt, where, policies, now)


def children_before(
    parent: Parent, state_of: Callable[[OrchestrationId], Orchestration | None]
) -> list[OrchestrationId]:
    """Name the child of an earlier attempt, of which the next one may ask the same again."""
    state = state_of(parent.orchestration)
    leg = state.leg(parent.attempt) if state is not None else None
    before = leg.attempts[: parent.attempt.number - 1] if leg is not None else ()
    return [each.child for each in before if each.child is not None][-1:]


def asked_before(
    plan: Plan, known: Iterable[Orchestration]
) -> Mapping[str, Mapping[str, Part]]:
    """Return what the one before it has asked people, so that it can say what has changed.

    That is the newest of the same definition about the same pull request, or for the same
    attempts of a parent. A pull request that moves on concerns these, so they are at hand.
    """
    if plan.parent is None and plan.cause.pull_request is None:
        return {}
    earlier = [each for each in known if each.id != plan.id and _is_before(each.plan, plan)]
    if not earlier:
        return {}
    return handed_on(max(earlier, key=lambda state: state.plan.number))


def _is_before(known: Plan, plan: Plan) -> bool:
    here, there, parent = plan.cause, known.cause, plan.parent
    if here.pull_request != there.pull_request or here.repository_id != there.repository_id:
        return False
    if plan.definition.id != known.definition.id:
        return False
    if plan.origin.repository_id != known.origin.repository_id:
        return False
    if parent is None or known.parent is None:
        return parent is known.parent
    attempt = replace(known.parent.attempt, number=parent.attempt.number)
    return replace(known.parent, attempt=attempt) == parent


def answer_parent(child: Plan, state: Orchestration, now: datetime) -> list[ToOrchestration]:
    """Tell a parent that its child began, and how it ended if that is long ago."""
    assert child.parent is not None, "only a child has a parent"
    parent, attempt = child.parent.orchestration, child.parent.attempt
    began = ChildStarted(at=now, attempt=attempt, child=child.id, title=child.title)
    letters = [ToOrchestration(id=parent, event=began)]
    if state.has_ended:
        ended = ChildEnded(
            at=now,
            attempt=attempt,
            child=child.id,
            conclusion=Conclusion(state.conclusion),
            outputs=state.outputs,
        )
        letters.append(ToOrchestration(id=parent, event=ended))
    return letters


def tell_end(
    state: Orchestration, message: TellEnd, library: Library, now: datetime
) -> list[Letter]:
    """Tell the parent of an end, and begin what listens to it."""
    letters: list[Letter] = []
    plan = state.plan
    if plan.parent is not None:
        ended = ChildEnded(
            at=now,
            attempt=plan.parent.attempt,
            child=plan.id,
            conclusion=message.conclusion,
            outputs=message.outputs,
        )
        letters.append(ToOrchestration(id=plan.parent.orchestration, event=ended))
    heirs = plan_heirs(state, message, library.catalogue)
    for note in heirs.notes:
        log.info("an end started nothing", orchestration=plan.id, why=note)
    name = f"orchestration.{message.conclusion.value}"
    delivery_id = f"end/{plan.id}/{message.count}"
    letters.extend(
        Begin(plan=heir, by=plan.title, name=name, delivery_id=delivery_id)
        for heir in heirs.plans
    )
    return letters


def make_report(
    state: Orchestration,
    message: MakeReport,
    journal: Sequence[JournalEntry],
    chain: Chain,
    now: datetime,
) -> tuple[list[Report], Letter]:
    """Put an evidence pack together, and tell whoever asked where it is."""
    events = [(entry.seq, entry.event) for entry in journal]
    texts = evidence(state, events, message.formats, message.include, now, chain)
    reports = [
        Report(
            orchestration_id=state.id,
            name=str(message.attempt),
            format=form,
            text=text,
            made_at=now,
        )
        for form, text in texts.items()
    ]
    digest = hashlib.sha256("\n".join(texts[form] for form in sorted(texts)).encode())
    performed = OperationPerformed(
        at=now, attempt=message.attempt, outputs={"digest": digest.hexdigest()}, url=""
    )
    return reports, ToOrchestration(id=state.id, event=performed)


def newly_known(
    before: Orchestration,
    after: Orchestration,
    event: DispatchAccepted | WorkflowRunObserved,
) -> Dispatched | None:
    """Say to whom a workflow run belongs, where that has become known just now."""
    was, now = before.leg(event.attempt), after.leg(event.attempt)
    if was is None or now is None:
        return None
    known = now.attempt.workflow_run_id
    if known is None or known == was.attempt.workflow_run_id:
        return None
    return Dispatched(
        marker=now.attempt.marker,
        orchestration_id=after.id,
        attempt=event.attempt,
        workflow_run_id=known,
    )
